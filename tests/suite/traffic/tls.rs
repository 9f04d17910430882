//! The conversation under TLS 1.3 (RFC 8446): its turns in records, behind a handshake as short as it can be, and the key log that opens them.

use std::fmt::Write as _;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use wscope::direction::Both;
use wscope::direction::Direction::{self, ToClient, ToServer};

use super::{Rng, Traffic};

const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

impl Traffic {
    /// The same conversation under TLS, and the lines of its key log. Records are cut, padded and rekeyed as the seed has it.
    pub fn under_tls(self, seed: u64) -> (Self, String) {
        let mut writer = Writer::new(self.clone(), seed);
        writer.handshake();
        for turn in self.turns {
            writer.say(turn.sender, &turn.bytes);
        }
        for sender in Direction::ALL {
            // close_notify
            writer.record(sender, 21, &[1, 0], 0);
        }
        (writer.traffic, writer.log)
    }
}

struct Writer {
    traffic: Traffic,
    rng: Rng,
    log: String,
    keys: Both<Keys>,
    random: String,
}

struct Keys {
    secret: Vec<u8>,
    key: LessSafeKey,
    iv: Vec<u8>,
    sequence: u64,
}

impl Writer {
    fn new(traffic: Traffic, seed: u64) -> Self {
        let mut rng = Rng(seed);
        let mut keys = || Keys::new(rng.bytes(32));
        Self {
            keys: Both {
                to_server: keys(),
                to_client: keys(),
            },
            traffic: Traffic {
                turns: Vec::new(),
                ..traffic
            },
            rng,
            log: String::new(),
            random: String::new(),
        }
    }

    fn handshake(&mut self) {
        let random = self.rng.bytes(32);
        self.random = hex(&random);
        // Early, so that whatever is cut off the key log's end cannot matter.
        let mut secrets = Both {
            to_server: self.rng.bytes(32),
            to_client: self.rng.bytes(32),
        };
        for (label, sender) in [("CLIENT", ToServer), ("SERVER", ToClient)] {
            let handshake = hex(&self.keys[sender].secret);
            let traffic = hex(&secrets[sender]);
            let random = &self.random;
            writeln!(
                self.log,
                "{label}_HANDSHAKE_TRAFFIC_SECRET {random} {handshake}"
            )
            .unwrap();
            writeln!(self.log, "{label}_TRAFFIC_SECRET_0 {random} {traffic}").unwrap();
        }
        let share = self.rng.bytes(200);
        let hello = |random: &[u8], middle: &[u8], extensions: &[u8]| {
            let len = (extensions.len() as u16).to_be_bytes();
            [&[3, 3][..], random, &[0], middle, &len, extensions].concat()
        };
        let key_share = [&[0, 51, 0, 200][..], &share].concat();
        let client = hello(
            &random,
            &[0, 2, 0x13, 0x01, 1, 0],
            &[&key_share[..], &[0, 43, 0, 3, 2, 3, 4]].concat(),
        );
        let answer = hello(
            &self.rng.bytes(32),
            &[0x13, 0x01, 0],
            &[&key_share[..], &[0, 43, 0, 2, 3, 4]].concat(),
        );
        self.clear(ToServer, HANDSHAKE, &message(1, &client));
        self.clear(ToClient, HANDSHAKE, &message(2, &answer));
        self.clear(ToClient, 20, &[1]);
        let certificate = message(11, &self.rng.bytes(900));
        let flight = [message(8, &[0, 0]), certificate, message(20, &[0; 32])].concat();
        let cut = self.rng.below(flight.len());
        for part in [&flight[..cut], &flight[cut..]] {
            if !part.is_empty() {
                self.record(ToClient, HANDSHAKE, part, 0);
            }
        }
        self.keys.to_client = Keys::new(std::mem::take(&mut secrets.to_client));
        self.clear(ToServer, 20, &[1]);
        self.record(ToServer, HANDSHAKE, &message(20, &[0; 32]), 0);
        self.keys.to_server = Keys::new(std::mem::take(&mut secrets.to_server));
        let ticket = message(4, &self.rng.bytes(180));
        self.record(ToClient, HANDSHAKE, &ticket, 0);
    }

    fn say(&mut self, sender: Direction, bytes: &[u8]) {
        let most = [1, 20, 300, 16_384][self.rng.below(4)];
        // Few enough records that a law stays quick.
        let most = most.max(bytes.len() / 20 + 1).min(16_384);
        for part in bytes.chunks(most) {
            let padding = if self.rng.below(8) == 0 {
                self.rng.below(40)
            } else {
                0
            };
            self.record(sender, APPLICATION_DATA, part, padding);
            if self.rng.below(30) == 0 {
                self.record(sender, HANDSHAKE, &message(24, &[0]), 0);
                let next = expand(&self.keys[sender].secret, "traffic upd", 32);
                self.keys[sender] = Keys::new(next);
            }
        }
    }

    fn clear(&mut self, sender: Direction, content_type: u8, content: &[u8]) {
        let len = (content.len() as u16).to_be_bytes();
        self.traffic
            .say(sender, [&[content_type, 3, 3][..], &len, content].concat());
    }

    fn record(&mut self, sender: Direction, content_type: u8, content: &[u8], padding: usize) {
        let mut inner = [content, &[content_type], &vec![0; padding]].concat();
        let len = ((inner.len() + 16) as u16).to_be_bytes();
        let header = [APPLICATION_DATA, 3, 3, len[0], len[1]];
        let keys = &mut self.keys[sender];
        let mut nonce: [u8; 12] = keys.iv.clone().try_into().unwrap();
        for (byte, counter) in nonce.iter_mut().rev().zip(keys.sequence.to_le_bytes()) {
            *byte ^= counter;
        }
        keys.sequence += 1;
        keys.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(header),
                &mut inner,
            )
            .unwrap();
        self.traffic.say(sender, [&header[..], &inner].concat());
    }
}

impl Keys {
    fn new(secret: Vec<u8>) -> Self {
        let key = UnboundKey::new(&AES_128_GCM, &expand(&secret, "key", 16)).unwrap();
        Self {
            key: LessSafeKey::new(key),
            iv: expand(&secret, "iv", 12),
            secret,
            sequence: 0,
        }
    }
}

struct Len(usize);

impl KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(secret: &[u8], label: &str, len: usize) -> Vec<u8> {
    let info = [
        &(len as u16).to_be_bytes()[..],
        &[label.len() as u8 + 6],
        b"tls13 ",
        label.as_bytes(),
        &[0],
    ];
    let mut out = vec![0; len];
    Prk::new_less_safe(HKDF_SHA256, secret)
        .expand(&info, Len(len))
        .unwrap()
        .fill(&mut out)
        .unwrap();
    out
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u32).to_be_bytes();
    [&[kind, len[1], len[2], len[3]][..], body].concat()
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = String::new();
    for byte in bytes {
        write!(digits, "{byte:02x}").unwrap();
    }
    digits
}
