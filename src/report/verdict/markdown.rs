//! Markdown: a page for the summary of a CI job.

use std::fmt::Write as _;

use super::outcome::{Counts, Outcome};
use super::{Policy, Totals, text};
use crate::report::markdown::escape;

/// How many findings and missed expectations are listed: a job's summary may have 1 MiB, and nobody reads more.
const LINES: usize = 500;

/// Lines of the page, until all captures were read: the answer stands above them.
#[derive(Debug, Default)]
pub(super) struct Summary {
    captures: String,
    details: String,
    lines: usize,
    more: u64,
}

impl Summary {
    pub(super) fn add(&mut self, outcome: &Outcome, policy: &Policy) {
        let failures = outcome.failures(policy);
        let open = outcome.open();
        let state = match (failures.is_empty(), open.is_empty()) {
            (false, _) => "failed",
            (true, false) => "passed, open",
            (true, true) => "passed",
        };
        let Counts {
            errors,
            warnings,
            infos,
            expected,
            ..
        } = outcome.counts;
        let missed = outcome.missed().count();
        let reasons = if failures.is_empty() { open } else { failures };
        self.captures.push_str(&row(&[
            &outcome.title,
            state,
            &errors.to_string(),
            &warnings.to_string(),
            &infos.to_string(),
            &expected.to_string(),
            &format!(
                "{} of {}",
                outcome.expectations.len() - missed,
                outcome.expectations.len()
            ),
            &reasons.join("; "),
        ]));
        for group in &outcome.groups {
            for judged in group.findings.iter().filter(|judged| !judged.expected) {
                let finding = &judged.finding;
                let whereabouts = judged.whereabouts();
                self.detail(&[
                    judged.severity.name(),
                    finding.rule.id,
                    &outcome.title,
                    &format!("{}, {whereabouts}", group.name()),
                    &finding.explanation,
                    finding.rule.source,
                ]);
            }
        }
        self.more += outcome.more;
        for line in outcome.missed() {
            let whose = match line.connection {
                Some(number) => format!("connection {number}"),
                None => String::new(),
            };
            let says = format!(
                "{}: expected {}, seen {}",
                line.what, line.expected, line.seen
            );
            self.detail(&["missed", "expectation", &outcome.title, &whose, &says, ""]);
        }
    }

    fn detail(&mut self, cells: &[&str]) {
        if self.lines < LINES {
            self.lines += 1;
            self.details.push_str(&row(cells));
        } else {
            self.more += 1;
        }
    }

    pub(super) fn finish(&self, totals: &Totals, policy: &Policy, out: &mut Vec<u8>) {
        let lines = totals.lines(policy);
        let mut answer = Vec::new();
        escape(&mut answer, lines.lines().next().unwrap_or_default());
        let mut page = format!(
            "## wscope check\n\n**{}**\n\n",
            String::from_utf8_lossy(&answer)
        );
        page.push_str("| capture | result | errors | warnings | infos | expected | expectations met | why |\n");
        page.push_str("| --- | --- | ---: | ---: | ---: | ---: | --- | --- |\n");
        page.push_str(&self.captures);
        if !self.details.is_empty() {
            page.push_str("\n| severity | rule | capture | where | what | clause |\n");
            page.push_str("| --- | --- | --- | --- | --- | --- |\n");
            page.push_str(&self.details);
        }
        if self.more > 0 {
            let more = text::grouped(self.more);
            // Writing to a string cannot fail.
            let _ = writeln!(page, "\n{more} more are not listed here.");
        }
        out.extend_from_slice(page.as_bytes());
    }
}

fn row(cells: &[&str]) -> String {
    let mut row = Vec::new();
    for cell in cells {
        row.extend_from_slice(b"| ");
        escape(&mut row, cell);
        row.push(b' ');
    }
    row.extend_from_slice(b"|\n");
    String::from_utf8_lossy(&row).into_owned()
}
