//! `handshake`: an opening handshake, valid or not.

use super::{place, verdict};
use crate::event::{Handshake, Place, Verdict};
use crate::report::fields::{Fields, Record};
use crate::span::Span;
use crate::wire::Wire;

impl Record for Handshake<'_> {
    const TYPE: &'static str = "handshake";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        place(fields, self.place);
        fields.integer("exchange", Some(self.exchange));
        fields.time("time", Some(self.span.time));
        fields.integer("request_packet", self.request_packet);
        fields.integer("response_packet", self.response_packet);
        fields.text("method", self.method);
        fields.text("target", self.target);
        fields.text("host", self.host);
        fields.text("origin", self.origin);
        fields.text("http_version", self.http_version);
        fields.text("version", self.version);
        fields.text("key", self.key);
        fields.text("accept", self.accept);
        fields.text("accept_expected", self.accept_expected);
        fields.integer("status", self.status.map(u64::from));
        fields.texts("subprotocols_offered", self.subprotocols_offered);
        fields.text("subprotocol", self.subprotocol);
        fields.texts("extensions_offered", self.extensions_offered);
        fields.texts("extensions", self.extensions);
        fields.integer("request_length", self.request_length);
        fields.integer("response_length", self.response_length);
        verdict(fields, "verdict", Some(self.verdict));
        fields.texts("reasons", self.reasons);
        fields.wire("wire", Some(&self.wire));
    }

    fn blank() -> Self {
        Self {
            place: Place {
                connection: 0,
                http_stream: None,
            },
            exchange: 0,
            span: Span::default(),
            request_packet: None,
            response_packet: None,
            method: None,
            target: None,
            host: None,
            origin: None,
            http_version: None,
            version: None,
            key: None,
            accept: None,
            accept_expected: None,
            status: None,
            subprotocols_offered: &[],
            subprotocol: None,
            extensions_offered: &[],
            extensions: &[],
            request_length: None,
            response_length: None,
            verdict: Verdict::Unknown,
            reasons: &[],
            wire: Wire::default(),
        }
    }
}
