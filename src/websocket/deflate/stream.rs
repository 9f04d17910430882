//! A DEFLATE stream that has no end.
//!
//! A decompressor ends at a block that is marked as final. In a WebSocket such a block ends nothing (RFC 7692, section 7.2.3.4):
//! the next begins at the next byte and may refer to all before. So another run of the decompressor begins there, with
//! the same history.

use flate2::{Decompress, FlushDecompress, Status};

use super::Failure;
use super::history::History;

/// A decompressor and what it has given.
#[derive(Debug)]
pub(super) struct Stream {
    decompressor: Decompress,
    history: History,
}

/// What one step did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Step {
    /// How many compressed bytes it took.
    pub(super) taken: usize,
    /// How many bytes it gave.
    pub(super) given: usize,
    /// Whether it ended with a final block.
    pub(super) final_block: bool,
    /// Why it cannot go on. What it took ends with the byte that shows it.
    pub(super) failure: Option<Failure>,
}

impl Stream {
    /// A stream that nothing precedes.
    pub(super) fn new() -> Self {
        Self {
            decompressor: Decompress::new(false),
            history: History::default(),
        }
    }

    /// Begins again, with nothing before.
    pub(super) fn reset(&mut self) {
        self.decompressor.reset(false);
        self.history.clear();
    }

    /// Begins again, as if a whole window of one byte's value had gone before.
    pub(super) fn reset_behind(&mut self, byte: u8) {
        self.history.fill(byte);
        self.begin_behind_history();
    }

    /// Begins again, as if this had gone before.
    pub(super) fn reset_behind_history(&mut self, history: &History) {
        self.history.clone_from(history);
        self.begin_behind_history();
    }

    /// What it gave last.
    pub(super) fn history(&self) -> &History {
        &self.history
    }

    /// Inflates what fits.
    pub(super) fn step(&mut self, coded: &[u8], plain: &mut [u8]) -> Step {
        let (taken, given) = self.totals();
        let status = self
            .decompressor
            .decompress(coded, plain, FlushDecompress::None);
        let (taken, given) = (self.totals().0 - taken, self.totals().1 - given);
        let mut step = Step {
            taken: usize::try_from(taken).unwrap_or(coded.len()),
            given: usize::try_from(given).unwrap_or(plain.len()),
            final_block: matches!(status, Ok(Status::StreamEnd)),
            failure: None,
        };
        self.history
            .push(plain.get(..step.given).unwrap_or_default());
        step.failure = status.err().map(|error| {
            // Behind a whole window nothing is too far back.
            Failure::from_message(error.message(), self.history.is_full())
        });
        if step.final_block {
            self.begin_behind_history();
        }
        step
    }

    fn totals(&self) -> (u64, u64) {
        (self.decompressor.total_in(), self.decompressor.total_out())
    }

    fn begin_behind_history(&mut self) {
        self.decompressor.reset(false);
        let (older, newer) = self.history.parts();
        for part in [older, newer].into_iter().filter(|part| !part.is_empty()) {
            // A decompressor of raw DEFLATE takes a dictionary at any time; if it did not, references into it would fail.
            let _ = self.decompressor.set_dictionary(part);
        }
    }
}
