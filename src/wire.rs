//! What bytes cost on the wire, layer by layer.

use std::ops::{Add, AddAssign};

/// The cost of something, in bytes on the wire, by layer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Wire {
    /// Everything before the outermost IP header and after the outermost IP packet.
    pub link: u64,
    /// From the outermost IP header to the TCP header.
    pub network: u64,
    /// TCP headers with their options.
    pub transport: u64,
    /// TLS record headers, nonces, padding and tags.
    pub tls: u64,
    /// Protocol heads: HTTP heads and chunk framing, WebSocket frame headers.
    pub head: u64,
    /// Content.
    pub payload: u64,
}

impl Wire {
    /// The sum of the columns.
    pub fn total(&self) -> u64 {
        self.link + self.network + self.transport + self.tls + self.head + self.payload
    }

    /// The columns in their order.
    #[inline]
    pub(crate) fn columns(&self) -> [u64; 6] {
        let Self {
            link,
            network,
            transport,
            tls,
            head,
            payload,
        } = *self;
        [link, network, transport, tls, head, payload]
    }

    /// Of columns in their order.
    #[inline]
    pub(crate) fn of_columns([link, network, transport, tls, head, payload]: [u64; 6]) -> Self {
        Self {
            link,
            network,
            transport,
            tls,
            head,
            payload,
        }
    }
}

impl AddAssign for Wire {
    fn add_assign(&mut self, other: Self) {
        self.link += other.link;
        self.network += other.network;
        self.transport += other.transport;
        self.tls += other.tls;
        self.head += other.head;
        self.payload += other.payload;
    }
}

impl Add for Wire {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}
