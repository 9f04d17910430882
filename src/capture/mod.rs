//! Captures: from a file, a pipe or a compressed file to packets.
//!
//! Comes in: bytes of pcap or pcapng, perhaps compressed, recognised by what they begin with. Goes out: packets that borrow the reader's
//! one buffer, the secrets found among them, and notices of what is damaged. Nothing read before the damage is lost.

mod ahead;
mod buffer;
mod files;
mod joint;
mod merged;
mod packet;
mod pcap;
mod pcapng;
mod source;

use std::collections::VecDeque;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use self::buffer::Buffer;
use self::pcap::Pcap;
use self::pcapng::Pcapng;
use crate::error::Error;
use crate::notice::{Kind, Notice};
use crate::time::Timestamp;

pub use files::captures_in;
pub(crate) use files::files_in;
pub use merged::Merged;
pub use packet::{LinkType, Packet};

/// What stands next in a capture.
#[derive(Debug)]
pub enum Item<'cap> {
    /// A packet.
    Packet(Packet<'cap>),
    /// A TLS key log that the capture carries (a Decryption Secrets Block of pcapng).
    Secrets(&'cap [u8]),
    /// Something is wrong with the capture. In a box, because most items are packets and are moved for each.
    Notice(Box<Notice>),
    /// The next item is not read yet, and reading it may wait: a good moment to show what there is.
    Pause,
}

/// A capture that is being read.
#[derive(Debug)]
pub struct Capture {
    name: String,
    buffer: Buffer,
    format: Format,
    notices: VecDeque<Notice>,
    packets: u64,
    last_time: Option<Timestamp>,
    /// How many packets the files before this one had, where files were put one behind the other.
    packets_before: u64,
    disordered: bool,
    /// Whether a packet was left out that could not be read.
    has_left_out: bool,
    link_types: Vec<LinkType>,
    ended: bool,
    paused: bool,
}

#[derive(Debug)]
enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

/// A record in the buffer: how long it is, and what it holds.
#[derive(Debug)]
struct Record {
    len: usize,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Packet(Found),
    /// A packet of which the record announces so many bytes, and has fewer.
    Overstated(Found, u32),
    /// A key log, of which the record announces so many bytes.
    Secrets(Range<usize>, u32),
    Interface(LinkType),
    /// Another file's header, of pcap: what follows is read by it.
    File(Pcap),
    /// Another file begins, of pcapng.
    Sections,
    /// A packet that cannot be read, and why.
    Unreadable(&'static str),
    Nothing,
}

/// A packet in a record.
#[derive(Debug)]
struct Found {
    time: Timestamp,
    link: LinkType,
    fcs_len: u8,
    /// Its place, from the record's first byte.
    bytes: Range<usize>,
    original_len: u32,
}

impl Found {
    /// The packet of this number, in a record that began at a place of the buffer and was consumed.
    #[inline]
    fn packet(self, number: u64, begin: usize, buffer: &Buffer) -> Packet<'_> {
        let bytes = buffer.slice(begin + self.bytes.start..begin + self.bytes.end);
        let captured = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Packet {
            number,
            time: self.time,
            link: self.link,
            fcs_len: self.fcs_len,
            bytes,
            original_len: self.original_len.max(captured),
            file: 0,
        }
    }
}

/// What a format makes of the bytes at hand.
#[derive(Debug)]
enum Parsed {
    Record(Record),
    /// So many bytes are needed.
    Incomplete(usize),
    /// No record can stand here.
    Damaged(&'static str),
}

impl Capture {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// Where the file cannot be read, or is no capture.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_file(path, false)
    }

    /// The same; what is compressed is decompressed ahead, on a thread of its own.
    ///
    /// # Errors
    /// As [`open`](Self::open), and where the system has no thread to give.
    pub fn open_ahead(path: &Path) -> Result<Self, Error> {
        Self::open_file(path, true)
    }

    fn open_file(path: &Path, ahead: bool) -> Result<Self, Error> {
        if path.as_os_str() == "-" {
            return Self::of_source("-", Box::new(std::io::stdin()), ahead);
        }
        let file = std::fs::File::open(path).map_err(|source| Error::Io {
            path: path.into(),
            source,
        })?;
        Self::of_source(&path.to_string_lossy(), Box::new(file), ahead)
    }

    /// Reads a capture from anywhere; `name` is how messages call it.
    ///
    /// # Errors
    /// Where its first bytes cannot be read, or begin no capture.
    pub fn from_reader(name: &str, source: Box<dyn Read + Send>) -> Result<Self, Error> {
        Self::of_source(name, source, false)
    }

    fn of_source(name: &str, source: Box<dyn Read + Send>, ahead: bool) -> Result<Self, Error> {
        let failed = |source| Error::Io {
            path: name.into(),
            source,
        };
        let (source, compression) = source::decompressed(source, ahead).map_err(failed)?;
        let mut buffer = Buffer::new(source);
        buffer.fill_to(24).map_err(failed)?;
        let format = match buffer.bytes() {
            [0x0a, 0x0d, 0x0d, 0x0a, ..] => Some(Format::Pcapng(Pcapng::default())),
            bytes => Pcap::read_header(bytes).map(Format::Pcap),
        };
        let format = format.ok_or_else(|| Error::NotACapture {
            path: name.into(),
            reason: why_not(&mut buffer, compression),
        })?;
        let mut link_types = Vec::new();
        if let Format::Pcap(pcap) = &format {
            buffer.consume(pcap::HEADER_LEN.min(buffer.bytes().len()));
            link_types.push(pcap.link);
        }
        Ok(Self {
            name: name.to_string(),
            buffer,
            format,
            notices: VecDeque::new(),
            packets: 0,
            last_time: None,
            packets_before: 0,
            disordered: false,
            has_left_out: false,
            link_types,
            ended: false,
            paused: false,
        })
    }

    /// Its name as given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The link types seen so far, each once.
    pub fn link_types(&self) -> &[LinkType] {
        &self.link_types
    }

    /// Whether its format can hold secrets of TLS connections.
    pub fn may_hold_secrets(&self) -> bool {
        matches!(self.format, Format::Pcapng(_))
    }

    /// The buffer in which stand the packets that [`next_packet`](Self::next_packet) will give, for who needs them longer.
    pub(crate) fn share(&self) -> Option<Arc<[u8]>> {
        matches!(self.format, Format::Pcap(_)).then(|| self.buffer.share())
    }

    /// The next item, where it is a packet that is in memory already; else nothing has happened.
    #[inline]
    pub fn next_packet(&mut self) -> Option<Packet<'_>> {
        if !self.notices.is_empty() || self.ended {
            return None;
        }
        // Looking at a block of pcapng takes note of what it says.
        let Format::Pcap(pcap) = &self.format else {
            return None;
        };
        let (len, found) = pcap.usual(self.buffer.bytes())?;
        let begin = self.buffer.consume(len);
        self.packets += 1;
        self.watch_time(found.time);
        Some(found.packet(self.packets, begin, &self.buffer))
    }

    /// The next item; none at the end.
    ///
    /// # Errors
    /// Where the system fails to read on. All that was read before has been given.
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>, Error> {
        loop {
            if let Some(notice) = self.notices.pop_front() {
                return Ok(Some(Item::Notice(Box::new(notice))));
            }
            if self.ended {
                return Ok(None);
            }
            match self.parse() {
                Parsed::Record(record) => {
                    let begin = self.buffer.consume(record.len);
                    match record.content {
                        Content::Packet(found) => {
                            return Ok(Some(Item::Packet(self.give(found, begin))));
                        }
                        Content::Overstated(found, announced) => {
                            let which = format!("packet {}", self.packets + 1);
                            self.overstated(&which, found.bytes.len(), announced, record.len);
                            return Ok(Some(Item::Packet(self.give(found, begin))));
                        }
                        Content::Secrets(bytes, announced) => {
                            self.secrets_of(bytes.len(), announced, record.len);
                            return Ok(Some(Item::Secrets(
                                self.buffer.slice(begin + bytes.start..begin + bytes.end),
                            )));
                        }
                        Content::Interface(link) => {
                            if !self.link_types.contains(&link) {
                                self.link_types.push(link);
                            }
                        }
                        Content::File(next) => self.begin_file(Format::Pcap(next)),
                        Content::Sections => self.begin_file(Format::Pcapng(Pcapng::default())),
                        Content::Unreadable(why) => self.leave_out(why, record.len),
                        Content::Nothing => {}
                    }
                }
                Parsed::Incomplete(_) if !self.paused => {
                    self.paused = true;
                    return Ok(Some(Item::Pause));
                }
                Parsed::Incomplete(needed) => {
                    self.paused = false;
                    let held = self.buffer.bytes().len();
                    match self.buffer.fill_to(needed.max(held + 1)) {
                        Ok(true) => {}
                        Ok(false) => self.end_of_source(),
                        Err(source) => {
                            self.ended = true;
                            return Err(Error::Io {
                                path: self.name.clone().into(),
                                source,
                            });
                        }
                    }
                }
                Parsed::Damaged(why) => self.resync(why)?,
            }
        }
    }

    #[inline]
    fn parse(&self) -> Parsed {
        match &self.format {
            Format::Pcap(pcap) => pcap.parse(self.buffer.bytes()),
            Format::Pcapng(pcapng) => pcapng.parse(self.buffer.bytes()),
        }
    }

    /// The packet in a record that began at a place of the buffer and was consumed.
    #[inline]
    fn give(&mut self, found: Found, begin: usize) -> Packet<'_> {
        self.packets += 1;
        self.watch_time(found.time);
        if !self.link_types.contains(&found.link) {
            self.link_types.push(found.link);
        }
        found.packet(self.packets, begin, &self.buffer)
    }

    /// Looks whether a record of so many bytes has all of the key log that it announces.
    fn secrets_of(&mut self, held: usize, announced: u32, len: usize) {
        if usize::try_from(announced).is_ok_and(|announced| announced > held) {
            let which = format!("the key log behind packet {}", self.packets);
            self.overstated(&which, held, announced, len);
        }
    }

    /// Says that a record of so many bytes has fewer of what it holds than it announces.
    #[cold]
    fn overstated(&mut self, which: &str, held: usize, announced: u32, len: usize) {
        let explanation = format!(
            "{}: {which}, at offset {}: its block announces {announced} bytes of it and has {held}, which are read",
            self.name,
            self.buffer.offset().saturating_sub(len as u64)
        );
        let mut notice = Notice::new(Kind::DamagedRecord, explanation);
        notice.length = Some(u64::from(announced).saturating_sub(held as u64));
        self.notices.push_back(notice);
    }

    /// Another file begins here.
    #[cold]
    fn begin_file(&mut self, format: Format) {
        if let Format::Pcap(pcap) = &format
            && !self.link_types.contains(&pcap.link)
        {
            self.link_types.push(pcap.link);
        }
        self.format = format;
        self.packets_before = self.packets;
    }

    /// Says once that packets are left out which cannot be read: where one is, all others often are.
    #[cold]
    fn leave_out(&mut self, why: &str, len: usize) {
        if self.has_left_out {
            return;
        }
        self.has_left_out = true;
        let len = len as u64;
        let explanation = format!(
            "{}: behind packet {}, at offset {}: {why}; it is left out, and so are all others like it",
            self.name,
            self.packets,
            self.buffer.offset().saturating_sub(len)
        );
        let mut notice = Notice::new(Kind::DamagedRecord, explanation);
        notice.length = Some(len);
        self.notices.push_back(notice);
    }

    /// The source has nothing more: goes on at another file where one stands in the record that is not whole.
    fn end_of_source(&mut self) {
        let held = self.buffer.bytes();
        match joint::file_inside(held, held.len()) {
            Some(at) => {
                let from = self.buffer.offset();
                self.buffer.consume(at);
                self.passed_over("a record is cut off where another file begins", from);
            }
            None => self.end(),
        }
    }

    /// The source has nothing more: says so where that cuts a record or a compressed stream.
    fn end(&mut self) {
        self.ended = true;
        let held = self.buffer.bytes().len();
        let offset = self.buffer.offset();
        if let Some(failure) = self.buffer.take_failure() {
            let explanation = format!(
                "{}: the compressed stream is broken behind packet {} ({failure}); it was read up to there",
                self.name, self.packets
            );
            self.notices
                .push_back(Notice::new(Kind::CutFile, explanation));
        } else if held > 0 {
            let explanation = format!(
                "{}: the file ends in the middle of a record, {held} bytes behind offset {offset}; {} packets were read before it",
                self.name, self.packets
            );
            self.notices
                .push_back(Notice::new(Kind::CutFile, explanation));
        }
    }

    /// Goes on at the next record that makes sense.
    fn resync(&mut self, why: &str) -> Result<(), Error> {
        let from = self.buffer.offset();
        let last_time = (self.last_time).filter(|_| self.packets > self.packets_before);
        loop {
            let bytes = self.buffer.bytes();
            let complete = self.buffer.is_at_end();
            let found = match &self.format {
                Format::Pcap(pcap) => pcap.find_record(bytes, last_time, complete),
                Format::Pcapng(pcapng) => {
                    pcapng.find_record(bytes, from, self.buffer.offset(), complete)
                }
            };
            match found {
                Ok(at) => {
                    self.buffer.consume(at);
                    break;
                }
                Err(_) if complete => {
                    self.buffer.consume(bytes.len());
                    break;
                }
                Err(passed) => {
                    self.buffer.consume(passed);
                    let needed = self.buffer.bytes().len() + buffer::USUAL;
                    self.buffer.fill_to(needed).map_err(|source| Error::Io {
                        path: self.name.clone().into(),
                        source,
                    })?;
                }
            }
        }
        self.passed_over(why, from);
        Ok(())
    }

    /// Says that all from an offset to here was passed over, and why.
    fn passed_over(&mut self, why: &str, from: u64) {
        let skipped = self.buffer.offset() - from;
        let mut notice = Notice::new(
            Kind::DamagedRecord,
            format!(
                "{}: behind packet {}, at offset {from}: {why}; {skipped} bytes were passed over",
                self.name, self.packets
            ),
        );
        notice.length = Some(skipped);
        self.notices.push_back(notice);
    }

    #[inline]
    fn watch_time(&mut self, time: Timestamp) {
        if self.last_time.is_some_and(|last| time < last) && !self.disordered {
            self.disordered = true;
            let explanation = format!(
                "{}: packet {} is older than the one before it; packets are read in the file's order",
                self.name, self.packets
            );
            self.notices
                .push_back(Notice::new(Kind::TimeOrder, explanation).at_packet(self.packets));
        }
        self.last_time = Some(time);
    }
}

/// Why what stands in the buffer begins no capture.
fn why_not(buffer: &mut Buffer, compression: Option<&str>) -> String {
    let failure = buffer.take_failure();
    let behind = failure
        .as_ref()
        .map(|failure| format!(" ({failure})"))
        .unwrap_or_default();
    let begin = |bytes: &[u8]| {
        let bytes = bytes.iter().take(8).map(|byte| format!("{byte:02x}"));
        bytes.collect::<Vec<_>>().join(" ")
    };
    let why = match (buffer.bytes(), compression, failure) {
        ([], None, _) => "it is empty (0 bytes)".to_string(),
        ([], Some(compression), None) => {
            format!("there is nothing inside its {compression} stream")
        }
        ([], Some(compression), Some(failure)) => {
            let how = match failure.kind() {
                ErrorKind::UnexpectedEof => "cut off",
                _ => "broken",
            };
            format!("its {compression} stream is {how} before anything of it can be read")
        }
        (bytes, ..) if Pcap::begins_header(bytes) => format!(
            "it begins as pcap does, and ends behind {} of its header's {} bytes",
            bytes.len(),
            pcap::HEADER_LEN
        ),
        (bytes @ ([_] | [_, _] | [_, _, _]), ..) => format!(
            "it has fewer bytes ({}) than any capture's header",
            begin(bytes)
        ),
        (bytes, ..) => format!(
            "it begins with {}, and neither pcap, pcapng nor a gzip, zstd or lz4 stream of them does",
            begin(bytes)
        ),
    };
    why + &behind
}
