//! Rest: what of a packet is not decoded yet.
//!
//! Two lengths go down the layers together, because a snapshot length cuts the captured bytes and not the packet.

/// The undecoded end of a packet. There are never more captured bytes than bytes on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest<'cap> {
    /// The captured bytes.
    pub(super) bytes: &'cap [u8],
    /// How many bytes there were on the wire.
    pub(super) len: u32,
}

impl<'cap> Rest<'cap> {
    /// All of a packet. Bytes beyond its length are none of it.
    pub(super) fn new(bytes: &'cap [u8], len: u32) -> Self {
        let captured = usize::try_from(len).unwrap_or(usize::MAX);
        Self {
            bytes: bytes.get(..captured).unwrap_or(bytes),
            len,
        }
    }

    /// The next `N` bytes and what follows them; none where they are not captured.
    pub(super) fn take<const N: usize>(self) -> Option<(&'cap [u8; N], Self)> {
        let (head, bytes) = self.bytes.split_first_chunk()?;
        let len = self.len.checked_sub(u32::try_from(N).ok()?)?;
        Some((head, Self { bytes, len }))
    }

    /// What follows the next `len` bytes, captured or not; none where the packet is shorter.
    pub(super) fn skip(self, len: u32) -> Option<Self> {
        let skipped = usize::try_from(len).ok()?;
        Some(Self {
            bytes: self.bytes.get(skipped..).unwrap_or_default(),
            len: self.len.checked_sub(len)?,
        })
    }

    /// The same without what stands behind its first `len` bytes.
    pub(super) fn cut(self, len: u32) -> Self {
        Self::new(self.bytes, self.len.min(len))
    }
}

/// Two bytes in network order.
#[inline]
pub(super) fn be16(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high, low])
}
