//! `exchange`: an HTTP request and its response.

use super::{place, times, trust};
use crate::event::{Exchange, Place};
use crate::report::fields::{Fields, Record};
use crate::span::{Span, Trust};

impl Record for Exchange<'_> {
    const TYPE: &'static str = "exchange";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        place(fields, self.place);
        fields.integer("exchange", Some(self.index));
        times(fields, &self.span);
        fields.text("method", self.method);
        fields.text("target", self.target);
        fields.text("host", self.host);
        fields.text("http_version", self.http_version);
        fields.integer("status", self.status.map(u64::from));
        fields.integer("request_head_length", self.request_head_length);
        fields.integer("request_body_length", self.request_body_length);
        fields.integer("response_head_length", self.response_head_length);
        fields.integer("response_body_length", self.response_body_length);
        fields.integer("response_content_length", self.response_content_length);
        fields.integer("response_decoded_length", self.response_decoded_length);
        fields.text("content_type", self.content_type);
        fields.text("content_encoding", self.content_encoding);
        fields.boolean("upgrade", Some(self.upgrade));
        fields.boolean("complete", Some(self.complete));
        trust(fields, self.trust);
        fields.wire("request_wire", self.request_wire.as_ref());
        fields.wire("response_wire", self.response_wire.as_ref());
    }

    fn blank() -> Self {
        Self {
            place: Place {
                connection: 0,
                http_stream: None,
            },
            index: 0,
            span: Span::default(),
            method: None,
            target: None,
            host: None,
            http_version: None,
            status: None,
            request_head_length: None,
            request_body_length: None,
            response_head_length: None,
            response_body_length: None,
            response_content_length: None,
            response_decoded_length: None,
            content_type: None,
            content_encoding: None,
            upgrade: false,
            complete: true,
            trust: Trust::Exact,
            request_wire: None,
            response_wire: None,
            request_body: None,
            response_body: None,
        }
    }
}
