//! Previews of payloads, on one line.

use std::fmt::Write as _;

use crate::event::{Frame, Message, Payload};
use crate::report::text;
use crate::span::Trust;
use crate::websocket::{CloseCode, Opcode};

/// A frame's payload as a table shows it, behind what must be said of it.
pub(in crate::report) fn frame_preview(out: &mut String, frame: &Frame<'_>) {
    doubts(out, frame.complete, frame.trust);
    if frame.header.opcode == Opcode::Close {
        if let Some(code) = frame.close_code {
            let _ = write!(out, "{code} {}", CloseCode(code).name());
        }
        if let Some(reason) = frame.close_reason.filter(|reason| !reason.is_empty()) {
            out.push_str(": ");
            text::visible(out, reason);
        }
        // A close frame that cannot be read is shown as the bytes that it is.
        if frame.close_code.is_some() && frame.close_reason.is_some() {
            return;
        }
        if frame.close_code.is_some() && frame.header.payload_len == 2 {
            return;
        }
    }
    payload(out, frame.payload, frame.payload_truncated);
}

/// A message's payload as a table shows it, behind what must be said of it.
pub(in crate::report) fn message_preview(out: &mut String, message: &Message<'_>) {
    doubts(out, message.complete, message.trust);
    if message.valid_utf8 == Some(false) {
        out.push_str("[not UTF-8] ");
    }
    let before = out.len();
    payload(out, message.payload, message.payload_truncated);
    // Behind what was said, which a narrow terminal has room for first.
    if message.compressed {
        let space = if out.len() > before { " " } else { "" };
        let _ = write!(
            out,
            "{space}[compressed to {}]",
            bytes(message.coded_length)
        );
    }
}

/// A number of bytes with its unit.
pub(in crate::report) fn bytes(number: u64) -> String {
    format!("{} B", text::grouped(number))
}

/// Says what is not there of an event, and how sure its place is.
pub(super) fn doubts(out: &mut String, complete: bool, trust: Trust) {
    if !complete {
        out.push_str("[incomplete] ");
    }
    if trust != Trust::Exact {
        let _ = write!(out, "[{}] ", trust.name());
    }
}

fn payload(out: &mut String, payload: Option<Payload<'_>>, truncated: bool) {
    let before = out.len();
    match payload {
        Some(Payload::Text(content)) => text::visible(out, content),
        Some(Payload::Data(content)) => text::hex(out, content),
        None => return,
    }
    if truncated {
        out.push_str(if out.len() > before { " …" } else { "…" });
    }
}
