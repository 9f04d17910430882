//! Captures in the classic little-endian pcap format.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use super::{LinkType, Packet};
use crate::error::Error;
use crate::notice::{Kind, Notice};
use crate::time::Timestamp;

/// What a capture holds.
#[derive(Debug)]
pub enum Item<'cap> {
    /// A packet.
    Packet(Packet<'cap>),
    /// TLS secrets.
    Secrets(&'cap [u8]),
    /// What the capture does not show.
    Notice(Notice),
}

/// A capture that is being read.
pub struct Capture {
    name: String,
    input: Box<dyn Read>,
    links: Vec<LinkType>,
    buffer: Vec<u8>,
    number: u64,
    nano: bool,
    over: bool,
}

impl Capture {
    /// Opens a file; `-` is standard input.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Io {
            path: path.to_path_buf(),
            source,
        };
        let input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(io::BufReader::new(File::open(path).map_err(failed)?))
        };
        Self::read(&path.to_string_lossy(), input)
    }

    /// Reads a capture that is in memory.
    pub fn of_bytes(name: &str, bytes: &'static [u8]) -> Result<Self, Error> {
        Self::read(name, Box::new(Cursor::new(bytes)))
    }

    fn read(name: &str, mut input: Box<dyn Read>) -> Result<Self, Error> {
        let mut head = [0; 24];
        let path = PathBuf::from(name);
        input.read_exact(&mut head).map_err(|source| Error::Io {
            path: path.clone(),
            source,
        })?;
        let [a, b, c, d, .., l0, l1, _, _] = head;
        let nano = match [a, b, c, d] {
            [0xd4, 0xc3, 0xb2, 0xa1] => false,
            [0x4d, 0x3c, 0xb2, 0xa1] => true,
            _ => {
                return Err(Error::NotACapture {
                    path,
                    reason: "unknown first bytes".to_string(),
                });
            }
        };
        Ok(Self {
            name: name.to_string(),
            input,
            links: vec![LinkType(u16::from_le_bytes([l0, l1]))],
            buffer: Vec::new(),
            number: 0,
            nano,
            over: false,
        })
    }

    /// The name as given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Link types seen so far.
    pub fn link_types(&self) -> &[LinkType] {
        &self.links
    }

    /// The next item.
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>, Error> {
        if self.over {
            return Ok(None);
        }
        let mut head = Vec::new();
        let failed = |source| Error::Io {
            path: PathBuf::from(&self.name),
            source,
        };
        self.input
            .by_ref()
            .take(16)
            .read_to_end(&mut head)
            .map_err(failed)?;
        let word = |at: usize| {
            let bytes = head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            u32::from_le_bytes(bytes.unwrap_or_default())
        };
        if head.is_empty() {
            self.over = true;
            return Ok(None);
        }
        self.buffer.clear();
        self.input
            .by_ref()
            .take(word(8).into())
            .read_to_end(&mut self.buffer)
            .map_err(failed)?;
        if head.len() < 16 || self.buffer.len() as u64 != u64::from(word(8)) {
            self.over = true;
            let notice = Notice::new(Kind::CutFile, "the file ends inside a packet");
            return Ok(Some(Item::Notice(notice)));
        }
        self.number += 1;
        let part = i64::from(word(4)) * if self.nano { 1 } else { 1000 };
        Ok(Some(Item::Packet(Packet {
            number: self.number,
            time: Timestamp(i64::from(word(0)) * 1_000_000_000 + part),
            link: self.links.first().copied().unwrap_or(LinkType(0)),
            fcs_len: 0,
            bytes: &self.buffer,
            original_len: word(12),
            file: 0,
        })))
    }
}

/// The captures in a directory, or the file itself.
pub fn captures_in(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let failed = |source| Error::Io {
        path: path.to_path_buf(),
        source,
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|ending| ending == "pcap") {
            found.push(file);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(Error::EmptyDirectory {
            path: path.to_path_buf(),
        });
    }
    Ok(found)
}

/// Several captures as one.
pub struct Merged {
    captures: Vec<Capture>,
    names: Vec<String>,
    at: usize,
    number: u64,
}

impl Merged {
    /// One behind the other.
    pub fn new(captures: Vec<Capture>) -> Self {
        Self {
            names: captures
                .iter()
                .map(|capture| capture.name.clone())
                .collect(),
            captures,
            at: 0,
            number: 0,
        }
    }

    /// Their names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The next item.
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>, Error> {
        while self.captures.get(self.at).is_some_and(|capture| {
            // A capture is over only once it has said so.
            capture.over
        }) {
            self.at += 1;
        }
        let file = u16::try_from(self.at).unwrap_or(u16::MAX);
        let last = self.at + 1 >= self.captures.len();
        let Some(capture) = self.captures.get_mut(self.at) else {
            return Ok(None);
        };
        match capture.next_item()? {
            Some(Item::Packet(packet)) => {
                self.number += 1;
                Ok(Some(Item::Packet(Packet {
                    number: self.number,
                    file,
                    ..packet
                })))
            }
            None if !last => Ok(Some(Item::Secrets(&[]))),
            item => Ok(item),
        }
    }
}
