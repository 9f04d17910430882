//! Break-even: what opening costs, what each answer costs after that, and when a WebSocket has paid for its handshake.

use super::model::{Path, segments};
use super::quantiles::Quantiles;
use super::units::{Tally, Unit, Units};
use crate::direction::{Both, Direction};
use crate::event::{Closing, Connection, Opening as Seen};
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
    /// Where the payloads of the two differ by more than a tenth of what the cheaper costs: the lengths of a request's head and of a response's, for a model of HTTP
    /// that carries the WebSocket's.
    pub heads_for_equal: Option<(u64, u64)>,
}

/// What one of the two costs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Side {
    /// Opening a connection: SYNs, TLS, the WebSocket's upgrade.
    pub opening: u64,
    /// Closing it: FINs and resets, and Close frames; none where no connection was seen to close.
    pub closing: Option<u64>,
    /// A unit, when the connection is open.
    pub per_unit: u64,
    /// How much of that is payload.
    pub payload_per_unit: u64,
    /// The acknowledgments without payload that opening took, on average.
    pub opening_acks: Option<u64>,
    /// Those that fall to a unit, on average; those of opening and closing are none of them.
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
    /// The acknowledgments of openings.
    first_acks: u64,
    acks: u64,
    /// What those acknowledgments are for: exchanges, or messages and Pings and Pongs.
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
        if connection.opening != Seen::Seen {
            return;
        }
        let items = match (lived.exchanges, lived.messages) {
            (_, 0) => connection.exchanges,
            (0, _) => messages_of(connection) + u64::from(lived.controls),
            _ => 0,
        };
        if items > 0 {
            let others = connection.opening_acks + connection.closing_acks;
            opening.acks += sum(connection, &[Row::Ack]).saturating_sub(others);
            opening.items += items;
        }
        opening.openings.add(sum(connection, OPENING), ());
        opening.first_acks += connection.opening_acks;
        if connection.closing != Closing::Open {
            let fins = sum(connection, &[Row::Close]);
            opening.fins.add(fins, ());
            opening.closings.add(fins + lived.close_frames, ());
        }
        if let Some(first) = lived.first {
            let microseconds = first.since(connection.time).max(0) / 1000;
            opening.first.add(microseconds.unsigned_abs(), ());
        }
    }

    /// The median cost of opening a WebSocket's connection without its upgrade, and of closing it without Close frames.
    pub(super) fn plain_connection(&self, upgrade: u64) -> (u64, Option<u64>) {
        let opening = median(&self.websocket.openings).saturating_sub(upgrade);
        (opening, known(&self.websocket.fins))
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
            closing: known(&opened.closings),
            opening_acks: mean(opened.first_acks, opened.openings.count()),
            per_unit: median(&tally.wires),
            payload_per_unit: payload_of_median(tally),
            acks_per_unit: mean(opened.acks * messages_each, opened.items),
            round_trips: 2 + u64::from(opened.encrypted),
            first: opened.first.median().map(|(time, ())| time),
        };
        let exchanges = units.get(Unit::HttpExchange).filter(|_| !heads.stated);
        let (http, http_basis, assumes) = if let Some(exchanges) = exchanges {
            let opened = &self.http;
            // Where HTTP was spoken only on what became WebSockets, it opened and closes as they do.
            let alone = opened.openings.count() > 0;
            let plain = self.plain_connection(measured.upgrade);
            let http = Side {
                opening: if alone {
                    median(&opened.openings)
                } else {
                    plain.0
                },
                closing: if alone {
                    known(&opened.closings)
                } else {
                    plain.1
                },
                opening_acks: mean(opened.first_acks, opened.openings.count()),
                per_unit: median(&exchanges.wires),
                payload_per_unit: payload_of_median(exchanges),
                acks_per_unit: mean(opened.acks, opened.items),
                round_trips: 1 + u64::from(opened.encrypted),
                first: opened.first.median().map(|(time, ())| time),
            };
            (http, Basis::Measured, None)
        } else {
            // The payload of the very pair or message whose cost is the median.
            let pair = measured.pairs.median().map(|(_, payloads)| payloads);
            let message = payload_of_median(tally);
            let payload = |way| match unit {
                Unit::WebSocketPair => pair.map_or(0, |payloads| payloads[way]),
                Unit::WebSocketMessage(sender) if sender == way => message,
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
                payload_per_unit: asked + answered,
                opening_acks: None,
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
        let apart = http.payload_per_unit.abs_diff(websocket.payload_per_unit);
        let heads_for_equal = (apart > http.per_unit.min(websocket.per_unit) / 10)
            .then_some((heads.request, heads.response));
        let with_acks = |side: &Side| {
            let (opening, each) = side.opening_acks.zip(side.acks_per_unit)?;
            Some((side.opening + opening, side.per_unit + each))
        };
        let with_closing = |side: &Side| Some((side.opening + side.closing?, side.per_unit));
        let new = with_closing(&http).map(|(around, each)| (0, around + each));
        Some(BreakEven {
            unit,
            http_basis,
            http,
            websocket,
            even_kept: even(
                (websocket.opening, websocket.per_unit),
                (http.opening, http.per_unit),
            ),
            even_kept_acks: both(with_acks(&websocket), with_acks(&http)),
            even_kept_closed: both(with_closing(&websocket), with_closing(&http)),
            even_new: both(with_closing(&websocket), new),
            assumes,
            heads_for_equal,
        })
    }
}

/// What a connection was used for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lived {
    /// Messages.
    pub(super) messages: u64,
    /// Exchanges that are counted.
    pub(super) exchanges: u32,
    /// Control frames.
    pub(super) controls: u32,
    /// What its Close frames cost.
    pub(super) close_frames: u64,
    /// When the first answer was whole; without one, the first message.
    pub(super) first: Option<Timestamp>,
    /// Whether a message was answered.
    pub(super) has_answer: bool,
    /// Whether something of it is not among what is counted, so that its first answer may be none.
    pub(super) in_part: bool,
}

/// What the capture's exchanges and messages are.
pub(super) struct Measured<'a> {
    pub(super) units: &'a Units,
    /// The payloads of pairs, in the order of what they cost.
    pub(super) pairs: &'a Quantiles<Both<u64>>,
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

fn both(one: Option<(u64, u64)>, other: Option<(u64, u64)>) -> Option<u64> {
    even(one?, other?)
}

/// The sum of rows of both sides.
pub(super) fn sum(connection: &Connection, rows: &[Row]) -> u64 {
    let mut sum = 0;
    if let Some(ledgers) = connection.ledgers.as_deref() {
        for ledger in [&ledgers.to_server, &ledgers.to_client] {
            for &row in rows {
                sum += ledger.row(row).wire.total();
            }
        }
    }
    sum
}

fn messages_of(connection: &Connection) -> u64 {
    let Both {
        to_server,
        to_client,
    } = connection.messages;
    to_server + to_client
}

fn known(of: &Quantiles) -> Option<u64> {
    of.median().map(|(value, ())| value)
}

fn median(of: &Quantiles<impl Copy>) -> u64 {
    of.median().map_or(0, |(value, _)| value)
}

/// The payload of the very unit whose cost is the median.
fn payload_of_median(tally: &Tally) -> u64 {
    tally.wires.median().map_or(0, |(_, wire)| wire.payload)
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
