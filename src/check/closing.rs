//! Rules: the closing handshake and the end of the connection (RFC 6455, sections 5.5.1 and 7.1).
//!
//! What comes first is told by acknowledgment numbers where two directions are compared, and never by times alone.

use super::channel::EndFacts;
use super::finding::{Cause, Severity};
use super::outcome::{Outcome, Spot};
use super::refusal::duration;
use super::rule::{Answer, Fault, Judge, Rule, Subject};
use crate::direction::Direction;
use crate::time::Timestamp;

/// How long a client may wait for the server to close TCP.
const PATIENCE: i64 = 1_000_000_000;

/// How long a server may take to close TCP behind the closing handshake.
const LINGER: i64 = 2_000_000_000;

/// How long one side may stay open behind the other's FIN.
const HALF_OPEN: i64 = 10_000_000_000;
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-data-after-close",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.1, 1.4",
        tier: 1,
        subject: Subject::Closing,
        summary: "A side sends nothing behind its Close.",
        why: "The receiver ignores it, so it is lost. Only a warning for a control frame.",
        help: "Stop the writers before closing.",
        example: Some("88 02 03 e8 81 04 6c 61 74 65"),
        judge: Judge::BehindClose(data_after_close),
    },
    Rule {
        id: "ws-close-no-reply",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.1, 7.1.2",
        tier: 2,
        subject: Subject::Closing,
        summary: "A side that received a Close answers with one before it ends the connection.",
        why: "The other side cannot tell an orderly end from a failure.",
        help: "Answer a Close with a Close that repeats its code.",
        example: None,
        judge: Judge::End(no_reply),
    },
    Rule {
        id: "ws-close-missing",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 7.1.5, 7.1.1",
        tier: 1,
        subject: Subject::Closing,
        summary: "A connection does not end without a Close from either side.",
        why: "Both applications are told 1006, and cannot know what arrived.",
        help: "Close with a code. Where the idle time before is a round number, look for a proxy's or NAT's time limit.",
        example: None,
        judge: Judge::End(missing),
    },
    Rule {
        id: "ws-close-client-closed-tcp-first",
        severity: Severity::Info,
        fault: Fault::Client,
        source: "RFC 6455, 7.1.1, 5.5.1",
        tier: 3,
        subject: Subject::Closing,
        summary: "The server closes TCP before the client does.",
        why: "Who closes first holds the port in TIME_WAIT; the server should.",
        help: "Let the client wait for the server's FIN.",
        example: None,
        judge: Judge::End(client_first),
    },
    Rule {
        id: "ws-close-tcp-lingers",
        severity: Severity::Warning,
        fault: Fault::Server,
        source: "RFC 6455, 5.5.1, 7.1.1",
        tier: 2,
        subject: Subject::Closing,
        summary: "The server closes TCP within 2 seconds of the closing handshake.",
        why: "Connections that are over keep their resources on both sides.",
        help: "Close the socket right behind the Close that answers.",
        example: None,
        judge: Judge::End(tcp_lingers),
    },
    Rule {
        id: "ws-close-half-open",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 7.1.1; RFC 9293, 3.6",
        tier: 3,
        subject: Subject::Closing,
        summary: "A side does not stay open for long behind the other's FIN.",
        why: "WebSocket knows no half-closed connection: what is sent there is read by nobody.",
        help: "Close both ways.",
        example: None,
        judge: Judge::End(half_open),
    },
    Rule {
        id: "ws-close-code-differs",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.1, 7.1.5",
        tier: 3,
        subject: Subject::Closing,
        summary: "A Close that answers carries the code of the first.",
        why: "An answer usually repeats the code; another one makes logs of the two sides disagree.",
        help: "Mostly harmless. Repeat the received code where you can.",
        example: None,
        judge: Judge::End(code_differs),
    },
];

fn no_reply(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let channel = end.channel;
    let Some(close) =
        (channel.close(direction.other())).filter(|_| channel.close(direction).is_none())
    else {
        return Answer::none();
    };
    let Some((time, packet)) = end.lines[direction].fin() else {
        return Answer::none();
    };
    // Whoever ended its own direction first can send no answer any more, whatever it receives.
    if end.lines[direction].fin_acked().unwrap_or(0) < close.end {
        return Answer::of(direction, Outcome::Unknown(Cause::CaptureEnd), close.spot());
    }
    let outcome = match end.whole(direction) {
        Ok(()) => Outcome::Fail(
            Severity::Warning,
            format!(
                "the {} had the other side's Close and ended the connection without one",
                direction.sender()
            ),
        ),
        Err(cause) => Outcome::Unknown(cause),
    };
    Answer::of(direction, outcome, Spot::of_packet(packet, time))
}

fn missing(end: &EndFacts<'_>, direction: Direction) -> Answer {
    // It is told once, of who ended the connection first.
    let closed = Direction::ALL
        .into_iter()
        .any(|of| end.channel.close(of).is_some());
    let lines = end.lines;
    let (Some(own), false) = (lines[direction].end(), closed) else {
        return Answer::none();
    };
    let other = lines[direction.other()].end();
    if other.is_some_and(|other| {
        other.1 < own.1 || other.1 == own.1 && direction == Direction::ToClient
    }) {
        return Answer::none();
    }
    let how = if lines[direction].fin().is_some() {
        "FIN"
    } else {
        "RST"
    };
    let outcome = match end.whole(direction).and(end.whole(direction.other())) {
        Ok(()) => Outcome::Fail(
            Severity::Warning,
            format!(
                "the connection ended without a Close: the {} sent {how} first{}",
                direction.sender(),
                match end.channel.last_frame.get() {
                    Some(last) => format!(
                        ", {} behind the last frame",
                        duration(own.0.since(last).max(0))
                    ),
                    None => String::new(),
                }
            ),
        ),
        Err(cause) => Outcome::Unknown(cause),
    };
    Answer::of(direction, outcome, Spot::of_packet(own.1, own.0))
}

fn client_first(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let both = end.channel.both_closes();
    let (Direction::ToServer, Some((own, other))) = (direction, both) else {
        return Answer::none();
    };
    let Some((time, packet)) = end.lines.to_server.fin() else {
        return Answer::none();
    };
    // The FIN says which of the server's bytes the client had; the server's own FIN was not among them.
    let server = end.lines.to_client.fin();
    let last = own.time.max(other.time);
    let first = server.is_none_or(|(server, at)| server > time && at > packet)
        && time.since(last) < PATIENCE;
    let outcome = match end
        .read(Direction::ToServer)
        .and(end.read(Direction::ToClient))
    {
        Ok(()) => Outcome::info_if(first, || {
            "the client sent its FIN before the server did".to_string()
        }),
        Err(cause) => Outcome::Unknown(cause),
    };
    Answer::of(direction, outcome, Spot::of_packet(packet, time))
}

fn tcp_lingers(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let both = end.channel.both_closes();
    let (Direction::ToClient, Some((client, server))) = (direction, both) else {
        return Answer::none();
    };
    let closed = client.time.max(server.time);
    let line = end.lines.to_client;
    // A packet of that time says, by its numbers, that the server had not sent its FIN.
    let before_fin = |until: &Timestamp| line.fin().is_none_or(|(fin, _)| fin > *until);
    let read_until = line.read_until.get().filter(before_fin);
    let open_at = line.open_at.get().max(read_until);
    let lingered = open_at.map_or(0, |open| open.since(closed));
    let outcome = match end
        .read(Direction::ToServer)
        .and(end.read(Direction::ToClient))
    {
        Ok(()) => Outcome::warning_if(lingered > LINGER, || {
            format!(
                "the server's end was still open {} behind the closing handshake",
                duration(lingered)
            )
        }),
        Err(cause) => Outcome::Unknown(cause),
    };
    Answer::of(direction, outcome, server.spot())
}

fn half_open(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let (own, other) = (end.lines[direction], end.lines[direction.other()]);
    let Some((since, packet)) = other.fin() else {
        return Answer::none();
    };
    let until = own.fin().map(|(fin, _)| fin).or(own.read_until.get());
    let stayed = until.map_or(0, |until| until.since(since));
    let outcome = Outcome::info_if(stayed > HALF_OPEN, || {
        format!(
            "the {} stayed open {} behind the other side's FIN",
            direction.sender(),
            duration(stayed)
        )
    });
    Answer::of(direction, outcome, Spot::of_packet(packet, since))
}

fn code_differs(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let (own, other) = (
        end.channel.close(direction),
        end.channel.close(direction.other()),
    );
    let Some((own, other)) = own.zip(other) else {
        return Answer::none();
    };
    // Only an answer is compared: its sender had acknowledged the other Close.
    let outcome = match own.acked.get() {
        None => Outcome::Unknown(Cause::Gap),
        Some(acked) if acked < other.end => Outcome::NotApplicable,
        Some(_) => {
            let said =
                |code: Option<u16>| code.map_or("no code".to_string(), |code| code.to_string());
            let differs = own.code.is_some() && own.code != other.code;
            Outcome::info_if(differs, || {
                format!(
                    "the other side closed with {}, and the answer has {}",
                    said(other.code),
                    said(own.code)
                )
            })
        }
    };
    Answer::of(direction, outcome, own.spot())
}

/// Judged with each frame behind a Close of the same side.
fn data_after_close((name, is_control): (&str, bool)) -> Outcome {
    let severity = if is_control {
        Severity::Warning
    } else {
        Severity::Error
    };
    Outcome::Fail(
        severity,
        format!("a {name} frame follows the sender's Close"),
    )
}
