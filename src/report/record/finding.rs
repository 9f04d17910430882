//! `finding`: a rule that a peer broke. `unjudged`: what could not be judged, and why.

use super::{place, sender, trust};
use crate::check::{Cause, Finding, RULES, Severity, Unjudged};
use crate::event::Place;
use crate::report::fields::{Fields, Record};
use crate::span::Trust;
use crate::time::Timestamp;

const SEVERITIES: &[&str] = &["error", "warning", "info"];
const CAUSES: &[&str] = &[
    "no-handshake",
    "gap",
    "resync",
    "midstream",
    "truncated",
    "snaplen",
    "capture-end",
    "encrypted",
    "extension",
    "limit",
];

impl Record for Finding {
    const TYPE: &'static str = "finding";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        // New rules may come with any version, so the schema leaves the set open.
        fields.text("rule", Some(self.rule.id));
        fields.choice("severity", Some(self.severity.name()), SEVERITIES);
        place(fields, self.place);
        sender(fields, "sender", self.sender);
        fields.integer("count", Some(self.count));
        fields.integer("first_packet", Some(self.first_packet));
        fields.integer("last_packet", Some(self.last_packet));
        fields.time("time", Some(self.time));
        fields.integer("frame", self.frame);
        fields.integer("message", self.message);
        fields.integer("stream_offset", self.stream_offset);
        trust(fields, self.trust);
        fields.text("explanation", Some(&self.explanation));
        fields.text("source", Some(self.rule.source));
        fields.text("help", Some(self.rule.help));
    }

    fn blank() -> Self {
        Self {
            rule: RULES.first().expect("there are rules"),
            severity: Severity::Info,
            place: Place {
                connection: 0,
                http_stream: None,
            },
            sender: None,
            count: 0,
            first_packet: 0,
            last_packet: 0,
            time: Timestamp::default(),
            frame: None,
            message: None,
            stream_offset: None,
            trust: Trust::Exact,
            explanation: String::new(),
        }
    }
}

impl Record for Unjudged {
    const TYPE: &'static str = "unjudged";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        fields.text("rule", Some(self.rule.id));
        fields.integer("connection", Some(self.connection));
        sender(fields, "sender", self.sender);
        fields.choice("cause", Some(self.cause.name()), CAUSES);
        fields.integer("count", Some(self.count));
    }

    fn blank() -> Self {
        Self {
            rule: RULES.first().expect("there are rules"),
            connection: 0,
            sender: None,
            cause: Cause::Gap,
            count: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sets_of_names_are_whole() {
        assert!(
            Severity::ALL
                .iter()
                .map(|severity| severity.name())
                .eq(SEVERITIES.iter().copied())
        );
        assert!(
            Cause::ALL
                .iter()
                .map(|cause| cause.name())
                .eq(CAUSES.iter().copied())
        );
    }
}
