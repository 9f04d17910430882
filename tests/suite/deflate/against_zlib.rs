//! The differential test: messages that the C zlib compresses, in every way that it knows, and messages that are damaged.
//!
//! Python brings that zlib. Where there is no Python the test says so and passes, except in CI.

use std::process::Command;

use serde_json::Value;
use wscope::websocket::deflate::{Agreed, Inflated, Inflater, Plain, Workshop};

/// How many conversations, unless `ZLIB_CONVERSATIONS` says otherwise.
const CONVERSATIONS: u32 = 300;

/// Writes one conversation a line: what was agreed, and for each message what was said, what is sent, and how it is cut. A damaged
/// message is the last of its conversation and has what zlib makes of it: null where that is an error.
const PYTHON: &str = r#"
import json, random, sys, zlib
def text(r):
    n = r.choice([0, 1, 5, 20, 200, 2000, 70000])
    kind = r.randrange(3)
    if kind == 0: return r.randbytes(n)
    if kind == 1: return bytes(r.choice(b"ab") for _ in range(n))
    words = ["price", "time", "東京", "{", "}", ",", "12", "7", "null", "true"]
    out = ""
    while len(out) < n: out += r.choice(words)
    return out.encode()
def compressor(r, bits, history):
    args = (r.randrange(10), zlib.DEFLATED, -bits, r.randrange(1, 10), r.randrange(5))
    return zlib.compressobj(*args, history) if history else zlib.compressobj(*args)
for seed in range(int(sys.argv[1])):
    r = random.Random(seed)
    bits, takeover = r.randrange(9, 16), r.random() < 0.6
    c, history, messages = compressor(r, bits, b""), b"", []
    for _ in range(r.randrange(1, 9)):
        said = text(r)
        at = r.randrange(len(said) + 1)
        middle = r.choice([zlib.Z_NO_FLUSH, zlib.Z_PARTIAL_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_BLOCK, zlib.Z_FULL_FLUSH])
        sent = c.compress(said[:at]) + (c.flush(middle) if middle else b"") + c.compress(said[at:])
        history = (history + said)[-(1 << bits):]
        if r.random() < 0.15:
            sent += c.flush(zlib.Z_FINISH) + b"\0"
            c = compressor(r, bits, history if takeover else b"")
        else:
            sent += c.flush(zlib.Z_SYNC_FLUSH)
            # A flush right behind another makes nothing.
            sent = sent[:-4] if sent.endswith(b"\0\0\xff\xff") else b"\0"
            if not takeover: c = compressor(r, bits, b"")
        messages.append((said, sent))
    lines = []
    for said, sent in messages:
        cuts = sorted(r.randrange(len(sent) + 1) for _ in range(r.randrange(4)))
        lines.append({"said": said.hex(), "sent": sent.hex(), "cuts": cuts})
    damaged, end = None, False
    said, sent = messages[-1]
    if seed % 2 and len(sent) > 1 and all(b"\0\0\xff\xff" not in m[-6:] for _, m in messages):
        d = zlib.decompressobj(-15)
        for _, earlier in messages[:-1]:
            if not takeover: d = zlib.decompressobj(-15)
            d.decompress(earlier + b"\0\0\xff\xff")
            end |= d.eof
        if not takeover: d = zlib.decompressobj(-15)
        broken = bytearray(sent)
        broken[r.randrange(len(broken))] ^= 1 << r.randrange(8)
        try:
            made = d.decompress(bytes(broken)).hex()
        except zlib.error:
            made = None
        if not end and not d.eof: damaged = {"sent": bytes(broken).hex(), "made": made}
    if damaged: lines.pop()
    print(json.dumps({"bits": bits, "takeover": takeover, "messages": lines, "damaged": damaged}))
"#;

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

struct Receiver {
    inflater: Inflater,
    workshop: Workshop,
}

impl Receiver {
    fn new(conversation: &Value) -> Self {
        let agreed = Agreed {
            takeover: conversation["takeover"] == true,
            window_bits: conversation["bits"].as_u64().unwrap() as u8,
            certain: true,
        };
        Self {
            inflater: Inflater::new(agreed, u64::MAX, true, true),
            workshop: Workshop::default(),
        }
    }

    fn message(&mut self, sent: &[u8], cuts: &Value) -> (Vec<u8>, Inflated) {
        let Self { inflater, workshop } = self;
        let mut plain = Vec::new();
        let mut give = |piece: Plain<'_>| match piece {
            Plain::Known(known) => plain.extend_from_slice(known),
            Plain::Unknown(_) => panic!("nothing is missing"),
        };
        inflater.begin(workshop);
        let cuts = cuts.as_array().into_iter().flatten();
        let mut from = 0;
        for cut in cuts
            .map(|cut| cut.as_u64().unwrap() as usize)
            .chain([sent.len()])
        {
            inflater.push(&sent[from..cut], workshop, &mut give);
            from = cut;
        }
        let inflated = inflater.end(workshop);
        (plain, inflated)
    }
}

#[test]
fn what_zlib_compresses_is_what_was_said_and_what_it_refuses_is_refused() {
    let count = std::env::var("ZLIB_CONVERSATIONS").unwrap_or(CONVERSATIONS.to_string());
    let run = Command::new("python3")
        .args(["-c", PYTHON, &count])
        .output();
    let Ok(run) = run else {
        let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
        assert!(!ci, "CI must have Python");
        eprintln!("SKIPPED: there is no Python, whose zlib this would be compared with");
        return;
    };
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let (mut messages, mut refused, mut damaged) = (0, 0, 0);
    for (seed, line) in String::from_utf8(run.stdout).unwrap().lines().enumerate() {
        let conversation: Value = serde_json::from_str(line).unwrap();
        let mut receiver = Receiver::new(&conversation);
        let bits = conversation["bits"].as_u64().unwrap();
        for message in conversation["messages"].as_array().unwrap() {
            let (plain, inflated) = receiver.message(&bytes(&message["sent"]), &message["cuts"]);
            assert!(plain == bytes(&message["said"]), "seed {seed}: {message}");
            assert_eq!(
                (inflated.failure, inflated.length),
                (None, Some(plain.len() as u64)),
                "seed {seed}: {message}"
            );
            if bits < 15 {
                let farthest = inflated.farthest_distance;
                assert!(
                    farthest.is_some_and(|farthest| farthest <= 1 << bits),
                    "seed {seed}: {farthest:?}"
                );
            }
            messages += 1;
        }
        if let Some(broken) = conversation["damaged"].as_object() {
            let (plain, inflated) = receiver.message(&bytes(&broken["sent"]), &Value::Null);
            if broken["made"].is_null() {
                assert!(inflated.failure.is_some(), "seed {seed}: {broken:?}");
                refused += 1;
            } else {
                assert!(
                    plain == bytes(&broken["made"]),
                    "seed {seed}: {broken:?} {inflated:?}"
                );
            }
            damaged += 1;
        }
    }
    assert!(
        messages > 1000 && damaged > 30 && refused > 10,
        "{messages}, {damaged}, {refused}"
    );
}
