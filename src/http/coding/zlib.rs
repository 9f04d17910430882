//! `gzip` and `deflate` (RFC 9110, sections 8.4.1.2 and 8.4.1.3).

use flate2::{Decompress, FlushDecompress, Status};

use super::{Broken, Step};

/// The widest window, as a power of two.
const WIDEST: u8 = 15;

/// Decodes gzip members, one behind another (RFC 1952, section 2.2), or a zlib stream (RFC 1950), or raw DEFLATE.
#[derive(Debug)]
pub struct Zlib {
    form: Form,
    decompressor: Decompress,
    finished: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Gzip,
    /// `deflate` of which so many bytes of a header are known: the first, if any.
    Undecided(Option<u8>),
    Deflate,
}

impl Zlib {
    pub(super) fn gzip() -> Self {
        Self {
            form: Form::Gzip,
            decompressor: Decompress::new_gzip(WIDEST),
            finished: false,
        }
    }

    pub(super) fn deflate() -> Self {
        Self {
            form: Form::Undecided(None),
            decompressor: Decompress::new(true),
            finished: false,
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    pub(super) fn step(&mut self, coded: &[u8], room: &mut [u8]) -> Result<Step, Broken> {
        match (self.form, coded) {
            (Form::Undecided(None), &[first, second, ..]) => {
                self.decide(first, second);
                self.step(coded, room)
            }
            (Form::Undecided(None), &[first]) => {
                self.form = Form::Undecided(Some(first));
                Ok(Step { taken: 1, given: 0 })
            }
            (Form::Undecided(Some(first)), &[second, ..]) => {
                self.decide(first, second);
                self.decompress(&[first], room)?;
                self.step(coded, room)
            }
            (Form::Undecided(_), []) => Ok(Step::default()),
            (Form::Gzip, [_, ..]) if self.finished => {
                *self = Self::gzip();
                self.decompress(coded, room)
            }
            (Form::Deflate, [_, ..]) if self.finished => Err(Broken),
            _ => self.decompress(coded, room),
        }
    }

    /// A zlib header has a method, and is a multiple of 31 (RFC 1950, section 2.2). Some servers send DEFLATE without it.
    fn decide(&mut self, first: u8, second: u8) {
        let zlib = first & 0x0f == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31);
        self.decompressor = Decompress::new(zlib);
        self.form = Form::Deflate;
    }

    fn decompress(&mut self, coded: &[u8], room: &mut [u8]) -> Result<Step, Broken> {
        let (taken, given) = (self.decompressor.total_in(), self.decompressor.total_out());
        let status = self
            .decompressor
            .decompress(coded, room, FlushDecompress::None)
            .map_err(|_| Broken)?;
        self.finished = status == Status::StreamEnd;
        let done = |total: u64, before: u64| usize::try_from(total - before).unwrap_or(usize::MAX);
        Ok(Step {
            taken: done(self.decompressor.total_in(), taken),
            given: done(self.decompressor.total_out(), given),
        })
    }
}
