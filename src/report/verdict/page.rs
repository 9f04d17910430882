//! The page for a person: each capture with its findings by connection, then how it went.

use std::fmt::Write as _;

use super::outcome::{Group, Judged, Outcome};
use super::{Policy, RULES, Totals, text};
use crate::event::Verdict;
use crate::report::context::Context;
use crate::report::look::{BAD, BOLD, DIM, GOOD, Look, PLAIN, WARN, severity_style, verdict_style};

/// How many reasons the last lines name; each stands beside its capture already.
const REASONS: usize = 5;

/// Writes one capture.
pub(super) fn write(
    outcome: &Outcome,
    context: &Context<'_>,
    first: bool,
    unknown: bool,
    out: &mut Vec<u8>,
) {
    let look = context.look;
    let quiet = outcome.groups.is_empty() && outcome.missed().next().is_none();
    if !first && !quiet {
        out.push(b'\n');
    }
    look.paint(out, BOLD, &outcome.title);
    if outcome.error.is_some() {
        look.paint(out, BAD, "   could not be read\n");
        return;
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
    push(out, &format!("   {}\n", parts.join(" · ")));
    // How to mend it is said once: the tenth time it is in the way.
    let mut told = Vec::new();
    for group in &outcome.groups {
        write_group(group, &mut told, look, out);
    }
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
    for why in outcome.open() {
        labelled(out, look, WARN, "open", &why);
    }
    if unknown && !outcome.unjudged.is_empty() {
        push(out, "  could not be judged\n");
        let width = outcome.unjudged.iter().map(|(rule, ..)| rule.len()).max();
        let width = width.unwrap_or(0);
        for (rule, cause, count) in &outcome.unjudged {
            let times = text::count(*count, "time", "times");
            push(out, &format!("    {rule:width$}  {cause}, {times}\n"));
        }
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

fn write_group(group: &Group, told: &mut Vec<&'static str>, look: Look, out: &mut Vec<u8>) {
    push(out, &format!("  {}", group.name()));
    if let Some(verdict) = group.connection.handshake {
        push(out, "  handshake ");
        look.paint(out, verdict_style(verdict), verdict.name());
    }
    out.push(b'\n');
    for judged in &group.findings {
        let first = !told.contains(&judged.finding.rule.id);
        if first {
            told.push(judged.finding.rule.id);
        }
        write_finding(judged, first, look, out);
    }
}

fn write_finding(judged: &Judged, first: bool, look: Look, out: &mut Vec<u8>) {
    const INDENT: &str = "             ";
    let finding = &judged.finding;
    let label = judged.label();
    push(out, "    ");
    look.paint(out, style(judged), label);
    let gap = " ".repeat(INDENT.len() - 4 - label.len());
    push(out, &gap);
    look.paint(out, BOLD, finding.rule.id);
    push(
        out,
        &format!("   {}   {}\n", judged.whereabouts(), finding.rule.source),
    );
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
    let indent = 4 + label.len() + 2;
    let mut shown = String::from("  ");
    text::visible(&mut shown, words);
    push(out, "    ");
    look.paint(out, style, label);
    // The paragraph begins behind what stands on its line already.
    let look = Look {
        width: look.width.map(|width| width.saturating_sub(indent - 2)),
        ..look
    };
    text::paragraph(out, look, PLAIN, indent, &shown);
}

fn style(judged: &Judged) -> anstyle::Style {
    if judged.expected {
        DIM
    } else {
        severity_style(judged.severity)
    }
}

/// Writes what stands below the last capture.
pub(super) fn finish(totals: &Totals, policy: &Policy, look: Look, out: &mut Vec<u8>) {
    out.push(b'\n');
    let lines = last_lines(totals, policy);
    for (index, line) in lines.lines().enumerate() {
        let style = match (index, totals.failures.is_empty()) {
            (0, true) if totals.open.is_empty() => GOOD,
            (0, true) => WARN,
            (0, false) => BAD,
            _ => PLAIN,
        };
        look.paint(out, style, line);
        out.push(b'\n');
    }
    if let Some((_, rule)) = totals.worst {
        look.paint(out, DIM, &format!("Next: wscope explain {rule}\n"));
    }
}

/// How it went: what was found in how much, and whether that is good enough.
pub(super) fn last_lines(totals: &Totals, policy: &Policy) -> String {
    let mut parts = vec![
        text::count(totals.captures, "capture", "captures"),
        text::count(totals.connections, "connection", "connections"),
        totals.counts.say(),
    ];
    let checked = (RULES.len() - policy.allowed().min(RULES.len())) as u64;
    parts.push(format!("{} checked", text::count(checked, "rule", "rules")));
    if totals.unjudged > 0 {
        parts.push(format!(
            "{} could not be judged",
            text::grouped(totals.unjudged)
        ));
    }
    if totals.expectations > 0 {
        let met = totals.expectations - totals.missed;
        parts.push(format!("{met} of {} expectations met", totals.expectations));
    }
    let (word, reasons) = if !totals.failures.is_empty() {
        ("failed", &totals.failures)
    } else if !totals.open.is_empty() {
        (
            "passed, with something left open (--strict fails then)",
            &totals.open,
        )
    } else {
        ("passed", &totals.failures)
    };
    let mut out = format!("{word}: {}\n", parts.join(" · "));
    for (capture, why) in reasons.iter().take(REASONS) {
        // A file that cannot be read is named in the reason.
        let mut shown = String::new();
        let named = if why.starts_with(capture.as_str()) {
            String::new()
        } else {
            format!("{capture}: ")
        };
        text::visible(&mut shown, &format!("{named}{why}"));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {shown}");
    }
    if reasons.len() > REASONS {
        let more = text::grouped((reasons.len() - REASONS) as u64);
        let _ = writeln!(out, "  … and {more} more");
    }
    out
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
