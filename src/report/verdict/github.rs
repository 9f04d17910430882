//! GitHub: findings as workflow commands, which a job's log turns into annotations.
//!
//! `::error file=a.pcap,line=6,title=ws-accept-mismatch::connection 0, server, packet 6: ...`; the line is the packet's number.

use super::Policy;
use super::outcome::{Group, Judged, Outcome};
use crate::check::Severity;

/// Writes one capture's annotations.
pub(super) fn write(outcome: &Outcome, policy: &Policy, out: &mut Vec<u8>) {
    let file = property(&outcome.name);
    if let Some(error) = &outcome.error {
        command(out, "error", &format!("file={file},title=not read"), error);
    }
    for group in &outcome.groups {
        for judged in group.findings.iter().filter(|judged| !judged.expected) {
            let place = format!(
                "file={file},line={},title={}",
                judged.finding.first_packet,
                property(judged.finding.rule.id)
            );
            command(out, level(judged.severity), &place, &message(group, judged));
        }
    }
    if outcome.more > 0 {
        let message = format!("{} more findings are not shown", outcome.more);
        command(out, "warning", &format!("file={file}"), &message);
    }
    for line in outcome.missed() {
        let place = format!("file={file},title=expectation not met");
        command(out, "error", &place, &line.to_string());
    }
    let level = if policy.strict { "error" } else { "warning" };
    for why in outcome.open() {
        command(out, level, &format!("file={file},title=left open"), &why);
    }
}

fn message(group: &Group, judged: &Judged) -> String {
    let finding = &judged.finding;
    format!(
        "{}, {}: {} ({})\n{}",
        group.name(),
        judged.whereabouts(),
        finding.explanation,
        finding.rule.source,
        finding.rule.help
    )
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    }
}

fn command(out: &mut Vec<u8>, level: &str, properties: &str, message: &str) {
    let line = format!("::{level} {properties}::{}\n", data(message));
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
        command(&mut out, "error", &place, "two\r\nlines: 100%, ::end");
        assert_eq!(
            String::from_utf8_lossy(&out),
            "::error file=a%2Cb%3Ac%25.pcap::two%0D%0Alines: 100%25, ::end\n"
        );
    }
}
