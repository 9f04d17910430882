//! Traffic: writes a conversation down and knows what was said in it.
//!
//! Four layers, each a type that makes the next: [`Traffic`] (who says what), [`Segments`] (TCP, and what networks and captures do
//! to it), [`Recording`] (packets under some link layer), and the bytes of a capture file.

pub mod compressed;
pub mod file;
pub mod link;
pub mod tcp;
pub mod tls;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};
use wscope::direction::Direction::{self, ToClient, ToServer};
use wscope::event::MessageKind;

pub use tcp::Segments;

/// A conversation on one connection, in the order in which it is said, and the truth about it.
#[derive(Clone, Debug)]
pub struct Traffic {
    rng: Rng,
    pub turns: Vec<Turn>,
    pub truth: Truth,
    pub ending: Ending,
}

/// What one side says before the other goes on, or before it says something else.
#[derive(Clone, Debug)]
pub struct Turn {
    pub sender: Direction,
    pub bytes: Vec<u8>,
}

/// How the connection ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// This side sends its FIN first, the other answers.
    Fin(Direction),
    /// The capture ends before the connection.
    Open,
}

/// What was said.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    pub frames: Vec<SaidFrame>,
    pub messages: Vec<SaidMessage>,
    pub exchanges: Vec<SaidExchange>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SaidFrame {
    pub sender: Direction,
    pub fin: bool,
    pub opcode: u8,
    pub payload: Vec<u8>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SaidMessage {
    pub sender: Direction,
    pub kind: MessageKind,
    pub frames: u64,
    pub payload: Vec<u8>,
}

/// Lengths are those of the columns of the same names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SaidExchange {
    pub method: String,
    pub target: String,
    pub status: u16,
    pub request_head_length: u64,
    pub request_body_length: u64,
    pub response_head_length: u64,
    pub response_body_length: u64,
    pub response_content_length: u64,
    pub upgrade: bool,
}

/// An HTTP request and its response, before they are bytes.
#[derive(Clone, Debug)]
pub struct Http {
    pub method: &'static str,
    pub target: String,
    pub status: u16,
    pub request_body: Body,
    pub response_body: Body,
    /// The client waits for 100 Continue before it sends its body.
    pub expects_continue: bool,
}

/// How a body is framed (RFC 9112, section 6).
#[derive(Clone, Debug)]
pub enum Body {
    None,
    Length(Vec<u8>),
    Chunked(Vec<Vec<u8>>),
    /// It ends with the connection.
    UntilClose(Vec<u8>),
}

impl Traffic {
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng(seed),
            turns: Vec::new(),
            truth: Truth::default(),
            ending: Ending::Fin(ToServer),
        }
    }

    /// The same conversation; only how it will be cut into segments changes.
    pub fn reseeded(mut self, seed: u64) -> Self {
        self.rng = Rng(seed);
        self
    }

    /// A valid opening handshake (RFC 6455, section 4).
    pub fn handshake(self) -> Self {
        self.handshake_with("", "")
    }

    /// The same, with more fields in the request and in the response; each ends its line.
    pub fn handshake_with(mut self, asked: &str, agreed: &str) -> Self {
        let key = STANDARD.encode(self.rng.bytes(16));
        let guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        let accept = STANDARD.encode(Sha1::digest(format!("{key}{guid}")));
        let request = format!(
            "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{asked}\r\n"
        );
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n{agreed}\r\n"
        );
        self.truth.exchanges.push(SaidExchange {
            method: "GET".into(),
            target: "/chat".into(),
            status: 101,
            request_head_length: request.len() as u64,
            response_head_length: response.len() as u64,
            upgrade: true,
            ..SaidExchange::default()
        });
        self.say(ToServer, request);
        self.say(ToClient, response);
        self
    }

    /// A GET and its answer, whose body has a Content-Length.
    pub fn http_get(self, target: &str, status: u16, body: &[u8]) -> Self {
        self.http(&Http {
            method: "GET",
            target: target.into(),
            status,
            request_body: Body::None,
            response_body: Body::Length(body.to_vec()),
            expects_continue: false,
        })
    }

    /// A request and its response.
    pub fn http(mut self, http: &Http) -> Self {
        let (request_head, request_body) = http.request();
        let (response_head, response_body) = http.response();
        self.remember(http);
        self.say(ToServer, request_head);
        if http.expects_continue {
            self.say(ToClient, "HTTP/1.1 100 Continue\r\n\r\n");
        }
        self.say(ToServer, request_body);
        self.say(ToClient, response_head);
        self.say(ToClient, response_body);
        if matches!(http.response_body, Body::UntilClose(_)) {
            self.ending = Ending::Fin(ToClient);
        }
        self
    }

    /// Several requests before the first response (RFC 9112, section 9.3.2).
    pub fn pipelined(mut self, https: &[Http]) -> Self {
        for http in https {
            self.remember(http);
            let (head, body) = http.request();
            self.say(ToServer, head);
            self.say(ToServer, body);
        }
        for http in https {
            let (head, body) = http.response();
            self.say(ToClient, head);
            self.say(ToClient, body);
        }
        self
    }

    pub fn client_text(self, text: &str) -> Self {
        self.fragmented(ToServer, MessageKind::Text, text.as_bytes(), &[], &[])
    }

    pub fn server_text(self, text: &str) -> Self {
        self.fragmented(ToClient, MessageKind::Text, text.as_bytes(), &[], &[])
    }

    /// A binary message of `len` arbitrary bytes.
    pub fn binary(mut self, sender: Direction, len: usize) -> Self {
        let payload = self.rng.bytes(len);
        self.fragmented(sender, MessageKind::Binary, &payload, &[], &[])
    }

    pub fn ping(mut self, sender: Direction, payload: &[u8]) -> Self {
        self.frame(sender, true, 9, payload);
        self
    }

    pub fn pong(mut self, sender: Direction, payload: &[u8]) -> Self {
        self.frame(sender, true, 10, payload);
        self
    }

    /// A message cut at the offsets `cuts` (sorted; an offset at an end makes an empty frame), with a control frame of an opcode of
    /// `controls` behind each frame but the last, as long as there are any.
    pub fn fragmented(
        mut self,
        sender: Direction,
        kind: MessageKind,
        payload: &[u8],
        cuts: &[usize],
        controls: &[u8],
    ) -> Self {
        let first = match kind {
            MessageKind::Text => 1,
            MessageKind::Binary => 2,
        };
        let mut from = 0;
        for (index, &cut) in cuts.iter().chain([&payload.len()]).enumerate() {
            let opcode = if index == 0 { first } else { 0 };
            let last = index == cuts.len();
            self.frame(sender, last, opcode, &payload[from..cut]);
            if let (false, Some(&control)) = (last, controls.get(index)) {
                self.frame(sender, true, control, b"between");
            }
            from = cut;
        }
        self.truth.messages.push(SaidMessage {
            sender,
            kind,
            frames: cuts.len() as u64 + 1,
            payload: payload.to_vec(),
        });
        self
    }

    /// The closing handshake (RFC 6455, section 7), begun by the client.
    pub fn close(mut self, code: u16) -> Self {
        self.frame(ToServer, true, 8, &code.to_be_bytes());
        self.frame(ToClient, true, 8, &code.to_be_bytes());
        self.ending = Ending::Fin(ToClient);
        self
    }

    /// The capture ends before the connection.
    pub fn left_open(mut self) -> Self {
        self.ending = Ending::Open;
        self
    }

    /// Bytes that make no claim about what they are.
    pub fn say(&mut self, sender: Direction, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        if !bytes.is_empty() {
            self.turns.push(Turn { sender, bytes });
        }
    }

    fn frame(&mut self, sender: Direction, fin: bool, opcode: u8, payload: &[u8]) {
        self.frame_with(sender, fin, 0, opcode, payload);
    }

    fn frame_with(&mut self, sender: Direction, fin: bool, rsv: u8, opcode: u8, payload: &[u8]) {
        let key = (sender == ToServer).then(|| {
            let key = self.rng.bytes(4);
            [key[0], key[1], key[2], key[3]]
        });
        self.say(sender, frame_bytes(fin, rsv, opcode, key, payload));
        self.truth.frames.push(SaidFrame {
            sender,
            fin,
            opcode,
            payload: payload.to_vec(),
        });
    }

    fn remember(&mut self, http: &Http) {
        let (request_head, request_body) = http.request();
        let (response_head, response_body) = http.response();
        self.truth.exchanges.push(SaidExchange {
            method: http.method.into(),
            target: http.target.clone(),
            status: http.status,
            request_head_length: request_head.len() as u64,
            request_body_length: request_body.len() as u64,
            response_head_length: response_head.len() as u64,
            response_body_length: response_body.len() as u64,
            response_content_length: if response_body.is_empty() {
                0
            } else {
                http.response_body.content_len()
            },
            upgrade: false,
        });
    }
}

impl Http {
    fn request(&self) -> (Vec<u8>, Vec<u8>) {
        let expect = if self.expects_continue {
            "Expect: 100-continue\r\n"
        } else {
            ""
        };
        let head = format!(
            "{} {} HTTP/1.1\r\nHost: example.com\r\n{expect}{}\r\n",
            self.method,
            self.target,
            self.request_body.field()
        );
        (head.into_bytes(), self.request_body.bytes())
    }

    fn response(&self) -> (Vec<u8>, Vec<u8>) {
        let head = format!(
            "HTTP/1.1 {} Because\r\nContent-Type: text/plain\r\n{}\r\n",
            self.status,
            self.response_body.field()
        );
        // RFC 9112, section 6.3: these have no body, whatever their fields say.
        let bodiless = self.method == "HEAD" || matches!(self.status, 204 | 304);
        let body = if bodiless {
            Vec::new()
        } else {
            self.response_body.bytes()
        };
        (head.into_bytes(), body)
    }
}

impl Body {
    fn field(&self) -> String {
        match self {
            Self::None | Self::UntilClose(_) => String::new(),
            Self::Length(body) => format!("Content-Length: {}\r\n", body.len()),
            Self::Chunked(_) => "Transfer-Encoding: chunked\r\n".into(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::Length(body) | Self::UntilClose(body) => body.clone(),
            Self::Chunked(chunks) => {
                let mut bytes = Vec::new();
                for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
                    bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                    bytes.extend(chunk);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(b"0\r\n\r\n");
                bytes
            }
        }
    }

    fn content_len(&self) -> u64 {
        let len = match self {
            Self::None => 0,
            Self::Length(body) | Self::UntilClose(body) => body.len(),
            Self::Chunked(chunks) => chunks.iter().map(Vec::len).sum(),
        };
        len as u64
    }
}

/// A frame (RFC 6455, section 5.2) with the shortest form of its length.
pub fn frame_bytes(
    fin: bool,
    rsv: u8,
    opcode: u8,
    masking_key: Option<[u8; 4]>,
    payload: &[u8],
) -> Vec<u8> {
    let form = match payload.len() {
        0..=125 => 0,
        126..=65535 => 2,
        _ => 8,
    };
    let mut bytes = header_bytes(fin, rsv, opcode, masking_key, payload.len() as u64, form);
    let key = masking_key.unwrap_or_default();
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
    bytes
}

/// A frame's header, whose length stands in 7 bits (`form` 0), in 2 more bytes or in 8.
pub fn header_bytes(
    fin: bool,
    rsv: u8,
    opcode: u8,
    masking_key: Option<[u8; 4]>,
    payload_len: u64,
    form: u8,
) -> Vec<u8> {
    let mask_bit = if masking_key.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![u8::from(fin) << 7 | rsv << 4 | opcode];
    match form {
        0 => bytes.push(mask_bit | payload_len as u8),
        2 => {
            bytes.push(mask_bit | 0x7e);
            bytes.extend((payload_len as u16).to_be_bytes());
        }
        _ => {
            bytes.push(mask_bit | 0x7f);
            bytes.extend(payload_len.to_be_bytes());
        }
    }
    bytes.extend(
        masking_key
            .unwrap_or_default()
            .iter()
            .take(if masking_key.is_some() { 4 } else { 0 }),
    );
    bytes
}

/// A small generator (`SplitMix64`), so that a seed gives the same traffic for ever.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}
