//! GitHub: findings as workflow commands, which a job's log turns into annotations.
//!
//! `::error file=a.pcap,line=6,title=ws-accept-mismatch::connection 0, server, packet 6: ...`; the line is the packet's number.

use super::Policy;
use super::outcome::{Group, Judged, Outcome};
use super::text::shown;
use crate::check::Severity;

/// Writes one capture's annotations.
pub(super) fn write(outcome: &Outcome, policy: &Policy, out: &mut Vec<u8>) {
    let file = property(&shown(&outcome.name));
    if let Some(error) = &outcome.error {
        command(
            out,
            "error",
            &format!("file={file},title=not read"),
            &[error],
        );
    }
    for group in &outcome.groups {
        for judged in group.findings.iter().filter(|judged| !judged.expected) {
            let place = format!(
                "file={file},line={},title={}",
                judged.finding.first_packet,
                property(judged.finding.rule.id)
            );
            let message = [&message(group, judged), judged.finding.rule.help];
            command(out, level(judged.severity), &place, &message);
        }
    }
    if outcome.more > 0 {
        let message = format!("{} more findings are not shown", outcome.more);
        command(out, "warning", &format!("file={file}"), &[&message]);
    }
    for line in outcome.missed() {
        let place = format!("file={file},title=expectation not met");
        command(out, "error", &place, &[&line.to_string()]);
    }
    let level = if policy.strict { "error" } else { "warning" };
    for why in outcome.open() {
        command(out, level, &format!("file={file},title=left open"), &[&why]);
    }
}

fn message(group: &Group, judged: &Judged) -> String {
    let finding = &judged.finding;
    format!(
        "{}, {}: {} ({})",
        group.name(),
        judged.whereabouts(),
        finding.explanation,
        finding.rule.source
    )
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    }
}

/// Writes a command whose message has these lines. GitHub puts back what is escaped, so that what a terminal would obey must be gone before.
fn command(out: &mut Vec<u8>, level: &str, properties: &str, lines: &[&str]) {
    let lines: Vec<String> = lines.iter().map(|line| shown(line)).collect();
    let line = format!("::{level} {properties}::{}\n", data(&lines.join("\n")));
    out.extend_from_slice(line.as_bytes());
}

/// A message: what would end it is escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property's value: what would begin the next one too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_ends_it() {
        let mut out = Vec::new();
        let place = format!("file={}", property("a,b:c%.pcap"));
        command(&mut out, "error", &place, &["two", "lines: 100%, ::end"]);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "::error file=a%2Cb%3Ac%25.pcap::two%0Alines: 100%25, ::end\n"
        );
        assert_eq!(property("a\r\n"), "a%0D%0A");
    }

    #[test]
    fn a_line_end_in_a_line_begins_no_other() {
        let mut out = Vec::new();
        command(
            &mut out,
            "error",
            "file=a",
            &["a\r\nb\u{202e}\u{1b}[31m", "c"],
        );
        assert_eq!(
            String::from_utf8_lossy(&out),
            "::error file=a::a␍␊b<U+202E>␛[31m%0Ac\n"
        );
    }
}
