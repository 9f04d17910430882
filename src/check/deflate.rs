//! Rules: compressed messages (RFC 7692).

use super::channel::{EndFacts, Talk};
use super::finding::{Cause, Severity};
use super::messages::MessageFacts;
use super::outcome::{Outcome, Spot};
use super::performance::Sample;
use super::rule::{Answer, Fault, Judge, Rule, Subject};
use crate::direction::Direction;
use crate::websocket::deflate::Inflated;

/// From which payload on a message is worth compressing, and how many such messages say that nobody does.
const WORTH: u64 = 256;
const MANY: u64 = 20;

/// From which sizes on a message is a bomb: inflated, and how often as much as was sent.
const BOMB: (u64, u64) = (1 << 20, 100);

/// From which loss on, in bytes, compression that grows messages is told of, even where few grow.
const WASTED: u64 = 1 << 10;

/// The messages of one side that are marked as compressed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compressed {
    /// Those that were inflated.
    inflated: u64,
    /// Those that grew, by how much, and the first.
    grown: u64,
    wasted: u64,
    first: Option<Spot>,
}

impl Talk {
    /// Takes a message of so many bytes that is not compressed.
    #[inline]
    pub(super) fn push_plain(&mut self, length: u64) {
        self.plain += u64::from(length > WORTH);
    }

    /// Takes a message, for what compression gained.
    #[inline]
    pub(super) fn push_message(&mut self, message: &MessageFacts<'_>, spot: Spot) {
        if !message.compressed {
            self.push_plain(message.coded_length);
            return;
        }
        let compressed = self.rare_mut().compressed.get_or_insert_default();
        let Some(plain) = message.payload_length else {
            return;
        };
        compressed.inflated += 1;
        if message.coded_length > plain && message.coded_length > 0 {
            compressed.grown += 1;
            compressed.wasted += message.coded_length - plain;
            compressed.first.get_or_insert(spot);
        }
    }

    fn compressed(&self) -> Option<&Compressed> {
        self.rare()?.compressed.as_deref()
    }
}
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-pmd-inflate-failed",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 7692, 7.2.2; RFC 1951, 3.2",
        tier: 1,
        subject: Subject::Compression,
        summary: "A compressed message inflates.",
        why: "The receiver fails the connection, and with a shared context every later message is lost too.",
        help: "Look at the first message that fails: a lost message, a wrong takeover setting or a broken compressor.",
        example: Some("c1 04 ff ff ff ff"),
        judge: Judge::Message(inflate_failed),
    },
    Rule {
        id: "ws-pmd-context-takeover-violated",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 7692, 7.1.1.1, 7.1.1.2",
        tier: 2,
        subject: Subject::Compression,
        summary: "A message refers to no earlier message where that was agreed.",
        why: "The receiver has forgotten the earlier message, and inflates something else or nothing.",
        help: "Reset the compressor after every message.",
        example: None,
        judge: Judge::Message(takeover_violated),
    },
    Rule {
        id: "ws-pmd-window-exceeded",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 7692, 7.1.2.1, 7.1.2.2",
        tier: 2,
        subject: Subject::Compression,
        summary: "No message refers further back than the agreed window.",
        why: "A receiver with a window of that size does not have those bytes any more.",
        help: "Set the window bits in the compressor too, not only in the handshake.",
        example: None,
        judge: Judge::Message(window_exceeded),
    },
    Rule {
        id: "ws-pmd-tail-not-removed",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 7692, 7.2.1 step 3",
        tier: 2,
        subject: Subject::Compression,
        summary: "The four bytes 00 00 ff ff are cut from the end of a compressed message.",
        why: "The receiver adds them again, which leaves half a block behind and breaks the next message.",
        help: "Cut the four bytes at the end of the message, there only and not from each fragment.",
        example: Some("c1 0b f2 48 cd c9 c9 07 00 00 00 ff ff"),
        judge: Judge::Message(tail_not_removed),
    },
    Rule {
        id: "ws-pmd-empty-payload",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 7692, 7.2.1, 7.2.3.6",
        tier: 2,
        subject: Subject::Compression,
        summary: "A compressed message has at least one byte of DEFLATE.",
        why: "Receivers that use zlib fail on the message behind one without.",
        help: "Send an empty message as the byte 00, or uncompressed.",
        example: Some("c1 00"),
        judge: Judge::Message(empty_payload),
    },
    Rule {
        id: "ws-pmd-bfinal",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 7692, 7.2.1, 7.2.3.4",
        tier: 3,
        subject: Subject::Compression,
        summary: "No DEFLATE block of a message is marked as final.",
        why: "It is legal, but many decoders stop there and fail on the next message.",
        help: "Flush with Z_SYNC_FLUSH instead of Z_FINISH.",
        example: Some("c1 08 f3 48 cd c9 c9 07 00 00"),
        judge: Judge::Message(bfinal),
    },
    Rule {
        id: "ws-pmd-expansion",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 7692, 7.2; RFC 6455, 5.6",
        tier: 3,
        subject: Subject::Compression,
        summary: "Compression makes messages shorter.",
        why: "A message that grows costs bytes and time for nothing.",
        help: "Do not compress below some 64 to 128 bytes, or what is compressed already.",
        example: None,
        judge: Judge::End(expansion),
    },
    Rule {
        id: "ws-pmd-never-used",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 7692, 6",
        tier: 3,
        subject: Subject::Compression,
        summary: "A side that agreed to compress does.",
        why: "Both sides pay for compression with memory for each connection.",
        help: "Lower the threshold of the sender, or do not agree on the extension.",
        example: None,
        judge: Judge::End(never_used),
    },
    Rule {
        id: "ws-pmd-no-takeover-cost",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 7692, 7.1.1",
        tier: 3,
        subject: Subject::Compression,
        summary: "Giving up context takeover costs less than a third of the bytes.",
        why: "Messages that resemble each other compress far better when the compressor remembers the last one.",
        help: "Agree on context takeover where memory allows.",
        example: None,
        judge: Judge::End(no_takeover_cost),
    },
    Rule {
        id: "sec-pmd-bomb",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 10.4; RFC 7692, 8",
        tier: 2,
        subject: Subject::Compression,
        summary: "No message inflates to more than 1 MiB and a hundred times its length.",
        why: "A few bytes make the receiver hold many.",
        help: "Limit the inflated size in the receiver.",
        example: None,
        judge: Judge::Message(bomb),
    },
];

/// A rule about a message that was inflated, or was tried to be.
macro_rules! of_inflated {
    ($($(#[$doc:meta])* fn $name:ident($message:ident, $inflated:ident) $body:block)*) => {
        $($(#[$doc])* fn $name($message: &MessageFacts<'_>) -> Outcome {
            let Some($inflated) = $message.inflated else {
                return unread($message);
            };
            if !$inflated.agreed.certain {
                return Outcome::Unknown(Cause::NoHandshake);
            }
            $body
        })*
    };
}

/// What a rule answers about a message that was not inflated.
fn unread(message: &MessageFacts<'_>) -> Outcome {
    if message.compressed {
        message.unknown(Cause::Limit)
    } else {
        Outcome::NotApplicable
    }
}

of_inflated! {
    fn inflate_failed(message, inflated) {
        if message.coded_length == 0 || inflated.violates_takeover() {
            return Outcome::NotApplicable;
        }
        let Some(failure) = inflated.failure else {
            return if inflated.limit.is_some() { Outcome::Unknown(Cause::Limit) } else { Outcome::Pass };
        };
        Outcome::Fail(Severity::Error, format!(
            "message {} cannot be inflated: {}{}",
            message.index,
            failure.reason(),
            match inflated.failed_at {
                Some(at) => format!(", noticed at byte {at}"),
                None => String::new(),
            }
        ))
    }

    fn takeover_violated(message, inflated) {
        Outcome::error_if(inflated.violates_takeover(), || {
            format!("message {} refers to an earlier message, and no context takeover was agreed", message.index)
        })
    }

    fn window_exceeded(message, inflated) {
        let window = inflated.agreed.window();
        let distance = inflated.farthest_distance.filter(|distance| *distance > window);
        Outcome::error_if(distance.is_some(), || {
            format!(
                "message {} refers {} bytes back; the agreed window is {window}",
                message.index,
                distance.unwrap_or_default()
            )
        })
    }

    fn tail_not_removed(message, inflated) {
        Outcome::error_if(inflated.tail_left_in, || {
            format!("message {} still ends with 00 00 ff ff", message.index)
        })
    }

    fn bfinal(message, inflated) {
        Outcome::info_if(inflated.final_block, || {
            format!("message {} has a DEFLATE block that is marked as final", message.index)
        })
    }

    fn bomb(message, inflated) {
        let Inflated { length, .. } = inflated;
        let length = length.unwrap_or(0);
        let ratio = length / message.coded_length.max(1);
        Outcome::warning_if(length > BOMB.0 && ratio > BOMB.1, || {
            format!("message {} inflates to {ratio} times its length, {length} bytes", message.index)
        })
    }
}

fn empty_payload(message: &MessageFacts<'_>) -> Outcome {
    let empty = message.compressed && message.finished && message.coded_length == 0;
    if !empty {
        return Outcome::NotApplicable;
    }
    if !message.agreement.seen {
        return Outcome::Unknown(Cause::NoHandshake);
    }
    Outcome::Fail(
        Severity::Warning,
        format!(
            "message {} is marked as compressed and has no byte",
            message.index
        ),
    )
}

fn expansion(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let totals = end.channel.talks[direction].compressed();
    let Some((totals, spot)) = totals.and_then(|totals| Some((totals, totals.first?))) else {
        return Answer::none();
    };
    let grows = totals.grown * 10 > totals.inflated || totals.wasted > WASTED;
    let outcome = Outcome::info_if(grows, || {
        format!(
            "{} of {} compressed messages are longer than their content, by {} bytes",
            totals.grown, totals.inflated, totals.wasted
        )
    });
    Answer::of(direction, outcome, spot)
}

fn never_used(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let talk = &end.channel.talks[direction];
    if !end.channel.agreement.deflate || talk.compressed().is_some() || talk.plain < MANY {
        return Answer::none();
    }
    let outcome = match end.read(direction) {
        Ok(()) => Outcome::Fail(
            Severity::Info,
            format!(
                "the {} sent {} messages that were worth compressing, and compressed none",
                direction.sender(),
                talk.plain
            ),
        ),
        Err(cause) => Outcome::Unknown(cause),
    };
    Answer::of(direction, outcome, Spot::of_packet(end.last.0, end.last.1))
}

fn no_takeover_cost(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let sample = end.channel.talks[direction].sample();
    let Some((coded, with_takeover, messages)) = sample.and_then(Sample::with_takeover) else {
        return Answer::none();
    };
    let saved = coded.saturating_sub(with_takeover);
    let outcome = Outcome::info_if(saved * 100 > coded * 30, || {
        format!(
            "the first {messages} messages would take {with_takeover} bytes with context takeover, and took {coded}"
        )
    });
    Answer::of(direction, outcome, Spot::of_packet(end.last.0, end.last.1))
}
