//! A message of which not all is known yet.

use crate::check::Cause;
use crate::conversation::kept::Kept;
use crate::event::MessageKind;
use crate::reader::Cost;
use crate::span::Trust;
use crate::websocket::Utf8;
use crate::websocket::deflate::Inflated;

/// A message that is being read.
#[derive(Debug)]
pub(super) struct OpenMessage {
    pub(super) index: u64,
    pub(super) kind: Option<MessageKind>,
    pub(super) compressed: bool,
    pub(super) frames: u64,
    pub(super) coded_length: u64,
    pub(super) cost: Cost,
    /// Why bytes of it are missing, as far as it came; none where none are.
    pub(super) missing: Option<Cause>,
    pub(super) trust: Trust,
    /// Of what stands before the first byte that is not known.
    pub(super) utf8: Utf8,
    /// Whether some of what the application sees is a copy of what the capture lacks.
    pub(super) misses_bytes: bool,
    pub(super) inflated: Option<Inflated>,
    /// Whether its last frame's end was read.
    pub(super) finished: bool,
    pub(super) kept: Kept,
}

impl OpenMessage {
    pub(super) fn new(index: u64, kind: Option<MessageKind>, trust: Trust) -> Self {
        Self {
            index,
            kind,
            compressed: false,
            frames: 0,
            coded_length: 0,
            cost: Cost::default(),
            missing: kind.is_none().then_some(Cause::Gap),
            trust,
            utf8: Utf8::default(),
            misses_bytes: false,
            inflated: None,
            finished: false,
            kept: Kept::default(),
        }
    }

    /// Bytes of it are not in the capture.
    pub(super) fn lose(&mut self, cause: Cause) {
        self.missing.get_or_insert(cause);
        self.kept.break_off();
    }

    /// Whether no byte of it is missing, as far as it came.
    pub(super) fn is_complete(&self) -> bool {
        self.missing.is_none()
    }

    /// Bytes that the application sees are copies of what the capture lacks.
    pub(super) fn miss(&mut self) {
        self.misses_bytes = true;
        self.kept.break_off();
    }

    /// Whether it is read whether its bytes are UTF-8.
    pub(super) fn is_judged(&self) -> bool {
        self.kind == Some(MessageKind::Text) && self.is_complete() && !self.misses_bytes
    }

    /// Takes more of what the application sees.
    pub(super) fn take(&mut self, plain: &[u8]) {
        if self.kept.wants() {
            self.kept.push(plain);
        }
        if self.is_judged() {
            self.utf8.push(plain);
        }
    }

    /// Whether every byte that the application sees is known, if nothing is missing.
    pub(super) fn is_known(&self) -> bool {
        !self.compressed || self.inflated.is_some_and(|inflated| inflated.is_whole())
    }

    /// What the application sees, in bytes, where that is known.
    pub(super) fn payload_length(&self, may_be_compressed: bool) -> Option<u64> {
        if self.compressed {
            self.inflated.and_then(|inflated| inflated.length)
        } else {
            (self.kind.is_some() || !may_be_compressed).then_some(self.coded_length)
        }
    }
}
