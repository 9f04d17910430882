//! Connections, a row each.

use super::Listed;
use crate::direction::{Both, Direction};
use crate::event::{Closing, Connection, Opening, Protocol, Roles, Verdict};
use crate::report::context::Context;
use crate::report::look::{PLAIN, verdict_style};
use crate::report::table::{Column, Row};
use crate::report::text;

impl Listed for Connection {
    const COLUMNS: &'static [Column] = &[
        Column::number("#", 2),
        Column::text("client", 15).keeping(21),
        Column::text("server", 14).keeping(21),
        Column::name("protocol", 9),
        Column::number("time", 9).leaving(4),
        Column::number("packets", 7).leaving(3),
        Column::number("bytes", 7).leaving(1),
        Column::name("handshake", 9).leaving(2),
        Column::name("messages", 9),
        Column::text("closed", 0).keeping(15),
    ];
    const NOUN: (&'static str, &'static str) = ("connection", "connections");

    fn fill(&self, context: &Context<'_>, row: &mut Row) {
        row.number(Some(self.number));
        row.put(PLAIN, format_args!("{}", self.client));
        row.put(PLAIN, format_args!("{}", self.server));
        row.put(PLAIN, format_args!("{}", protocol(self)));
        row.write(PLAIN, |out| context.time(out, self.time));
        row.put(PLAIN, format_args!("{}", text::grouped(packets(self))));
        row.put(PLAIN, format_args!("{}", text::grouped(bytes(self))));
        let style = self.handshake.map_or(PLAIN, verdict_style);
        row.put(style, format_args!("{}", handshake(self)));
        row.put(PLAIN, format_args!("{}", messages(self)));
        row.put(PLAIN, format_args!("{}", closed(self)));
    }

    fn connection(&self) -> u64 {
        self.number
    }

    fn can_be_followed(&self) -> bool {
        listing_of(self).is_some()
    }

    fn leads_on(&self) -> bool {
        self.handshake.is_some()
    }
}

/// What it speaks, as a person writes it.
pub(in crate::report) fn protocol(connection: &Connection) -> &'static str {
    match (connection.protocol, connection.encrypted) {
        (Protocol::WebSocket, false) => "WebSocket",
        (Protocol::WebSocket, true) => "WebSocket over TLS",
        (Protocol::Http, false) => "HTTP/1",
        (Protocol::Http, true) => "HTTP/1 over TLS",
        (Protocol::Http2, false) => "HTTP/2",
        (Protocol::Http2, true) => "HTTP/2 over TLS",
        (Protocol::Tls, _) => "TLS",
        (Protocol::PossibleWebSocket, _) => "WebSocket?",
        (Protocol::Opaque, _) => "unknown",
        (Protocol::Empty, _) => "no data",
    }
}

/// The command that lists what was said on it; none where nothing can be read.
pub(in crate::report) fn listing_of(connection: &Connection) -> Option<&'static str> {
    if connection.frames > 0 {
        Some("frames")
    } else if connection.exchanges > 0 {
        Some("http")
    } else {
        None
    }
}

/// Packets of both sides.
pub(in crate::report) fn packets(connection: &Connection) -> u64 {
    connection.packets.to_server + connection.packets.to_client
}

/// Bytes of both sides.
pub(in crate::report) fn bytes(connection: &Connection) -> u64 {
    connection.bytes.to_server + connection.bytes.to_client
}

/// The verdict on its opening handshake.
pub(in crate::report) fn handshake(connection: &Connection) -> &'static str {
    connection.handshake.map_or("-", Verdict::name)
}

/// Messages to the server and to the client.
pub(in crate::report) fn messages(connection: &Connection) -> String {
    let messages = &connection.messages;
    match connection.protocol {
        Protocol::WebSocket | Protocol::PossibleWebSocket => {
            format!(
                "{} -> {} <-",
                text::grouped(messages[Direction::ToServer]),
                text::grouped(messages[Direction::ToClient])
            )
        }
        _ => "-".to_string(),
    }
}

/// How it closed, and what the capture does not show of it.
pub(in crate::report) fn closed(connection: &Connection) -> String {
    let mut parts = Vec::new();
    match (connection.close_code, connection.closed_by) {
        (Some(code), Some(by)) => parts.push(format!("{code} by {}", by.sender())),
        (None, Some(by)) => parts.push(format!("close by {}", by.sender())),
        (Some(code), None) => parts.push(code.to_string()),
        (None, None) => {}
    }
    let Both {
        to_server: client_fin,
        to_client: server_fin,
    } = connection.fin;
    parts.push(
        match connection.closing {
            Closing::Fin => "fin",
            Closing::Reset if connection.refused => "refused: reset in answer to its SYN",
            Closing::Reset => "reset",
            Closing::Open if client_fin => "fin of the client only",
            Closing::Open if server_fin => "fin of the server only",
            Closing::Open => "still open",
        }
        .to_string(),
    );
    match connection.opening {
        Opening::Partly if !connection.refused => {
            parts.push("opening seen in part".to_string());
        }
        Opening::Midstream => parts.push("opening not seen".to_string()),
        Opening::Partly | Opening::Seen => {}
    }
    if connection.roles == Roles::Guessed {
        parts.push("roles guessed".to_string());
    }
    let missing = connection.missing_bytes.to_server + connection.missing_bytes.to_client;
    if missing > 0 {
        parts.push(format!("{} B missing", text::grouped(missing)));
    }
    parts.join(", ")
}
