//! Hole: bytes of a direction that cannot be shown.

use crate::check::Cause;
use crate::reader::Piece;

/// Bytes of a direction that cannot be shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hole {
    /// How many.
    pub(super) len: u64,
    /// What is known of that number.
    pub(super) extent: Extent,
    /// The packet that carried them, where the snapshot length cut them off.
    pub(super) cut: Option<Piece>,
    /// Why they cannot be shown.
    pub(super) cause: Cause,
}

/// What is known of a hole's length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Extent {
    /// It is exact.
    Exact,
    /// It is exact as far as anything shows; the next boundary must confirm it.
    Likely,
    /// There are not more.
    AtMost,
}
