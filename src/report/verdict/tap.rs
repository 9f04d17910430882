//! TAP 14: a line for each connection's rules and for each expectation, with what is wrong as YAML below.

use std::fmt::Write as _;

use super::outcome::{Group, Judged, Outcome};
use super::{Policy, text};

/// Numbers the tests of all captures.
#[derive(Debug, Default)]
pub(super) struct Tap {
    tests: u64,
}

impl Tap {
    /// Writes one capture's tests.
    pub(super) fn write(&mut self, outcome: &Outcome, policy: &Policy, out: &mut Vec<u8>) {
        let mut lines = String::new();
        if self.tests == 0 {
            lines.push_str("TAP version 14\n");
        }
        let open = outcome.open();
        let can_be_judged = format!("{}: the capture can be judged", outcome.title);
        if let Some(error) = &outcome.error {
            self.test(&mut lines, false, &can_be_judged, "");
            diagnostics(&mut lines, &[("error", vec![error.clone()])]);
        } else if policy.strict && !open.is_empty() {
            self.test(&mut lines, false, &can_be_judged, "");
            diagnostics(&mut lines, &[("open", open)]);
        } else {
            let skip = open.join("; ");
            self.test(&mut lines, true, &can_be_judged, &skip);
        }
        for group in &outcome.groups {
            self.group(&mut lines, outcome, group, policy);
        }
        for line in &outcome.expectations {
            let whose = line
                .connection
                .map(|number| format!("connection {number}: "));
            let name = format!(
                "{}: {}{} is {}",
                outcome.title,
                whose.unwrap_or_default(),
                line.what,
                line.expected
            );
            self.test(&mut lines, line.met, &name, "");
            if !line.met {
                let expected = vec![line.expected.clone()];
                let seen = vec![line.seen.clone()];
                diagnostics(&mut lines, &[("expected", expected), ("seen", seen)]);
            }
        }
        out.extend_from_slice(lines.as_bytes());
    }

    /// Writes the plan.
    pub(super) fn finish(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("1..{}\n", self.tests).as_bytes());
    }

    fn group(&mut self, out: &mut String, outcome: &Outcome, group: &Group, policy: &Policy) {
        let fails = group.worst().is_some_and(|severity| policy.fails(severity));
        let name = format!("{}: {}: rules", outcome.title, group.name());
        self.test(out, !fails, &name, "");
        if !group.findings.is_empty() {
            let findings = group.findings.iter().map(describe).collect();
            diagnostics(out, &[("findings", findings)]);
        }
    }

    fn test(&mut self, out: &mut String, good: bool, name: &str, skip: &str) {
        self.tests += 1;
        let not = if good { "" } else { "not " };
        let _ = write!(out, "{not}ok {} - {}", self.tests, description(name));
        if !skip.is_empty() {
            let _ = write!(out, " # SKIP {}", description(skip));
        }
        out.push('\n');
    }
}

fn describe(judged: &Judged) -> String {
    let finding = &judged.finding;
    format!(
        "{} {}: {}: {} ({})",
        judged.label(),
        finding.rule.id,
        judged.whereabouts(),
        finding.explanation,
        finding.rule.source
    )
}

/// A hash would begin a directive, and a backslash an escape.
fn description(text: &str) -> String {
    text::shown(text).replace('\\', "\\\\").replace('#', "\\#")
}

/// A block of YAML: each name with its lines, as a list where there are several.
fn diagnostics(out: &mut String, entries: &[(&str, Vec<String>)]) {
    out.push_str("  ---\n");
    for (name, lines) in entries {
        let _ = writeln!(out, "  {name}:");
        for line in lines {
            let line = serde_json::Value::from(text::shown(line));
            let _ = writeln!(out, "    - {line}");
        }
    }
    out.push_str("  ...\n");
}
