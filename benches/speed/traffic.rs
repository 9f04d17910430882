//! Captures to measure with: WebSocket connections side by side, small and from a seed.

use crate::random::Random;

pub(crate) const SYN: u8 = 2;
pub(crate) const ACK: u8 = 16;
const FIN: u8 = 1;
/// Bytes of headers before a packet's payload.
pub(crate) const HEADERS: usize = 14 + 20 + 32;

/// What a capture is made of.
pub(crate) struct Plan {
    pub(crate) connections: usize,
    /// Messages of each connection, both ways taken together.
    pub(crate) messages: usize,
    /// The longest message's payload.
    pub(crate) longest: u64,
    pub(crate) seed: u64,
}

/// A connection that is being written.
pub(crate) struct Connection {
    pub(crate) ports: [u16; 2],
    pub(crate) seq: [u32; 2],
}

/// A capture that is being written.
pub(crate) struct Writer {
    pub(crate) file: Vec<u8>,
    pub(crate) packets: u64,
    microseconds: u64,
}

/// A pcap file: the connections take turns, a message each.
pub(crate) fn capture(plan: &Plan) -> (Vec<u8>, u64) {
    let mut random = Random::new(plan.seed);
    let mut writer = Writer::new();
    let mut connections: Vec<Connection> = (0..plan.connections)
        .map(|number| Connection {
            ports: [1024 + (number % 60_000) as u16, 80],
            seq: [random.next() as u32, random.next() as u32],
        })
        .collect();
    for connection in &mut connections {
        writer.open(connection);
    }
    for _ in 0..plan.messages {
        for connection in &mut connections {
            let from_client = random.below(2) == 0;
            let len = random.below(plan.longest + 1) as usize;
            let frame = frame(from_client, random.below(8) == 0, len, &mut random);
            for segment in frame.chunks(1448) {
                writer.data(connection, usize::from(!from_client), segment);
            }
            writer.packet(connection, usize::from(from_client), ACK, &[]);
        }
    }
    for connection in &mut connections {
        writer.close(connection);
    }
    (writer.file, writer.packets)
}

/// A frame of one whole message; the text is ASCII with a letter of three bytes here and there.
pub(crate) fn frame(masked: bool, binary: bool, len: usize, random: &mut Random) -> Vec<u8> {
    let mut frame = vec![if binary { 0x82 } else { 0x81 }];
    let mask_bit = u8::from(masked) << 7;
    match len {
        0..126 => frame.push(mask_bit + len as u8),
        126..65_536 => {
            frame.push(mask_bit + 126);
            frame.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            frame.push(mask_bit + 127);
            frame.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    let key = (random.next() as u32).to_be_bytes();
    let key = if masked {
        frame.extend_from_slice(&key);
        key
    } else {
        [0; 4]
    };
    let text = "lorem ipsum dolor 語 sit amet, consectetur 界 adipiscing elit; ";
    let payload = text.bytes().cycle().take(len / text.len() * text.len());
    let rest = std::iter::repeat_n(b'.', len % text.len());
    frame.extend(
        payload
            .chain(rest)
            .zip(key.into_iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    frame
}

impl Writer {
    pub(crate) fn new() -> Self {
        let mut file = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        Self {
            file,
            packets: 0,
            microseconds: 1_700_000_000_000_000,
        }
    }

    /// A WebSocket's opening.
    pub(crate) fn open(&mut self, connection: &mut Connection) {
        self.open_with(connection, "");
    }

    /// The same, with another line of fields that both sides say.
    pub(crate) fn open_with(&mut self, connection: &mut Connection, line: &str) {
        self.packet(connection, 0, SYN, &[]);
        self.packet(connection, 1, SYN | ACK, &[]);
        self.packet(connection, 0, ACK, &[]);
        let request = format!(
            "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{line}\r\n"
        );
        self.data(connection, 0, request.as_bytes());
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{line}\r\n"
        );
        self.data(connection, 1, response.as_bytes());
    }

    /// A fragment of a datagram; its offset counts in eights.
    pub(crate) fn fragment(
        &mut self,
        identification: u16,
        offset: u16,
        more: bool,
        payload: &[u8],
    ) {
        let flags = u16::from(more) << 13 | offset;
        self.ip(0, identification, flags, payload.len());
        self.file.extend_from_slice(payload);
    }

    /// What stands before the payload of an IP datagram.
    fn ip(&mut self, side: usize, identification: u16, flags: u16, payload: usize) {
        self.packets += 1;
        self.microseconds += 7;
        let len = 14 + 20 + payload;
        let time = self.microseconds;
        for word in [
            (time / 1_000_000) as u32,
            (time % 1_000_000) as u32,
            len as u32,
            len as u32,
        ] {
            self.file.extend_from_slice(&word.to_le_bytes());
        }
        let file = &mut self.file;
        file.extend_from_slice(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0]);
        file.extend_from_slice(&((len - 14) as u16).to_be_bytes());
        file.extend_from_slice(&identification.to_be_bytes());
        file.extend_from_slice(&flags.to_be_bytes());
        file.extend_from_slice(&[64, 6, 0, 0]);
        let addresses = [[10, 0, 0, 1], [10, 0, 0, 2]];
        file.extend_from_slice(&addresses[side]);
        file.extend_from_slice(&addresses[1 - side]);
    }

    fn data(&mut self, connection: &mut Connection, side: usize, payload: &[u8]) {
        self.packet(connection, side, ACK, payload);
    }

    fn close(&mut self, connection: &mut Connection) {
        for side in [0, 1] {
            self.packet(connection, side, FIN | ACK, &[]);
            self.packet(connection, 1 - side, ACK, &[]);
        }
    }

    pub(crate) fn packet(
        &mut self,
        connection: &mut Connection,
        side: usize,
        flags: u8,
        payload: &[u8],
    ) {
        self.ip(side, self.packets as u16 + 1, 0x4000, 32 + payload.len());
        let time = self.microseconds;
        let file = &mut self.file;
        file.extend_from_slice(&connection.ports[side].to_be_bytes());
        file.extend_from_slice(&connection.ports[1 - side].to_be_bytes());
        file.extend_from_slice(&connection.seq[side].to_be_bytes());
        let ack = if flags & ACK == 0 {
            0
        } else {
            connection.seq[1 - side]
        };
        file.extend_from_slice(&ack.to_be_bytes());
        file.extend_from_slice(&[0x80, flags, 0xff, 0xff, 0, 0, 0, 0, 1, 1, 8, 10]);
        file.extend_from_slice(&(time as u32).to_be_bytes());
        file.extend_from_slice(&((time / 3) as u32).to_be_bytes());
        file.extend_from_slice(payload);
        let used = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        connection.seq[side] = connection.seq[side].wrapping_add(used);
    }
}
