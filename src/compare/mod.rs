//! Compare: HTTP beside WebSocket, when a WebSocket has paid for its handshake, and what the same messages would cost, sent otherwise.
//!
//! Comes in: events. Goes out: units with their medians, a break-even, what-ifs. Memory is bounded by the connections that are alive
//! and by the bounds of [`Quantiles`] and of what is deflated.

mod answers;
mod break_even;
mod deflated;
mod model;
mod quantiles;
mod recast;
mod said;
mod sample;
mod units;
mod way;
mod what_if;

use hashbrown::HashMap;

pub use answers::Answers;
pub use break_even::{Basis, BreakEven, Side};
pub(crate) use model::frame_header;
pub use quantiles::Quantiles;
pub use sample::Deflate;
use units::Brief;
pub use units::{Cost, Tally, Unit, Units};
pub use way::Way;
pub use what_if::WhatIf;

use self::break_even::{Heads, Lived, Measured, Openings, sum};
use self::model::Path;
use self::said::Said;
use self::what_if::WhatIfs;
use crate::direction::{Both, Direction};
use crate::event::{Connection, Event, Exchange, Frame, Place};
use crate::ledger::Row;
use crate::websocket::Opcode;

/// Heads of a browser's request without cookies and of a small answer, in bytes: a guess for captures without HTTP, to be replaced
/// by what one's own clients and servers send.
const ASSUMED_HEADS: (u64, u64) = (500, 300);

/// What is stated. Lengths of HTTP heads are in bytes; where one is stated, HTTP is modelled even where the capture holds some.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// The length of requests' heads.
    pub request_head: Option<u64>,
    /// The length of responses' heads.
    pub response_head: Option<u64>,
    /// Which messages are deflated, to see what that would save.
    pub deflate: Deflate,
}

/// Compares while events come.
#[derive(Debug, Default)]
pub struct Comparison {
    options: Options,
    units: Units,
    request_heads: Quantiles,
    response_heads: Quantiles,
    upgrades: Quantiles,
    openings: Openings,
    path: Path,
    /// The payloads of pairs, in the order of what they cost.
    pairs: Quantiles<Both<u64>>,
    what_ifs: WhatIfs,
    channels: HashMap<u64, Channel>,
}

/// What must be remembered of a connection while it lives.
#[derive(Debug, Default)]
struct Channel {
    /// The last message, while no other answers it.
    unanswered: Option<Asked>,
    lived: Lived,
    what_if: what_if::Channel,
}

impl Channel {
    /// Takes note of what a frame costs, where it is a control frame.
    fn control(&mut self, frame: &Frame<'_>) {
        match frame.header.opcode {
            Opcode::Close => self.lived.close_frames += frame.wire.total(),
            opcode if opcode.is_control() => {
                self.lived.controls = self.lived.controls.saturating_add(1);
            }
            _ => {}
        }
    }
}

/// A message that waits for an answer.
#[derive(Debug)]
struct Asked {
    sender: Direction,
    cost: Brief,
}

impl Comparison {
    /// A comparison that has seen nothing.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            what_ifs: WhatIfs::new(options.deflate),
            ..Self::default()
        }
    }

    /// Takes an event.
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Exchange(exchange) => self.exchange(exchange),
            Event::Frame(frame) => self.frame(frame),
            Event::Message(message) => self.message(&Said::message(message)),
            Event::Single(single) => self.message(&Said::single(single)),
            Event::Connection(connection) => self.connection(connection),
            _ => {}
        }
    }

    /// Takes an event of what is not asked for: it tells how long heads are, and what connections cost that are asked for in part.
    pub fn beside(&mut self, event: &Event<'_>) {
        match event {
            Event::Exchange(exchange) if Cost::of_exchange(exchange).is_some() => {
                self.heads_of(exchange);
                self.channel(exchange.place).lived.in_part = true;
            }
            Event::Message(message) => self.channel(message.place).lived.in_part = true,
            Event::Single(single) => self.channel(single.place).lived.in_part = true,
            Event::Frame(frame) => self.channel(frame.place).control(frame),
            Event::Connection(connection) => drop(self.channels.remove(&connection.number)),
            _ => {}
        }
    }

    /// No more events come; what waits of connections that never ended is computed.
    pub fn finish(&mut self) {
        let mut open: Vec<(u64, Channel)> = self.channels.drain().collect();
        open.sort_unstable_by_key(|&(number, _)| number);
        for (_, mut channel) in open {
            self.what_ifs.end_senders(&mut channel.what_if);
        }
    }

    /// What answers cost.
    pub fn units(&self) -> &Units {
        &self.units
    }

    /// When a WebSocket has paid for its handshake; none where there are no messages.
    pub fn break_even(&self) -> Option<BreakEven> {
        let measured = Measured {
            units: &self.units,
            pairs: &self.pairs,
            path: &self.path,
            upgrade: self.upgrade(),
        };
        self.openings.break_even(&measured, self.heads())
    }

    /// What the messages would have cost, sent otherwise.
    pub fn what_ifs(&self) -> Vec<WhatIf> {
        let connection = self.openings.plain_connection(self.upgrade());
        self.what_ifs.results(&self.path, self.heads(), connection)
    }

    fn exchange(&mut self, exchange: &Exchange<'_>) {
        let Some((response, whole)) = Cost::of_exchange(exchange) else {
            return;
        };
        for (unit, cost) in [
            (Unit::HttpResponse, &response),
            (Unit::HttpExchange, &whole),
        ] {
            self.units.add(unit, &cost.wire, cost.application);
        }
        self.heads_of(exchange);
        let channel = self.channel(exchange.place);
        channel.lived.exchanges = channel.lived.exchanges.saturating_add(1);
        if channel.lived.messages == 0 {
            let first = (!channel.lived.in_part).then_some(exchange.span.end_time);
            channel.lived.first = channel.lived.first.or(first);
        }
    }

    fn channel(&mut self, place: Place) -> &mut Channel {
        self.channels.entry(place.connection).or_default()
    }

    fn heads_of(&mut self, exchange: &Exchange<'_>) {
        if let Some(len) = exchange.request_head_length {
            self.request_heads.add(len, ());
        }
        if let Some(len) = exchange.response_head_length {
            self.response_heads.add(len, ());
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        let channel = self.channel(frame.place);
        channel.control(frame);
        if frame.complete && frame.span.first_packet == frame.span.last_packet {
            WhatIfs::frame(&mut channel.what_if, frame.direction, &frame.wire);
        }
    }

    fn message(&mut self, message: &Said<'_>) {
        let channel = self.channels.entry(message.connection).or_default();
        channel.lived.messages += 1;
        if channel.lived.messages == 1 {
            channel.lived.first = (!channel.lived.in_part).then_some(message.time);
        }
        let way = message.direction;
        if message.is_single() {
            WhatIfs::frame(&mut channel.what_if, way, message.wire);
        }
        if !message.is_sure {
            channel.unanswered = None;
            self.what_ifs.leave_out(&mut channel.what_if, way);
            return;
        }
        let (wire, application) = (message.wire, message.application);
        self.units
            .add(Unit::WebSocketMessage(way), wire, application);
        let asked = channel.unanswered.as_ref();
        let asked = asked.filter(|asked| asked.sender != way);
        let answers = asked.is_some();
        if let Some(asked) = asked {
            let asked = asked.cost.cost();
            let both = asked.with(wire, application);
            self.units
                .add(Unit::WebSocketPair, &both.wire, both.application);
            let mut payloads = Both::default();
            payloads[way] = wire.payload;
            payloads[way.other()] = asked.wire.payload;
            self.pairs.add(both.wire.total(), payloads);
            channel.unanswered = None;
            if !channel.lived.has_answer {
                channel.lived.has_answer = true;
                channel.lived.first = (!channel.lived.in_part).then_some(message.time);
            }
        } else {
            channel.unanswered = Some(Asked {
                sender: way,
                cost: Brief::of(wire, application),
            });
        }
        self.what_ifs
            .message(&mut channel.what_if, message, answers);
    }

    fn connection(&mut self, connection: &Connection) {
        let Some(channel) = self.channels.remove(&connection.number) else {
            return;
        };
        let Channel {
            lived, mut what_if, ..
        } = channel;
        self.openings.add(connection, &lived);
        let upgrade = sum(connection, &[Row::UpgradeRequest, Row::UpgradeResponse]);
        let plain = sum(connection, &[Row::Open, Row::Tls, Row::Close]);
        let websocket = upgrade + sum(connection, &[Row::Control]);
        self.what_ifs.end_senders(&mut what_if);
        if lived.messages > 0 {
            self.what_ifs.connection(plain, websocket);
            self.upgrades.add(upgrade, ());
            if let Some(ledgers) = &connection.ledgers {
                for direction in Direction::ALL {
                    self.path.add(direction, &ledgers[direction]);
                }
            }
        }
    }

    /// The median cost of an upgrade.
    fn upgrade(&self) -> u64 {
        self.upgrades.median().map_or(0, |(upgrade, ())| upgrade)
    }

    /// Heads as stated, else as measured, else as assumed.
    fn heads(&self) -> Heads {
        let measured = self
            .request_heads
            .median()
            .zip(self.response_heads.median());
        let (known, source) = match measured {
            Some(((request, ()), (response, ()))) => {
                ((request, response), "medians of this capture")
            }
            None => (ASSUMED_HEADS, "assumed"),
        };
        let stated = self
            .options
            .request_head
            .or(self.options.response_head)
            .is_some();
        Heads {
            request: self.options.request_head.unwrap_or(known.0),
            response: self.options.response_head.unwrap_or(known.1),
            source: if stated { "as stated" } else { source },
            stated,
        }
    }
}
