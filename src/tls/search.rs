//! Search: where the next record begins, behind bytes that are lost.

use super::agreement::Epoch;
use super::keys::Keys;
use super::record::{ContentType, HEADER_LEN, begins_record, record_len};
use super::session::{Session, split};
use super::step::Step;
use crate::direction::Direction;

/// How many bytes may begin a header that is cut.
const HEAD: usize = HEADER_LEN - 1;

impl Session {
    /// Looks for a record in bytes that may begin anywhere in one.
    pub(super) fn find(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        at_end: bool,
        keys: &Keys,
        out: &mut Vec<u8>,
    ) -> Step {
        let mut passed = 0;
        for at in candidates(bytes) {
            let rest = bytes.get(at..).unwrap_or_default();
            let whole = record_len(rest).and_then(|len| rest.get(..len));
            if whole.is_none() && at_end {
                continue;
            }
            // How many bytes are lost bounds what is tried.
            self.halves[direction].decryptor.lose((at - passed) as u64);
            passed = at;
            match whole {
                Some(record) if !self.confirms(direction, record, rest, keys, out) => {}
                Some(_) => {
                    self.halves[direction].lost = false;
                    return match at {
                        0 => self.read(direction, bytes, at_end, keys, out),
                        _ => Step::Skip(at),
                    };
                }
                None if at == 0 => return Step::Incomplete(bytes.len() + 1),
                None => return Step::Skip(at),
            }
        }
        let kept = if at_end { 0 } else { HEAD };
        // A candidate that was tried begins no record.
        let len = bytes.len().saturating_sub(kept).max(passed);
        self.halves[direction].decryptor.lose((len - passed) as u64);
        match len {
            0 => Step::Incomplete(bytes.len() + 1),
            _ => Step::Skip(len),
        }
    }

    /// Whether what looks like a record is one: it opens, or where there are no keys, another follows it.
    fn confirms(
        &mut self,
        direction: Direction,
        record: &[u8],
        rest: &[u8],
        keys: &Keys,
        out: &mut Vec<u8>,
    ) -> bool {
        let (agreement, half) = split(direction, &self.terms, keys, &mut self.halves);
        // Where too much was tried in vain, headers alone must tell, and the record that they find closes the direction.
        let has_keys = half.closed.is_none()
            && !half.decryptor.is_hopeless()
            && agreement.suite().is_some()
            && agreement.has_keys(match half.decryptor.epoch {
                Epoch::Clear => agreement.next_epoch(Epoch::Clear).unwrap_or_default(),
                epoch => epoch,
            });
        let in_the_clear = half.decryptor.epoch == Epoch::Clear
            && record.first() != Some(&ContentType::APPLICATION_DATA.0);
        if has_keys && !in_the_clear {
            return half.decryptor.would_open(record, &agreement, out);
        }
        let behind = rest.get(record.len()..).unwrap_or_default();
        behind.is_empty() || is_plausible(behind)
    }
}

/// Where something that looks like the header of a record stands, in order; also one that is cut.
fn candidates(bytes: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(3, bytes)
        .filter_map(|at| at.checked_sub(1))
        .filter(|&at| bytes.get(at..).is_some_and(is_plausible))
}

/// Whether bytes begin a record of TLS 1.2 or 1.3, as far as there are any: of a known type, of a version in use, not empty.
fn is_plausible(bytes: &[u8]) -> bool {
    let version = bytes.get(2).is_none_or(|minor| (1..=3).contains(minor));
    let kind = bytes.first().is_none_or(|kind| (20..=23).contains(kind));
    kind && version && begins_record(bytes) && record_len(bytes).is_none_or(|len| len > HEADER_LEN)
}
