//! Search: where a record may begin, behind bytes that are lost.

use super::record::{HEADER_LEN, begins_record, record_len};

/// How many bytes may begin a header that is cut.
pub(super) const HEAD: usize = HEADER_LEN - 1;

/// Where something that looks like the header of a record stands, in order; also one that is cut.
pub(super) fn candidates(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(3, bytes)
        .filter_map(|at| at.checked_sub(1))
        .filter(|&at| bytes.get(at..).is_some_and(is_plausible))
}

/// Whether bytes begin a record of TLS 1.2 or 1.3, as far as there are any: of a known type, of a version in use, not empty.
pub(super) fn is_plausible(bytes: &[u8]) -> bool {
    let version = bytes.get(2).is_none_or(|minor| (1..=3).contains(minor));
    let kind = bytes.first().is_none_or(|kind| (20..=23).contains(kind));
    kind && version && begins_record(bytes) && record_len(bytes).is_none_or(|len| len > HEADER_LEN)
}
