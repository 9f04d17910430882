//! Finding: a peer broke a rule. Unjudged: nobody can say, and why.

use super::rule::Rule;
use crate::direction::Direction;
use crate::event::Place;
use crate::span::Trust;
use crate::time::Timestamp;

/// How bad a finding is, from the mildest.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A SHOULD of a standard is broken, or there is a risk.
    Warning,
    /// A MUST of a standard is broken.
    Error,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Info];

    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// A rule that a peer broke: once for each rule, channel and sender, however often it was broken.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// The worst that was seen; of a rule that has several degrees, it may differ from the rule's own.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// Who broke it; none where nobody in particular did.
    pub sender: Option<Direction>,
    /// How often.
    pub count: u64,
    /// The lowest packet number of the first time.
    pub first_packet: u64,
    /// The highest packet number of the last time.
    pub last_packet: u64,
    /// When the first time was.
    pub time: Timestamp,
    /// The frame of the first time.
    pub frame: Option<u64>,
    /// The message of the first time.
    pub message: Option<u64>,
    /// Where the first time begins in its sender's byte stream.
    pub stream_offset: Option<u64>,
    /// How sure the boundary of the first time is.
    pub trust: Trust,
    /// What was seen, in a sentence. It shows no value of a credential, a cookie or a query.
    pub explanation: String,
}

/// What could not be judged: counted for each rule, connection, sender and cause.
#[derive(Clone, Copy, Debug)]
pub struct Unjudged {
    /// The rule.
    pub rule: &'static Rule,
    /// The connection.
    pub connection: u64,
    /// Whose bytes would have been judged.
    pub sender: Option<Direction>,
    /// Why they were not.
    pub cause: Cause,
    /// How often.
    pub count: u64,
}

/// Why something cannot be judged.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Cause {
    /// The opening handshake is not in the capture.
    NoHandshake,
    /// Bytes are missing.
    Gap,
    /// A boundary was found again after a loss.
    Resync,
    /// The capture began in the middle of the connection.
    Midstream,
    /// A head is cut off.
    Truncated,
    /// A packet was cut by the snapshot length.
    Snaplen,
    /// The capture stops too early.
    CaptureEnd,
    /// The bytes are encrypted.
    Encrypted,
    /// An accepted extension that is not known may change what it means.
    Extension,
    /// A bound of this program was reached.
    Limit,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 10] = [
        Self::NoHandshake,
        Self::Gap,
        Self::Resync,
        Self::Midstream,
        Self::Truncated,
        Self::Snaplen,
        Self::CaptureEnd,
        Self::Encrypted,
        Self::Extension,
        Self::Limit,
    ];

    /// Why bytes are not in the capture: the snapshot length cut them off, or no packet brought them.
    pub(crate) fn of_missing(cut: bool) -> Self {
        if cut { Self::Snaplen } else { Self::Gap }
    }

    /// Why a boundary is not sure that was found with this trust.
    pub(crate) fn of_unsure(trust: Trust) -> Self {
        if trust == Trust::Guessed {
            Self::Midstream
        } else {
            Self::Resync
        }
    }

    /// Why boundaries are not sure behind bytes that are missing for this cause.
    pub(crate) fn of_place(self) -> Self {
        if self == Self::Snaplen {
            self
        } else {
            Self::Resync
        }
    }

    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoHandshake => "no-handshake",
            Self::Gap => "gap",
            Self::Resync => "resync",
            Self::Midstream => "midstream",
            Self::Truncated => "truncated",
            Self::Snaplen => "snaplen",
            Self::CaptureEnd => "capture-end",
            Self::Encrypted => "encrypted",
            Self::Extension => "extension",
            Self::Limit => "limit",
        }
    }
}
