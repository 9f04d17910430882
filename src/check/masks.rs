//! Rules: the keys that mask a client's frames (RFC 6455, sections 5.3 and 10.3).

use std::sync::LazyLock;

use hashbrown::HashSet;
use memchr::memmem::Finder;

use super::finding::Severity;
use super::outcome::Outcome;
use super::rule::{Fault, Judge, Rule, Subject};
use crate::private::Private;

/// How many keys are remembered: with more frames, two equal keys are so likely to be chance (one in a hundred) that they say nothing.
const REMEMBERED: u16 = 9268;

/// How many keys are few: most connections are short.
const FEW: usize = 5;

/// With so many frames two equal keys are chance once in a thousand times.
const SURE: u16 = 2930;

/// Of `n` random keys two are equal about once in this divided by the square of `n` times.
const CHANCE: u64 = 1 << 33;

/// How many keys in a row with a constant difference, or how many small ones, are no chance.
const STEPS: u8 = 4;

/// How many keys in a row with one byte constant, or all in print, are no chance.
const ALIKE: u8 = 8;

/// What stands behind the target of a request, and how long its method and its target may be to be seen.
const VERSION: &[u8] = b" HTTP/1.";

static VERSIONS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(VERSION));
const LONGEST: usize = 256;

/// How much of a piece may belong to a request that goes on in the next.
const TAIL: usize = LONGEST + VERSION.len();

/// The masking keys of a client so far.
#[derive(Debug, Default)]
pub(crate) struct Masks {
    seen: Seen,
    difference: Run,
    exclusive: Run,
    /// The key at hand.
    key: u32,
    /// How many there were; of many, no more than that they were more than are remembered.
    count: u16,
    /// How often each of its bytes came in a row.
    bytes: [u8; 4],
    printable: u8,
    small: u8,
    /// How many were zero; two are as many as more.
    zeros: u8,
    repeat: Repeat,
}

/// Different keys.
#[derive(Debug, Default)]
struct Seen {
    /// While they are few.
    few: [u32; FEW],
    len: u8,
    /// All of them, once they are many.
    many: Option<Box<HashSet<u32, foldhash::fast::RandomState>>>,
}

impl Seen {
    /// Adds a key; whether it is new.
    #[inline]
    fn insert(&mut self, key: u32) -> bool {
        if let Some(many) = &mut self.many {
            return many.insert(key);
        }
        let len = usize::from(self.len);
        if self.few.iter().take(len).any(|&seen| seen == key) {
            return false;
        }
        if let Some(place) = self.few.get_mut(len) {
            *place = key;
            self.len += 1;
        } else {
            let many = self.few.into_iter().chain([key]).collect();
            self.many = Some(Box::new(many));
        }
        true
    }
}

/// Whether the key at hand was used before.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Repeat {
    #[default]
    New,
    /// By the frame before.
    Last,
    /// By an earlier one.
    Earlier,
}

/// A value, and how often it came in a row.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    value: u32,
    len: u8,
}

impl Run {
    fn push(&mut self, value: u32) {
        if self.len > 0 && self.value == value {
            self.len = self.len.saturating_add(1);
        } else {
            *self = Self { value, len: 1 };
        }
    }
}

impl Masks {
    /// Takes the next frame's key.
    #[inline]
    pub(super) fn push(&mut self, key: [u8; 4]) {
        let last = std::mem::replace(&mut self.key, u32::from_be_bytes(key));
        self.count = self.count.saturating_add(1);
        let key = self.key;
        self.zeros = self.zeros.saturating_add(u8::from(key == 0));
        if self.count > 1 && key == last {
            self.repeat = Repeat::Last;
            return;
        }
        let new = self.count > REMEMBERED || self.seen.insert(key);
        self.repeat = if new { Repeat::New } else { Repeat::Earlier };
        if self.count > 1 {
            self.difference.push(key.wrapping_sub(last));
            self.exclusive.push(key ^ last);
        }
        let octets = key.to_be_bytes();
        let before = last.to_be_bytes();
        for ((len, octet), before) in self.bytes.iter_mut().zip(octets).zip(before) {
            *len = if *len > 0 && octet == before {
                len.saturating_add(1)
            } else {
                1
            };
        }
        let run = |len: u8, goes_on: bool| if goes_on { len.saturating_add(1) } else { 0 };
        self.printable = run(self.printable, octets.iter().all(u8::is_ascii_graphic));
        self.small = run(self.small, key < 1 << 16);
    }

    /// Whether a rule may have something to say of the key at hand.
    #[inline]
    pub(super) fn is_suspicious(&self) -> bool {
        self.key == 0
            || self.repeat != Repeat::New
            || self.difference.len >= STEPS - 1
            || self.exclusive.len >= STEPS - 1
            || self.small >= STEPS
            || self.printable >= ALIKE
            || self.bytes.iter().any(|&len| len >= ALIKE)
    }

    /// Frames are missing: what follows is no neighbour of what came before.
    pub(super) fn interrupt(&mut self) {
        *self = Self {
            count: self.count,
            zeros: self.zeros,
            seen: std::mem::take(&mut self.seen),
            ..Self::default()
        };
    }
}
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-mask-zero",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 5.3, 10.3",
        tier: 1,
        subject: Subject::Masking,
        summary: "No masking key is zero.",
        why: "The payload goes out in clear, which is what masking is to prevent. One such key may be chance; from the second on it is an error.",
        help: "Use random keys; some libraries turn masking off for speed.",
        example: Some("81 85 00 00 00 00 48 65 6c 6c 6f"),
        judge: Judge::Mask(zero),
    },
    Rule {
        id: "ws-mask-reused",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 5.3, 10.3",
        tier: 1,
        subject: Subject::Masking,
        summary: "Masking keys differ from frame to frame.",
        why: "Who can guess a key can choose the bytes on the wire.",
        help: "Draw a fresh key for every frame. A key that comes back later is an error as long as chance would bring it less than once in a thousand such connections (2930 frames), a warning up to once in a hundred (9268 frames), and nothing beyond.",
        example: None,
        judge: Judge::Mask(reused),
    },
    Rule {
        id: "ws-mask-predictable",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 5.3, 10.3",
        tier: 2,
        subject: Subject::Masking,
        summary: "Masking keys follow no pattern.",
        why: "Who can guess the next key can choose the bytes on the wire.",
        help: "Use the system's random source.",
        example: None,
        judge: Judge::Mask(predictable),
    },
    Rule {
        id: "ws-mask-wire-looks-like-http",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 10.3",
        tier: 2,
        subject: Subject::Masking,
        summary: "Masked bytes do not look like an HTTP request on the wire.",
        why: "That is the cache poisoning that masking is to prevent.",
        help: "Check where the client's keys come from.",
        example: None,
        judge: Judge::Wire(wire_looks_like_http),
    },
];

fn zero(masks: &Masks) -> Outcome {
    // One such key may be chance, if rarely.
    let severity = if masks.zeros > 1 {
        Severity::Error
    } else {
        Severity::Warning
    };
    Outcome::fail_if(masks.key == 0, severity, || {
        "the masking key is zero: the payload goes out in clear".to_string()
    })
}

fn reused(masks: &Masks) -> Outcome {
    if masks.key == 0 {
        return Outcome::NotApplicable;
    }
    let count = u64::from(masks.count);
    match masks.repeat {
        Repeat::New => Outcome::Pass,
        Repeat::Last => Outcome::Fail(
            Severity::Error,
            "the masking key is that of the frame before".to_string(),
        ),
        Repeat::Earlier => {
            let severity = if masks.count <= SURE {
                Severity::Error
            } else {
                Severity::Warning
            };
            Outcome::Fail(
                severity,
                format!(
                    "the masking key was used before, among {count} frames: chance once in {} times",
                    CHANCE / count.saturating_mul(count).max(1)
                ),
            )
        }
    }
}

fn predictable(masks: &Masks) -> Outcome {
    if masks.key == 0 || masks.repeat == Repeat::Last {
        return Outcome::NotApplicable;
    }
    let pattern = if masks.difference.len >= STEPS - 1 {
        Some("each differs from the last by the same amount")
    } else if masks.exclusive.len >= STEPS - 1 {
        Some("each differs from the last in the same bits")
    } else if masks.small >= STEPS {
        Some("all are below 65536")
    } else if masks.printable >= ALIKE {
        Some("all their bytes are printable")
    } else if masks.bytes.iter().any(|&len| len >= ALIKE) {
        Some("one of their bytes is constant")
    } else {
        None
    };
    Outcome::warning_if(pattern.is_some(), || {
        format!(
            "the masking keys follow a pattern: {}",
            pattern.unwrap_or_default()
        )
    })
}

/// The masked bytes of a frame, which come in pieces, as they stand on the wire.
#[derive(Debug, Default)]
pub(crate) struct OnWire {
    /// The end of what came, as far as a request may begin in it.
    tail: Private<Vec<u8>>,
    /// How much of the frame came.
    next: u64,
    found: bool,
}

impl OnWire {
    /// Takes the bytes of a frame of `len` from its byte `at` on; says whether a request stands there, once a frame and however it was cut.
    pub(super) fn push(&mut self, at: u64, len: u64, wire: &[u8]) -> bool {
        if at == 0 {
            self.found = false;
        }
        if at == 0 || at != self.next {
            self.tail.clear();
        }
        self.next = at + wire.len() as u64;
        if self.found {
            return false;
        }
        self.found = looks_like_http(wire) || !self.tail.is_empty() && self.joins(wire);
        if self.next < len {
            let from = wire.len().saturating_sub(TAIL);
            self.tail
                .extend_from_slice(wire.get(from..).unwrap_or_default());
            let passed = self.tail.len().saturating_sub(TAIL);
            self.tail.drain(..passed);
        }
        self.found
    }

    /// Whether a request stands over the border to the next piece.
    fn joins(&mut self, wire: &[u8]) -> bool {
        let len = self.tail.len();
        self.tail
            .extend_from_slice(wire.get(..TAIL).unwrap_or(wire));
        let joins = looks_like_http(&self.tail);
        self.tail.truncate(len);
        joins
    }
}

/// Whether masked bytes, as they stand on the wire, hold the beginning of a request (RFC 6455, section 10.3).
pub(super) fn looks_like_http(wire: &[u8]) -> bool {
    const SHORTEST: usize = b"GET / HTTP/1.1".len();
    if wire.len() < SHORTEST {
        return false;
    }
    VERSIONS.find_iter(wire).any(|at| {
        let before = wire.get(at.saturating_sub(LONGEST)..at).unwrap_or_default();
        let target = before
            .rsplit(|byte| *byte == b' ')
            .next()
            .unwrap_or_default();
        let method = before
            .get(..before.len().saturating_sub(target.len() + 1))
            .unwrap_or_default();
        let methods: [&[u8]; 6] = [b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS"];
        target.starts_with(b"/") && methods.iter().any(|name| method.ends_with(name))
    })
}

fn wire_looks_like_http(looks: bool) -> Outcome {
    Outcome::warning_if(looks, || {
        "the masked bytes read as an HTTP request on the wire".to_string()
    })
}
