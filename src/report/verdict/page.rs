//! The page for a person: each capture with its findings by connection, then how it went.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::{Group, Judged, Outcome};
use super::text;
use crate::check::Severity;
use crate::direction::Direction;
use crate::event::Verdict;
use crate::report::context::Context;
use crate::report::look::{BAD, BOLD, DIM, Look, PLAIN, WARN, severity_style, verdict_style};

/// Whether a capture takes more than a line, and those below it.
pub(super) fn is_spread(outcome: &Outcome) -> bool {
    !outcome.groups.is_empty() || outcome.missed().next().is_some()
}

/// Writes one capture, apart from the one above it or close to it.
pub(super) fn write(
    outcome: &Outcome,
    context: &Context<'_>,
    apart: bool,
    unknown: bool,
    out: &mut Vec<u8>,
) {
    let look = context.look;
    if apart {
        out.push(b'\n');
    }
    look.paint(out, BOLD, &outcome.title);
    if outcome.error.is_some() {
        look.paint(out, BAD, "   could not be read\n");
        return;
    }
    if outcome.is_no_capture() {
        out.push(b'\n');
        return write_open(outcome, look, out);
    }
    let mut parts = vec![text::count(
        outcome.connections,
        "connection",
        "connections",
    )];
    parts.extend(handshakes(&outcome.handshakes));
    parts.push(outcome.counts.say());
    let met = outcome.expectations.len() - outcome.missed().count();
    if !outcome.expectations.is_empty() {
        parts.push(format!(
            "{met} of {} expectations met",
            outcome.expectations.len()
        ));
    }
    text::behind(
        out,
        look,
        PLAIN,
        (text::width(&outcome.title), 2),
        &format!("   {}", parts.join(" · ")),
    );
    let mut told = Told::default();
    for group in &outcome.groups {
        write_group(group, &mut told, look, out);
    }
    told.write(look, out);
    if outcome.more > 0 {
        let more = text::count(outcome.more, "finding", "findings");
        push(
            out,
            &format!("  … and {more} more; --format ndjson lists them all\n"),
        );
    }
    let missed: Vec<_> = outcome.missed().collect();
    if !missed.is_empty() {
        push(out, "  expectations\n");
    }
    for line in missed {
        labelled(out, look, BAD, "missed", &line.to_string());
    }
    write_open(outcome, look, out);
    if unknown {
        unjudged(outcome, look, out);
    }
}

fn write_open(outcome: &Outcome, look: Look, out: &mut Vec<u8>) {
    for why in outcome.open() {
        labelled(out, look, WARN, "open", &why);
    }
}

/// What could not be judged: rules that share cause and number share a line, as most of them do.
fn unjudged(outcome: &Outcome, look: Look, out: &mut Vec<u8>) {
    let mut lines: BTreeMap<(&str, u64), Vec<&str>> = BTreeMap::new();
    for (rule, cause, count) in &outcome.unjudged {
        lines.entry((cause, *count)).or_default().push(rule);
    }
    if !lines.is_empty() {
        push(out, "  could not be judged\n");
    }
    for ((cause, count), rules) in lines {
        let times = text::count(count, "time", "times");
        let words = format!("    {cause}, {times}: {}", rules.join(", "));
        text::paragraph(out, look, PLAIN, 6, &words);
    }
}

fn handshakes(counts: &[u64; 4]) -> Option<String> {
    let parts: Vec<String> = Verdict::ALL
        .into_iter()
        .zip(counts)
        .filter(|(_, count)| **count > 0)
        .map(|(verdict, count)| format!("{} {}", text::grouped(*count), verdict.name()))
        .collect();
    let noun = if counts.iter().sum::<u64>() == 1 {
        "handshake"
    } else {
        "handshakes"
    };
    (!parts.is_empty()).then(|| format!("{noun}: {}", parts.join(", ")))
}

/// What was told of a capture already. How to mend something is said once, and what is only worth knowing is shown once for each side: the
/// tenth time both are in the way.
#[derive(Debug, Default)]
struct Told {
    rules: BTreeSet<&'static str>,
    infos: BTreeSet<(&'static str, Option<Direction>)>,
    /// How many more findings of a rule, in how many connections.
    repeated: BTreeMap<&'static str, (u64, u64)>,
}

impl Told {
    /// Whether a finding is worth its lines; if not, it is counted.
    fn shows(&mut self, judged: &Judged) -> bool {
        let finding = &judged.finding;
        let id = finding.rule.id;
        let shows = judged.expected
            || judged.severity > Severity::Info
            || self.infos.insert((id, finding.sender));
        if !shows {
            self.repeated.entry(id).or_default().0 += 1;
        }
        shows
    }

    fn write(&self, look: Look, out: &mut Vec<u8>) {
        if self.repeated.is_empty() {
            return;
        }
        push(out, "  more of the same; --format ndjson lists it\n");
        for (rule, (findings, connections)) in &self.repeated {
            let findings = text::count(*findings, "finding", "findings");
            let connections = text::count(*connections, "connection", "connections");
            let words = format!("    info     {rule}   {findings} in {connections}\n");
            look.paint(out, DIM, &words);
        }
    }
}

fn write_group(group: &Group, told: &mut Told, look: Look, out: &mut Vec<u8>) {
    let mut shown: Vec<&Judged> = Vec::new();
    let mut repeated = BTreeSet::new();
    for judged in &group.findings {
        if told.shows(judged) {
            shown.push(judged);
        } else {
            repeated.insert(judged.finding.rule.id);
        }
    }
    for rule in repeated {
        told.repeated.entry(rule).or_default().1 += 1;
    }
    if shown.is_empty() {
        return;
    }
    shown.sort_by_key(|judged| (judged.expected, std::cmp::Reverse(judged.severity)));
    push(out, &format!("  {}", group.name()));
    if let Some(verdict) = group.connection.handshake {
        push(out, "  handshake ");
        look.paint(out, verdict_style(verdict), verdict.name());
    }
    out.push(b'\n');
    for judged in shown {
        let first = told.rules.insert(judged.finding.rule.id);
        write_finding(judged, first, look, out);
    }
}

fn write_finding(judged: &Judged, first: bool, look: Look, out: &mut Vec<u8>) {
    const INDENT: &str = "             ";
    let finding = &judged.finding;
    let (label, whereabouts) = (judged.label(), judged.whereabouts());
    push(out, "    ");
    look.paint(out, style(judged), label);
    push(out, &" ".repeat(INDENT.len() - 4 - label.len()));
    look.paint(out, BOLD, finding.rule.id);
    // Neither is broken: what does not fit goes on below.
    let mut used = INDENT.len() + finding.rule.id.len();
    for part in [whereabouts.as_str(), finding.rule.source] {
        let fits = look
            .width
            .is_none_or(|width| used + 3 + part.len() <= width);
        if fits {
            push(out, &format!("   {part}"));
            used += 3 + part.len();
        } else {
            push(out, &format!("\n{INDENT}{part}"));
            used = INDENT.len() + part.len();
        }
    }
    out.push(b'\n');
    let mut shown = String::from(INDENT);
    text::visible(&mut shown, &finding.explanation);
    text::paragraph(out, look, PLAIN, INDENT.len(), &shown);
    if first && !judged.expected && !finding.rule.help.is_empty() {
        let help = format!("{INDENT}mend: {}", finding.rule.help);
        text::paragraph(out, look, DIM, INDENT.len(), &help);
    }
}

/// A line with a word before it that says what sort of line it is.
fn labelled(out: &mut Vec<u8>, look: Look, style: anstyle::Style, label: &str, words: &str) {
    let mut shown = String::from("  ");
    text::visible(&mut shown, words);
    push(out, "    ");
    look.paint(out, style, label);
    let used = 4 + label.len();
    text::behind(out, look, PLAIN, (used, used + 2), &shown);
}

fn style(judged: &Judged) -> anstyle::Style {
    if judged.expected {
        DIM
    } else {
        severity_style(judged.severity)
    }
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Finding, RULES};
    use crate::report::context::Files;
    use crate::report::fields::Record as _;
    use crate::report::verdict::outcome::Line;
    use crate::time::Timestamp;

    /// A capture in which every rule is broken in two connections.
    fn all_broken() -> Outcome {
        let group = |number| Group {
            connection: Line {
                number,
                endpoints: None,
                handshake: Some(Verdict::Invalid),
            },
            findings: RULES
                .iter()
                .map(|rule| Judged {
                    finding: Finding {
                        rule,
                        severity: rule.severity,
                        sender: Some(Direction::ToClient),
                        count: 1000,
                        last_packet: 123_456,
                        explanation: "a\u{1b}[2Jword ".repeat(30),
                        ..Finding::blank()
                    },
                    severity: rule.severity,
                    expected: false,
                })
                .collect(),
        };
        Outcome {
            title: "captures/of/a/long/name/chat.pcapng".into(),
            groups: vec![group(0), group(1)],
            unjudged: RULES.iter().map(|rule| (rule.id, "gap", 3)).collect(),
            cut: Some(
                "the file ends in the middle of a record, far behind its begin, and so on".into(),
            ),
            ..Outcome::default()
        }
    }

    fn page(width: Option<usize>) -> String {
        let mut out = Vec::new();
        let context = Context {
            files: &Files::new(vec!["a.pcap".into()]),
            start: Timestamp(0),
            look: Look {
                width,
                ..Look::default()
            },
            several: false,
        };
        write(&all_broken(), &context, true, true, &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn no_line_is_wider_than_its_terminal() {
        for width in [80, 140] {
            for line in page(Some(width)).lines() {
                assert!(text::width(line) <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn a_narrow_page_says_all_that_a_pipe_gets() {
        let words = |page: String| {
            page.split_whitespace()
                .map(String::from)
                .collect::<Vec<_>>()
        };
        assert_eq!(words(page(Some(80))), words(page(None)));
    }

    #[test]
    fn how_to_mend_it_and_what_is_only_worth_knowing_are_told_once() {
        let page = page(None);
        let infos = RULES.iter().filter(|rule| rule.severity == Severity::Info);
        assert_eq!(page.matches("mend: ").count(), RULES.len());
        let again = infos.clone().count();
        assert_eq!(page.matches("1 finding in 1 connection").count(), again);
        let shown = 2 * RULES.len() - again;
        assert_eq!(page.matches(", 1,000 times").count(), shown);
        assert!(!page.contains('\u{1b}'));
    }
}
