//! Break-even: what opening costs, what each answer costs after that, and when a WebSocket has paid for its handshake.

use super::model::{Path, segments};
use super::quantiles::Quantiles;
use super::units::{Unit, Units};
use crate::direction::{Both, Direction};
use crate::event::{Connection, Opening as Seen};
use crate::ledger::Row;
use crate::time::Timestamp;

/// Where the cost of HTTP comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Basis {
    /// The capture's own exchanges.
    Measured,
    /// A model of them.
    Modelled,
}

impl Basis {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Modelled => "modelled",
        }
    }
}

/// HTTP beside WebSocket, from opening on. Bytes are medians, on the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BreakEven {
    /// What is set against an HTTP exchange: pairs of messages, or messages where none is answered.
    pub unit: Unit,
    /// Where the cost of HTTP comes from.
    pub http_basis: Basis,
    /// One side of both.
    pub http: Side,
    /// The other.
    pub websocket: Side,
    /// The number of units from which the WebSocket is cheaper than HTTP on one connection; none where it never is.
    pub even_kept: Option<u64>,
    /// The same with acknowledgments; none where those of HTTP are not known either.
    pub even_kept_acks: Option<u64>,
    /// The same without acknowledgments, with the closing of both.
    pub even_kept_closed: Option<u64>,
    /// The number of units from which it is cheaper than HTTP on a new connection each, with the closing of both.
    pub even_new: Option<u64>,
    /// What the model of HTTP assumes; none where nothing is modelled.
    pub assumes: Option<String>,
}

/// What one of the two costs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Side {
    /// Opening a connection: SYNs, TLS, the WebSocket's upgrade.
    pub opening: u64,
    /// Closing it: FINs and resets, and Close frames.
    pub closing: u64,
    /// A unit, when the connection is open.
    pub per_unit: u64,
    /// The acknowledgments without payload that fall to a unit, on average; those of SYNs and FINs are none of them.
    pub acks_per_unit: Option<u64>,
    /// Round trips before the first request or message can leave.
    pub round_trips: u64,
    /// From the connection's first packet to the end of its first answer or message, in microseconds.
    pub first: Option<u64>,
}

/// The price of opening, and what comes with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Openings {
    http: Opening,
    websocket: Opening,
}

#[derive(Clone, Debug, Default)]
struct Opening {
    openings: Quantiles,
    closings: Quantiles,
    /// Of those, FINs and resets.
    fins: Quantiles,
    first: Quantiles,
    acks: u64,
    /// What those acknowledgments are for: exchanges, or what goes one way over a WebSocket.
    items: u64,
    encrypted: bool,
}

impl Openings {
    /// Takes a connection that is over.
    pub(super) fn add(&mut self, connection: &Connection, lived: &Lived) {
        let opening = match (lived.exchanges, lived.messages) {
            (0, 0) => return,
            (_, 0) => &mut self.http,
            _ => &mut self.websocket,
        };
        opening.encrypted |= connection.encrypted;
        let items = match (lived.exchanges, lived.messages) {
            (_, 0) => connection.exchanges,
            // The opening handshake goes one way, then back.
            (0, _) => 2 * connection.exchanges + messages_of(connection) + lived.controls,
            _ => 0,
        };
        if items > 0 {
            opening.acks += sum(connection, &[Row::Ack]).saturating_sub(connection.acks_of_ends);
            opening.items += items;
        }
        if connection.opening != Seen::Seen {
            return;
        }
        opening.openings.add(sum(connection, OPENING), ());
        let fins = sum(connection, &[Row::Close]);
        opening.fins.add(fins, ());
        opening.closings.add(fins + lived.close_frames, ());
        if let Some(first) = lived.first {
            let microseconds = first.since(connection.time).max(0) / 1000;
            opening.first.add(microseconds.unsigned_abs(), ());
        }
    }

    /// The median cost of opening a WebSocket's connection without its upgrade, and of closing it without Close frames.
    pub(super) fn plain_connection(&self, upgrade: u64) -> (u64, u64) {
        let opening = median(&self.websocket.openings).saturating_sub(upgrade);
        (opening, median(&self.websocket.fins))
    }

    /// Sets the two beside each other; none where there is no message.
    pub(super) fn break_even(&self, measured: &Measured<'_>, heads: Heads) -> Option<BreakEven> {
        let Measured { units, path, .. } = *measured;
        let pairs = Unit::WebSocketPair;
        let one_way = Direction::ALL
            .map(Unit::WebSocketMessage)
            .into_iter()
            .rev()
            .find(|&unit| units.get(unit).is_some());
        let unit = units.get(pairs).map(|_| pairs).or(one_way)?;
        let tally = units.get(unit)?;
        let messages_each = if unit == pairs { 2 } else { 1 };
        let opened = &self.websocket;
        let websocket = Side {
            opening: median(&opened.openings),
            closing: median(&opened.closings),
            per_unit: median(&tally.wires),
            acks_per_unit: mean(opened.acks * messages_each, opened.items),
            round_trips: 2 + u64::from(opened.encrypted),
            first: opened.first.median().map(|(time, ())| time),
        };
        let exchanges = units.get(Unit::HttpExchange).filter(|_| !heads.stated);
        let (http, http_basis, assumes) = if let Some(exchanges) = exchanges {
            let opened = &self.http;
            let http = Side {
                opening: median(&opened.openings),
                closing: median(&opened.closings),
                per_unit: median(&exchanges.wires),
                acks_per_unit: mean(opened.acks, opened.items),
                round_trips: 1 + u64::from(opened.encrypted),
                first: opened.first.median().map(|(time, ())| time),
            };
            (http, Basis::Measured, None)
        } else {
            let payload = |way| match unit {
                Unit::WebSocketPair => median(&measured.pair_payloads[way]),
                Unit::WebSocketMessage(sender) if sender == way => median(&tally.payloads),
                _ => 0,
            };
            let (asked, answered) = (payload(Direction::ToServer), payload(Direction::ToClient));
            let (opening, closing) = self.plain_connection(measured.upgrade);
            let bytes = [
                (Direction::ToServer, heads.request + asked),
                (Direction::ToClient, heads.response + answered),
            ];
            let per_unit = bytes.map(|(way, len)| segments(len) * path.packet_headers(way) + len);
            let http = Side {
                opening,
                closing,
                per_unit: per_unit.iter().sum(),
                acks_per_unit: None,
                round_trips: websocket.round_trips - 1,
                first: None,
            };
            let assumes = format!(
                "{}, payload of {asked} and {answered} bytes, connections opened as the WebSockets' were",
                heads.text()
            );
            (http, Basis::Modelled, Some(assumes))
        };
        let acks = http.acks_per_unit.zip(websocket.acks_per_unit);
        let each = http.opening + http.closing + http.per_unit;
        Some(BreakEven {
            unit,
            http_basis,
            http,
            websocket,
            even_kept: even(
                (websocket.opening, websocket.per_unit),
                (http.opening, http.per_unit),
            ),
            even_kept_acks: acks.and_then(|(of_http, of_websocket)| {
                even(
                    (websocket.opening, websocket.per_unit + of_websocket),
                    (http.opening, http.per_unit + of_http),
                )
            }),
            even_kept_closed: even(
                (websocket.opening + websocket.closing, websocket.per_unit),
                (http.opening + http.closing, http.per_unit),
            ),
            even_new: even(
                (websocket.opening + websocket.closing, websocket.per_unit),
                (0, each),
            ),
            assumes,
        })
    }
}

/// What a connection was used for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lived {
    /// Exchanges that are counted.
    pub(super) exchanges: u64,
    /// Messages.
    pub(super) messages: u64,
    /// Control frames.
    pub(super) controls: u64,
    /// What its Close frames cost.
    pub(super) close_frames: u64,
    /// When the first answer or message was whole.
    pub(super) first: Option<Timestamp>,
}

/// What the capture's exchanges and messages are.
pub(super) struct Measured<'a> {
    pub(super) units: &'a Units,
    /// The payloads of messages that are pairs, by sender.
    pub(super) pair_payloads: &'a Both<Quantiles>,
    pub(super) path: &'a Path,
    /// The median cost of an upgrade.
    pub(super) upgrade: u64,
}

/// The rows that opening is made of.
const OPENING: &[Row] = &[
    Row::Open,
    Row::Tls,
    Row::UpgradeRequest,
    Row::UpgradeResponse,
];

/// The heads of HTTP messages, and whether somebody stated them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Heads {
    pub(super) request: u64,
    pub(super) response: u64,
    pub(super) source: &'static str,
    pub(super) stated: bool,
}

impl Heads {
    pub(super) fn text(&self) -> String {
        let Self {
            request,
            response,
            source,
            ..
        } = self;
        format!("request heads of {request} and response heads of {response} bytes ({source})")
    }
}

/// From how many units on `opening + units * each` is below the other's.
fn even(one: (u64, u64), other: (u64, u64)) -> Option<u64> {
    let ahead = other.1.checked_sub(one.1).filter(|&ahead| ahead > 0)?;
    Some(
        one.0
            .checked_sub(other.0)
            .map_or(1, |behind| behind / ahead + 1),
    )
}

/// The sum of rows of both sides.
pub(super) fn sum(connection: &Connection, rows: &[Row]) -> u64 {
    let ledgers = connection.ledgers.as_deref();
    let cells = ledgers.into_iter().flat_map(|ledgers| {
        let cell = move |direction| rows.iter().map(move |&row| ledgers[direction].row(row));
        Direction::ALL.into_iter().flat_map(cell)
    });
    cells.map(|entry| entry.wire.total()).sum()
}

fn messages_of(connection: &Connection) -> u64 {
    let Both {
        to_server,
        to_client,
    } = connection.messages;
    to_server + to_client
}

fn median(of: &Quantiles<impl Copy>) -> u64 {
    of.median().map_or(0, |(value, _)| value)
}

fn mean(sum: u64, count: u64) -> Option<u64> {
    (sum + count / 2).checked_div(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_paid_for_after_so_many_answers() {
        // 1000 + 150 n < 100 + 250 n from n = 10 on; at 9 they are equal.
        assert_eq!(even((1000, 150), (100, 250)), Some(10));
        assert_eq!(even((1000, 150), (101, 250)), Some(9));
        assert_eq!(even((100, 150), (101, 151)), Some(1));
        assert_eq!(even((1000, 250), (100, 250)), None);
        assert_eq!(even((0, 250), (100, 200)), None);
    }
}
