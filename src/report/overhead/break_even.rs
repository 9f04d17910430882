//! When a WebSocket has paid for its handshake, in a table of two lines and a sentence.

use comfy_table::Cell;

use crate::compare::{Basis, BreakEven, Side, Unit};
use crate::report::context::Context;
use crate::report::sheet::{fitted, paragraph, place};
use crate::report::text;

/// Writes the section.
pub(super) fn section(out: &mut Vec<u8>, context: &Context<'_>, even: &BreakEven) {
    let answered = even.unit == Unit::WebSocketPair;
    let each = if answered {
        "each answer"
    } else {
        "each message"
    };
    let titles = [
        "BREAK-EVEN",
        "opening",
        each,
        "its ACKs",
        "closing",
        "RTTs",
        "first in",
    ];
    let right = [1, 2, 3, 4, 5, 6];
    let mut table = fitted(context, &titles, &right);
    let http = match even.http_basis {
        Basis::Measured => " HTTP (measured)",
        Basis::Modelled => " HTTP (modelled)",
    };
    table.add_row(cells(http, &even.http));
    table.add_row(cells(" WebSocket (measured)", &even.websocket));
    out.push(b'\n');
    place(out, &mut table, &right);
    paragraph(out, context, 1, &sentence(even));
    if let Some(heads) = even.heads_for_equal {
        paragraph(out, context, 1, &unequal(even, heads));
    }
    if let Some(assumes) = &even.assumes {
        paragraph(out, context, 1, &format!("Modelled: {assumes}."));
    }
}

fn cells(name: &str, side: &Side) -> [Cell; 7] {
    let bytes = |number: u64| format!("{} B", text::grouped(number));
    let dash = || "-".to_string();
    [
        name.to_string(),
        bytes(side.opening),
        bytes(side.per_unit),
        side.acks_per_unit.map_or_else(dash, bytes),
        side.closing.map_or_else(dash, bytes),
        side.round_trips.to_string(),
        side.first.map_or_else(dash, |microseconds| {
            format!(
                "{}.{:03} ms",
                text::grouped(microseconds / 1000),
                microseconds % 1000
            )
        }),
    ]
    .map(Cell::new)
}

/// That a part of the difference is none of the protocols', and how to leave it out.
fn unequal(even: &BreakEven, (request, response): (u64, u64)) -> String {
    format!(
        "They do not carry the same: {} B of what each costs over HTTP are payload, and {} B over WebSocket. With --http-request-bytes {request} \
         --http-response-bytes {response} HTTP is modelled with the WebSocket's payload.",
        text::grouped(even.http.payload_per_unit),
        text::grouped(even.websocket.payload_per_unit)
    )
}

fn sentence(even: &BreakEven) -> String {
    let unit = match even.unit {
        Unit::WebSocketPair => "answer",
        _ => "message",
    };
    let Some(kept) = even.even_kept else {
        return format!(
            "On one connection HTTP stays cheaper: each {unit} costs it no more than the WebSocket's."
        );
    };
    let also = [
        ("Where ACKs count too", even.even_kept_acks),
        ("Where closing counts too", even.even_kept_closed),
        ("Where HTTP opens a connection for each", even.even_new),
    ];
    let also: String = also
        .into_iter()
        .filter_map(|(condition, from)| {
            Some(format!(" {condition}: from {}.", text::grouped(from?)))
        })
        .collect();
    format!(
        "The WebSocket is cheaper from {unit} {} on.{also}",
        text::grouped(kept)
    )
}
