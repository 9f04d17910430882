//! Opening handshakes, a row each.

use super::Listed;
use crate::event::{Handshake, Verdict};
use crate::report::context::Context;
use crate::report::look::{PLAIN, verdict_style};
use crate::report::table::{Column, Row};
use crate::report::text;

impl Listed for Handshake<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::number("conn", 4),
        Column::number("packets", 7),
        Column::number("time", 9).leaving(1),
        Column::name("verdict", 7),
        Column::number("status", 6),
        Column::text("host", 8).keeping(10).leaving(2),
        Column::text("target", 8).keeping(16),
        Column::text("subprotocol", 11).leaving(3),
        Column::text("extensions, broken rules", 0).keeping(30),
    ];
    const NOUN: (&'static str, &'static str) = ("opening handshake", "opening handshakes");

    fn fill(&self, context: &Context<'_>, row: &mut Row) {
        row.number(Some(self.place.connection));
        match (self.request_packet, self.response_packet) {
            (Some(request), Some(response)) => {
                row.put(PLAIN, format_args!("{request}, {response}"));
            }
            (request, response) => row.number(request.or(response)),
        }
        row.write(PLAIN, |out| context.time(out, self.span.time));
        row.put(
            verdict_style(self.verdict),
            format_args!("{}", self.verdict.name()),
        );
        row.number(self.status.map(u64::from));
        row.text(PLAIN, self.host.unwrap_or("-"));
        row.text(PLAIN, self.target.unwrap_or("-"));
        row.text(PLAIN, self.subprotocol.unwrap_or("-"));
        row.write(PLAIN, |out| {
            for (index, extension) in self.extensions.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                text::visible(out, extension);
            }
            if self.extensions.is_empty() && self.reasons.is_empty() {
                out.push('-');
            }
            if !self.reasons.is_empty() {
                let broken = match self.verdict {
                    Verdict::Refused => "request breaks ",
                    _ => "breaks ",
                };
                out.push_str(if self.extensions.is_empty() { "" } else { "; " });
                out.push_str(broken);
                out.push_str(&self.reasons.join(", "));
            }
        });
    }

    fn connection(&self) -> u64 {
        self.place.connection
    }

    fn leads_on(&self) -> bool {
        self.status == Some(101)
    }
}
