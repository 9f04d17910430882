//! `br` (RFC 7932).

use std::fmt;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{Broken, Step};

/// Decodes a Brotli stream.
pub struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    finished: bool,
}

impl fmt::Debug for Brotli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brotli")
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        let mut state = BrotliState::new(alloc(), alloc(), alloc());
        // Windows of more than 16 MiB are no part of the content coding.
        state.large_window = false;
        Self {
            state,
            finished: false,
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    pub(super) fn step(&mut self, coded: &[u8], room: &mut [u8]) -> Result<Step, Broken> {
        if self.finished {
            return if coded.is_empty() {
                Ok(Step::default())
            } else {
                Err(Broken)
            };
        }
        let (mut taken, mut given, mut total) = (0, 0, 0);
        let result = BrotliDecompressStream(
            &mut coded.len(),
            &mut taken,
            coded,
            &mut room.len(),
            &mut given,
            room,
            &mut total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => return Err(Broken),
            BrotliResult::ResultSuccess => self.finished = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        Ok(Step { taken, given })
    }
}
