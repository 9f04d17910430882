//! The messages and frames of a summary's page.

use crate::direction::Direction;
use crate::report::context::Context;
use crate::report::listing::bytes as with_unit;
use crate::report::look::{BOLD, PLAIN};
use crate::report::sheet::{line, mean, paragraph, place, sheet};
use crate::report::summary::{Summary, Tally};
use crate::report::{record, text};

/// How many messages there are.
pub(super) fn message_count(summary: &Summary) -> u64 {
    let tallies = Direction::ALL.map(|direction| summary.messages[direction]);
    tallies.iter().flatten().map(|tally| tally.count).sum()
}

pub(super) fn message_table(summary: &Summary, context: &Context<'_>, out: &mut Vec<u8>) {
    if message_count(summary) > 0 {
        out.push(b'\n');
        let mut table = sheet(
            context,
            &[
                "MESSAGES",
                "count",
                "payload each",
                "frames each",
                "on the wire each",
                "overhead each",
            ],
            &[1, 2, 3, 4, 5],
        );
        for direction in Direction::ALL {
            let kinds = ["text", "binary", "of unknown kind"];
            for (kind, tally) in kinds.into_iter().zip(&summary.messages[direction]) {
                if tally.count > 0 {
                    table.add_row(tally_row(direction, kind, tally));
                }
            }
        }
        place(out, &mut table, &[1, 2, 3, 4, 5]);
        incomplete(summary, context, out);
    }
    compression(summary, context, out);
    let frames: Vec<String> = record::OPCODES
        .iter()
        .zip(summary.frames)
        .filter(|(_, count)| *count > 0)
        .map(|(opcode, count)| format!("{} {opcode}", text::grouped(count)))
        .collect();
    if !frames.is_empty() {
        let total: u64 = summary.frames.iter().sum();
        out.push(b'\n');
        context.look.paint(out, BOLD, "FRAMES");
        let words = format!("  {}: {}", text::grouped(total), frames.join(", "));
        text::behind(out, context.look, PLAIN, (6, 8), &words);
    }
}

/// How many messages are not all there, and how they are counted.
fn incomplete(summary: &Summary, context: &Context<'_>, out: &mut Vec<u8>) {
    let tallies = Direction::ALL.map(|direction| summary.messages[direction]);
    let count = tallies.iter().flatten().map(|tally| tally.incomplete).sum();
    let sentence = match count {
        0 => return,
        1 => "1 of them is incomplete; its payload counts as far as it is there.".to_string(),
        _ => {
            let count = text::grouped(count);
            format!("{count} of them are incomplete; their payload counts as far as it is there.")
        }
    };
    paragraph(out, context, 1, &sentence);
}

/// What compression made of the messages of each side.
fn compression(summary: &Summary, context: &Context<'_>, out: &mut Vec<u8>) {
    let mut lead = "COMPRESSED";
    for direction in Direction::ALL {
        let compressed = &summary.compression[direction];
        if compressed.count == 0 {
            continue;
        }
        if lead.trim().is_empty() {
            out.extend_from_slice(lead.as_bytes());
        } else {
            out.push(b'\n');
            context.look.paint(out, BOLD, lead);
        }
        lead = "          ";
        let of: u64 = summary.messages[direction]
            .iter()
            .map(|tally| tally.count)
            .sum();
        let ratio = if compressed.coded == 0 {
            String::new()
        } else {
            format!(" ({} : 1)", mean(compressed.payload, compressed.coded))
        };
        let unknown = match compressed.count - compressed.inflated {
            0 => String::new(),
            unknown => format!(", {} of unknown length", text::grouped(unknown)),
        };
        line(
            out,
            &format!(
                "  {} {} of {}: {} for {}{ratio}{unknown}",
                direction.sender(),
                text::grouped(compressed.count),
                text::count(of, "message", "messages"),
                with_unit(compressed.coded),
                with_unit(compressed.payload),
            ),
        );
    }
}

fn tally_row(direction: Direction, kind: &str, tally: &Tally) -> [String; 6] {
    [
        format!(" {} {kind}", direction.sender()),
        text::grouped(tally.count),
        format!("{} B", mean(tally.payload, tally.count)),
        mean(tally.frames, tally.count),
        format!("{} B", mean(tally.wire, tally.count)),
        format!(
            "{} B",
            mean(tally.wire.saturating_sub(tally.payload), tally.count)
        ),
    ]
}
