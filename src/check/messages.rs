//! Rules: messages (RFC 6455, sections 5.4, 5.6 and 10.4).

use super::agreement::Agreement;
use super::channel::EndFacts;
use super::finding::{Cause, Severity};
use super::outcome::{Outcome, Spot};
use super::rule::{Answer, Fault, Judge, Rule, Subject};
use crate::direction::Direction;
use crate::event::MessageKind;
use crate::span::{Span, Trust};
use crate::websocket::deflate::Inflated;

/// From which length on a message is large: as sent, and inflated. Many servers refuse less.
const LARGE: (u64, u64) = (1 << 20, 4 << 20);

/// A message that has ended, or that the capture leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageFacts<'a> {
    pub(crate) direction: Direction,
    pub(crate) index: u64,
    pub(crate) span: &'a Span,
    pub(crate) trust: Trust,
    pub(crate) kind: Option<MessageKind>,
    pub(crate) frames: u64,
    pub(crate) compressed: bool,
    pub(crate) coded_length: u64,
    pub(crate) payload_length: Option<u64>,
    /// Whether its last frame was read to its end.
    pub(crate) finished: bool,
    /// Whether all its bytes are there.
    pub(crate) complete: bool,
    /// Why bytes of it, or such as it refers to, are not in the capture; none where all that its sender sent of it are.
    pub(crate) missing: Option<Cause>,
    pub(crate) valid_utf8: Option<bool>,
    pub(crate) inflated: Option<Inflated>,
    /// Filled in from what was kept of its frames.
    pub(crate) shape: Shape,
    /// The longest run of base64 in it, in bytes.
    pub(crate) base64: u64,
    pub(crate) agreement: Agreement,
    /// Whether the subprotocol wants binary messages.
    pub(crate) wants_binary: bool,
}

/// What is kept of a message's frames.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
    /// Frames with little payload; 2^32 are counted at most.
    pub(crate) tiny: u32,
    /// Header bytes of all; 4 GiB are counted at most.
    pub(crate) header_bytes: u32,
    /// Whether the last has no payload.
    pub(crate) ends_empty: bool,
    /// Whether a frame has reserved bits set that mean nothing, so that its payload may be anything.
    pub(crate) is_odd: bool,
}

impl MessageFacts<'_> {
    /// What is said of a message whose content is not known: `of_whole`, where all its bytes are there. One that its sender never finished
    /// is told by other rules.
    pub(super) fn unknown(&self, of_whole: Cause) -> Outcome {
        match self.missing {
            Some(cause) => Outcome::Unknown(cause),
            None if self.finished => Outcome::Unknown(of_whole),
            None => Outcome::NotApplicable,
        }
    }

    /// Whether no rule about messages can be broken.
    #[inline]
    pub(super) fn is_ordinary(&self) -> bool {
        self.valid_utf8 != Some(false)
            && self.inflated.is_none()
            && self.frames == 1
            && self.coded_length <= LARGE.0
            && self.base64 == 0
            && !self.wants_binary
            && self.finished
            && (self.complete || self.kind != Some(MessageKind::Text))
    }
}
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-frame-truncated",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 5.2, 7.1.1",
        tier: 1,
        subject: Subject::Messages,
        summary: "A connection does not end inside a frame.",
        why: "The receiver waits for bytes that never come, and loses the message.",
        help: "Look for a crash, or for a socket that was closed while a write was pending.",
        example: None,
        judge: Judge::End(frame_truncated),
    },
    Rule {
        id: "ws-message-unfinished",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 5.4",
        tier: 2,
        subject: Subject::Messages,
        summary: "A fragmented message gets its final frame before the connection ends.",
        why: "The receiver drops what it has of it. Only an info where its sender closed.",
        help: "Look why the sender stopped. Behind its own Close this is allowed, and only worth knowing.",
        example: None,
        judge: Judge::End(message_unfinished),
    },
    Rule {
        id: "ws-text-invalid-utf8",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 5.6, 8.1; RFC 3629, 3",
        tier: 1,
        subject: Subject::Messages,
        summary: "A text message is UTF-8, after joining its fragments and inflating.",
        why: "A receiver must fail the connection with 1007.",
        help: "Send what is not text as a binary message, or encode it as UTF-8.",
        example: Some("81 02 c0 af"),
        judge: Judge::Message(invalid_utf8),
    },
    Rule {
        id: "ws-message-too-large",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 10.4",
        tier: 3,
        subject: Subject::Messages,
        summary: "A message is no longer than 1 MiB as sent and 4 MiB inflated.",
        why: "Many servers refuse messages above 64 KiB to 1 MiB by default.",
        help: "Split what you send, or raise the receiver's limit knowingly.",
        example: None,
        judge: Judge::Message(too_large),
    },
    Rule {
        id: "ws-message-refused-too-big",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 7.4.1",
        tier: 3,
        subject: Subject::Messages,
        summary: "No side closes because a message was too big.",
        why: "The close code 1009 says that the other side's last message exceeded a limit.",
        help: "Raise the receiver's limit, or split the message.",
        example: None,
        judge: Judge::End(refused_too_big),
    },
    Rule {
        id: "ws-subprotocol-wrong-type",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 4.2.2, 11.5; MQTT 5.0, 6",
        tier: 2,
        subject: Subject::Messages,
        summary: "Messages have the type that their subprotocol fixes: binary for mqtt.",
        why: "A receiver of that subprotocol closes on the other type.",
        help: "Send with the right opcode.",
        example: None,
        judge: Judge::Message(wrong_type),
    },
];

fn invalid_utf8(message: &MessageFacts<'_>) -> Outcome {
    if message.shape.is_odd {
        return Outcome::NotApplicable;
    }
    match (message.kind, message.valid_utf8) {
        // Told by the rule on what is not DEFLATE.
        (Some(MessageKind::Text), None)
            if message.inflated.is_some_and(|read| read.failure.is_some()) =>
        {
            Outcome::NotApplicable
        }
        (Some(MessageKind::Text), None) => {
            // Only a compressed message may be whole and not known.
            let read = message.inflated.filter(|read| read.limit.is_none());
            message.unknown(read.map_or(Cause::Limit, |_| Cause::Gap))
        }
        (_, valid) => Outcome::error_if(valid == Some(false), || {
            format!("text message {} is not UTF-8", message.index)
        }),
    }
}

fn too_large(message: &MessageFacts<'_>) -> Outcome {
    let (coded, plain) = (message.coded_length, message.payload_length.unwrap_or(0));
    // A length with its highest bit set is no length.
    let large = coded > LARGE.0 && coded >> 63 == 0;
    Outcome::info_if(large || plain > LARGE.1 && plain >> 63 == 0, || {
        format!("message {} has {} bytes", message.index, coded.max(plain))
    })
}

fn wrong_type(message: &MessageFacts<'_>) -> Outcome {
    let wrong = message.wants_binary && message.kind == Some(MessageKind::Text);
    Outcome::warning_if(wrong, || {
        format!(
            "message {} is a text, and the subprotocol mqtt is binary",
            message.index
        )
    })
}

fn frame_truncated(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let Some(frame) = end.channel.open_frame(direction) else {
        return Answer::none();
    };
    let outcome = match end.whole(direction) {
        Ok(()) => Outcome::Fail(
            Severity::Warning,
            match frame.missing {
                0 => format!(
                    "the connection ended inside the header of frame {}",
                    frame.index
                ),
                missing => format!(
                    "the connection ended {missing} bytes before the end of frame {}",
                    frame.index
                ),
            },
        ),
        Err(cause) => Outcome::Unknown(cause),
    };
    let spot = match end.lines[direction].end() {
        Some((time, packet)) if frame.missing == 0 => Spot::of_packet(packet, time),
        _ => frame.spot,
    };
    Answer::of(direction, outcome, spot)
}

fn message_unfinished(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let channel = end.channel;
    // A message whose frame is cut is told by that.
    let open = channel.open_message(direction);
    let Some(spot) = open.filter(|_| channel.open_frame(direction).is_none()) else {
        return Answer::none();
    };
    let severity = if channel.close(direction).is_some() {
        Severity::Info
    } else {
        Severity::Warning
    };
    let outcome = match end.whole(direction) {
        Ok(()) => Outcome::Fail(
            severity,
            "a fragmented message never got its final frame".to_string(),
        ),
        Err(cause) => Outcome::Unknown(cause),
    };
    Answer::of(direction, outcome, spot)
}

fn refused_too_big(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let closed = (end.channel.close(direction)).filter(|close| close.code == Some(1009));
    let largest = end.channel.talks[direction.other()].largest_message;
    let Some(close) = closed.filter(|_| largest > 0) else {
        return Answer::none();
    };
    let outcome = Outcome::Fail(
        Severity::Info,
        format!("closed with 1009; the other side's longest message had {largest} bytes as sent"),
    );
    Answer::of(direction, outcome, close.spot())
}
