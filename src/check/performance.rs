//! Rules: what costs more than it need. They only tell what is worth knowing.

use flate2::{Compress, Compression, FlushCompress};

use super::channel::EndFacts;
use super::finding::Severity;
use super::messages::MessageFacts;
use super::outcome::{Outcome, Spot};
use super::refusal::duration;
use super::rule::{Answer, Fault, Judge, Rule, Subject};
use crate::direction::Direction;
use crate::private::Private;
use crate::time::Timestamp;

/// Below which payload a fragment is tiny, and above which message that matters.
pub(super) const TINY: u64 = 128;
const WHOLE: u64 = 512;

/// Below which payload a frame could share its packet, and how many in a second are many.
const SMALL: u64 = 100;
const STREAM: u32 = 50;
const SECOND: i64 = 1_000_000_000;

/// How many messages say what a side's messages are like.
const MESSAGES: u64 = 10;

/// From which length on a text is looked at for JSON, and for base64.
pub(crate) const LONG: u64 = 1 << 10;
const LONGER: u64 = 4 << 10;

/// How much JSON is much.
const MUCH: u64 = 64 << 10;

/// How much content of a side is kept for trying to compress it: as much as DEFLATE can look back.
const SAMPLE: usize = 32 << 10;

/// Small frames in packets of their own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stream {
    since: Timestamp,
    last_packet: u64,
    /// How many there were within a second; 2^32 are counted at most.
    count: u32,
    most: u32,
}

impl Stream {
    /// Takes a frame; true where they become many with it.
    #[inline]
    pub(super) fn push(&mut self, payload: u64, packet: u64, time: Timestamp) -> bool {
        let shares = packet == self.last_packet;
        self.last_packet = packet;
        if payload >= SMALL || shares || time.since(self.since) > SECOND {
            (self.since, self.count) = (time, 0);
            return false;
        }
        self.count = self.count.saturating_add(1);
        self.most = self.most.max(self.count);
        self.count == STREAM
    }
}

/// Frames whose header and payload stand in two packets; 2^32 are counted at most.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Split {
    frames: u32,
    split: u32,
}

impl Split {
    /// Takes a frame.
    #[inline]
    pub(super) fn push(&mut self, payload: u64, is_split: bool) {
        self.frames = self.frames.saturating_add(u32::from(payload > 0));
        self.split = self.split.saturating_add(u32::from(is_split));
    }
}

/// The beginning of what a side says, for trying to compress it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    bytes: Private<Vec<u8>>,
    /// Where messages end.
    ends: Vec<usize>,
    /// How long they were as sent.
    coded: u64,
    /// Bytes of long texts that begin like JSON.
    json: u64,
    spot: Option<Spot>,
    /// What the text that is being read is, and its longest run of base64.
    text: Text,
    base64: Base64Run,
    /// The longest run of all texts since that was last asked.
    longest: u64,
}

/// What a text is, by the first of its bytes that is no white space.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Text {
    #[default]
    Unknown,
    Json,
    Other,
}

impl Sample {
    /// Takes a piece of a message.
    pub(super) fn push(&mut self, plain: &[u8]) {
        let room = SAMPLE - self.bytes.len();
        self.bytes
            .extend_from_slice(plain.get(..room).unwrap_or(plain));
    }

    /// A text begins that is not compressed.
    pub(super) fn begin_text(&mut self) {
        self.text = Text::Unknown;
        self.end_base64();
    }

    /// Takes a piece of it, for its runs of base64.
    pub(super) fn push_base64(&mut self, piece: &[u8]) {
        self.base64.push(piece);
    }

    /// What follows is another text.
    fn end_base64(&mut self) {
        let mut runs = std::mem::take(&mut self.base64);
        runs.end();
        self.longest = self.longest.max(runs.longest);
    }

    /// Takes the longest run of base64 since this was last asked.
    pub(super) fn take_base64(&mut self) -> u64 {
        self.end_base64();
        std::mem::take(&mut self.longest)
    }

    /// Takes a piece of it. What is kept must not depend on how the text was cut.
    pub(super) fn push_text(&mut self, len: u64, piece: &[u8], spot: impl FnOnce() -> Spot) {
        let mut piece = piece;
        if self.text == Text::Unknown {
            piece = piece.trim_ascii_start();
            self.text = match piece.first() {
                None => return,
                Some(b'{' | b'[') => Text::Json,
                Some(_) => Text::Other,
            };
            if self.text == Text::Json {
                self.json = self.json.saturating_add(len);
                self.spot.get_or_insert_with(spot);
            }
        }
        if self.text == Text::Json {
            self.push(piece);
        }
    }

    /// A compressed message ends whose whole content was pushed.
    pub(super) fn end_message(&mut self, coded: u64) {
        if self.bytes.len() < SAMPLE {
            self.ends.push(self.bytes.len());
            self.coded += coded;
        }
    }

    /// Bytes as sent and as they would be with context takeover, and of how many messages; none where there are too few.
    pub(super) fn with_takeover(&self) -> Option<(u64, u64, usize)> {
        const ENOUGH: usize = 20;
        if self.ends.len() < ENOUGH {
            return None;
        }
        let mut compress = Compress::new(Compression::default(), false);
        let (mut from, mut room) = (0, Vec::with_capacity(SAMPLE * 2));
        for &end in &self.ends {
            let message = self.bytes.get(from..end)?;
            compress
                .compress_vec(message, &mut room, FlushCompress::Sync)
                .ok()?;
            from = end;
        }
        // The four bytes of each flush are not sent (RFC 7692, section 7.2.1).
        let tails = 4 * self.ends.len() as u64;
        Some((
            self.coded,
            compress.total_out().saturating_sub(tails),
            self.ends.len(),
        ))
    }

    /// What a hundred bytes of it compress to.
    fn percent(&self) -> Option<u64> {
        let mut compress = Compress::new(Compression::default(), false);
        let mut room = Vec::with_capacity(SAMPLE * 2);
        compress
            .compress_vec(&self.bytes, &mut room, FlushCompress::Finish)
            .ok()?;
        (compress.total_out() * 100).checked_div(compress.total_in())
    }
}

/// The longest run of base64 in a text that comes in pieces.
#[derive(Clone, Copy, Debug, Default)]
struct Base64Run {
    /// The run that goes on.
    run: u64,
    /// How many of its letters are capital, and small.
    letters: [u64; 2],
    /// The longest of those that are over.
    longest: u64,
}

impl Base64Run {
    fn push(&mut self, text: &[u8]) {
        let ends = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"+/-_=".contains(byte);
        for part in text.split_inclusive(ends) {
            let is_over = part.last().is_some_and(ends);
            self.run += part.len() as u64 - u64::from(is_over);
            for (letters, is_such) in
                (self.letters.iter_mut()).zip([u8::is_ascii_uppercase, u8::is_ascii_lowercase])
            {
                *letters += part.iter().filter(|byte| is_such(byte)).count() as u64;
            }
            if is_over {
                self.end();
            }
        }
    }

    /// A run is over. It is one of base64 if capital and small letters are an eighth of it each: of bytes that are evenly spread they are
    /// two fifths each, of text a third; numbers, hexadecimal and paths have but one of them.
    fn end(&mut self) {
        if self.letters.iter().all(|letters| *letters >= self.run / 8) {
            self.longest = self.longest.max(self.run);
        }
        (self.run, self.letters) = (0, [0; 2]);
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "perf-tiny-fragments",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 5.4",
        tier: 3,
        subject: Subject::Performance,
        summary: "Messages are not cut into tiny fragments.",
        why: "Each fragment pays its own header, and often its own packet.",
        help: "Gather what is written before it is sent.",
        example: None,
        judge: Judge::Message(tiny_fragments),
    },
    Rule {
        id: "perf-empty-final-fragment",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 5.4",
        tier: 3,
        subject: Subject::Performance,
        summary: "A message does not end in an empty frame.",
        why: "The empty frame costs its header, and often a packet of its own.",
        help: "Use the library's call for whole messages instead of its streaming writer.",
        example: Some("01 05 48 65 6c 6c 6f 80 00"),
        judge: Judge::Message(empty_final_fragment),
    },
    Rule {
        id: "perf-header-payload-split",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 5.2",
        tier: 3,
        subject: Subject::Performance,
        summary: "A frame's header and payload leave in one packet.",
        why: "Two packets cost twice the headers, and invite delays.",
        help: "Write both at once, with a vectored write or a buffer.",
        example: None,
        judge: Judge::End(header_payload_split),
    },
    Rule {
        id: "perf-nagle-delay",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 9293, 3.7.4; RFC 1122, 4.2.3.2",
        tier: 3,
        subject: Subject::Performance,
        summary: "Small writes do not wait for acknowledgments.",
        why: "The first write waits for its delayed acknowledgment before the second leaves: some 40 ms each time.",
        help: "Set TCP_NODELAY, or join the writes.",
        example: None,
        judge: Judge::End(nagle_delay),
    },
    Rule {
        id: "perf-frame-per-segment",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "practice",
        tier: 3,
        subject: Subject::Performance,
        summary: "Small frames that follow each other share packets.",
        why: "Each packet costs 40 bytes or more above its payload.",
        help: "Send several messages at once where the delay allows it.",
        example: None,
        judge: Judge::End(frame_per_segment),
    },
    Rule {
        id: "perf-json-uncompressed",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 7692, 1",
        tier: 3,
        subject: Subject::Performance,
        summary: "Much JSON is compressed.",
        why: "JSON mostly shrinks to a fraction.",
        help: "Agree on permessage-deflate.",
        example: None,
        judge: Judge::End(json_uncompressed),
    },
    Rule {
        id: "perf-base64-in-text",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 5.6",
        tier: 3,
        subject: Subject::Performance,
        summary: "Text messages do not carry base64.",
        why: "It costs a third more than the bytes that it stands for.",
        help: "Send a binary message.",
        example: None,
        judge: Judge::Message(base64_in_text),
    },
    Rule {
        id: "perf-overhead",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 5.2",
        tier: 3,
        subject: Subject::Performance,
        summary: "Frame headers cost less than half of what frames carry.",
        why: "Tiny messages pay more for their headers than for their content.",
        help: "Join small messages where the delay allows it.",
        example: None,
        judge: Judge::End(overhead),
    },
];

fn tiny_fragments(message: &MessageFacts<'_>) -> Outcome {
    let tiny = message.frames >= 3
        && u64::from(message.shape.tiny) * 2 > message.frames
        && message.coded_length > WHOLE;
    Outcome::info_if(tiny, || {
        format!(
            "message {} of {} bytes came in {} frames, with {} bytes of headers",
            message.index, message.coded_length, message.frames, message.shape.header_bytes
        )
    })
}

fn empty_final_fragment(message: &MessageFacts<'_>) -> Outcome {
    let empty = message.finished
        && message.frames >= 2
        && message.shape.ends_empty
        && message.coded_length > 0;
    Outcome::info_if(empty, || {
        format!(
            "message {} ends in an empty continuation frame",
            message.index
        )
    })
}

fn base64_in_text(message: &MessageFacts<'_>) -> Outcome {
    let (run, len) = (message.base64, message.coded_length);
    Outcome::info_if(len > LONGER && run > len / 10 * 8, || {
        format!(
            "message {} of {len} bytes is nearly all base64",
            message.index
        )
    })
}

fn header_payload_split(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let Split { frames, split } = end.channel.talks[direction].split;
    let outcome = Outcome::info_if(frames >= 10 && split > frames / 2, || {
        format!(
            "of {frames} frames {split} have their header in one packet and their payload in the next"
        )
    });
    Answer::of(direction, outcome, Spot::of_packet(end.last.0, end.last.1))
}

fn nagle_delay(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let troubles = end.lines[direction].troubles();
    let Some((time, packet)) = troubles.waits_at else {
        return Answer::none();
    };
    let outcome = Outcome::info_if(troubles.waits >= 3, || {
        let each = troubles.waited / i64::try_from(troubles.waits).unwrap_or(i64::MAX).max(1);
        format!(
            "{} small writes waited {} each for an acknowledgment",
            troubles.waits,
            duration(each)
        )
    });
    Answer::of(direction, outcome, Spot::of_packet(packet, time))
}

fn frame_per_segment(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let talk = &end.channel.talks[direction];
    let Some(spot) = talk.rare().and_then(|rare| rare.crowd) else {
        return Answer::none();
    };
    let outcome = Outcome::Fail(
        Severity::Info,
        format!(
            "up to {} small frames within a second, each in a packet of its own",
            talk.stream.most
        ),
    );
    Answer::of(direction, outcome, spot)
}

fn json_uncompressed(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let Some(sample) = end.channel.talks[direction].sample() else {
        return Answer::none();
    };
    let agreement = end.channel.agreement;
    let Some(spot) = sample
        .spot
        .filter(|_| sample.json > MUCH && agreement.seen && !agreement.deflate)
    else {
        return Answer::none();
    };
    let Some(percent) = sample.percent() else {
        return Answer::none();
    };
    let outcome = Outcome::info_if(percent < 40, || {
        format!(
            "{} bytes of JSON could shrink to some {percent} %",
            sample.json
        )
    });
    Answer::of(direction, outcome, spot)
}

fn overhead(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let talk = &end.channel.talks[direction];
    let (headers, payload) = (talk.header_bytes, talk.payload_bytes);
    let outcome = Outcome::info_if(talk.messages >= MESSAGES && headers > payload / 2, || {
        format!("{headers} bytes of frame headers for {payload} bytes of payload")
    });
    Answer::of(direction, outcome, Spot::of_packet(end.last.0, end.last.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest run of base64 in a text that comes in pieces of so many bytes.
    fn longest(text: &str, cut: usize) -> u64 {
        let mut sample = Sample::default();
        sample.begin_text();
        for piece in text.as_bytes().chunks(cut) {
            sample.push_base64(piece);
        }
        sample.take_base64()
    }

    #[test]
    fn a_run_of_base64_has_both_letters_however_the_text_is_cut() {
        let real = "aGVsbG8gd29ybGQh".repeat(20);
        let balanced_at_first = format!("{}{}", "aB".repeat(500), "7".repeat(9_000));
        for (text, expected) in [
            (real.clone(), 320),
            (format!("{real} {}", "x".repeat(900)), 320),
            (format!("{{\"a\":\"{real}\"}}"), 320),
            (balanced_at_first, 0),
            ("0123456789abcdef".repeat(40), 0),
            ("ACGT".repeat(40), 0),
            ("/usr/local/share/doc/".repeat(40), 0),
        ] {
            for cut in [1, 7, 1_000, text.len()] {
                assert_eq!(longest(&text, cut), expected, "{cut} of {text}");
            }
        }
    }
}
