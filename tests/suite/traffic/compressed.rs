//! Compressed messages (RFC 7692), made by a compressor that wscope does not use.

use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::{MZError, MZFlush, MZStatus};
use wscope::direction::Direction;
use wscope::event::MessageKind;

use super::{SaidMessage, Traffic};

/// What a sender cuts from the end of each message.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// Compresses the messages of one side.
pub struct Compressor {
    inner: CompressorOxide,
    level: i32,
    takeover: bool,
}

/// How a message ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// With an empty stored block, as usual.
    Flush,
    /// With a final block and an empty one behind it (RFC 7692, section 7.2.3.4).
    FinalBlock,
}

impl Compressor {
    pub fn new(level: u8, takeover: bool) -> Self {
        let level = i32::from(level);
        Self {
            inner: raw(level),
            level,
            takeover,
        }
    }

    /// A message as it is sent.
    pub fn message(&mut self, plain: &[u8], end: End) -> Vec<u8> {
        let flush = match end {
            End::Flush => MZFlush::Sync,
            End::FinalBlock => MZFlush::Finish,
        };
        let mut coded = self.run(plain, flush);
        match end {
            End::Flush => {
                assert!(coded.ends_with(&TAIL), "{coded:02x?}");
                coded.truncate(coded.len() - TAIL.len());
            }
            End::FinalBlock => coded.push(0),
        }
        if !self.takeover || end == End::FinalBlock {
            self.inner = raw(self.level);
        }
        // A flush that has nothing to say makes nothing at all.
        if coded.is_empty() {
            coded.push(0);
        }
        coded
    }

    fn run(&mut self, mut plain: &[u8], flush: MZFlush) -> Vec<u8> {
        let mut coded = Vec::new();
        let mut room = vec![0; 64 << 10];
        loop {
            let step = deflate(&mut self.inner, plain, &mut room, flush);
            plain = &plain[step.bytes_consumed..];
            coded.extend_from_slice(&room[..step.bytes_written]);
            let ended = match step.status {
                Ok(MZStatus::StreamEnd) | Err(MZError::Buf) => true,
                Ok(_) => {
                    flush == MZFlush::Sync && plain.is_empty() && step.bytes_written < room.len()
                }
                Err(error) => panic!("{error:?}"),
            };
            if ended {
                return coded;
            }
        }
    }
}

fn raw(level: i32) -> CompressorOxide {
    CompressorOxide::new(create_comp_flags_from_zip_params(level, -15, 0))
}

impl Traffic {
    /// A handshake that agrees on permessage-deflate with these parameters, each behind a semicolon.
    pub fn handshake_agreeing(self, parameters: &str) -> Self {
        let field = format!("Sec-WebSocket-Extensions: permessage-deflate{parameters}\r\n");
        self.handshake_with(
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
            &field,
        )
    }

    /// A compressed message whose application says `plain`, cut at the offsets `cuts` of what is sent, with a ping behind each
    /// frame but the last.
    pub fn compressed(
        mut self,
        sender: Direction,
        kind: MessageKind,
        plain: &[u8],
        coded: &[u8],
        cuts: &[usize],
    ) -> Self {
        let mut from = 0;
        for (index, &cut) in cuts.iter().chain([&coded.len()]).enumerate() {
            let (rsv, opcode) = match (index, kind) {
                (0, MessageKind::Text) => (4, 1),
                (0, MessageKind::Binary) => (4, 2),
                _ => (0, 0),
            };
            let last = index == cuts.len();
            self.frame_with(sender, last, rsv, opcode, &coded[from..cut]);
            if !last {
                self.frame(sender, true, 9, b"between");
            }
            from = cut;
        }
        self.truth.messages.push(SaidMessage {
            sender,
            kind,
            frames: cuts.len() as u64 + 1,
            payload: plain.to_vec(),
        });
        self
    }
}
