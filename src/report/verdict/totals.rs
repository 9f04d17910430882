//! Totals: what all captures came to, and whether that is good enough.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::outcome::{Counts, Outcome};
use super::{Policy, RULES, text};
use crate::check::Severity;
use crate::report::look::{BAD, GOOD, Look, PLAIN, WARN};

/// How many reasons the last lines name; each stands beside its capture already.
const REASONS: usize = 5;

/// What stands at the end.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub captures: u64,
    pub connections: u64,
    pub counts: Counts,
    pub expectations: u64,
    pub missed: u64,
    /// Rules that could not be judged somewhere.
    pub unjudged: BTreeSet<&'static str>,
    /// Why the check fails: in a capture, why.
    pub failures: Vec<(String, String)>,
    /// What was left open, without failing.
    pub open: Vec<(String, String)>,
    /// Whether what is seen is written down as what must be, so that nothing of it fails.
    pub writes_down: bool,
    /// The first of the most severe findings.
    pub worst: Option<Worst>,
    /// The last capture as a command line names it.
    pub capture: Option<String>,
}

/// The finding that one would ask about next.
#[derive(Debug)]
pub(super) struct Worst {
    pub severity: Severity,
    pub rule: &'static str,
    pub connection: u64,
    /// The capture as a command line names it.
    pub capture: Option<String>,
}

impl Totals {
    /// Adds what a capture came to.
    pub(super) fn add(&mut self, outcome: &Outcome, policy: &Policy) {
        self.captures += u64::from(!outcome.is_no_capture());
        self.connections += outcome.connections;
        self.counts.add(&outcome.counts);
        self.expectations += outcome.expectations.len() as u64;
        self.missed += outcome.missed().count() as u64;
        let unjudged = outcome.unjudged.iter().map(|(rule, ..)| *rule);
        self.unjudged.extend(unjudged);
        let named = |why| (outcome.title.clone(), why);
        if !policy.strict {
            self.open.extend(outcome.open().into_iter().map(named));
        }
        let failures = if self.writes_down {
            outcome.error.iter().cloned().collect()
        } else {
            outcome.failures(policy)
        };
        self.failures.extend(failures.into_iter().map(named));
    }

    /// Writes what stands below the last capture.
    pub(super) fn page(&self, policy: &Policy, look: Look, out: &mut Vec<u8>) {
        out.push(b'\n');
        let lines = self.lines(policy);
        for (index, line) in lines.lines().enumerate() {
            let style = match (index, self.failures.is_empty()) {
                (0, true) if self.open.is_empty() || self.writes_down => GOOD,
                (0, true) => WARN,
                (0, false) => BAD,
                _ => PLAIN,
            };
            text::paragraph(out, look, style, 2, line);
        }
        text::next(out, look, &self.next());
    }

    /// What one would ask next.
    fn next(&self) -> Vec<String> {
        match (&self.worst, &self.capture) {
            _ if self.writes_down => Vec::new(),
            (Some(worst), _) => {
                let follow = worst.capture.as_ref().map(|capture| {
                    format!("wscope follow --connection {} {capture}", worst.connection)
                });
                let explain = format!("wscope explain {}", worst.rule);
                [explain].into_iter().chain(follow).collect()
            }
            (None, Some(capture)) if self.captures == 1 => {
                vec![format!("wscope summary {capture}")]
            }
            (None, _) => Vec::new(),
        }
    }

    /// How it went: what was found in how much, and whether that is good enough.
    pub(super) fn lines(&self, policy: &Policy) -> String {
        let mut parts = vec![
            text::count(self.captures, "capture", "captures"),
            text::count(self.connections, "connection", "connections"),
            self.counts.say(),
        ];
        let checked = (RULES.len() - policy.allowed().min(RULES.len())) as u64;
        parts.push(format!("{} checked", text::count(checked, "rule", "rules")));
        if !self.unjudged.is_empty() {
            let unjudged = text::grouped(self.unjudged.len() as u64);
            parts.push(format!("{unjudged} could not be judged everywhere"));
        }
        if self.expectations > 0 {
            let met = self.expectations - self.missed;
            parts.push(format!("{met} of {} expectations met", self.expectations));
        }
        let (word, reasons) = if !self.failures.is_empty() {
            ("failed", &self.failures)
        } else if self.writes_down {
            ("written down, not judged", &self.failures)
        } else if !self.open.is_empty() {
            (
                "passed, with something left open (--strict fails then)",
                &self.open,
            )
        } else {
            ("passed", &self.failures)
        };
        let mut out = format!("{word}: {}\n", parts.join(" · "));
        for (capture, why) in reasons.iter().take(REASONS) {
            // A file that cannot be read is named in the reason.
            let named = if why.starts_with(capture.as_str()) {
                String::new()
            } else {
                format!("{capture}: ")
            };
            let shown = text::shown(&format!("{named}{why}"));
            // Writing to a string cannot fail.
            let _ = writeln!(out, "  {shown}");
        }
        if reasons.len() > REASONS {
            let more = text::grouped((reasons.len() - REASONS) as u64);
            let _ = writeln!(out, "  … and {more} more");
        }
        out
    }
}
