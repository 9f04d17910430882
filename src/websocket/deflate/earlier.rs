//! What a sender refers to that breaks its word.
//!
//! Without context takeover a message refers to nothing before it (RFC 7692, section 7.1.1), and nothing of earlier messages is
//! in the window. A message that does all the same is read a second time, behind what it refers to.

use super::history::History;
use super::stream::Stream;
use crate::private::Private;

/// How long a message may be, compressed, to be read a second time: longer than nearly all are, and no more than the window takes.
const REREAD: usize = 32 << 10;

/// The end of the earlier messages, and the open one as it was sent so far.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    history: History,
    coded: Private<Vec<u8>>,
    too_long: bool,
}

impl Earlier {
    /// A message begins.
    pub(super) fn begin(&mut self) {
        self.coded.clear();
        self.too_long = false;
    }

    /// Its payload goes on.
    pub(super) fn push(&mut self, coded: &[u8]) {
        self.too_long |= self.coded.len() + coded.len() > REREAD;
        if self.too_long {
            self.coded.clear();
        } else {
            self.coded.extend_from_slice(coded);
        }
    }

    /// It is over, and this stream gave it: alone, or behind the earlier messages.
    pub(super) fn end(&mut self, stream: &Stream, alone: bool) {
        if !alone {
            self.history.clear();
        }
        let (older, newer) = stream.history().parts();
        self.history.push(older);
        self.history.push(newer);
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        self.history.clear();
        self.begin();
    }

    /// Puts a stream behind the earlier messages; gives the open one as far as it came, if it may be read again.
    pub(super) fn reread(&mut self, stream: &mut Stream) -> Option<Vec<u8>> {
        if self.too_long || self.history.is_empty() {
            return None;
        }
        stream.reset_behind_history(&self.history);
        Some(std::mem::take(&mut self.coded))
    }
}
