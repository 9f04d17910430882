//! What an answer costs over HTTP, and over WebSocket: a line a unit.

use comfy_table::Cell;

use crate::compare::{Answers, Tally, Unit, Units, Way, WhatIf, frame_header};
use crate::direction::Direction;
use crate::report::context::Context;
use crate::report::sheet::{bar, fitted, place, room, share};
use crate::report::text;
use crate::wire::Wire;

/// The longest bar, in columns.
const BAR: usize = 26;
/// The least that is worth a long title.
const LEAST: usize = 8;

/// Writes the section; nothing where there is neither.
pub(super) fn section(
    out: &mut Vec<u8>,
    context: &Context<'_>,
    units: &Units,
    what_ifs: &[WhatIf],
) {
    let mut rows = Vec::new();
    for (unit, tally) in units.present() {
        let computed = what_ifs
            .iter()
            .find(|what_if| what_if.way == Way::OneFrame && is_of(unit, what_if.sender));
        let one_frame = computed.and_then(|what_if| what_if.wire_median);
        rows.extend(Line::of(unit, tally, one_frame));
    }
    if !rows.is_empty() {
        lines(out, context, &title(units), &rows);
    }
}

/// Writes what a server's answer costs over both, where the capture holds both.
pub(in crate::report) fn brief(out: &mut Vec<u8>, context: &Context<'_>, answers: &Answers) {
    let units = answers.units();
    let message = Unit::WebSocketMessage(Direction::ToClient);
    let (Some(response), Some(messages)) = (units.get(Unit::HttpResponse), units.get(message))
    else {
        return;
    };
    let mut rows = Line::of(Unit::HttpResponse, response, None);
    rows.extend(Line::of(message, messages, answers.one_frame()));
    lines(out, context, &title(units), &rows);
}

fn lines(out: &mut Vec<u8>, context: &Context<'_>, title: &str, rows: &[Line]) {
    let tls = rows.iter().any(|row| row.wire.tls > 0);
    let titles = |headers, head, spread: bool| {
        let mut titles = vec![title, "count", "on the wire", headers];
        titles.extend(tls.then_some("TLS"));
        titles.extend([head, "payload"]);
        titles.extend(["p90", "payload share"].into_iter().filter(|_| spread));
        titles
    };
    let cells =
        |spread| -> Vec<Vec<String>> { rows.iter().map(|row| row.cells(tls, spread)).collect() };
    // The widest that leaves room for bars, else the narrowest.
    let choices = [
        (titles("packet headers", "protocol head", true), cells(true)),
        (
            titles("packet headers", "protocol head", false),
            cells(false),
        ),
        (titles("headers", "head", false), cells(false)),
    ];
    let roomy = choices
        .iter()
        .find(|(titles, cells)| room(context, titles, cells).is_some_and(|left| left >= LEAST));
    let [.., narrowest] = &choices;
    let (titles, cells) = roomy.unwrap_or(narrowest);
    let bars = room(context, titles, cells).unwrap_or(0).min(BAR);
    let widest = rows.iter().map(|row| row.wire.total()).max().unwrap_or(0);
    let right: Vec<usize> = (1..titles.len()).collect();
    let titles = [titles.as_slice(), &[""]].concat();
    let mut table = fitted(context, &titles, &right);
    for (row, cells) in rows.iter().zip(cells) {
        let bar = bar(row.wire.total(), widest, bars);
        table.add_row(cells.iter().chain([&bar]).map(Cell::new));
    }
    out.push(b'\n');
    place(out, &mut table, &right);
}

/// What the section is called: by the payload of the server's answers, where that is the same in each over both.
fn title(units: &Units) -> String {
    same_payload(units).map_or_else(
        || "WHAT THE MEDIAN ANSWER COSTS".to_string(),
        |payload| {
            format!(
                "WHAT AN ANSWER OF {} COSTS",
                text::count(payload, "BYTE", "BYTES")
            )
        },
    )
}

struct Line {
    name: String,
    count: u64,
    wire: Wire,
    /// The cost that nine of ten do not exceed; none for what was computed.
    p90: Option<u64>,
}

impl Line {
    /// A unit's line, and one for its messages in a frame each where that costs less.
    fn of(unit: Unit, tally: &Tally, one_frame: Option<u64>) -> Vec<Self> {
        let Some((total, wire)) = tally.wires.median() else {
            return Vec::new();
        };
        let mut lines = vec![Self {
            name: name(unit).to_string(),
            count: tally.count(),
            wire,
            p90: tally.wires.at_percent(90).map(|(p90, _)| p90),
        }];
        let one = one_frame.filter(|median| *median < total);
        if let Some(wire) = one.and_then(|median| in_one_frame(unit, wire, median)) {
            lines.push(Self {
                name: "  in one frame (computed)".to_string(),
                count: tally.count(),
                wire,
                p90: None,
            });
        }
        lines
    }

    fn cells(&self, tls: bool, spread: bool) -> Vec<String> {
        let Self {
            name, count, wire, ..
        } = self;
        let bytes = |number| format!("{} B", text::grouped(number));
        let headers = wire.link + wire.network + wire.transport;
        let mut cells = vec![
            format!(" {name}"),
            text::grouped(*count),
            bytes(wire.total()),
            text::grouped(headers),
        ];
        cells.extend(tls.then(|| text::grouped(wire.tls)));
        cells.extend([text::grouped(wire.head), text::grouped(wire.payload)]);
        if spread {
            cells.push(self.p90.map_or_else(|| "-".to_string(), bytes));
            cells.push(share(wire.payload, wire.total()));
        }
        cells
    }
}

/// The cost of a message of the same payload in one frame, so many bytes in all: what the frame does not take are packet headers. None
/// where the two medians are of messages so different that they cannot be put side by side.
fn in_one_frame(unit: Unit, wire: Wire, total: u64) -> Option<Wire> {
    let Unit::WebSocketMessage(sender) = unit else {
        return None;
    };
    let head = frame_header(wire.payload, sender);
    let transport = total.checked_sub(head + wire.payload + wire.tls)?;
    Some(Wire {
        link: 0,
        network: 0,
        transport,
        head,
        ..wire
    })
}

/// The payload of all answers, where it is the same in each over both.
fn same_payload(units: &Units) -> Option<u64> {
    let payload = |unit| {
        let payloads = &units.get(unit)?.payloads;
        let (least, ()) = payloads.at_percent(1)?;
        let (most, ()) = payloads.at_percent(100)?;
        (least == most).then_some(most)
    };
    let http = payload(Unit::HttpResponse)?;
    let websocket = payload(Unit::WebSocketMessage(Direction::ToClient))?;
    (http == websocket).then_some(http)
}

fn name(unit: Unit) -> &'static str {
    match unit {
        Unit::HttpResponse => "HTTP response",
        Unit::HttpExchange => "HTTP exchange",
        Unit::WebSocketMessage(Direction::ToServer) => "WebSocket message, client",
        Unit::WebSocketMessage(Direction::ToClient) => "WebSocket message, server",
        Unit::WebSocketPair => "WebSocket there and back",
    }
}

/// Whether a unit counts one sender's messages, and this sender's.
fn is_of(unit: Unit, sender: Option<Direction>) -> bool {
    matches!((unit, sender), (Unit::WebSocketMessage(one), Some(other)) if one == other)
}
