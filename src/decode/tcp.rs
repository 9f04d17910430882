//! TCP headers, and what tells a copy of a packet from another packet.

use super::rest::Rest;
use super::segment::Flags;

/// Digits of pi; any constants with bits everywhere would do, of which the last is odd.
const SALTS: [u64; 3] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7345,
    0x082e_fa98_ec4e_6c89,
];

/// A TCP header (RFC 9293, section 3.1).
pub(super) struct Header<'cap> {
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    pub(super) seq: u32,
    pub(super) ack: Option<u32>,
    pub(super) flags: Flags,
    pub(super) window: u16,
    /// Its length with options.
    pub(super) len: u32,
    /// What it carries.
    pub(super) payload: Rest<'cap>,
    /// See [`Segment::fingerprint`](super::Segment::fingerprint).
    pub(super) fingerprint: u64,
}

/// Reads a TCP header. It is there when its first 20 bytes are captured: options that were cut off are only counted.
#[inline]
pub(super) fn read(rest: Rest<'_>, identification: u16) -> Option<Header<'_>> {
    let (header, after) = rest.take::<20>()?;
    let len = header_len(header);
    let options = after.cut(len.checked_sub(20)?).bytes;
    let payload = rest.skip(len)?;
    Some(Header::new(header, options, payload, identification))
}

/// The length of a header that begins so, with options.
#[inline]
pub(super) fn header_len(header: &[u8; 20]) -> u32 {
    let [.., offset, _, _, _, _, _, _, _] = header;
    u32::from(offset >> 4) * 4
}

impl<'cap> Header<'cap> {
    /// Of its first 20 bytes, the options that were captured, and what it carries.
    #[expect(
        clippy::inline_always,
        reason = "of what it reads most is used at once, and nothing is moved"
    )]
    #[inline(always)]
    pub(super) fn new(
        header: &[u8; 20],
        options: &[u8],
        payload: Rest<'cap>,
        identification: u16,
    ) -> Self {
        let [
            sp0,
            sp1,
            dp0,
            dp1,
            s0,
            s1,
            s2,
            s3,
            a0,
            a1,
            a2,
            a3,
            offset,
            flags,
            w0,
            w1,
            _,
            _,
            u0,
            u1,
        ] = *header;
        let [l0, l1, l2, l3] = payload.len.to_ne_bytes();
        let [i0, i1] = identification.to_ne_bytes();
        let ends = [sp0, sp1, dp0, dp1, s0, s1, s2, s3];
        let rest = [a0, a1, a2, a3, offset, flags, w0, w1];
        let more = [u0, u1, i0, i1, l0, l1, l2, l3];
        let more = u64::from_ne_bytes(more) ^ of_options(options);
        let fingerprint = mix(ends, rest) ^ more.wrapping_mul(SALTS[2]);
        let flags = Flags(flags);
        Self {
            source_port: u16::from_be_bytes([sp0, sp1]),
            destination_port: u16::from_be_bytes([dp0, dp1]),
            seq: u32::from_be_bytes([s0, s1, s2, s3]),
            ack: (flags.0 & Flags::ACK != 0).then_some(u32::from_be_bytes([a0, a1, a2, a3])),
            flags,
            window: u16::from_be_bytes([w0, w1]),
            len: header_len(header),
            payload,
            fingerprint,
        }
    }
}

/// A hash of options. Most packets have none, or those of a timestamp (RFC 7323, section 3.2, with padding before it).
#[expect(
    clippy::inline_always,
    reason = "all that is known of a header would be put aside for a call"
)]
#[inline(always)]
fn of_options(options: &[u8]) -> u64 {
    match *options {
        [] => 0,
        [o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, oa, ob] => mix(
            [o0, o1, o2, o3, o4, o5, o6, o7],
            [o8, o9, oa, ob, 0, 0, 0, 0],
        ),
        _ => of_other_options(options),
    }
}

#[inline(never)]
fn of_other_options(options: &[u8]) -> u64 {
    let (words, odd) = options.as_chunks::<8>();
    let hash = |before: u64, word| mix(before.to_ne_bytes(), word);
    let before = words.iter().fold(0, |before, word| hash(before, *word));
    let [o0, o1, o2, o3] = odd.first_chunk::<4>().copied().unwrap_or_default();
    hash(before, [o0, o1, o2, o3, 0, 0, 0, 0])
}

/// Mixes sixteen bytes to a hash: a multiplication to 128 bits, folded. Copies are looked for among a connection's last few
/// packets only, so the hash must be even and fast, and need not stand against someone who wants collisions.
#[inline]
fn mix(one: [u8; 8], other: [u8; 8]) -> u64 {
    let [salt, pepper, _] = SALTS;
    let one = u128::from(u64::from_ne_bytes(one) ^ salt);
    let other = u128::from(u64::from_ne_bytes(other) ^ pepper);
    let product = one * other;
    let (low, high) = (product & u128::from(u64::MAX), product >> 64);
    u64::try_from(low ^ high).unwrap_or_default()
}
