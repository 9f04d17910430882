//! What all inflation shares: room to work in, and the count of windows that are alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::stream::Stream;
use crate::private::Private;

/// How much is inflated at a time. Small enough to stay in the nearest caches beside the window, large enough that
/// the calls are few.
const ROOM: usize = 16 << 10;

/// How many windows may be alive at once. One takes some 80 KiB when full: 32 KiB in the decompressor, 32 KiB of history and
/// the tables; so all of them take 1.3 GiB at most, and 8,192 connections can talk compressed both ways.
const WINDOWS: usize = 16 << 10;

/// How many windows that nobody needs are kept for the next message that does: without context takeover each message
/// needs one, and few are open at a time.
const SPARE: usize = 8;

/// Room for inflation, shared by all connections of an analysis.
#[derive(Debug)]
pub struct Workshop {
    pub(super) plain: Private<Box<[u8]>>,
    /// Room for the second of two streams; made when it is first needed.
    pub(super) twin: Private<Box<[u8]>>,
    spare: Vec<Window>,
    alive: Arc<AtomicUsize>,
    most: usize,
}

impl Default for Workshop {
    fn default() -> Self {
        Self::with_windows(WINDOWS)
    }
}

/// A stream that counts among those alive.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) stream: Box<Stream>,
    alive: Arc<AtomicUsize>,
}

impl Workshop {
    /// A workshop in which at most so many windows are alive.
    pub(super) fn with_windows(most: usize) -> Self {
        Self {
            plain: Private(vec![0; ROOM].into_boxed_slice()),
            twin: Private::default(),
            spare: Vec::new(),
            alive: Arc::default(),
            most,
        }
    }

    /// A window that has forgotten everything; none where too many are alive.
    pub(super) fn window(&mut self) -> Option<Window> {
        if let Some(mut window) = self.spare.pop() {
            window.stream.reset();
            return Some(window);
        }
        if self.alive.load(Ordering::Relaxed) >= self.most {
            return None;
        }
        self.alive.fetch_add(1, Ordering::Relaxed);
        Some(Window {
            stream: Box::new(Stream::new()),
            alive: Arc::clone(&self.alive),
        })
    }

    /// Takes back a window that is not needed for now.
    pub(super) fn take_back(&mut self, window: Window) {
        if self.spare.len() < SPARE {
            self.spare.push(window);
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

impl Drop for Window {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}
