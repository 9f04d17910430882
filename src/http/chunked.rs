//! The chunked transfer coding (RFC 9112, section 7.1).

/// A line of the coding longer than this is none: sizes are short, and nobody uses extensions.
const LONGEST_LINE: usize = 16 << 10;

/// Where a reader stands in a chunked body.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Chunked {
    /// Before a chunk's size.
    #[default]
    Size,
    /// Inside a chunk, with so many bytes to come.
    Data(u64),
    /// Before the line end behind a chunk.
    DataEnd,
    /// Before a trailer field, or the empty line that ends the body.
    Trailer,
    /// Behind the last line.
    Done,
}

/// What comes next in a chunked body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    /// So many bytes of the coding itself.
    Coding(usize),
    /// So many bytes of content.
    Content(usize),
    /// The body is over.
    End,
    /// Not before more bytes come.
    Incomplete,
    /// This is no chunked body.
    Broken,
}

impl Chunked {
    /// Looks at the bytes that wait.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Part {
        if *self == Self::Done {
            return Part::End;
        }
        if bytes.is_empty() {
            return Part::Incomplete;
        }
        if let Self::Data(left) = *self {
            let len = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
            *self = if len as u64 == left {
                Self::DataEnd
            } else {
                Self::Data(left - len as u64)
            };
            return Part::Content(len);
        }
        let Some(len) = memchr::memchr(
            b'\n',
            bytes
                .get(..bytes.len().min(LONGEST_LINE))
                .unwrap_or_default(),
        )
        .map(|end| end + 1) else {
            return if bytes.len() < LONGEST_LINE {
                Part::Incomplete
            } else {
                Part::Broken
            };
        };
        let line = bytes.get(..len).unwrap_or_default().trim_ascii();
        *self = match *self {
            Self::Size => match size(line) {
                Some(0) => Self::Trailer,
                Some(size) => Self::Data(size),
                None => return Part::Broken,
            },
            Self::DataEnd if line.is_empty() => Self::Size,
            Self::Trailer if line.is_empty() => Self::Done,
            Self::Trailer => Self::Trailer,
            _ => return Part::Broken,
        };
        Part::Coding(len)
    }

    /// Passes over bytes that lie inside a chunk's data.
    pub(super) fn skip(&mut self, len: u64) -> bool {
        match *self {
            Self::Data(left) if len <= left => {
                *self = if len == left {
                    Self::DataEnd
                } else {
                    Self::Data(left - len)
                };
                true
            }
            _ => false,
        }
    }
}

/// `chunk-size = 1*HEXDIG`, before any extension.
fn size(line: &[u8]) -> Option<u64> {
    let len = line
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let (digits, behind) = line.split_at_checked(len)?;
    let ended = matches!(behind.trim_ascii_start().first(), None | Some(b';'));
    let digits = std::str::from_utf8(digits).ok().filter(|_| ended)?;
    u64::from_str_radix(digits, 16).ok()
}
