//! `break_even`: when a WebSocket has paid for its handshake.

use super::comparison::unit;
use crate::compare::{Basis, BreakEven, Side, Unit};
use crate::report::fields::{Fields, Record};

impl Record for BreakEven {
    const TYPE: &'static str = "break_even";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        const BASES: &[&str] = &["measured", "modelled"];
        unit(fields, self.unit);
        fields.choice("http_basis", Some(self.http_basis.name()), BASES);
        let Self {
            http, websocket, ..
        } = self;
        fields.integer("http_opening", Some(http.opening));
        fields.integer("http_closing", http.closing);
        fields.integer("http_per_unit", Some(http.per_unit));
        fields.integer("http_payload_per_unit", Some(http.payload_per_unit));
        fields.integer("http_opening_acks", http.opening_acks);
        fields.integer("http_acks_per_unit", http.acks_per_unit);
        fields.integer("http_round_trips", Some(http.round_trips));
        fields.integer("http_first_microseconds", http.first);
        fields.integer("websocket_opening", Some(websocket.opening));
        fields.integer("websocket_closing", websocket.closing);
        fields.integer("websocket_per_unit", Some(websocket.per_unit));
        fields.integer(
            "websocket_payload_per_unit",
            Some(websocket.payload_per_unit),
        );
        fields.integer("websocket_opening_acks", websocket.opening_acks);
        fields.integer("websocket_acks_per_unit", websocket.acks_per_unit);
        fields.integer("websocket_round_trips", Some(websocket.round_trips));
        fields.integer("websocket_first_microseconds", websocket.first);
        fields.integer("even_kept", self.even_kept);
        fields.integer("even_kept_acks", self.even_kept_acks);
        fields.integer("even_kept_closed", self.even_kept_closed);
        fields.integer("even_new", self.even_new);
        fields.text("assumes", self.assumes.as_deref());
    }

    fn blank() -> Self {
        Self {
            unit: Unit::WebSocketPair,
            http_basis: Basis::Measured,
            http: Side::default(),
            websocket: Side::default(),
            even_kept: None,
            even_kept_acks: None,
            even_kept_closed: None,
            even_new: None,
            assumes: None,
            heads_for_equal: None,
        }
    }
}
