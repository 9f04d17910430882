//! The buffer: bytes of the source that are not consumed yet, in one piece.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

/// How many bytes are read at once: as many as stay in a core's own cache, which measured best.
pub(super) const USUAL: usize = 256 << 10;

/// The largest record that is waited for. Packets of a usual capture have at most 256 KiB; secrets and comments may be larger.
pub(super) const LARGEST: usize = 64 << 20;

/// How many buffers are used in turn, at most, while others still need what they hold.
const IN_TURN: usize = 48;

/// Reads a source into one buffer; into another while somebody still needs what that one holds.
pub(super) struct Buffer {
    source: Box<dyn Read + Send>,
    bytes: Arc<[u8]>,
    /// Buffers that were in use, and may still be needed.
    others: Vec<Arc<[u8]>>,
    start: usize,
    end: usize,
    /// The offset in the (decompressed) source of the byte at `start`.
    offset: u64,
    at_end: bool,
    failure: Option<io::Error>,
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buffer")
            .field("offset", &self.offset)
            .field("held", &(self.end - self.start))
            .finish_non_exhaustive()
    }
}

impl Buffer {
    pub(super) fn new(source: Box<dyn Read + Send>) -> Self {
        Self {
            source,
            bytes: vec![0; USUAL].into(),
            others: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            at_end: false,
            failure: None,
        }
    }

    /// The bytes that wait.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// The buffer, for who needs what stands in it beyond the next fill.
    pub(super) fn share(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }

    /// Where in the source they begin.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the source has nothing more.
    pub(super) fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// Why a compressed source ended early.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Steps over bytes that wait; gives their place, for [`slice`](Self::slice), until the next fill.
    pub(super) fn consume(&mut self, len: usize) -> usize {
        let begin = self.start;
        self.start = (self.start + len).min(self.end);
        self.offset += (self.start - begin) as u64;
        begin
    }

    /// Bytes at a place that was consumed.
    pub(super) fn slice(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// Reads until so many bytes wait; false where the source ends before. One read that brings them is enough, so that a pipe's
    /// packets are seen as they come.
    pub(super) fn fill_to(&mut self, needed: usize) -> io::Result<bool> {
        if self.end - self.start >= needed {
            return Ok(true);
        }
        self.make_room(needed);
        while self.end < needed {
            let room = Arc::get_mut(&mut self.bytes).and_then(|bytes| bytes.get_mut(self.end..));
            let room = room.unwrap_or_default();
            if room.is_empty() || self.at_end {
                return Ok(false);
            }
            match self.source.read(room) {
                Ok(0) => self.at_end = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What a decompressor cannot make sense of is the capture's end, and not this program's.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::InvalidData
                            | io::ErrorKind::InvalidInput
                            | io::ErrorKind::UnexpectedEof
                            | io::ErrorKind::Other
                    ) =>
                {
                    self.at_end = true;
                    self.failure = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Brings the bytes that wait to the beginning of a buffer that has room for so many, and that nobody else needs.
    fn make_room(&mut self, needed: usize) {
        let waiting = self.start..self.end;
        (self.end, self.start) = (waiting.len(), 0);
        if let Some(bytes) = Arc::get_mut(&mut self.bytes)
            && needed <= bytes.len()
        {
            return bytes.copy_within(waiting, 0);
        }
        let fits = |bytes: &mut Arc<[u8]>| {
            bytes.len() >= needed
                && bytes.len() <= needed.max(USUAL) * 2
                && Arc::get_mut(bytes).is_some()
        };
        let mut next = match self.others.iter_mut().position(fits) {
            Some(at) => self.others.swap_remove(at),
            None => {
                let len = needed.next_power_of_two().min(LARGEST * 2);
                vec![0; len.max(USUAL)].into()
            }
        };
        if let Some(room) = Arc::get_mut(&mut next).and_then(|next| next.get_mut(..self.end)) {
            room.copy_from_slice(self.bytes.get(waiting).unwrap_or_default());
        }
        let before = std::mem::replace(&mut self.bytes, next);
        if self.others.len() < IN_TURN && before.len() == USUAL {
            self.others.push(before);
        }
    }
}
