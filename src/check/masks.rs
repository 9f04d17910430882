//! Rules: the keys that mask a client's frames (RFC 6455, sections 5.3 and 10.3).

use hashbrown::HashSet;

use super::finding::Severity;
use super::outcome::Outcome;
use super::rule::{Fault, Judge, Rule, Subject};

/// How many keys are remembered: with more frames, two equal keys are so likely to be chance (one in a hundred) that they say nothing.
const REMEMBERED: u64 = 9268;

/// With so many frames two equal keys are chance once in a thousand times.
const SURE: u64 = 2930;

/// How many keys in a row with a constant difference, or how many small ones, are no chance.
const STEPS: u8 = 4;

/// How many keys in a row with one byte constant, or all in print, are no chance.
const ALIKE: u8 = 8;

/// The masking keys of a client so far.
#[derive(Debug, Default)]
pub(crate) struct Masks {
    /// The key at hand.
    key: u32,
    count: u64,
    zeros: u64,
    seen: HashSet<u32, foldhash::fast::RandomState>,
    repeat: Repeat,
    difference: Run,
    exclusive: Run,
    bytes: [Run; 4],
    printable: u8,
    small: u8,
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
        self.count += 1;
        let key = self.key;
        self.zeros += u64::from(key == 0);
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
        for (run, octet) in self.bytes.iter_mut().zip(octets) {
            run.push(u32::from(octet));
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
            || self.bytes.iter().any(|run| run.len >= ALIKE)
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
        why: "The payload goes out in clear, which is what masking is to prevent.",
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
        help: "Draw a fresh key for every frame.",
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
    let count = masks.count;
    match masks.repeat {
        Repeat::New => Outcome::Pass,
        Repeat::Last => Outcome::Fail(
            Severity::Error,
            "the masking key is that of the frame before".to_string(),
        ),
        Repeat::Earlier => {
            let severity = if count <= SURE {
                Severity::Error
            } else {
                Severity::Warning
            };
            Outcome::Fail(
                severity,
                format!("the masking key was used before, among {count} frames"),
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
    } else if masks.bytes.iter().any(|run| run.len >= ALIKE) {
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

/// Whether masked bytes, as they stand on the wire, hold the beginning of a request (RFC 6455, section 10.3).
pub(super) fn looks_like_http(wire: &[u8]) -> bool {
    const SHORTEST: usize = b"GET / HTTP/1.1".len();
    if wire.len() < SHORTEST {
        return false;
    }
    memchr::memmem::find_iter(wire, b" HTTP/1.").any(|at| {
        let before = wire.get(..at).unwrap_or_default();
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
