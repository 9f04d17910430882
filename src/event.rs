//! Events: what leaves the analysis, one at a time, as soon as it is known.
//!
//! Everything here borrows from the analysis for the length of one call; who wants to keep it copies what it needs.
//! The fields' meanings are those of the columns of the same names in the records that wscope prints.

use crate::check::{Finding, Unjudged};
use crate::decode::Endpoint;
use crate::direction::{Both, Direction};
use crate::ledger::Ledger;
use crate::notice::Notice;
use crate::span::{Span, Trust};
use crate::time::Timestamp;
use crate::websocket::deflate::Inflated;
use crate::websocket::unmask;
use crate::wire::Wire;

/// Something that is known whole, or whole as far as the capture shows it.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// An HTTP request and its response.
    Exchange(&'a Exchange<'a>),
    /// An opening handshake; follows the exchange that carried it.
    Handshake(&'a Handshake<'a>),
    /// A WebSocket frame.
    Frame(&'a Frame<'a>),
    /// A WebSocket data message.
    Message(&'a Message<'a>),
    /// A WebSocket data message and its only frame, in place of both; only where [`Wanted::singles`](crate::analysis::Wanted::singles)
    /// allows it.
    Single(&'a Single<'a>),
    /// A connection that is closed, or that the capture leaves open.
    Connection(&'a Connection),
    /// What the capture does not show.
    Notice(&'a Notice),
    /// A rule that a peer broke; only where the analysis checks.
    Finding(&'a Finding),
    /// What could not be judged; only where that was asked for.
    Unjudged(&'a Unjudged),
}

/// Where an event stands: common to all that a connection brings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// The TCP connection, from 0 in the order of first packets.
    pub connection: u64,
    /// The HTTP/2 or HTTP/3 stream.
    pub http_stream: Option<u64>,
}

impl Place {
    /// What belongs to a connection as a whole.
    pub fn of_connection(connection: u64) -> Self {
        Self {
            connection,
            http_stream: None,
        }
    }
}

/// A payload as it is kept for a record: without masking, cut where the limit says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Payload<'a> {
    /// Valid UTF-8 of a text.
    Text(&'a str),
    /// Anything else.
    Data(&'a [u8]),
}

/// A WebSocket frame (RFC 6455, section 5.2).
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// Its connection.
    pub place: Place,
    /// Its number in its channel, from 0, both senders in one sequence.
    pub index: u64,
    /// The way it went.
    pub direction: Direction,
    /// Where its bytes stood.
    pub span: Span,
    /// Its header.
    pub header: crate::websocket::Header,
    /// The index of its message; none for control frames and for data frames whose message was lost.
    pub message: Option<u64>,
    /// Whether all its bytes are in the capture.
    pub complete: bool,
    /// How sure its boundary is.
    pub trust: Trust,
    /// The close code of a close frame that has one.
    pub close_code: Option<u16>,
    /// The reason of a close frame, where it is UTF-8.
    pub close_reason: Option<&'a str>,
    /// The unmasked payload as sent, where it was asked for.
    pub payload: Option<Payload<'a>>,
    /// Whether `payload` is only the beginning.
    pub payload_truncated: bool,
    /// What it cost.
    pub wire: Wire,
}

/// The two sorts of data message (RFC 6455, section 5.6).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum MessageKind {
    /// UTF-8 text.
    Text,
    /// Arbitrary bytes.
    Binary,
}

impl MessageKind {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Binary => "binary",
        }
    }
}

/// A data message that came whole in one frame, and that in one packet, not compressed: what of it can be counted.
#[derive(Clone, Copy, Debug)]
pub struct Single<'a> {
    /// Its connection.
    pub place: Place,
    /// The way it went.
    pub direction: Direction,
    /// The packet that brought it.
    pub packet: u64,
    /// When that was captured.
    pub time: Timestamp,
    /// Text or binary.
    pub kind: MessageKind,
    /// How sure its boundary is.
    pub trust: Trust,
    /// Whether a text is UTF-8 (section 8.1); none for binary.
    pub valid_utf8: Option<bool>,
    /// What it cost. Its payload, as sent and as the application sees it, is as long as that of the wire.
    pub wire: Wire,
    /// The key that masks the payload (section 5.3); none where it is not masked.
    pub masking_key: Option<[u8; 4]>,
    /// The payload as it stands on the wire.
    pub masked: &'a [u8],
}

impl Single<'_> {
    /// Appends the payload as the application sees it.
    pub fn unmask_to(&self, out: &mut Vec<u8>) {
        match self.masking_key {
            Some(key) => unmask(self.masked, key, 0, out),
            None => out.extend_from_slice(self.masked),
        }
    }
}

/// A WebSocket data message (RFC 6455, section 5.4).
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// Its connection.
    pub place: Place,
    /// Its number in its channel, from 0.
    pub index: u64,
    /// The way it went.
    pub direction: Direction,
    /// Where its bytes stood.
    pub span: Span,
    /// Text or binary; none where its first frame was lost.
    pub kind: Option<MessageKind>,
    /// How many frames it came in.
    pub frames: u64,
    /// Whether it is marked as compressed (RFC 7692, section 6) and may be: where permessage-deflate was not agreed, the mark means
    /// nothing.
    pub compressed: bool,
    /// How its inflation went; none where it is not compressed, not whole, or was not to be inflated.
    pub inflated: Option<Inflated>,
    /// Its payload as sent, in bytes.
    pub coded_length: u64,
    /// Its payload as the application sees it, in bytes; none while that is not known.
    pub payload_length: Option<u64>,
    /// Whether all its bytes are in the capture, and all that a compressed message refers to.
    pub complete: bool,
    /// Whether bytes inside it are not known. A message that is only not finished has no hole.
    pub has_hole: bool,
    /// How sure its boundaries are.
    pub trust: Trust,
    /// Whether a text message is UTF-8; none for others and where it cannot be said.
    pub valid_utf8: Option<bool>,
    /// The payload, where it was asked for, up to the limit; of a message that is not complete, what stands before the first byte that
    /// is not known, if anything does.
    pub payload: Option<Payload<'a>>,
    /// Whether `payload` is only the beginning.
    pub payload_truncated: bool,
    /// What it cost.
    pub wire: Wire,
}

/// An HTTP request and its response.
#[derive(Clone, Debug)]
pub struct Exchange<'a> {
    /// Its connection.
    pub place: Place,
    /// Its number in its connection, from 0.
    pub index: u64,
    /// Where the bytes of both stood (offsets are the request's, or the response's where there is no request).
    pub span: Span,
    /// Request method.
    pub method: Option<&'a str>,
    /// Request target.
    pub target: Option<&'a str>,
    /// The Host field.
    pub host: Option<&'a str>,
    /// `1.0`, `1.1`.
    pub http_version: Option<&'a str>,
    /// Status code of the final response.
    pub status: Option<u16>,
    /// Bytes of the request's head; none where it is cut off.
    pub request_head_length: Option<u64>,
    /// Bytes of the request's body as sent, chunk framing included.
    pub request_body_length: Option<u64>,
    /// Bytes of the final response's head; none where it is cut off.
    pub response_head_length: Option<u64>,
    /// Bytes of the response's body as sent, chunk framing included.
    pub response_body_length: Option<u64>,
    /// Bytes of the response's body without chunk framing, still content-coded.
    pub response_content_length: Option<u64>,
    /// Bytes of the response's content when it is decoded; none where the response is not whole, where its coding is not read, and where
    /// decoding was not asked for.
    pub response_decoded_length: Option<u64>,
    /// The response's Content-Type.
    pub content_type: Option<&'a str>,
    /// The response's Content-Encoding.
    pub content_encoding: Option<&'a str>,
    /// Whether it is the exchange of an opening handshake.
    pub upgrade: bool,
    /// Whether both messages are in the capture from end to end.
    pub complete: bool,
    /// How sure the boundaries are.
    pub trust: Trust,
    /// What the request cost; none where the capture has no head of it.
    pub request_wire: Option<Wire>,
    /// What the response cost, with interim responses; none where the capture has no head of it.
    pub response_wire: Option<Wire>,
    /// The beginning of the request's body, where it was asked for; decoded where its coding is read.
    pub request_body: Option<&'a [u8]>,
    /// The beginning of the response's body, where it was asked for; decoded where its coding is read.
    pub response_body: Option<&'a [u8]>,
}

/// What can be said of an opening handshake.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Verdict {
    /// Answered with 101, and every requirement of RFC 6455, section 4 that can be seen is kept by both sides.
    Valid,
    /// Answered with 101, and a requirement is broken.
    Invalid,
    /// Answered otherwise.
    Refused,
    /// The capture lacks what is needed to say.
    Unknown,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 4] = [Self::Valid, Self::Invalid, Self::Refused, Self::Unknown];

    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// An opening handshake (RFC 6455, section 4), valid or not.
#[derive(Clone, Debug)]
pub struct Handshake<'a> {
    /// Its connection.
    pub place: Place,
    /// The index of its exchange.
    pub exchange: u64,
    /// Where its request stood, or its response where there is no request.
    pub span: Span,
    /// The packet of the last byte that the capture has of the request's head.
    pub request_packet: Option<u64>,
    /// The packet of the last byte that the capture has of the final response's head.
    pub response_packet: Option<u64>,
    /// Request method.
    pub method: Option<&'a str>,
    /// Request target.
    pub target: Option<&'a str>,
    /// The Host field.
    pub host: Option<&'a str>,
    /// The Origin field.
    pub origin: Option<&'a str>,
    /// `1.1`.
    pub http_version: Option<&'a str>,
    /// Sec-WebSocket-Version as sent.
    pub version: Option<&'a str>,
    /// Sec-WebSocket-Key as sent.
    pub key: Option<&'a str>,
    /// Sec-WebSocket-Accept as sent.
    pub accept: Option<&'a str>,
    /// What the key calls for.
    pub accept_expected: Option<&'a str>,
    /// Status code of the final response.
    pub status: Option<u16>,
    /// Members of the request's Sec-WebSocket-Protocol.
    pub subprotocols_offered: &'a [&'a str],
    /// The response's Sec-WebSocket-Protocol.
    pub subprotocol: Option<&'a str>,
    /// Members of the request's Sec-WebSocket-Extensions.
    pub extensions_offered: &'a [&'a str],
    /// Members of the response's Sec-WebSocket-Extensions.
    pub extensions: &'a [&'a str],
    /// Bytes of the request's head; none where it is cut off.
    pub request_length: Option<u64>,
    /// Bytes of the final response's head; none where it is cut off.
    pub response_length: Option<u64>,
    /// What can be said of it.
    pub verdict: Verdict,
    /// The rules that it broke.
    pub reasons: &'a [&'static str],
    /// What both sides cost.
    pub wire: Wire,
}

/// How the client and the server of a connection were told apart.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Roles {
    /// By SYN or SYN-ACK.
    Seen,
    /// By what was said: a request, a `ClientHello`, masks.
    Inferred,
    /// By ports, or by who was first.
    #[default]
    Guessed,
}

/// What a connection turned out to speak.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Protocol {
    /// WebSocket, after its handshake or recognised without.
    WebSocket,
    /// HTTP/1.
    Http,
    /// HTTP/2.
    Http2,
    /// TLS that was not decrypted.
    Tls,
    /// Looks like WebSocket; too little to be sure.
    PossibleWebSocket,
    /// Something else.
    Opaque,
    /// No payload at all.
    #[default]
    Empty,
}

/// How much of a connection's opening is in the capture.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Opening {
    /// Both SYNs.
    Seen,
    /// One of them.
    Partly,
    /// None: the capture began later.
    #[default]
    Midstream,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Closing {
    /// Both sides sent FIN.
    Fin,
    /// A side sent RST.
    Reset,
    /// It did not end in the capture.
    #[default]
    Open,
}

/// A TCP connection, when no more is to be expected of it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its number, from 0 in the order of first packets.
    pub number: u64,
    /// The client's address and port.
    pub client: Endpoint,
    /// The server's address and port.
    pub server: Endpoint,
    /// How they were told apart.
    pub roles: Roles,
    /// What they spoke.
    pub protocol: Protocol,
    /// Whether it was under TLS.
    pub encrypted: bool,
    /// How much of its opening was seen.
    pub opening: Opening,
    /// How it ended.
    pub closing: Closing,
    /// Whether its SYN was answered by RST and nothing else.
    pub refused: bool,
    /// Which sides' FIN was seen.
    pub fin: Both<bool>,
    /// First packet's time.
    pub time: Timestamp,
    /// Last packet's time.
    pub end_time: Timestamp,
    /// Lowest packet number.
    pub first_packet: u64,
    /// Highest packet number.
    pub last_packet: u64,
    /// Packets of each side.
    pub packets: Both<u64>,
    /// Bytes of those packets on the wire.
    pub bytes: Both<u64>,
    /// Payload bytes that stood in the capture already.
    pub retransmitted_bytes: u64,
    /// Bytes on the wire of the acknowledgments without payload that are for its opening: for a SYN alone, and of a WebSocket also those
    /// before its first frame.
    pub opening_acks: u64,
    /// The same for its closing: for a FIN alone, and of a WebSocket also those behind its first Close frame.
    pub closing_acks: u64,
    /// Bytes of the streams that the capture lacks.
    pub missing_bytes: Both<u64>,
    /// How many HTTP exchanges.
    pub exchanges: u64,
    /// Its last opening handshake's verdict.
    pub handshake: Option<Verdict>,
    /// How many WebSocket frames.
    pub frames: u64,
    /// How many WebSocket messages, by sender.
    pub messages: Both<u64>,
    /// Code of the first close frame that has one.
    pub close_code: Option<u16>,
    /// Who sent the first close frame.
    pub closed_by: Option<Direction>,
    /// Where its bytes went, by sender; none where the analysis was told that nobody asks.
    pub ledgers: Option<Box<Both<Ledger>>>,
}
