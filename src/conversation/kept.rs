//! The beginning of a payload, kept for a record.

use crate::event::Payload;
use crate::private::Private;

/// The first bytes of a payload, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: Private<Vec<u8>>,
    limit: usize,
    truncated: bool,
}

impl Kept {
    /// Of a payload of which at most `limit` bytes are kept.
    pub(super) fn of_at_most(limit: u64) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            ..Self::default()
        }
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

    /// What comes next is not known: no more is kept.
    pub(super) fn break_off(&mut self) {
        self.limit = self.bytes.len();
        self.truncated = true;
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The beginning that was kept.
    pub(super) fn beginning(&self) -> Beginning<'_> {
        Beginning {
            bytes: &self.bytes,
            truncated: self.truncated,
        }
    }
}

/// The beginning of a payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beginning<'a> {
    /// The bytes.
    pub(super) bytes: &'a [u8],
    /// Whether there was more than is kept.
    pub(super) truncated: bool,
}

impl<'a> Beginning<'a> {
    /// Of a payload that is there whole: at most `limit` bytes.
    pub(super) fn of(payload: &'a [u8], limit: u64) -> Self {
        let kept = usize::try_from(limit)
            .ok()
            .and_then(|limit| payload.get(..limit));
        Self {
            bytes: kept.unwrap_or(payload),
            truncated: limit > 0 && kept.is_some_and(|kept| kept.len() < payload.len()),
        }
    }

    /// The same, of a payload that goes on behind it; none where it has nothing to show.
    pub(super) fn of_more(self, may_be_text: bool) -> Option<Payload<'a>> {
        let begun = Self {
            truncated: true,
            ..self
        };
        let payload = begun.payload(may_be_text);
        let is_empty = matches!(payload, Payload::Text("") | Payload::Data([]));
        (!is_empty).then_some(payload)
    }

    /// As a record shows it: text where it may be and is one (cut at a character), else data.
    pub(super) fn payload(self, may_be_text: bool) -> Payload<'a> {
        if !may_be_text {
            return Payload::Data(self.bytes);
        }
        match simdutf8::compat::from_utf8(self.bytes) {
            Ok(text) => Payload::Text(text),
            Err(error) if self.truncated && error.error_len().is_none() => {
                let valid = self
                    .bytes
                    .get(..error.valid_up_to())
                    .and_then(|bytes| std::str::from_utf8(bytes).ok());
                Payload::Text(valid.unwrap_or_default())
            }
            Err(_) => Payload::Data(self.bytes),
        }
    }
}
