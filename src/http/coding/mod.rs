//! Content codings (RFC 9110, section 8.4): what a body's content is when it is decoded.
//!
//! Comes in: content without its framing, in pieces. Goes out: what was coded, in pieces of at most the room that is given. One coding is
//! read; content that was coded several times over is not.

mod brotli;
mod zlib;
mod zstandard;

use self::brotli::Brotli;
use self::zlib::Zlib;
use self::zstandard::Zstandard;
use super::Fields;

/// A content coding that can be decoded (RFC 9110, section 8.4.1; RFC 7932; RFC 8878).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Coding {
    /// `gzip`, also by its old name `x-gzip`.
    Gzip,
    /// `deflate`: a zlib stream. Practice: also raw DEFLATE.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstandard,
}

impl Coding {
    /// The coding of a message's content: none where it has none, and where it has one that is not read.
    pub fn of(fields: &Fields) -> Option<Self> {
        let mut members = fields
            .members("Content-Encoding")
            .filter(|member| !member.eq_ignore_ascii_case(b"identity"));
        let coding = members.next()?.to_ascii_lowercase();
        if members.next().is_some() {
            return None;
        }
        match coding.as_slice() {
            b"gzip" | b"x-gzip" => Some(Self::Gzip),
            b"deflate" => Some(Self::Deflate),
            b"br" => Some(Self::Brotli),
            b"zstd" => Some(Self::Zstandard),
            _ => None,
        }
    }

    /// How much memory a decoder may take, in bytes: the widest window of the coding, and its tables.
    pub fn memory(self) -> u64 {
        match self {
            Self::Gzip | Self::Deflate => 48 << 10,
            Self::Brotli => 17 << 20,
            Self::Zstandard => 9 << 20,
        }
    }
}

/// Whether a message's content is coded at all.
pub fn is_coded(fields: &Fields) -> bool {
    fields
        .members("Content-Encoding")
        .any(|member| !member.eq_ignore_ascii_case(b"identity"))
}

/// Decodes the content of one message.
#[derive(Debug)]
pub enum Decoder {
    /// `gzip` and `deflate`.
    Zlib(Box<Zlib>),
    /// `br`.
    Brotli(Box<Brotli>),
    /// `zstd`.
    Zstandard(Box<Zstandard>),
}

/// Content that is not what its coding says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Broken;

/// What one step did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Step {
    /// How many coded bytes it took.
    pub taken: usize,
    /// How many bytes it gave.
    pub given: usize,
}

impl Decoder {
    /// A decoder at the beginning of content.
    pub fn new(coding: Coding) -> Result<Self, Broken> {
        Ok(match coding {
            Coding::Gzip => Self::Zlib(Box::new(Zlib::gzip())),
            Coding::Deflate => Self::Zlib(Box::new(Zlib::deflate())),
            Coding::Brotli => Self::Brotli(Box::new(Brotli::new())),
            Coding::Zstandard => Self::Zstandard(Box::new(Zstandard::new()?)),
        })
    }

    /// Decodes what fits. It is to be called again as long as it takes or gives something.
    pub fn step(&mut self, coded: &[u8], room: &mut [u8]) -> Result<Step, Broken> {
        match self {
            Self::Zlib(decoder) => decoder.step(coded, room),
            Self::Brotli(decoder) => decoder.step(coded, room),
            Self::Zstandard(decoder) => decoder.step(coded, room),
        }
    }

    /// Whether the coding says that nothing more is to come.
    pub fn is_finished(&self) -> bool {
        match self {
            Self::Zlib(decoder) => decoder.is_finished(),
            Self::Brotli(decoder) => decoder.is_finished(),
            Self::Zstandard(decoder) => decoder.is_finished(),
        }
    }
}

#[cfg(test)]
mod tests;
