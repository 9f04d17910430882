//! The handshakes of a summary's page: the first ones whole, or how many there are of each verdict.

use std::io::Write as _;

use super::messages::message_count;
use crate::direction::Direction;
use crate::event::Verdict;
use crate::report::context::Context;
use crate::report::look::{BOLD, PLAIN, verdict_style};
use crate::report::sheet::{line, pad, title};
use crate::report::summary::{Detail, Summary};
use crate::report::text;

pub(super) fn handshakes(summary: &Summary, context: &Context<'_>, out: &mut Vec<u8>) {
    let total: u64 = summary.handshakes.iter().sum();
    if total > summary.first_handshakes.len() as u64 {
        let counts: Vec<String> = Verdict::ALL
            .into_iter()
            .zip(summary.handshakes)
            .filter(|(_, count)| *count > 0)
            .map(|(verdict, count)| format!("{} {}", text::grouped(count), verdict.name()))
            .collect();
        title(out, context, "HANDSHAKES");
        line(out, &format!("  {}", counts.join(", ")));
        for invalid in &summary.invalid_handshakes {
            let number = invalid.connection;
            let reasons = invalid.reasons.join(", ");
            line(
                out,
                &format!("  connection {number}: invalid, breaks {reasons}"),
            );
        }
        let [_, invalid, ..] = summary.handshakes;
        let more = invalid.saturating_sub(summary.invalid_handshakes.len() as u64);
        if more > 0 {
            let more = text::grouped(more);
            line(
                out,
                &format!(
                    "  … and {more} more; `wscope handshakes --verdict invalid` lists them all"
                ),
            );
        }
        return;
    }
    for detail in &summary.first_handshakes {
        handshake_detail(summary, detail, context, out);
    }
}

fn handshake_detail(summary: &Summary, detail: &Detail, context: &Context<'_>, out: &mut Vec<u8>) {
    out.push(b'\n');
    let name = format!("HANDSHAKE of connection {}: ", detail.connection);
    context.look.paint(out, BOLD, &name);
    let verdict = detail.verdict;
    context
        .look
        .paint(out, verdict_style(verdict), verdict.name());
    if !detail.reasons.is_empty() {
        let _ = write!(out, ", breaks {}", detail.reasons.join(", "));
    }
    out.push(b'\n');
    let shown = |text: &Option<String>| {
        let mut out = String::new();
        text::visible(&mut out, text.as_deref().unwrap_or("(none)"));
        out
    };
    // What does not stand in a head that is cut off may stand in its rest.
    let in_head = |text: &Option<String>, length: Option<u64>| match (text, length) {
        (None, None) => "(cut off)".to_string(),
        _ => shown(text),
    };
    let packet = |number: Option<u64>| number.map_or("-".to_string(), |number| number.to_string());
    if detail.request_packet.is_some() {
        let request = format!(
            "  packet {}  {} {} HTTP/{}",
            packet(detail.request_packet),
            shown(&detail.method),
            shown(&detail.target),
            shown(&detail.http_version),
        );
        let key = format!(
            "Sec-WebSocket-Key     {}",
            in_head(&detail.key, detail.request_length)
        );
        beside(out, context, request, &key);
    }
    if let Some(status) = detail.status {
        let mut response = format!("  packet {}  {status}", packet(detail.response_packet));
        if status == 101 {
            response.push_str(" Switching Protocols");
        }
        let judged = match (&detail.accept, &detail.accept_expected) {
            (Some(accept), Some(expected)) if accept == expected => "   as expected from the key",
            (Some(_), Some(_)) => "   not what the key calls for",
            _ => "",
        };
        let accept = format!(
            "Sec-WebSocket-Accept  {}{judged}",
            in_head(&detail.accept, detail.response_length)
        );
        beside(out, context, response, &accept);
        if let (true, Some(expected)) = (judged.contains("not what"), &detail.accept_expected) {
            let expected = format!("expected              {expected}");
            beside(out, context, String::new(), &expected);
        }
    }
    if detail.subprotocol.is_some() {
        line(
            out,
            &format!("  subprotocol  {}", shown(&detail.subprotocol)),
        );
    }
    if !detail.extensions.is_empty() {
        let mut extensions = String::new();
        text::visible(&mut extensions, &detail.extensions);
        let any = summary.connections.websocket == 1 && message_count(summary) > 0;
        let compressed = |direction| summary.compression[direction].count;
        let unused = if any && Direction::ALL.into_iter().map(compressed).sum::<u64>() == 0 {
            ", agreed and never used"
        } else {
            ", agreed"
        };
        let words = format!("  extension    {extensions}{unused}");
        text::paragraph(out, context.look, PLAIN, 15, &words);
    }
}

/// Writes a field beside what it stands in; where the terminal is too narrow, below it.
fn beside(out: &mut Vec<u8>, context: &Context<'_>, mut left: String, right: &str) {
    const LEFT: usize = 42;
    let needed = LEFT.max(text::width(&left)) + 2 + text::width(right);
    if context.look.width.is_some_and(|width| needed > width) {
        if !left.is_empty() {
            line(out, &left);
        }
        text::paragraph(out, context.look, PLAIN, 6, &format!("    {right}"));
    } else {
        pad(&mut left, LEFT);
        line(out, &format!("{left}  {right}"));
    }
}
