//! Packets as a capture file: the forms of pcap, pcapng, and compressions around them.

use std::io::Write as _;

use super::link::Recording;

/// The form of a capture file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    Pcap {
        big_endian: bool,
        nanoseconds: bool,
    },
    /// Alexey Kuznetzov's, with a longer record header.
    Modified,
    Pcapng {
        big_endian: bool,
    },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
    Lz4,
}

impl Form {
    pub const ALL: [Self; 7] = [
        Self::Pcap {
            big_endian: false,
            nanoseconds: false,
        },
        Self::Pcap {
            big_endian: false,
            nanoseconds: true,
        },
        Self::Pcap {
            big_endian: true,
            nanoseconds: false,
        },
        Self::Pcap {
            big_endian: true,
            nanoseconds: true,
        },
        Self::Modified,
        Self::Pcapng { big_endian: false },
        Self::Pcapng { big_endian: true },
    ];
}

impl Compression {
    pub const ALL: [Self; 4] = [Self::None, Self::Gzip, Self::Zstd, Self::Lz4];

    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::None => bytes.to_vec(),
            Self::Gzip => {
                let level = flate2::Compression::default();
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Self::Zstd => zstd::encode_all(bytes, 0).unwrap(),
            Self::Lz4 => {
                use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
                let blocks = FrameInfo::new().block_size(BlockSize::Max64KB);
                let mut encoder = FrameEncoder::with_frame_info(blocks, Vec::new());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
        }
    }
}

impl Recording {
    /// A pcap file of the commonest form.
    pub fn pcap(&self) -> Vec<u8> {
        self.file(Form::ALL[0])
    }

    pub fn file(&self, form: Form) -> Vec<u8> {
        match form {
            Form::Pcap {
                big_endian,
                nanoseconds,
            } => {
                let magic = if nanoseconds {
                    0xa1b2_3c4d
                } else {
                    0xa1b2_c3d4
                };
                self.pcap_with(magic, big_endian, if nanoseconds { 1 } else { 1000 }, &[])
            }
            // Interface index, protocol, packet type, a filler.
            Form::Modified => self.pcap_with(0xa1b2_cd34, false, 1000, &[1, 0, 0, 0, 0, 8, 0, 0]),
            Form::Pcapng { big_endian } => self.pcapng(big_endian),
        }
    }

    fn pcap_with(&self, magic: u32, big_endian: bool, unit: i64, more: &[u8]) -> Vec<u8> {
        let mut out = Out {
            bytes: Vec::new(),
            big_endian,
        };
        out.u32(magic);
        out.u16(2);
        out.u16(4);
        out.u32(0);
        out.u32(0);
        out.u32(262_144);
        out.u32(u32::from(self.link.0));
        for packet in &self.packets {
            out.u32((packet.time.0 / 1_000_000_000) as u32);
            out.u32((packet.time.0 % 1_000_000_000 / unit) as u32);
            out.u32(packet.bytes.len() as u32);
            out.u32(packet.bytes.len() as u32);
            out.bytes.extend(more);
            out.bytes.extend(&packet.bytes);
        }
        out.bytes
    }

    fn pcapng(&self, big_endian: bool) -> Vec<u8> {
        let mut out = Out {
            bytes: Vec::new(),
            big_endian,
        };
        out.block(0x0a0d_0d0a, |body| {
            body.u32(0x1a2b_3c4d);
            body.u16(1);
            body.u16(0);
            body.bytes.extend([0xff; 8]);
        });
        out.block(1, |body| {
            body.u16(self.link.0);
            body.u16(0);
            body.u32(262_144);
        });
        for packet in &self.packets {
            out.block(6, |body| {
                let microseconds = packet.time.0 / 1000;
                body.u32(0);
                body.u32((microseconds >> 32) as u32);
                body.u32(microseconds as u32);
                body.u32(packet.bytes.len() as u32);
                body.u32(packet.bytes.len() as u32);
                body.bytes.extend(&packet.bytes);
            });
        }
        out.bytes
    }
}

struct Out {
    bytes: Vec<u8>,
    big_endian: bool,
}

impl Out {
    fn u16(&mut self, value: u16) {
        let bytes = if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        };
        self.bytes.extend(bytes);
    }

    fn u32(&mut self, value: u32) {
        let bytes = if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        };
        self.bytes.extend(bytes);
    }

    fn block(&mut self, kind: u32, write: impl FnOnce(&mut Self)) {
        let mut body = Self {
            bytes: Vec::new(),
            big_endian: self.big_endian,
        };
        write(&mut body);
        body.bytes.resize(body.bytes.len().next_multiple_of(4), 0);
        let len = body.bytes.len() as u32 + 12;
        self.u32(kind);
        self.u32(len);
        self.bytes.append(&mut body.bytes);
        self.u32(len);
    }
}
