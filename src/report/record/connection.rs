//! `connection`: a TCP connection.

use std::net::{IpAddr, Ipv4Addr};

use super::{sender, verdict};
use crate::decode::Endpoint;
use crate::direction::Both;
use crate::event::{Closing, Connection, Opening, Protocol, Roles};
use crate::report::fields::{Fields, Record};
use crate::time::Timestamp;

impl Record for Connection {
    const TYPE: &'static str = "connection";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        fields.integer("connection", Some(self.number));
        fields.choice("transport", Some("tcp"), &["tcp", "quic"]);
        fields.text("client_address", Some(&self.client.address.to_string()));
        fields.integer("client_port", Some(self.client.port.into()));
        fields.text("server_address", Some(&self.server.address.to_string()));
        fields.integer("server_port", Some(self.server.port.into()));
        fields.choice(
            "roles",
            Some(roles_name(self.roles)),
            &["seen", "inferred", "guessed"],
        );
        fields.choice("protocol", Some(protocol_name(self.protocol)), PROTOCOLS);
        fields.boolean("encrypted", Some(self.encrypted));
        fields.choice(
            "opening",
            Some(opening_name(self.opening)),
            &["seen", "partly", "midstream"],
        );
        fields.choice(
            "closing",
            Some(closing_name(self.closing)),
            &["fin", "reset", "open"],
        );
        fields.time("time", Some(self.time));
        fields.time("end_time", Some(self.end_time));
        fields.integer("first_packet", Some(self.first_packet));
        fields.integer("last_packet", Some(self.last_packet));
        fields.integer("client_packets", Some(self.packets.to_server));
        fields.integer("server_packets", Some(self.packets.to_client));
        fields.integer("client_bytes", Some(self.bytes.to_server));
        fields.integer("server_bytes", Some(self.bytes.to_client));
        fields.integer("retransmitted_bytes", Some(self.retransmitted_bytes));
        let missing = self.missing_bytes.to_server + self.missing_bytes.to_client;
        fields.integer("missing_bytes", Some(missing));
        fields.integer("exchanges", Some(self.exchanges));
        verdict(fields, "handshake", self.handshake);
        fields.integer("frames", Some(self.frames));
        let messages = self.messages.to_server + self.messages.to_client;
        fields.integer("messages", Some(messages));
        fields.integer("close_code", self.close_code.map(u64::from));
        sender(fields, "closed_by", self.closed_by);
    }

    fn blank() -> Self {
        let nowhere = Endpoint {
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 0,
        };
        Self {
            number: 0,
            client: nowhere,
            server: nowhere,
            roles: Roles::default(),
            protocol: Protocol::default(),
            encrypted: false,
            opening: Opening::default(),
            closing: Closing::default(),
            refused: false,
            fin: Both::default(),
            time: Timestamp(0),
            end_time: Timestamp(0),
            first_packet: 0,
            last_packet: 0,
            packets: Both::default(),
            bytes: Both::default(),
            retransmitted_bytes: 0,
            opening_acks: 0,
            closing_acks: 0,
            missing_bytes: Both::default(),
            exchanges: 0,
            handshake: None,
            frames: 0,
            messages: Both::default(),
            close_code: None,
            closed_by: None,
            ledgers: None,
        }
    }
}

const PROTOCOLS: &[&str] = &[
    "websocket",
    "http",
    "http2",
    "tls",
    "possible-websocket",
    "opaque",
    "empty",
];

/// The name in records of how client and server were told apart.
pub(super) fn roles_name(roles: Roles) -> &'static str {
    match roles {
        Roles::Seen => "seen",
        Roles::Inferred => "inferred",
        Roles::Guessed => "guessed",
    }
}

/// The name in records of what a connection speaks.
pub(super) fn protocol_name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::WebSocket => "websocket",
        Protocol::Http => "http",
        Protocol::Http2 => "http2",
        Protocol::Tls => "tls",
        Protocol::PossibleWebSocket => "possible-websocket",
        Protocol::Opaque => "opaque",
        Protocol::Empty => "empty",
    }
}

/// The name in records of how much of the opening was seen.
pub(super) fn opening_name(opening: Opening) -> &'static str {
    match opening {
        Opening::Seen => "seen",
        Opening::Partly => "partly",
        Opening::Midstream => "midstream",
    }
}

/// The name in records of how a connection ended.
pub(super) fn closing_name(closing: Closing) -> &'static str {
    match closing {
        Closing::Fin => "fin",
        Closing::Reset => "reset",
        Closing::Open => "open",
    }
}
