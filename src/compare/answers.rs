//! Answers: what a server's answer costs over HTTP and over WebSocket, in little memory: what a summary needs of a comparison.

use super::quantiles::Quantiles;
use super::recast::Recast;
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
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Exchange(exchange) => {
                if let Some((response, _)) = Cost::of_exchange(exchange) {
                    self.units.add(Unit::HttpResponse, &response);
                }
            }
            Event::Message(message) if message.direction == Direction::ToClient => {
                if let Some(cost) = Cost::of_message(message) {
                    self.units
                        .add(Unit::WebSocketMessage(Direction::ToClient), &cost);
                    let one = Recast::of(message, 0).with(message.coded_length);
                    self.one_frame.add(one, ());
                }
            }
            Event::Single(single) if single.direction == Direction::ToClient => {
                if let Some(cost) = Cost::of_single(single) {
                    self.units
                        .add(Unit::WebSocketMessage(Direction::ToClient), &cost);
                    self.one_frame.add(Recast::of_single(single), ());
                }
            }
            _ => {}
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
