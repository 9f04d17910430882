//! Bulk messages under TLS 1.3: a capture of them with its key log, and what opening its records alone costs.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use wscope::analysis::{Analysis, Options, Which};
use wscope::capture::{Capture, Item};
use wscope::event::Event;
use wscope::tls::{KeyLog, Keys};

use crate::random::Random;
use crate::traffic::{ACK, Connection, HEADERS, SYN, Writer};

/// Bytes of content of a full record.
const RECORD: usize = 1 << 14;
const HEADER: usize = 5;
const TAG: usize = 16;

/// A capture and its key log.
pub(crate) struct Bulk {
    pub(crate) file: Vec<u8>,
    pub(crate) log: String,
    pub(crate) packets: u64,
    /// Opens the bulk's records.
    key: [u8; 16],
    iv: [u8; 12],
    /// How many records of the server's stand before the bulk's.
    before: u64,
}

/// A WebSocket whose server says binary messages of `message` bytes, some `bytes` in all, in full records and in segments of `segment` bytes.
/// `number` tells it from others.
fn bulk(number: u16, bytes: usize, message: usize, segment: usize) -> Bulk {
    let mut random = Random::new(8 + u64::from(number));
    let mut writer = Writer::new();
    let mut connection = Connection {
        ports: [40_000 + number, 443],
        seq: [7, 11],
    };
    let name: [u8; 32] = fill(&mut random);
    let mut log = String::new();
    let mut keys = |label: &str| {
        let secret: [u8; 32] = fill(&mut random);
        log += &format!("{label} {} {}\n", hex(&name), hex(&secret));
        Sealing::of(&secret)
    };
    let mut handshake = [
        keys("CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
        keys("SERVER_HANDSHAKE_TRAFFIC_SECRET"),
    ];
    let mut application = [
        keys("CLIENT_TRAFFIC_SECRET_0"),
        keys("SERVER_TRAFFIC_SECRET_0"),
    ];
    writer.packet(&mut connection, 0, SYN, &[]);
    writer.packet(&mut connection, 1, SYN | ACK, &[]);
    let versions = |version: &[u8]| [&[0, 43, 0, version.len() as u8][..], version].concat();
    let client = hello(1, &name, &[0, 2, 0x13, 1, 1, 0], &versions(&[2, 3, 4]));
    let server = hello(2, &[9; 32], &[0x13, 1, 0], &versions(&[3, 4]));
    let finished = [&[20, 0, 0, 32][..], &[0; 32]].concat();
    let extensions = [8, 0, 0, 2, 0, 0];
    let opening: [(usize, Vec<u8>); 6] = [
        (0, clear(&client)),
        (1, clear(&server)),
        (1, handshake[1].seal(22, &[&extensions[..], &finished].concat())),
        (0, handshake[0].seal(22, &finished)),
        (
            0,
            application[0].seal(
                23,
                b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            ),
        ),
        (
            1,
            application[1].seal(
                23,
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            ),
        ),
    ];
    for (side, record) in opening {
        writer.packet(&mut connection, side, ACK, &record);
    }
    let (key, iv, before) = (application[1].key, application[1].iv, application[1].sealed);
    let payload: Vec<u8> = (0..message).map(|_| random.next() as u8).collect();
    let head = [&[0x82, 127][..], &(message as u64).to_be_bytes()].concat();
    let frame = [head, payload].concat();
    let mut segments = 0;
    while writer.file.len() < bytes {
        let mut records = Vec::new();
        for content in frame.chunks(RECORD) {
            records.extend(application[1].seal(23, content));
        }
        for segment in records.chunks(segment) {
            writer.packet(&mut connection, 1, ACK, segment);
            segments += 1;
            if segments % 2 == 0 {
                writer.packet(&mut connection, 0, ACK, &[]);
            }
        }
    }
    Bulk {
        file: writer.file,
        log,
        packets: writer.packets,
        key,
        iv,
        before,
    }
}

/// The work of reading a capture of bulk messages that stands in memory.
pub(crate) fn whole() -> Box<dyn FnMut() -> u64> {
    let bulk = bulk(0, 4 << 20, 1 << 18, 1448);
    let file: &'static [u8] = bulk.file.leak();
    let (log, packets) = (bulk.log, bulk.packets);
    Box::new(move || {
        let capture = Capture::from_reader("bench", Box::new(file)).unwrap();
        assert!(analyse(capture, &log) > 10);
        packets
    })
}

/// Measures, in the same rounds: opening the records alone, as they stand in memory one behind the other; the same with reading the file and
/// bringing the records together; and all that `wscope summary` does. Prints each in units of the first and of the second.
pub(crate) fn measure(megabytes: usize, message: usize, segment: usize, rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bulk.pcap");
    let bulk = bulk(0, megabytes * 1_000_000, message, segment);
    File::create(&path).unwrap().write_all(&bulk.file).unwrap();
    let records = records(&bulk);
    let mut all: [Vec<f64>; 4] = Default::default();
    for round in 0..=rounds {
        let work: [&dyn Fn() -> u64; 4] = [
            &|| bulk.open_all(&records),
            &|| bulk.read_and_open(&path),
            &|| read_alone(&path),
            &|| analyse(Capture::open(&path).unwrap(), &bulk.log),
        ];
        for (times, work) in all.iter_mut().zip(work) {
            let begin = Instant::now();
            assert!(work() > 0);
            // The first round only warms up.
            if round > 0 {
                times.push(begin.elapsed().as_secs_f64());
            }
        }
    }
    let names = [
        "opening the records alone",
        "reading the file, and opening",
        "wscope's reading alone",
        "wscope, all of it",
    ];
    for (name, times) in names.iter().zip(&all) {
        let [alone, least] = [&all[0], &all[1]].map(|unit| {
            median(
                times
                    .iter()
                    .zip(unit)
                    .map(|(time, unit)| time / unit)
                    .collect(),
            )
        });
        println!(
            "{name:<30} {:>8.1} ms   x{alone:.2} of opening alone   x{least:.2} of reading and opening",
            median(times.clone()) * 1e3
        );
    }
}

/// Measures, in the same rounds, `wscope summary` with one thread and with two. There are so many connections, each as [`bulk`] makes it, a
/// packet of each in turn.
pub(crate) fn share(
    megabytes: usize,
    message: usize,
    segment: usize,
    connections: u16,
    rounds: usize,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bulk.pcap");
    let bytes = megabytes * 1_000_000 / usize::from(connections);
    let bulks: Vec<Bulk> = (0..connections)
        .map(|number| bulk(number, bytes, message, segment))
        .collect();
    let log: String = bulks.iter().map(|bulk| bulk.log.as_str()).collect();
    let mut file = File::create(&path).unwrap();
    file.write_all(&bulks[0].file[..24]).unwrap();
    let mut rests: Vec<&[u8]> = bulks.iter().map(|bulk| &bulk.file[24..]).collect();
    while !rests.is_empty() {
        for rest in &mut rests {
            let len = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
            let (packet, behind) = rest.split_at(16 + len);
            file.write_all(packet).unwrap();
            *rest = behind;
        }
        rests.retain(|rest| !rest.is_empty());
    }
    let keys = folder.path().join("keys");
    std::fs::write(&keys, log).unwrap();
    let mut all: [Vec<f64>; 2] = Default::default();
    for round in 0..=rounds {
        for (threads, times) in (1u8..).zip(&mut all) {
            let mut wscope = Command::new(env!("CARGO_BIN_EXE_wscope"));
            wscope.arg("--keylog").arg(&keys).arg(&path);
            wscope.args(["--threads", &threads.to_string()]);
            let begin = Instant::now();
            let run = wscope.output().unwrap();
            assert!(run.status.success());
            if round > 0 {
                times.push(begin.elapsed().as_secs_f64());
            }
        }
    }
    let ratios = all[0].iter().zip(&all[1]).map(|(one, two)| one / two);
    println!(
        "one thread {:.1} ms, two {:.1} ms, {:.2} times as fast",
        median(all[0].clone()) * 1e3,
        median(all[1].clone()) * 1e3,
        median(ratios.collect())
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

impl Bulk {
    fn opener(&self) -> Opener {
        Opener {
            key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &self.key).unwrap()),
            iv: self.iv,
            sequence: self.before,
            out: vec![0; RECORD + 1],
        }
    }

    fn open_all(&self, records: &[u8]) -> u64 {
        let mut opener = self.opener();
        let mut rest = records;
        while !rest.is_empty() {
            rest = &rest[opener.open(rest)..];
        }
        opener.sequence
    }

    /// The least with a file: its packets are taken for granted, as they were written above.
    fn read_and_open(&self, path: &Path) -> u64 {
        let mut file = File::open(path).unwrap();
        let mut opener = self.opener();
        let mut buffer = vec![0; 256 << 10];
        let mut waiting: Vec<u8> = Vec::new();
        let (mut filled, mut passed) = (0, false);
        loop {
            let read = file.read(&mut buffer[filled..]).unwrap();
            if read == 0 {
                return opener.sequence;
            }
            filled += read;
            let mut at = if passed { 0 } else { 24 };
            passed = true;
            while let Some(head) = buffer[at..filled].get(8..12) {
                let end = at + 16 + u32::from_le_bytes(head.try_into().unwrap()) as usize;
                if end > filled {
                    break;
                }
                let packet = &buffer[at + 16..end];
                at = end;
                // The server's, behind the opening.
                if packet[34..36] == [1, 0xbb] && packet.len() > HEADERS {
                    take(&mut waiting, &packet[HEADERS..], &mut opener);
                }
            }
            buffer.copy_within(at..filled, 0);
            filled -= at;
        }
    }
}

/// Opens what is whole of the bulk's records; those of the opening are shorter.
fn take(waiting: &mut Vec<u8>, payload: &[u8], opener: &mut Opener) {
    if waiting.is_empty() && payload.len() < 1000 && payload[3] < 4 {
        return;
    }
    waiting.extend_from_slice(payload);
    let mut rest = &waiting[..];
    while let Some(&[high, low]) = rest.get(3..HEADER)
        && rest.len() >= HEADER + usize::from(u16::from_be_bytes([high, low]))
    {
        rest = &rest[opener.open(rest)..];
    }
    let used = waiting.len() - rest.len();
    waiting.drain(..used);
}

/// The bulk's records, one behind the other.
fn records(bulk: &Bulk) -> Vec<u8> {
    let mut records = Vec::new();
    let mut at = 24;
    let mut opening = true;
    while let Some(head) = bulk.file.get(at + 8..at + 12) {
        let end = at + 16 + u32::from_le_bytes(head.try_into().unwrap()) as usize;
        let packet = &bulk.file[at + 16..end];
        at = end;
        let payload = &packet[HEADERS..];
        opening &= payload.len() < 1000;
        if packet[34..36] == [1, 0xbb] && !opening {
            records.extend_from_slice(payload);
        }
    }
    records
}

fn read_alone(path: &Path) -> u64 {
    let mut capture = Capture::open(path).unwrap();
    let mut packets = 0;
    while let Some(item) = capture.next_item().unwrap() {
        packets += u64::from(matches!(item, Item::Packet(_)));
    }
    packets
}

/// What `wscope summary` does; gives the number of messages.
fn analyse(mut capture: Capture, log: &str) -> u64 {
    let mut given = KeyLog::default();
    given.read(log.as_bytes(), 0);
    let mut analysis = Analysis::new(Options {
        ledgers: Which::None,
        settled: Which::First(20),
        ..Options::default()
    })
    .with_keys(Keys::new(given.into(), false));
    let mut messages = 0;
    let mut count = |event: &Event<'_>| messages += u64::from(matches!(event, Event::Message(_)));
    while let Some(item) = capture.next_item().unwrap() {
        if let Item::Packet(packet) = item {
            analysis.push(&packet, &mut count);
        }
    }
    analysis.finish(&mut count);
    messages
}

struct Opener {
    key: LessSafeKey,
    iv: [u8; 12],
    sequence: u64,
    out: Vec<u8>,
}

impl Opener {
    /// Opens the first record; gives its length.
    fn open(&mut self, bytes: &[u8]) -> usize {
        let (header, rest) = bytes.split_at(HEADER);
        let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let (ciphertext, tag) = rest[..len].split_at(len - TAG);
        self.key
            .open_separate_gather(
                nonce(self.iv, self.sequence),
                Aad::from(header),
                ciphertext,
                tag,
                &mut self.out[..len - TAG],
            )
            .unwrap();
        self.sequence += 1;
        HEADER + len
    }
}

struct Sealing {
    key: [u8; 16],
    iv: [u8; 12],
    sealed: u64,
}

impl Sealing {
    fn of(secret: &[u8]) -> Self {
        Self {
            key: expand(secret, "key"),
            iv: expand(secret, "iv"),
            sealed: 0,
        }
    }

    fn seal(&mut self, content_type: u8, content: &[u8]) -> Vec<u8> {
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &self.key).unwrap());
        let mut inner = [content, &[content_type]].concat();
        let len = ((inner.len() + TAG) as u16).to_be_bytes();
        let header = [23, 3, 3, len[0], len[1]];
        let nonce = nonce(self.iv, self.sealed);
        self.sealed += 1;
        key.seal_in_place_append_tag(nonce, Aad::from(header), &mut inner)
            .unwrap();
        [&header[..], &inner].concat()
    }
}

fn nonce(mut iv: [u8; 12], sequence: u64) -> Nonce {
    for (byte, counter) in iv.iter_mut().rev().zip(sequence.to_le_bytes()) {
        *byte ^= counter;
    }
    Nonce::assume_unique_for_key(iv)
}

/// `HKDF-Expand-Label` with an empty context (RFC 8446, section 7.1).
fn expand<const LEN: usize>(secret: &[u8], label: &str) -> [u8; LEN] {
    struct Len(usize);
    impl KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }
    let label = format!("tls13 {label}");
    let info: [&[u8]; 4] = [
        &[0, LEN as u8, label.len() as u8],
        label.as_bytes(),
        &[0],
        &[],
    ];
    let mut out = [0; LEN];
    let prk = Prk::new_less_safe(HKDF_SHA256, secret);
    prk.expand(&info, Len(LEN)).unwrap().fill(&mut out).unwrap();
    out
}

fn hello(kind: u8, random: &[u8; 32], middle: &[u8], extensions: &[u8]) -> Vec<u8> {
    let len = (extensions.len() as u16).to_be_bytes();
    let body = [&[3, 3][..], random, &[0], middle, &len, extensions].concat();
    let len = (body.len() as u32).to_be_bytes();
    [&[kind][..], &len[1..], &body].concat()
}

fn clear(message: &[u8]) -> Vec<u8> {
    let len = (message.len() as u16).to_be_bytes();
    [&[22, 3, 3][..], &len, message].concat()
}

fn fill<const LEN: usize>(random: &mut Random) -> [u8; LEN] {
    std::array::from_fn(|_| random.next() as u8)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
