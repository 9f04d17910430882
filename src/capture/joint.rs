//! Joint: where a file begins, as it may behind another where files were put one behind the other.

/// The type of a section header (draft-ietf-opsawg-pcapng, section 4.1), the same in either order of bytes.
pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;

/// What a section header says in its section's order of bytes.
pub(super) const BYTE_ORDER: u32 = 0x1a2b_3c4d;

/// Whether a file of pcap begins here. As one of its records it would be a packet of 2055 without a byte.
pub(super) fn begins_pcap(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0xa1, 0xb2, 0xc3, 0xd4, 0, 2, 0, 4, ..]
            | [0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4, ..]
            | [0xa1, 0xb2, 0xcd, 0x34, 0, 2, 0, 4, ..]
            | [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, ..]
            | [0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0, ..]
            | [0x34, 0xcd, 0xb2, 0xa1, 2, 0, 4, 0, ..]
    )
}

/// Whether a file of either sort begins here.
pub(super) fn begins_file(bytes: &[u8]) -> bool {
    begins_pcap(bytes) || begins_pcapng(bytes)
}

/// Where a file begins behind the first of so many bytes, if one does.
pub(super) fn file_inside(bytes: &[u8], len: usize) -> Option<usize> {
    (1..len.min(bytes.len())).find(|&at| begins_file(bytes.get(at..).unwrap_or_default()))
}

/// Whether a file of pcapng begins here: with a section header, whose third number says the order of bytes.
pub(super) fn begins_pcapng(bytes: &[u8]) -> bool {
    let order = bytes.get(8..12).unwrap_or_default();
    bytes.starts_with(&SECTION_HEADER.to_be_bytes())
        && (order == BYTE_ORDER.to_be_bytes() || order == BYTE_ORDER.to_le_bytes())
}
