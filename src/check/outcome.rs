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

/// Where something stood: what a finding says of its place.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spot {
    pub(crate) first_packet: u64,
    pub(crate) last_packet: u64,
    pub(crate) time: Timestamp,
    pub(crate) stream_offset: Option<u64>,
    pub(crate) frame: Option<u64>,
    pub(crate) message: Option<u64>,
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
            stream_offset: Some(span.stream_offset),
            trust,
            ..Self::default()
        }
    }

    /// The same, in a frame.
    #[must_use]
    pub(crate) fn in_frame(self, frame: u64, message: Option<u64>) -> Self {
        Self {
            frame: Some(frame),
            message,
            ..self
        }
    }
}
