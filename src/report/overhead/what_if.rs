//! What the same messages would have cost, sent otherwise: a line a way.

use comfy_table::Cell;

use crate::compare::{Way, WhatIf};
use crate::direction::Direction;
use crate::report::context::Context;
use crate::report::sheet::{fitted, paragraph, place};
use crate::report::text;

/// Writes the section; nothing where there are no messages.
pub(super) fn section(out: &mut Vec<u8>, context: &Context<'_>, what_ifs: &[WhatIf]) {
    if what_ifs.is_empty() {
        return;
    }
    let titles = [
        "WHAT IF (computed)",
        "sender",
        "messages",
        "as it was",
        "as if",
        "change",
    ];
    let right = [2, 3, 4, 5];
    let mut table = fitted(context, &titles, &right);
    for what_if in what_ifs {
        table.add_row(cells(what_if));
    }
    out.push(b'\n');
    place(out, &mut table, &right);
    let left_out = what_ifs
        .iter()
        .map(|what_if| what_if.left_out)
        .max()
        .unwrap_or(0);
    if left_out > 0 {
        let left_out = text::count(left_out, "message", "messages");
        let sentence = format!(
            "Up to {left_out} left out: incomplete, not inflated, or longer than --max-payload."
        );
        paragraph(out, context, 1, &sentence);
    }
    let joins = |what_if: &WhatIf| {
        what_if.way == Way::OneFrame && what_if.wire_bytes != what_if.actual_bytes
    };
    let deflates = |what_if: &WhatIf| what_if.way == Way::Deflate && what_if.count > 0;
    if what_ifs.iter().any(joins) && what_ifs.iter().any(deflates) {
        let sentence = "Deflated messages are in one frame each, so that what joining frames saves is in their change too.";
        paragraph(out, context, 1, sentence);
    }
    let sampled: Vec<String> = what_ifs.iter().filter_map(sampled).collect();
    if !sampled.is_empty() {
        let sentence = format!(
            "Deflated was a sample: {}. --deflate all takes every message, and its time.",
            sampled.join(", ")
        );
        paragraph(out, context, 1, &sentence);
    }
    let over_http = what_ifs
        .iter()
        .find(|what_if| what_if.way == Way::PollingKept);
    if let Some(over_http) = over_http {
        let (heads, _) = over_http.assumes.split_once(';').unwrap_or_default();
        let sentence =
            format!("HTTP with {heads}. Opening, closing and control frames included, ACKs not.");
        paragraph(out, context, 1, &sentence);
    }
}

/// How much of a sender's messages a figure is worked out from, where not from all.
fn sampled(what_if: &WhatIf) -> Option<String> {
    let (count, all) = (
        text::grouped(what_if.sampled?),
        text::grouped(what_if.count),
    );
    let sender = what_if.sender.filter(|_| what_if.way == Way::Deflate)?;
    Some(format!("{count} of {all} from the {}", sender.sender()))
}

fn cells(what_if: &WhatIf) -> [Cell; 6] {
    let bytes = |number: u64| format!("{} B", text::grouped(number));
    let computed = what_if.count > 0;
    let about = what_if.sampled.map_or("", |_| "about ");
    let or_dash = |cell: String| if computed { cell } else { "-".to_string() };
    [
        format!(" {}", name(what_if.way)),
        what_if.sender.map_or("both", Direction::sender).to_string(),
        text::grouped(what_if.count),
        or_dash(bytes(what_if.actual_bytes)),
        or_dash(bytes(what_if.wire_bytes)),
        or_dash(format!(
            "{about}{}",
            change(what_if.actual_bytes, what_if.wire_bytes)
        )),
    ]
    .map(Cell::new)
}

fn name(way: Way) -> &'static str {
    match way {
        Way::OneFrame => "one frame each",
        Way::Deflate => "permessage-deflate",
        Way::DeflateNoTakeover => "  no context takeover",
        Way::Tls13 => "TLS 1.3",
        Way::Batching => "batched, within 10 ms",
        Way::PollingKept => "HTTP polling, kept",
        Way::PollingNew => "HTTP polling, new each",
        Way::LongPolling => "HTTP long polling",
        Way::ServerSentEvents => "server-sent events",
    }
}

/// A change in percent, with its sign.
fn change(from: u64, to: u64) -> String {
    let (sign, by) = if to < from {
        ("-", from - to)
    } else {
        ("+", to - from)
    };
    let from = u128::from(from.max(1));
    let tenths = (u128::from(by) * 1000 + from / 2) / from;
    match tenths {
        0 => "0 %".to_string(),
        1..1000 => format!("{sign}{}.{} %", tenths / 10, tenths % 10),
        _ => format!(
            "{sign}{} %",
            text::grouped(u64::try_from(tenths / 10).unwrap_or(u64::MAX))
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fields::Record as _;

    #[test]
    fn changes_have_signs() {
        assert_eq!(change(100, 100), "0 %");
        assert_eq!(change(73, 71), "-2.7 %");
        assert_eq!(change(73, 185), "+153 %");
        assert_eq!(change(100, 0), "-100 %");
    }

    #[test]
    fn a_sample_is_told_with_its_size_and_is_about_right() {
        let what_if = WhatIf {
            way: Way::Deflate,
            sender: Some(Direction::ToServer),
            count: 1200,
            sampled: Some(300),
            actual_bytes: 100,
            wire_bytes: 60,
            ..WhatIf::blank()
        };
        let sentence = sampled(&what_if);
        assert_eq!(sentence.as_deref(), Some("300 of 1,200 from the client"));
        let shown = |what_if: &WhatIf| cells(what_if)[5].content();
        assert_eq!(shown(&what_if), "about -40.0 %");
        let whole = WhatIf {
            sampled: None,
            ..what_if
        };
        assert_eq!((sampled(&whole), shown(&whole).as_str()), (None, "-40.0 %"));
    }
}
