//! Rules: TCP under a WebSocket or HTTP (RFC 9293).

use super::channel::Channel;
use super::finding::{Cause, Severity};
use super::line::Line;
use super::outcome::{Outcome, Spot};
use super::refusal::duration;
use super::rule::{Answer, Fault, Judge, Rule, Subject};
use super::tunnel::Tunnel;
use crate::direction::{Both, Direction};

/// What is long, for a stall and for a window of zero.
const LONG: i64 = 1_000_000_000;

/// One side of a connection, whatever it speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineFacts<'a> {
    pub(super) lines: Both<&'a Line>,
    pub(super) channel: Option<&'a Channel>,
    pub(super) http: &'a HttpEnd,
}

/// What is left of a connection's HTTP when it ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct HttpEnd {
    /// The request of a handshake that got no response.
    pub(crate) unanswered: Option<Box<Unanswered>>,
    /// Whether the client used the connection as a tunnel although no upgrade was agreed.
    pub(crate) tunnel: Option<Box<Tunnel>>,
}

/// The request of a handshake that got no response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unanswered {
    /// The offset behind its last byte.
    pub(crate) end: u64,
    pub(crate) spot: Spot,
    /// Why bytes of the server's are missing, if any are.
    pub(crate) lost: Option<Cause>,
}
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "tcp-retransmission",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 9293, 3.8",
        tier: 3,
        subject: Subject::Transport,
        summary: "Little is sent twice, and no stall is longer than a second.",
        why: "The network loses packets; what is slow is not the WebSocket.",
        help: "Look at the path, not at the program.",
        example: None,
        judge: Judge::Line(retransmission),
    },
    Rule {
        id: "tcp-overlap-conflict",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 9293, 3.10",
        tier: 2,
        subject: Subject::Transport,
        summary: "Copies of the same bytes agree.",
        why: "Two readers see two streams: an evasion, or a broken middlebox.",
        help: "Find who sent the second copy.",
        example: None,
        judge: Judge::Line(overlap_conflict),
    },
    Rule {
        id: "tcp-rst-without-close",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 7.1.1, 7.1.5",
        tier: 2,
        subject: Subject::Transport,
        summary: "A WebSocket does not end in a reset without a Close.",
        why: "Both applications are told 1006, and what was under way is lost.",
        help: "Look for a crash, a kill, a firewall, or a socket closed with unread data.",
        example: None,
        judge: Judge::Line(rst_without_close),
    },
    Rule {
        id: "tcp-zero-window",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 9293, 3.8.6",
        tier: 3,
        subject: Subject::Transport,
        summary: "A receiver reads what it is sent.",
        why: "A window of zero stops the sender: the receiver is too slow.",
        help: "Read faster, or let the sender slow down by itself.",
        example: None,
        judge: Judge::Line(zero_window),
    },
];

fn retransmission(facts: &LineFacts<'_>, direction: Direction) -> Answer {
    let line = facts.lines[direction];
    let troubles = line.troubles();
    let Some((time, packet)) = troubles.again_at else {
        return Answer::none();
    };
    let often = troubles.again * 100 > line.bytes || troubles.stall > LONG;
    let outcome = Outcome::info_if(often, || {
        format!(
            "{} bytes came again, the longest stall took {}",
            troubles.again,
            duration(troubles.stall)
        )
    });
    Answer::of(direction, outcome, Spot::of_packet(packet, time))
}

fn overlap_conflict(facts: &LineFacts<'_>, direction: Direction) -> Answer {
    let Some((time, packet)) = facts.lines[direction].troubles().conflict else {
        return Answer::none();
    };
    let outcome = Outcome::Fail(
        Severity::Warning,
        "two copies of the same bytes disagree; the first was taken".to_string(),
    );
    Answer::of(direction, outcome, Spot::of_packet(packet, time))
}

fn rst_without_close(facts: &LineFacts<'_>, direction: Direction) -> Answer {
    let line = facts.lines[direction];
    let (Some((time, packet, in_order)), Some(channel)) =
        (line.reset().filter(|_| line.fin().is_none()), facts.channel)
    else {
        return Answer::none();
    };
    let talk = &channel.talks[direction];
    if channel.close(direction).is_some() {
        return Answer::none();
    }
    let outcome = match talk.lost {
        Some(cause) => Outcome::Unknown(cause),
        None if !in_order || line.has_hole() => Outcome::Unknown(Cause::Gap),
        None => Outcome::Fail(
            Severity::Warning,
            format!(
                "the {} reset the connection and had sent no Close",
                direction.sender()
            ),
        ),
    };
    Answer::of(direction, outcome, Spot::of_packet(packet, time))
}

fn zero_window(facts: &LineFacts<'_>, direction: Direction) -> Answer {
    let troubles = facts.lines[direction].troubles();
    let Some((time, packet)) = troubles.zero_at else {
        return Answer::none();
    };
    let outcome = Outcome::info_if(troubles.zero > LONG, || {
        format!(
            "the {} did not read for {}",
            direction.sender(),
            duration(troubles.zero)
        )
    });
    Answer::of(direction, outcome, Spot::of_packet(packet, time))
}
