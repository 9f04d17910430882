//! `comparison`: what an answer costs over HTTP, and over WebSocket.

use super::sender;
use crate::compare::{Quantiles, Tally, Unit};
use crate::report::fields::{Fields, Record};

/// A unit's tally.
#[derive(Clone, Debug)]
pub struct UnitRecord {
    /// Which unit.
    pub unit: Unit,
    /// Its sums and ranks.
    pub tally: Tally,
}

impl Record for UnitRecord {
    const TYPE: &'static str = "comparison";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        unit(fields, self.unit);
        sender(fields, "sender", self.unit.sender());
        let tally = &self.tally;
        let (wire, payload) = (tally.wire.total(), tally.wire.payload);
        fields.integer("count", Some(tally.count()));
        fields.integer("payload_bytes", Some(payload));
        fields.integer("application_bytes", tally.application);
        fields.integer("wire_bytes", Some(wire));
        fields.integer("payload_median", median(&tally.payloads));
        fields.integer("wire_median", median(&tally.wires));
        fields.integer("wire_p90", tally.wires.at_percent(90).map(|(wire, _)| wire));
        fields.integer("overhead_median", median(&tally.overheads));
        fields.ratio("efficiency", ratio(payload, wire));
    }

    fn blank() -> Self {
        Self {
            unit: Unit::HttpExchange,
            tally: Tally::default(),
        }
    }
}

/// The name of a unit.
pub(super) fn unit<F: Fields + ?Sized>(fields: &mut F, unit: Unit) {
    const SET: &[&str] = &[
        "http_response",
        "http_exchange",
        "websocket_message",
        "websocket_pair",
    ];
    fields.choice("unit", Some(unit.name()), SET);
}

fn median<T: Copy>(of: &Quantiles<T>) -> Option<u64> {
    of.median().map(|(value, _)| value)
}

#[allow(clippy::cast_precision_loss, reason = "four digits are printed")]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
