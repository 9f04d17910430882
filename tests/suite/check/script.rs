//! Script: a conversation in a line of text, as packets with every number and time as the line has it.
//!
//! | word | says |
//! | --- | --- |
//! | `home` | at the beginning: both ends have private addresses |
//! | `(`, `)` | a connection opens (the first does so by itself); the one before goes on |
//! | `client`, `server` | the next connection has another address of this side, as where one is passed on |
//! | `Q`, `R` | the request and the response of the opening handshake |
//! | `c=HEX`, `s=HEX` | a frame of the client's, masked as it must be, or of the server's |
//! | `C=HEX` | bytes of the client's as they are; also `c"TEXT"`, `s"TEXT"` |
//! | `+N` | N milliseconds go by; else packets are a millisecond apart |
//! | `ca`, `sa` | an acknowledgment; `c0`, `s0` with a window of zero |
//! | `cf`, `sf`, `cr`, `sr` | FIN, RST |
//! | `P` | a poll: a small GET and its answer |
//! | `Z` | a compressed message of the server's that refers to nothing before it |
//! | `B` | a compressed message of the server's that inflates to 2 MiB |
//! | `finagain` | the client's FIN, which was its last packet with a number, again |
//! | `again`, `other` | the last data again; other data in its place, behind a hole that is filled then |
//! | `lost` | the next packet is not in the capture |

use flate2::{Compress, Compression, FlushCompress};
use wscope::capture::{LinkType, Packet};
use wscope::time::Timestamp;

use crate::traffic::{Rng, frame_bytes};

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

/// Packets under no link layer.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub packets: Vec<(Timestamp, Vec<u8>)>,
    now: i64,
    /// The client's port on the connection at hand, and how many there were.
    port: u16,
    ports: u16,
    /// Of the client and of the server.
    next: [u32; 2],
    last: (usize, u32, Vec<u8>),
    lost: bool,
    keys: u64,
    home: bool,
    /// The last numbers of the client's and of the server's addresses on the connection at hand, and on the next.
    hosts: [u8; 2],
    elsewhere: [u8; 2],
    before: Vec<(u16, [u32; 2], [u8; 2])>,
}

impl Script {
    /// Writes a line down. `heads` are the request and the response.
    pub fn of(heads: [&str; 2], line: &str) -> Self {
        let mut script = Self {
            now: 1_700_000_000_000,
            home: line.starts_with("home"),
            ..Self::default()
        };
        script.open();
        for word in words(line.trim_start_matches("home")) {
            script.word(heads, &word);
        }
        script
    }

    pub fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        (1..)
            .zip(&self.packets)
            .map(|(number, (time, bytes))| Packet {
                number,
                time: *time,
                link: LinkType::RAW,
                fcs_len: 0,
                bytes,
                original_len: bytes.len() as u32,
                file: 0,
            })
    }

    fn open(&mut self) {
        self.ports += 1;
        self.port = 40_000 + self.ports;
        self.next = [u32::from(self.port) * 7919, u32::from(self.port) * 104_729];
        self.send(0, SYN, 64_240, &[]);
        self.send(1, SYN | ACK, 64_240, &[]);
        self.send(0, ACK, 64_240, &[]);
    }

    fn word(&mut self, heads: [&str; 2], word: &str) {
        let (side, rest) = match word.as_bytes()[0] {
            b'c' | b'C' => (0, &word[1..]),
            b's' => (1, &word[1..]),
            _ => (0, word),
        };
        match (word, rest) {
            ("(", _) => {
                self.before.push((self.port, self.next, self.hosts));
                self.hosts = std::mem::take(&mut self.elsewhere);
                self.open();
            }
            (")", _) => (self.port, self.next, self.hosts) = self.before.pop().unwrap(),
            ("client", _) => self.elsewhere[0] += 1,
            ("server", _) => self.elsewhere[1] += 1,
            ("finagain", _) => {
                self.next[0] -= 1;
                self.send(0, ACK | FIN, 64_240, &[]);
            }
            ("P", _) => {
                self.data(0, b"GET /news?last=1 HTTP/1.1\r\nHost: example.com\r\n\r\n");
                self.data(1, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
            }
            ("Z", _) => self.compressed(
                &b"a message much like the one before it, about the price of tea. ".repeat(2),
            ),
            ("B", _) => self.compressed(&vec![0; 2 << 20]),
            ("Q", _) => self.data(0, heads[0].as_bytes()),
            ("R", _) => self.data(1, heads[1].as_bytes()),
            ("lost", _) => self.lost = true,
            ("again", _) => {
                let (side, seq, bytes) = self.last.clone();
                self.packet(side, seq, ACK | 8, 64_240, &bytes);
            }
            ("other", _) => {
                let (side, _, bytes) = self.last.clone();
                let hole = self.next[side];
                let changed: Vec<u8> = bytes.iter().map(|byte| byte ^ 1).collect();
                self.packet(side, hole + 1, ACK, 64_240, &bytes);
                self.packet(side, hole + 1, ACK, 64_240, &changed);
            }
            (word, _) if word.starts_with('+') => self.now += word[1..].parse::<i64>().unwrap(),
            (_, "a") => self.send(side, ACK, 64_240, &[]),
            (_, "0") => self.send(side, ACK, 0, &[]),
            (_, "f") => self.send(side, ACK | FIN, 64_240, &[]),
            (_, "r") => self.send(side, ACK | RST, 0, &[]),
            (_, text) if text.starts_with('"') => {
                let text = text.trim_matches('"').replace("\\r\\n", "\r\n");
                self.data(side, text.as_bytes());
            }
            (_, bytes) => {
                let bytes = hex(bytes.strip_prefix('=').unwrap_or_else(|| panic!("{word}")));
                let masked = word.starts_with('c');
                let bytes = if masked { self.masked(&bytes) } else { bytes };
                self.data(side, &bytes);
            }
        }
    }

    /// The frames of some bytes, masked with fresh keys.
    fn masked(&mut self, frames: &[u8]) -> Vec<u8> {
        let (mut rest, mut masked) = (frames, Vec::new());
        while let [first, len, more @ ..] = rest {
            let (len, more) = match len {
                126 => (
                    usize::from(u16::from_be_bytes([more[0], more[1]])),
                    &more[2..],
                ),
                len => (usize::from(*len), more),
            };
            let (payload, behind) = more.split_at(len.min(more.len()));
            self.keys += 1;
            let key = Rng(self.keys).bytes(4);
            let key = [key[0], key[1], key[2], key[3]];
            masked.extend(frame_bytes(
                first & 0x80 != 0,
                first >> 4 & 7,
                first & 15,
                Some(key),
                payload,
            ));
            rest = behind;
        }
        masked
    }

    fn compressed(&mut self, message: &[u8]) {
        let mut compress = Compress::new(Compression::default(), false);
        let mut coded = Vec::with_capacity(message.len() + 64);
        compress
            .compress_vec(message, &mut coded, FlushCompress::Sync)
            .unwrap();
        coded.truncate(coded.len() - 4);
        self.data(1, &frame_bytes(true, 4, 2, None, &coded));
    }

    fn data(&mut self, side: usize, bytes: &[u8]) {
        self.last = (side, self.next[side], bytes.to_vec());
        self.send(side, ACK | 8, 64_240, bytes);
    }

    fn send(&mut self, side: usize, flags: u8, window: u16, payload: &[u8]) {
        let seq = self.next[side];
        self.packet(side, seq, flags, window, payload);
        let used = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.next[side] = seq.wrapping_add(used);
    }

    fn packet(&mut self, side: usize, seq: u32, flags: u8, window: u16, payload: &[u8]) {
        self.now += 1;
        if std::mem::take(&mut self.lost) {
            return;
        }
        let [client, server] = self.hosts;
        let addresses = if self.home {
            [[10, 0, 0, 5 + client], [192, 168, 1, 7 + server]]
        } else {
            [[203, 0, 113, 5 + client], [198, 51, 100, 7 + server]]
        };
        let ports = [self.port, 80];
        let ack = if flags & ACK == 0 {
            0
        } else {
            self.next[1 - side]
        };
        let mut bytes = vec![0x45, 0];
        bytes.extend((40 + payload.len() as u16).to_be_bytes());
        bytes.extend((self.packets.len() as u16 + 1).to_be_bytes());
        bytes.extend([0x40, 0, 64, 6, 0, 0]);
        bytes.extend(addresses[side]);
        bytes.extend(addresses[1 - side]);
        bytes.extend(ports[side].to_be_bytes());
        bytes.extend(ports[1 - side].to_be_bytes());
        bytes.extend(seq.to_be_bytes());
        bytes.extend(ack.to_be_bytes());
        bytes.extend([0x50, flags]);
        bytes.extend(window.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(payload);
        self.packets.push((Timestamp(self.now * 1_000_000), bytes));
    }
}

/// Words are parted by spaces outside of quotes; `WORD*N` stands N times.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        quoted ^= c == '"';
        if c.is_whitespace() && !quoted {
            words.push(String::new());
        } else {
            words.last_mut().unwrap().push(c);
        }
    }
    let mut all = Vec::new();
    for word in words.into_iter().filter(|word| !word.is_empty()) {
        match word.rsplit_once('*') {
            Some((word, times)) if !word.contains('"') => {
                let part: Vec<&str> = word.split('|').collect();
                for _ in 0..times.parse::<usize>().unwrap() {
                    all.extend(part.iter().map(|word| (*word).to_string()));
                }
            }
            _ => all.push(word),
        }
    }
    all
}

/// Bytes of hexadecimal digits; `xN.` stands for N times `78`.
pub fn hex(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, part) in text.split('x').enumerate() {
        let digits = if index == 0 {
            part
        } else {
            let (count, rest) = part.split_once('.').unwrap_or((part, ""));
            bytes.extend(b"x".repeat(count.parse().unwrap()));
            rest
        };
        let digit = |at: usize| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap();
        bytes.extend((0..digits.len() / 2).map(digit));
    }
    bytes
}
