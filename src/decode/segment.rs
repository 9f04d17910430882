//! What a packet turns out to be.

use std::net::IpAddr;

use crate::time::Timestamp;

/// The outcome of decoding a packet.
#[derive(Debug)]
pub enum Decoded<'cap> {
    /// A TCP segment, perhaps put together from IP fragments.
    Tcp(Segment<'cap>),
    /// Anything else, with what it cost.
    Other(Other),
    /// A fragment that waits for its siblings; its bytes are charged with the datagram, or as [`Other`] when it is given up.
    Held,
}

/// A TCP segment (RFC 9293, section 3.1) with all that must be known of the packet that carried it.
///
/// The sum of `headers` and `payload_len` is the original length of its packet (of all its fragments).
#[derive(Clone, Copy, Debug)]
pub struct Segment<'cap> {
    /// The packet's number; of a datagram in fragments, that of the packet which completed it.
    pub packet: u64,
    /// When that packet was captured.
    pub time: Timestamp,
    /// How many packets it came in: 1, or the number of fragments.
    pub packets: u16,
    /// Which file of several the packet stood in.
    pub file: u16,
    /// The inner addresses and ports.
    pub source: Endpoint,
    /// The inner addresses and ports.
    pub destination: Endpoint,
    /// Which network the addresses belong to: 0 outside of tunnels that number their networks; a VXLAN network identifier or
    /// a GRE key plus one; a hash of both where such tunnels are nested.
    pub network: u32,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number; none without the ACK flag.
    pub ack: Option<u32>,
    /// Control bits.
    pub flags: Flags,
    /// Window, unscaled.
    pub window: u16,
    /// The captured payload: at most `payload_len` bytes.
    pub payload: &'cap [u8],
    /// How much payload the packet carried on the wire.
    pub payload_len: u32,
    /// Bytes on the wire above nothing and below the payload: link, network, transport.
    pub headers: [u32; 3],
    /// A hash of what tells a copy of the same packet from another: the identification of the innermost IPv4 header, the
    /// payload's length and the TCP header without its checksum.
    pub fingerprint: u64,
}

impl Segment<'_> {
    /// The original length of its packet, or of all its fragments.
    #[inline]
    pub fn wire_len(&self) -> u64 {
        let [link, network, transport] = self.headers.map(u64::from);
        link + network + transport + u64::from(self.payload_len)
    }
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Endpoint {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::net::SocketAddr::new(self.address, self.port).fmt(f)
    }
}

/// The control bits of a TCP header (RFC 9293, section 3.1), in their places of its fourteenth byte.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronize sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// The acknowledgment field is significant.
    pub const ACK: u8 = 0x10;

    /// Whether FIN is set.
    pub fn fin(self) -> bool {
        self.0 & Self::FIN != 0
    }

    /// Whether SYN is set.
    pub fn syn(self) -> bool {
        self.0 & Self::SYN != 0
    }

    /// Whether RST is set.
    pub fn rst(self) -> bool {
        self.0 & Self::RST != 0
    }
}

/// A packet, or what is left of a datagram in fragments, that is no TCP segment. The sum of its parts is the original length.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Other {
    /// How many packets it came in.
    pub packets: u16,
    /// Bytes on the wire before the outermost IP header and behind the outermost IP packet. Of a packet that is no IP, the
    /// headers that were understood.
    pub link: u32,
    /// From the outermost IP header to the transport header, or to where the tunnel's content is no longer understood.
    pub network: u32,
    /// The UDP header.
    pub transport: u32,
    /// What is left.
    pub payload: u32,
    /// Whether it is an IP fragment that was captured shortly before already, and was used then.
    pub duplicate: bool,
}

impl Other {
    /// The sum of its parts.
    pub fn total(&self) -> u64 {
        [self.link, self.network, self.transport, self.payload]
            .into_iter()
            .map(u64::from)
            .sum()
    }
}
