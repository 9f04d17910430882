//! Worst cases: input made to cost as much as it can. Each is measured at a size and at twice that size, and must cost about twice as
//! much: `instructions.sh` counts, and no clock is asked.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use wscope::analysis::{Analysis, Options, Which};
use wscope::event::Event;
use wscope::notice::Kind;

use crate::parts::read;
use crate::traffic::{ACK, Connection, SYN, Writer};

/// A worst case: makes a capture of a size, and says which notice must appear when it is read.
pub(crate) struct Worst {
    pub(crate) name: &'static str,
    make: fn(u32) -> Writer,
    notice: Option<Kind>,
}

/// All of them.
pub(crate) const ALL: &[Worst] = &[
    Worst {
        name: "segments_in_reverse",
        make: segments_in_reverse,
        notice: None,
    },
    Worst {
        name: "too_much_behind_a_hole",
        make: too_much_behind_a_hole,
        notice: Some(Kind::LimitReached),
    },
    Worst {
        name: "a_byte_a_segment",
        make: a_byte_a_segment,
        notice: None,
    },
    Worst {
        name: "a_packet_a_connection",
        make: a_packet_a_connection,
        notice: None,
    },
    Worst {
        name: "every_second_segment_lost",
        make: every_second_segment_lost,
        notice: Some(Kind::Gap),
    },
    Worst {
        name: "full_of_empty_frames",
        make: full_of_empty_frames,
        notice: None,
    },
    Worst {
        name: "a_head_without_end",
        make: a_head_without_end,
        notice: Some(Kind::LimitReached),
    },
    Worst {
        name: "a_head_a_byte_a_segment",
        make: a_head_a_byte_a_segment,
        notice: None,
    },
    Worst {
        name: "chunks_of_a_byte",
        make: chunks_of_a_byte,
        notice: None,
    },
    Worst {
        name: "noise_behind_a_hole",
        make: noise_behind_a_hole,
        notice: Some(Kind::Gap),
    },
    Worst {
        name: "bombs_on_every_connection",
        make: bombs_on_every_connection,
        notice: Some(Kind::LimitReached),
    },
    Worst {
        name: "a_thousand_holes",
        make: a_thousand_holes,
        notice: Some(Kind::Gap),
    },
    Worst {
        name: "fragments_that_overlap",
        make: fragments_that_overlap,
        notice: Some(Kind::LostFragment),
    },
    Worst {
        name: "fragments_of_nothing_whole",
        make: fragments_of_nothing_whole,
        notice: Some(Kind::LimitReached),
    },
];

/// How many bytes a message may inflate to, here: a bomb costs what it may inflate to, and so takes little time.
const MAX_INFLATE: u64 = 1 << 20;

impl Worst {
    /// The work at a size, which gives the number of packets.
    pub(crate) fn prepare(&self, size: u32) -> Box<dyn FnMut() -> u64> {
        let (writer, notice) = ((self.make)(size), self.notice);
        let (file, packets): (&'static [u8], u64) = (writer.file.leak(), writer.packets);
        Box::new(move || {
            let mut analysis = Analysis::new(Options {
                ledgers: Which::None,
                settled: Which::First(20),
                max_inflate: MAX_INFLATE,
                ..Options::default()
            });
            let mut told = notice.is_none();
            let mut listen = |event: &Event<'_>| {
                told |= matches!(event, Event::Notice(given) if Some(given.kind) == notice);
            };
            read(file, |packet| analysis.push(packet, &mut listen));
            analysis.finish(&mut listen);
            assert!(told, "the notice that must appear");
            packets
        })
    }
}

/// A WebSocket whose handshake is over.
fn opened() -> (Writer, Connection) {
    let mut writer = Writer::new();
    let mut connection = Connection {
        ports: [40_000, 80],
        seq: [7, 11],
    };
    writer.open(&mut connection);
    (writer, connection)
}

/// Sends bytes of the server's at an offset from where it stands, without moving it on.
fn send_at(writer: &mut Writer, connection: &mut Connection, offset: u32, payload: &[u8]) {
    let before = connection.seq[1];
    connection.seq[1] = before.wrapping_add(offset);
    writer.packet(connection, 1, ACK, payload);
    connection.seq[1] = before;
}

/// Windows of a thousand segments, each backwards: all wait for the last.
fn segments_in_reverse(size: u32) -> Writer {
    let (mut writer, mut connection) = opened();
    for _ in 0..2 * size {
        for number in (0..1000).rev() {
            send_at(&mut writer, &mut connection, number * 4, &[0x82, 2, 1, 2]);
        }
        connection.seq[1] = connection.seq[1].wrapping_add(4000);
    }
    writer
}

/// A hole that nothing fills, and more behind it than waits.
fn too_much_behind_a_hole(size: u32) -> Writer {
    let (mut writer, mut connection) = opened();
    for _ in 0..2 * size {
        connection.seq[1] = connection.seq[1].wrapping_add(4);
        for _ in 0..1500 {
            writer.packet(&mut connection, 1, ACK, &[0x82, 2, 1, 2]);
        }
    }
    writer
}

fn a_byte_a_segment(size: u32) -> Writer {
    let (mut writer, mut connection) = opened();
    let frame = [
        0x82, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
    ];
    for byte in frame.iter().cycle().take(frame.len() * 200 * size as usize) {
        writer.packet(&mut connection, 1, ACK, std::slice::from_ref(byte));
    }
    writer
}

fn a_packet_a_connection(size: u32) -> Writer {
    let mut writer = Writer::new();
    for number in 0..10_000 * size {
        let mut connection = Connection {
            ports: [number as u16, (number >> 16) as u16],
            seq: [number, 0],
        };
        writer.packet(&mut connection, 0, SYN, &[]);
    }
    writer
}

fn every_second_segment_lost(size: u32) -> Writer {
    let (mut writer, mut connection) = opened();
    for _ in 0..2000 * size {
        writer.packet(&mut connection, 1, ACK, &[0x82, 6, 1, 2, 3, 4, 5, 6]);
        connection.seq[1] = connection.seq[1].wrapping_add(8);
        writer.packet(&mut connection, 0, ACK, &[]);
    }
    writer
}

/// 32,000 frames in each segment.
fn full_of_empty_frames(size: u32) -> Writer {
    let (mut writer, mut connection) = opened();
    let frames = [0x82, 0].repeat(32_000);
    for _ in 0..size {
        writer.packet(&mut connection, 1, ACK, &frames);
    }
    writer
}

fn http(size: u32, begin: &[u8], part: &[u8], times: u32, segment: usize) -> Writer {
    let mut writer = Writer::new();
    for number in 0..size {
        let mut connection = Connection {
            ports: [number as u16 + 1024, 80],
            seq: [1, 1],
        };
        writer.packet(&mut connection, 0, SYN, &[]);
        writer.packet(&mut connection, 1, SYN | ACK, &[]);
        writer.packet(
            &mut connection,
            0,
            ACK,
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        );
        let stream = [begin, &part.repeat(times as usize)].concat();
        for bytes in stream.chunks(segment) {
            writer.packet(&mut connection, 1, ACK, bytes);
        }
    }
    writer
}

/// A field of 1 MB.
fn a_head_without_end(size: u32) -> Writer {
    http(size, b"HTTP/1.1 200 OK\r\nX: ", b"y", 1 << 20, 1448)
}

fn a_head_a_byte_a_segment(size: u32) -> Writer {
    http(size, b"HTTP/1.1 200 OK\r\nX: ", b"y", 4000, 1)
}

fn chunks_of_a_byte(size: u32) -> Writer {
    http(
        size,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\nx\r\n",
        20_000,
        1448,
    )
}

/// Bytes in which no frame begins, behind a hole: they are searched for one.
fn noise_behind_a_hole(size: u32) -> Writer {
    let (mut writer, mut connection) = opened();
    connection.seq[1] = connection.seq[1].wrapping_add(100);
    for number in 0..400 * size {
        let noise: Vec<u8> = (0..1448)
            .map(|at| (number + at * at) as u8 | 0x70)
            .collect();
        writer.packet(&mut connection, 1, ACK, &noise);
        writer.packet(&mut connection, 0, ACK, &[]);
    }
    writer
}

/// Connections that are alive together, and on each a message that is a thousand times as long as it is compressed, and longer than what is
/// inflated.
fn bombs_on_every_connection(size: u32) -> Writer {
    let mut writer = Writer::new();
    let zeros = vec![0; 4 * MAX_INFLATE as usize];
    let mut coder = DeflateEncoder::new(Vec::new(), Compression::best());
    coder.write_all(&zeros).unwrap();
    let coded = coder.finish().unwrap();
    let head = [&[0xc2, 126][..], &(coded.len() as u16).to_be_bytes()].concat();
    let bomb = [head, coded].concat();
    assert!(bomb.len() * 900 < zeros.len());
    let mut connections: Vec<Connection> = (0..200 * size)
        .map(|number| Connection {
            ports: [number as u16 + 1024, 80],
            seq: [7, 11],
        })
        .collect();
    for connection in &mut connections {
        writer.open_with(
            connection,
            "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        );
    }
    for connection in &mut connections {
        for segment in bomb.chunks(1448) {
            writer.packet(connection, 1, ACK, segment);
        }
    }
    writer
}

/// A thousand connections, each with a hole that nobody acknowledges, and they take turns in sending more behind theirs.
fn a_thousand_holes(size: u32) -> Writer {
    let mut writer = Writer::new();
    let mut connections: Vec<Connection> = (0..1000)
        .map(|number| Connection {
            ports: [number + 1024, 80],
            seq: [7, 11],
        })
        .collect();
    for connection in &mut connections {
        writer.open(connection);
        connection.seq[1] = connection.seq[1].wrapping_add(100);
    }
    let frame = [&[0x82, 98][..], &[1; 98]].concat();
    for _ in 0..20 * size {
        for connection in &mut connections {
            writer.packet(connection, 1, ACK, &frame);
        }
    }
    writer
}

/// Datagrams that never become whole, in fragments of which each overlaps the one before it by all but eight bytes, the last first.
fn fragments_that_overlap(size: u32) -> Writer {
    let mut writer = Writer::new();
    for identification in 0..30 * size {
        for offset in (1..600).rev() {
            writer.fragment(identification as u16, offset, true, &[7; 1000]);
        }
    }
    writer
}

/// The first fragments of more datagrams than wait.
fn fragments_of_nothing_whole(size: u32) -> Writer {
    let mut writer = Writer::new();
    for identification in 0..10_000 * size {
        writer.fragment(identification as u16, 0, true, &[7; 1000]);
    }
    writer
}
