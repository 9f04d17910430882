//! `zstd` (RFC 8878).

use std::fmt;

use zstd::stream::raw::{DParameter, Decoder, Operation as _};

use super::{Broken, Step};

/// The widest window that the content coding allows, 8 MiB, as a power of two (RFC 9659).
const WIDEST: u32 = 23;

/// Decodes Zstandard frames, one behind another.
pub struct Zstandard {
    decoder: Decoder<'static>,
    finished: bool,
}

impl fmt::Debug for Zstandard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zstandard")
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}

impl Zstandard {
    pub(super) fn new() -> Result<Self, Broken> {
        let mut decoder = Decoder::new().map_err(|_| Broken)?;
        decoder
            .set_parameter(DParameter::WindowLogMax(WIDEST))
            .map_err(|_| Broken)?;
        Ok(Self {
            decoder,
            finished: false,
        })
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    pub(super) fn step(&mut self, coded: &[u8], room: &mut [u8]) -> Result<Step, Broken> {
        if self.finished && coded.is_empty() {
            return Ok(Step::default());
        }
        let status = self
            .decoder
            .run_on_buffers(coded, room)
            .map_err(|_| Broken)?;
        self.finished = status.remaining == 0;
        Ok(Step {
            taken: status.bytes_read,
            given: status.bytes_written,
        })
    }
}
