//! Answers: what a server's answer costs over HTTP and over WebSocket, in little memory: what a summary needs of a comparison.

use super::quantiles::Quantiles;
use super::said::Said;
use super::units::{Cost, Unit, Units};
use crate::direction::Direction;
use crate::event::Event;

/// Responses and messages of servers.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    units: Units,
    one_frame: Quantiles,
}

impl Answers {
    /// Takes an event.
    #[inline]
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Exchange(exchange) => {
                if let Some((response, _)) = Cost::of_exchange(exchange) {
                    self.units
                        .add(Unit::HttpResponse, &response.wire, response.application);
                }
            }
            Event::Message(message) => self.message(&Said::message(message)),
            Event::Single(single) => self.message(&Said::single(single)),
            _ => {}
        }
    }

    #[inline]
    fn message(&mut self, message: &Said<'_>) {
        if message.direction == Direction::ToClient && message.is_sure {
            let unit = Unit::WebSocketMessage(Direction::ToClient);
            self.units.add(unit, message.wire, message.application);
            let one = message.recast(0).with(message.coded_length);
            self.one_frame.add(one, ());
        }
    }

    /// What they cost.
    pub fn units(&self) -> &Units {
        &self.units
    }

    /// The median of the messages, had each come in one frame in the same packets.
    pub fn one_frame(&self) -> Option<u64> {
        self.one_frame.median().map(|(wire, ())| wire)
    }
}
