//! Outcome: what a rule answers. Spot: where it looked.

use super::finding::{Cause, Severity};
use crate::span::{Span, Trust};
use crate::time::Timestamp;

/// What a rule answers about one subject.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// It is kept.
    Pass,
    /// It says nothing about this subject.
    NotApplicable,
    /// It cannot be judged.
    Unknown(Cause),
    /// It is broken: how badly, and what was seen.
    Fail(Severity, String),
}

impl Outcome {
    /// Whether nobody need hear of it.
    #[inline]
    pub(super) fn says_nothing(&self) -> bool {
        matches!(self, Self::Pass | Self::NotApplicable)
    }

    /// Fails where `broken`.
    pub(super) fn fail_if(
        broken: bool,
        severity: Severity,
        explanation: impl FnOnce() -> String,
    ) -> Self {
        if broken {
            Self::Fail(severity, explanation())
        } else {
            Self::Pass
        }
    }

    /// A MUST is broken where `broken`.
    pub(super) fn error_if(broken: bool, explanation: impl FnOnce() -> String) -> Self {
        Self::fail_if(broken, Severity::Error, explanation)
    }

    /// A SHOULD is broken, or there is a risk, where `broken`.
    pub(super) fn warning_if(broken: bool, explanation: impl FnOnce() -> String) -> Self {
        Self::fail_if(broken, Severity::Warning, explanation)
    }

    /// Something is worth knowing where `seen`.
    pub(super) fn info_if(seen: bool, explanation: impl FnOnce() -> String) -> Self {
        Self::fail_if(seen, Severity::Info, explanation)
    }
}

/// A number that may not be there, in eight bytes: no offset of a stream and no index is the greatest of all numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Maybe(u64);

impl Maybe {
    pub(super) fn get(self) -> Option<u64> {
        (self.0 != u64::MAX).then_some(self.0)
    }
}

impl From<Option<u64>> for Maybe {
    fn from(number: Option<u64>) -> Self {
        Self(number.unwrap_or(u64::MAX))
    }
}

impl Default for Maybe {
    fn default() -> Self {
        Self(u64::MAX)
    }
}

/// Where something stood: what a finding says of its place.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spot {
    pub(crate) first_packet: u64,
    pub(crate) last_packet: u64,
    pub(crate) time: Timestamp,
    pub(super) stream_offset: Maybe,
    pub(super) frame: Maybe,
    pub(super) message: Maybe,
    pub(crate) trust: Trust,
}

impl Spot {
    /// Of a packet, when nothing in its payload is meant.
    pub(crate) fn of_packet(packet: u64, time: Timestamp) -> Self {
        Self {
            first_packet: packet,
            last_packet: packet,
            time,
            ..Self::default()
        }
    }

    /// Of bytes.
    pub(crate) fn of_span(span: &Span, trust: Trust) -> Self {
        Self {
            first_packet: span.first_packet,
            last_packet: span.last_packet,
            time: span.time,
            stream_offset: Some(span.stream_offset).into(),
            trust,
            ..Self::default()
        }
    }

    /// The same, in a frame.
    #[must_use]
    pub(crate) fn in_frame(self, frame: u64, message: Option<u64>) -> Self {
        Self {
            frame: Some(frame).into(),
            message: message.into(),
            ..self
        }
    }

    /// The same, in a message, or in none.
    #[must_use]
    pub(crate) fn in_message(self, message: Option<u64>) -> Self {
        Self {
            message: message.into(),
            ..self
        }
    }

    /// The same, at an offset of the stream.
    #[must_use]
    pub(crate) fn at_offset(self, offset: u64) -> Self {
        Self {
            stream_offset: Some(offset).into(),
            ..self
        }
    }
}

/// Where a head stood: a spot that is in no frame and in no message.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeadSpot {
    pub(super) first_packet: u64,
    last_packet: u64,
    pub(super) time: Timestamp,
    stream_offset: Maybe,
    trust: Trust,
}

impl From<Spot> for HeadSpot {
    fn from(spot: Spot) -> Self {
        Self {
            first_packet: spot.first_packet,
            last_packet: spot.last_packet,
            time: spot.time,
            stream_offset: spot.stream_offset,
            trust: spot.trust,
        }
    }
}

impl From<HeadSpot> for Spot {
    fn from(head: HeadSpot) -> Self {
        Self {
            first_packet: head.first_packet,
            last_packet: head.last_packet,
            time: head.time,
            stream_offset: head.stream_offset,
            trust: head.trust,
            ..Self::default()
        }
    }
}
