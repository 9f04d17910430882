//! Rules: all of them in a list, and one of them in full.

use super::look::{BOLD, Look, PLAIN, severity_style};
use super::text;
use crate::check::Rule;

/// With less room than this for what a rule says, that stands on lines of its own.
const ROOM: usize = 60;

/// Writes a list of rules by subject.
pub fn list(rules: &[&Rule], look: Look, out: &mut Vec<u8>) {
    let id_width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let before = 2 + 9 + id_width + 2;
    let beside = look.width.is_none_or(|width| width >= before + ROOM);
    let mut subject = None;
    for rule in rules {
        if subject.replace(rule.subject) != Some(rule.subject) {
            if !out.is_empty() {
                out.push(b'\n');
            }
            let title = rule.subject.name().to_uppercase();
            look.paint(out, BOLD, &title);
            out.push(b'\n');
        }
        let severity = rule.severity.name();
        push(out, "  ");
        look.paint(out, severity_style(rule.severity), severity);
        push(out, &" ".repeat(9 - severity.len()));
        look.paint(out, BOLD, rule.id);
        if beside {
            push(out, &" ".repeat(id_width + 2 - rule.id.len()));
            let look = Look {
                width: look.width.map(|width| width - before),
                ..look
            };
            let mut lines = Vec::new();
            text::paragraph(&mut lines, look, PLAIN, 0, rule.summary);
            let lines = String::from_utf8_lossy(&lines);
            for (index, line) in lines.lines().enumerate() {
                let indent = if index == 0 { 0 } else { before };
                push(out, &format!("{}{line}\n", " ".repeat(indent)));
            }
        } else {
            out.push(b'\n');
            let words = format!("           {}", rule.summary);
            text::paragraph(out, look, PLAIN, 11, &words);
        }
    }
}

/// Writes a rule in full.
pub fn explain(rule: &Rule, look: Look, out: &mut Vec<u8>) {
    look.paint(out, BOLD, rule.id);
    push(out, "   ");
    look.paint(out, severity_style(rule.severity), rule.severity.name());
    let fault = rule.fault.name();
    push(out, &format!("   {}\n", rule.subject.name()));
    push(out, &format!("{}   at fault: {fault}\n", rule.source));
    for (title, words) in [
        ("What", rule.summary),
        ("Why", rule.why),
        ("Mend", rule.help),
        ("Breaks it", rule.example.unwrap_or_default()),
    ] {
        if words.is_empty() {
            continue;
        }
        out.push(b'\n');
        look.paint(out, BOLD, title);
        out.push(b'\n');
        for line in words.lines() {
            let mut shown = String::from("  ");
            text::visible(&mut shown, line);
            text::paragraph(out, look, PLAIN, 2, &shown);
        }
    }
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
