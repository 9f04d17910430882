//! The beginning of a payload, kept for a record.

use crate::event::Payload;

/// A buffer larger than this is not kept for the next payload, so that one huge message does not cost memory for ever.
const REUSED: usize = 64 << 10;

/// The first bytes of a payload, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    limit: usize,
    truncated: bool,
}

impl Kept {
    /// Begins another payload, of which at most `limit` bytes are kept.
    pub(super) fn begin(&mut self, limit: u64) {
        if self.bytes.capacity() > REUSED {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        self.limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.truncated = false;
    }

    /// Whether more would be kept or at least noticed.
    pub(super) fn wants(&self) -> bool {
        self.limit > 0 && !self.truncated
    }

    /// Adds what fits.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = self.limit - self.bytes.len();
        self.bytes
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.truncated |= bytes.len() > room;
    }

    /// Whether there was more than is kept.
    pub(super) fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// As a record shows them: text where it may be and is one (cut at a character), else data.
    pub(super) fn payload(&self, may_be_text: bool) -> Payload<'_> {
        if !may_be_text {
            return Payload::Data(&self.bytes);
        }
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => Payload::Text(text),
            Err(error) if self.truncated && error.error_len().is_none() => {
                let valid = self
                    .bytes
                    .get(..error.valid_up_to())
                    .and_then(|bytes| std::str::from_utf8(bytes).ok());
                Payload::Text(valid.unwrap_or_default())
            }
            Err(_) => Payload::Data(&self.bytes),
        }
    }
}
