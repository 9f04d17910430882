//! Rule: what a peer must keep, and why.

use super::across::{Across, LeftOut};
use super::channel::EndFacts;
use super::close::CloseFacts;
use super::finding::Severity;
use super::frames::FrameFacts;
use super::handshake::HandshakeFacts;
use super::http::HeadFacts;
use super::masks::Masks;
use super::messages::MessageFacts;
use super::outcome::{Outcome, Spot};
use super::transport::LineFacts;
use crate::direction::Direction;

/// Something that a peer must, or should, keep.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name: stable, and never used again for another.
    pub id: &'static str,
    /// How bad it is to break it, as a rule.
    pub severity: Severity,
    /// Who is at fault where it is broken.
    pub fault: Fault,
    /// The clause that asks for it: `RFC 6455, 5.1`.
    pub source: &'static str,
    /// How much it matters, from 1 to 3.
    pub tier: u8,
    /// What it is about.
    pub subject: Subject,
    /// What is checked, in a sentence.
    pub summary: &'static str,
    /// What happens where it is broken.
    pub why: &'static str,
    /// What to do about it.
    pub help: &'static str,
    /// Bytes or a line that break it.
    pub example: Option<&'static str>,
    /// The function that judges it.
    pub(super) judge: Judge,
}

impl Rule {
    /// Whether it is asked with an opening handshake, so that its finding leaves with it.
    pub(crate) fn judges_handshakes(&self) -> bool {
        matches!(self.judge, Judge::Request(_) | Judge::Response(_))
    }
}

/// When a rule is asked, and the function that answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Judge {
    /// With the request of an opening handshake.
    Request(fn(&HandshakeFacts<'_>) -> Outcome),
    /// With its response.
    Response(fn(&HandshakeFacts<'_>) -> Outcome),
    /// With any exchange.
    Exchange(fn(&HandshakeFacts<'_>) -> Outcome),
    /// With the head of any HTTP message.
    Head(fn(&HeadFacts<'_>) -> Outcome),
    /// With a frame's header, unless it is ordinary.
    Frame(fn(&FrameFacts<'_>) -> Outcome),
    /// With a masking key that stands out.
    Mask(fn(&Masks) -> Outcome),
    /// With masked bytes: whether they look like a request.
    Wire(fn(bool) -> Outcome),
    /// With a frame behind its sender's Close: its name, and whether it is a control frame.
    BehindClose(fn((&str, bool)) -> Outcome),
    /// With a close frame.
    Close(fn(&CloseFacts<'_>) -> Outcome),
    /// With a message, unless it is ordinary.
    Message(fn(&MessageFacts<'_>) -> Outcome),
    /// When a WebSocket's connection ends, of each side.
    End(fn(&EndFacts<'_>, Direction) -> Answer),
    /// When any connection ends, of each side.
    Line(fn(&LineFacts<'_>, Direction) -> Answer),
    /// When the capture ends, or a connection does, of all connections; and what of them could not be compared.
    Across(fn(&Across) -> (Vec<Accused>, LeftOut)),
}

/// The answer of a rule that looks at a whole: it also says who is meant, and where.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) sender: Option<Direction>,
    pub(super) outcome: Outcome,
    pub(super) spot: Spot,
}

impl Answer {
    /// About nothing.
    pub(super) fn none() -> Self {
        Self::of_nobody(Outcome::NotApplicable, Spot::default())
    }

    /// About one side.
    pub(super) fn of(sender: Direction, outcome: Outcome, spot: Spot) -> Self {
        Self {
            sender: Some(sender),
            outcome,
            spot,
        }
    }

    /// About both sides.
    pub(super) fn of_nobody(outcome: Outcome, spot: Spot) -> Self {
        Self {
            sender: None,
            outcome,
            spot,
        }
    }
}

/// A connection that breaks a rule about several, and how.
#[derive(Clone, Debug)]
pub(super) struct Accused {
    pub(super) connection: u64,
    pub(super) severity: Severity,
    pub(super) explanation: String,
    pub(super) spot: Spot,
    pub(super) count: u64,
}

/// Whose bytes break a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The client's.
    Client,
    /// The server's.
    Server,
    /// Those of either: a finding names whose.
    Either,
}

impl Fault {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Either => "either",
        }
    }
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Subject {
    /// The request of an opening handshake.
    Request,
    /// Its response.
    Response,
    /// The heads of any HTTP message.
    Http,
    /// Frames.
    Frames,
    /// Masking keys.
    Masking,
    /// Messages.
    Messages,
    /// permessage-deflate.
    Compression,
    /// The closing handshake and the end of the connection.
    Closing,
    /// Ping and Pong.
    Keepalive,
    /// Risks.
    Security,
    /// What costs more than it need.
    Performance,
    /// TCP.
    Transport,
    /// Several connections.
    Connections,
}

impl Subject {
    /// Its name, for a heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "opening handshake: request",
            Self::Response => "opening handshake: response",
            Self::Http => "HTTP",
            Self::Frames => "frames",
            Self::Masking => "masking keys",
            Self::Messages => "messages",
            Self::Compression => "compression",
            Self::Closing => "closing",
            Self::Keepalive => "ping and pong",
            Self::Security => "security",
            Self::Performance => "performance",
            Self::Transport => "transport",
            Self::Connections => "several connections",
        }
    }
}
