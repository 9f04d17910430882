//! Blessing: what is seen now, written down as what must be seen from now on.

use std::fmt::Write as _;

use super::compare::shown_name;
use super::seen::{Seen, SeenFinding, Shown};
use crate::direction::Direction;
use crate::event::Verdict;

/// Up to how many WebSocket connections each gets lines of its own, where they differ. A file with more is read by nobody.
const EACH: usize = 20;

const OPCODES: [&str; 7] = [
    "continuation",
    "text",
    "binary",
    "close",
    "ping",
    "pong",
    "reserved",
];
const KINDS: [&str; 3] = ["text", "binary", "unknown"];

/// A file of expectations that a capture meets; `name` is the capture's, for the first line.
pub fn bless(name: &str, seen: &Seen) -> String {
    let mut out = format!(
        "# What {name} must show, as `wscope check --bless` saw it.\n\
         # What may change is better deleted: only what stands here is held against the capture.\n"
    );
    let sockets: Vec<(u64, &Shown)> = seen.websockets().collect();
    let verdicts = seen.total.handshakes;
    if let Some(verdict) = only_verdict(&verdicts)
        && sockets.iter().all(|(_, shown)| shown.verdict.is_some())
    {
        let _ = write!(out, "\nhandshake = \"{}\"", verdict.name());
    }
    let mut facts = String::new();
    let alike = sockets
        .windows(2)
        .all(|pair| matches!(pair, [(_, a), (_, b)] if lines_of(a) == lines_of(b)));
    if let (true, Some((_, first))) = (alike && seen.more_connections == 0, sockets.first()) {
        facts = lines_of(first);
    }
    let _ = write!(out, "\n{facts}");
    out.push_str("\n[handshakes]\n");
    for (verdict, count) in Verdict::ALL.into_iter().zip(verdicts) {
        let _ = writeln!(out, "{} = {count}", verdict.name());
    }
    for side in Direction::ALL {
        let _ = writeln!(out, "\n[messages.{}]", side.sender());
        for (kind, count) in KINDS.into_iter().zip(seen.total.messages.of(side).kinds) {
            if count > 0 || kind != "unknown" {
                let _ = writeln!(out, "{kind} = {count}");
            }
        }
        let _ = writeln!(out, "\n[frames.{}]", side.sender());
        for (opcode, count) in OPCODES.into_iter().zip(seen.total.frames.of(side)) {
            if *count > 0 {
                let _ = writeln!(out, "{opcode} = {count}");
            }
        }
        let total: u64 = seen.total.frames.of(side).iter().sum();
        let _ = writeln!(out, "total = {total}");
    }
    if !alike && sockets.len() <= EACH {
        for (number, shown) in &sockets {
            let _ = write!(out, "\n[connection.{number}]\n{}", lines_of(shown));
        }
    }
    findings(&mut out, seen);
    out
}

/// The verdict that all handshakes share.
fn only_verdict(counts: &[u64; 4]) -> Option<Verdict> {
    let mut verdicts = Verdict::ALL
        .into_iter()
        .zip(counts)
        .filter(|(_, count)| **count > 0)
        .map(|(verdict, _)| verdict);
    let first = verdicts.next()?;
    verdicts.next().is_none().then_some(first)
}

/// What a single WebSocket shows.
fn lines_of(shown: &Shown) -> String {
    let mut out = String::new();
    let chosen = shown.subprotocol.as_deref().unwrap_or_default();
    match shown_name(chosen) {
        Some(name) => {
            let _ = writeln!(out, "subprotocol = {}", quote(name));
        }
        None => out.push_str("# its subprotocol is too long for a name, and is not written down\n"),
    }
    let extensions: Vec<String> = shown.extensions.iter().map(|name| quote(name)).collect();
    let _ = writeln!(out, "extensions = [{}]", extensions.join(", "));
    if let Some(code) = shown.close_code {
        let _ = writeln!(out, "close-code = {code}");
    }
    if let Some(side) = shown.closed_by {
        let _ = writeln!(out, "closed-by = \"{}\"", side.sender());
    }
    out
}

/// Findings of a rule are one entry for each sender; where some have none, one in all, because an entry without a sender means anyone's.
fn findings(out: &mut String, seen: &Seen) {
    let mut sums: Vec<(&str, Option<Direction>, u64)> = Vec::new();
    for finding in &seen.findings {
        let same_rule = |other: &&SeenFinding| other.rule == finding.rule;
        let of_nobody = seen
            .findings
            .iter()
            .filter(same_rule)
            .any(|other| other.sender.is_none());
        let sender = finding.sender.filter(|_| !of_nobody);
        let known = sums
            .iter_mut()
            .find(|(rule, side, _)| *rule == finding.rule && *side == sender);
        match known {
            Some((_, _, count)) => *count += finding.count,
            None => sums.push((finding.rule, sender, finding.count)),
        }
    }
    for (rule, sender, count) in sums {
        let _ = writeln!(out, "\n[[finding]]\nrule = \"{rule}\"");
        if let Some(side) = sender {
            let _ = writeln!(out, "sender = \"{}\"", side.sender());
        }
        if seen.more_findings == 0 {
            let _ = writeln!(out, "count = {count}");
        }
    }
}

fn quote(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;
    use crate::expect::Expectation;

    #[test]
    fn what_is_blessed_is_met() {
        let mut seen = Seen::default();
        for (number, name) in [(0, "chat"), (3, "a \"name\"\\")] {
            let shown = Shown {
                handshakes: [1, 0, 0, 0],
                verdict: Some(Verdict::Valid),
                subprotocol: Some(name.into()),
                extensions: vec!["permessage-deflate".into()],
                close_code: Some(1000),
                closed_by: Some(Direction::ToClient),
                ..Shown::default()
            };
            seen.connections.insert(number, shown);
        }
        seen.total.handshakes = [2, 0, 0, 0];
        seen.total.frames.client = [0, 1, 2, 3, 4, 5, 6];
        seen.total.messages.server.kinds = [0, 7, 0];
        for (sender, count) in [(None, 1), (Some(Direction::ToServer), 2), (None, 4)] {
            seen.findings.push(SeenFinding {
                rule: "a-rule",
                sender,
                connection: 0,
                count,
                severity: Severity::Error,
                packet: 1,
                explanation: String::new(),
            });
        }
        let text = bless("chat.pcap", &seen);
        let expectation: Expectation = toml::from_str(&text).expect(&text);
        let compared = expectation.compare(&seen);
        assert!(compared.len() > 20, "{text}");
        let missed: Vec<_> = compared.iter().filter(|line| !line.met).collect();
        assert!(missed.is_empty(), "{missed:?}\n{text}");
        assert!(text.contains("[connection.3]"), "{text}");
    }
}
