//! What all inflation shares: room to work in, and the count of windows that are alive.

use super::stream::Stream;
use crate::bound::{Bound, SHARDS, Share};
use crate::private::Private;

/// How much is inflated at a time. Small enough to stay in the nearest caches beside the window, large enough that
/// the calls are few.
const ROOM: usize = 16 << 10;

/// How many windows may be alive at once. One takes some 80 KiB when full: 32 KiB in the decompressor, 32 KiB of history and
/// the tables; so all of them take 1.3 GiB at most, and 8,192 connections can talk compressed both ways, a 64th of them in each shard.
const WINDOWS: u64 = 16 << 10;

/// How many windows that nobody needs are kept for the next message that does: without context takeover each message
/// needs one, and few are open at a time.
const SPARE: usize = 8;

/// Room for inflation, shared by all connections of an analysis.
#[derive(Debug)]
pub struct Workshop {
    pub(super) plain: Private<Box<[u8]>>,
    /// Room for the second of two streams; made when it is first needed.
    pub(super) twin: Private<Box<[u8]>>,
    #[expect(clippy::vec_box, reason = "windows have their streams in boxes")]
    spare: Vec<Box<Stream>>,
    alive: Bound,
}

impl Default for Workshop {
    fn default() -> Self {
        Self::with_windows(Bound::new(WINDOWS / SHARDS as u64))
    }
}

/// A stream that counts among those alive.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) stream: Box<Stream>,
    _alive: Share,
}

impl Workshop {
    /// A workshop in which at most so many windows are alive.
    pub(super) fn with_windows(alive: Bound) -> Self {
        Self {
            plain: Private(vec![0; ROOM].into_boxed_slice()),
            twin: Private::default(),
            spare: Vec::new(),
            alive,
        }
    }

    /// The same for another thread; windows of both are counted together.
    pub(crate) fn another(&self) -> Self {
        Self::with_windows(self.alive.clone())
    }

    /// It is this shard's turn.
    #[inline]
    pub(crate) fn turn(&mut self, shard: usize) {
        self.alive.turn(shard);
    }

    /// A window that has forgotten everything; none where too many are alive.
    pub(super) fn window(&mut self) -> Option<Window> {
        let alive = self.alive.take(1)?;
        let stream = match self.spare.pop() {
            Some(mut stream) => {
                stream.reset();
                stream
            }
            None => Box::new(Stream::new()),
        };
        Some(Window {
            stream,
            _alive: alive,
        })
    }

    /// Takes back a window that is not needed for now.
    pub(super) fn take_back(&mut self, window: Window) {
        if self.spare.len() < SPARE {
            self.spare.push(window.stream);
        }
    }

    /// Room for a pair of streams.
    pub(super) fn pair_of_rooms(&mut self) -> (&mut [u8], &mut [u8]) {
        if self.twin.is_empty() {
            self.twin.0 = vec![0; ROOM].into_boxed_slice();
        }
        (&mut self.plain, &mut self.twin)
    }
}
