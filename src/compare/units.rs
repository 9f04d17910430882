//! Units: what an answer costs over HTTP, and over WebSocket.
//!
//! Only what the capture shows whole and placed exactly is counted, so that no loss makes anything look cheap. Opening handshakes
//! are no HTTP here: they are the price of opening, which is told apart.

use super::quantiles::Quantiles;
use crate::direction::Direction;
use crate::event::Exchange;
use crate::span::Trust;
use crate::wire::Wire;

/// What is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    /// An HTTP response.
    HttpResponse,
    /// An HTTP request and its response.
    HttpExchange,
    /// A WebSocket message.
    WebSocketMessage(Direction),
    /// A WebSocket message one way and the next one back.
    WebSocketPair,
}

impl Unit {
    /// Every unit, in the order of reports.
    pub const ALL: [Self; 5] = [
        Self::HttpResponse,
        Self::WebSocketMessage(Direction::ToClient),
        Self::WebSocketMessage(Direction::ToServer),
        Self::HttpExchange,
        Self::WebSocketPair,
    ];

    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::HttpResponse => "http_response",
            Self::HttpExchange => "http_exchange",
            Self::WebSocketMessage(_) => "websocket_message",
            Self::WebSocketPair => "websocket_pair",
        }
    }

    /// Who sends it; none where both do.
    pub fn sender(self) -> Option<Direction> {
        match self {
            Self::HttpResponse => Some(Direction::ToClient),
            Self::WebSocketMessage(direction) => Some(direction),
            Self::HttpExchange | Self::WebSocketPair => None,
        }
    }

    /// Its place among all.
    fn place(self) -> usize {
        match self {
            Self::HttpResponse => 0,
            Self::WebSocketMessage(Direction::ToClient) => 1,
            Self::WebSocketMessage(Direction::ToServer) => 2,
            Self::HttpExchange => 3,
            Self::WebSocketPair => 4,
        }
    }
}

/// One unit's cost, and its payload as the application sees it, where that is known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cost {
    /// What it cost.
    pub wire: Wire,
    /// Payload after inflation, in bytes.
    pub application: Option<u64>,
}

impl Cost {
    /// Of a response and of its whole exchange; none unless both ends are whole and exactly placed, and for opening handshakes.
    pub fn of_exchange(exchange: &Exchange<'_>) -> Option<(Self, Self)> {
        let sure = exchange.complete && exchange.trust == Trust::Exact && !exchange.upgrade;
        let (request, response) = (exchange.request_wire?, exchange.response_wire?);
        let decoded = match exchange.content_encoding {
            None => Some(response.payload),
            Some(_) => exchange.response_decoded_length,
        };
        let of = |wire: Wire| Self {
            wire,
            application: decoded.map(|decoded| wire.payload - response.payload + decoded),
        };
        sure.then(|| (of(response), of(request + response)))
    }

    /// Of this and another together.
    #[must_use]
    pub fn with(&self, wire: &Wire, application: Option<u64>) -> Self {
        let both = self.application.zip(application);
        Self {
            wire: self.wire + *wire,
            application: both.map(|(one, other)| one + other),
        }
    }
}

/// A cost as it is kept for each of many connections: in few bytes, as long as its numbers are below 4 GiB.
#[derive(Debug)]
pub(super) enum Brief {
    /// The columns in their order, and the payload as the application sees it.
    Small([u32; 6], Option<u32>),
    /// Any.
    Large(Box<Cost>),
}

impl Brief {
    pub(super) fn of(wire: &Wire, application: Option<u64>) -> Self {
        let columns = wire.columns();
        let widest = columns.into_iter().chain(application).fold(0, u64::max);
        if widest > u32::MAX.into() {
            let wire = *wire;
            return Self::Large(Box::new(Cost { wire, application }));
        }
        let narrow = |wide: u64| u32::try_from(wide).unwrap_or(u32::MAX);
        Self::Small(columns.map(narrow), application.map(narrow))
    }

    pub(super) fn cost(&self) -> Cost {
        match self {
            Self::Small(columns, application) => Cost {
                wire: Wire::of_columns(columns.map(u64::from)),
                application: application.map(u64::from),
            },
            Self::Large(cost) => **cost,
        }
    }
}

/// The sums and ranks of one unit.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The sum of all.
    pub wire: Wire,
    /// Payload as the applications see it; none once there was one whose payload is not known.
    pub application: Option<u64>,
    /// Bytes on the wire, each with how they divide.
    pub wires: Quantiles<Wire>,
    /// Payload bytes as sent.
    pub payloads: Quantiles,
    /// Bytes on the wire that are no payload.
    pub overheads: Quantiles,
}

impl Tally {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.wires.count()
    }

    #[inline]
    fn add(&mut self, wire: &Wire, application: Option<u64>) {
        let first = self.count() == 0;
        let before = if first { Some(0) } else { self.application };
        self.application = before.zip(application).map(|(sum, more)| sum + more);
        let (total, payload) = (wire.total(), wire.payload);
        self.wire += *wire;
        self.wires.add(total, *wire);
        self.payloads.add(payload, ());
        self.overheads.add(total - payload, ());
    }
}

/// The tallies of all units.
#[derive(Clone, Debug, Default)]
pub struct Units {
    tallies: [Tally; Unit::ALL.len()],
}

impl Units {
    /// Counts one that cost so much, with its payload as the application sees it, where that is known.
    #[inline]
    pub fn add(&mut self, unit: Unit, wire: &Wire, application: Option<u64>) {
        if let Some(tally) = self.tallies.get_mut(unit.place()) {
            tally.add(wire, application);
        }
    }

    /// Those of which there are any, in the order of reports.
    pub fn present(&self) -> impl Iterator<Item = (Unit, &Tally)> {
        let all = Unit::ALL.into_iter().zip(&self.tallies);
        all.filter(|(_, tally)| tally.count() > 0)
    }

    /// One of them, if there are any of it.
    pub fn get(&self, unit: Unit) -> Option<&Tally> {
        self.tallies
            .get(unit.place())
            .filter(|tally| tally.count() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_that_is_not_known_makes_the_sum_unknown() {
        let wire = Wire::default();
        let mut tally = Tally::default();
        tally.add(&wire, Some(3));
        tally.add(&wire, Some(4));
        assert_eq!(tally.application, Some(7));
        tally.add(&wire, None);
        tally.add(&wire, Some(4));
        assert_eq!(tally.application, None);
    }

    #[test]
    fn a_cost_in_brief_is_the_same_cost() {
        for payload in [0, 5, u64::from(u32::MAX), 1 << 32, u64::MAX] {
            for application in [None, Some(3), Some(payload)] {
                let wire = Wire {
                    link: 14,
                    network: 20,
                    transport: 32,
                    tls: 22,
                    head: 2,
                    payload,
                };
                let brief = Brief::of(&wire, application);
                assert_eq!(brief.cost(), Cost { wire, application });
            }
        }
        assert!(size_of::<Brief>() <= 32, "{}", size_of::<Brief>());
    }

    #[test]
    fn every_unit_has_its_own_place() {
        for (place, unit) in Unit::ALL.into_iter().enumerate() {
            assert_eq!(unit.place(), place);
        }
    }
}
