//! What the programs say that they said, held against the messages that wscope finds.
//!
//! `said.json` lists for each sender the messages of its log (kind, length, SHA-1 of the payload, how often), or null where there
//! is no log, and under `found` how the two compare: `exactly`; `at-most` where the capture lacks bytes, so that messages may be
//! missing and none may be invented; `at-least` where a violation leaves it open what is a message.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha1::{Digest as _, Sha1};

use crate::fixtures::{self, Fixture};
use crate::program;

/// Kind, length, and SHA-1 in hexadecimal digits; no digits where the log has none.
type Message = (String, u64, String);

#[test]
fn the_messages_are_those_that_the_programs_said() {
    let mut cases = fixtures::readable();
    cases.retain(|case| case.path("said.json").exists());
    assert!(
        cases.len() >= 45,
        "only {} fixtures have a log",
        cases.len()
    );
    let complaints = fixtures::complaints(&cases, check);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn check(case: &Fixture) -> Vec<String> {
    let text = fs::read_to_string(case.path("said.json")).unwrap();
    let said: Value = serde_json::from_str(&text).unwrap();
    let arguments = [
        "messages",
        "--max-payload",
        "all",
        case.capture.as_deref().unwrap(),
    ];
    let records = match program::records(&case.folder, &arguments) {
        Ok(records) => records,
        Err(complaint) => return vec![format!("{}: {complaint}", case.name)],
    };
    let mut complaints = Vec::new();
    for sender in ["client", "server"] {
        let Some(log) = said[sender].as_array() else {
            continue;
        };
        let wanted = logged(log);
        let found = found(&records, sender, &wanted);
        let lacks = surplus(&wanted, &found);
        let invents = surplus(&found, &wanted);
        let (lacks, invents) = match said["found"].as_str().unwrap() {
            "exactly" => (lacks, invents),
            "at-most" => (Vec::new(), invents),
            "at-least" => (lacks, Vec::new()),
            other => panic!("{}: found: {other}", case.name),
        };
        for (what, messages) in [("lacks", lacks), ("invents", invents)] {
            if !messages.is_empty() {
                complaints.push(format!(
                    "{}: {what} of the {sender}'s: {messages:?}",
                    case.name
                ));
            }
        }
    }
    complaints
}

fn logged(log: &[Value]) -> BTreeMap<Message, u64> {
    let mut messages = BTreeMap::new();
    for entry in log {
        let message = (
            entry["kind"].as_str().unwrap().to_owned(),
            entry["len"].as_u64().unwrap(),
            entry["sha1"].as_str().unwrap_or_default().to_owned(),
        );
        *messages.entry(message).or_default() += entry["times"].as_u64().unwrap_or(1);
    }
    messages
}

fn found(
    records: &[Value],
    sender: &str,
    wanted: &BTreeMap<Message, u64>,
) -> BTreeMap<Message, u64> {
    let mut messages = BTreeMap::new();
    for record in records {
        if record["sender"] != sender || record["complete"] != true {
            continue;
        }
        let payload = match (record["text"].as_str(), record["data"].as_str()) {
            (Some(text), _) => text.as_bytes().to_vec(),
            (None, Some(data)) => STANDARD.decode(data).unwrap(),
            (None, None) => Vec::new(),
        };
        let digest = Sha1::digest(&payload)
            .iter()
            .fold(String::new(), |digits, byte| {
                digits + &format!("{byte:02x}")
            });
        let kind = record["kind"].as_str().unwrap_or_default().to_owned();
        let length = record["payload_length"].as_u64().unwrap_or(u64::MAX);
        let exact = (kind.clone(), length, digest);
        let by_length = (kind, length, String::new());
        let known_by_length = wanted.contains_key(&by_length) && !wanted.contains_key(&exact);
        let message = if known_by_length { by_length } else { exact };
        *messages.entry(message).or_default() += 1;
    }
    messages
}

/// What of `these` is not among `those`, or not as often.
fn surplus(these: &BTreeMap<Message, u64>, those: &BTreeMap<Message, u64>) -> Vec<(Message, u64)> {
    let more = these.iter().filter_map(|(message, &count)| {
        let more = count.saturating_sub(those.get(message).copied().unwrap_or(0));
        (more > 0).then(|| (message.clone(), more))
    });
    more.collect()
}
