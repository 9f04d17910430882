//! Tunnel: a connection that is used as one although no upgrade was agreed (RFC 9112, section 11.2).
//!
//! Comes in: the client's bytes behind an upgrade that failed, as they are read. Goes out: where frames follow a refusal, or a request
//! stands where a frame should begin. Neither depends on how the bytes were cut.

mod frames;
mod request;

use self::frames::{Frames, Shown};
use self::request::Request;
use super::outcome::Spot;

/// What is known of such a use by the client.
#[derive(Clone, Debug)]
pub(crate) enum Tunnel {
    /// The upgrade was refused: frames are looked for.
    Refused(Frames),
    /// It was no valid one: a request is looked for.
    Invalid(Request),
    /// It was used: how, and where that began.
    Used(&'static str, Spot),
}

impl Tunnel {
    /// Behind a refusal, where the bytes are no HTTP any more.
    pub(crate) fn refused(begin: Spot) -> Self {
        Self::Refused(Frames::new(begin))
    }

    /// Behind what was no valid upgrade.
    pub(crate) fn invalid() -> Self {
        Self::Invalid(Request::default())
    }

    /// Whether frames are looked for.
    pub(crate) fn wants_frames(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Whether a request is looked for.
    pub(crate) fn wants_boundaries(&self) -> bool {
        matches!(self, Self::Invalid(_))
    }

    /// Takes the next bytes behind a refusal; says whether it is of any use to go on.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> bool {
        let Self::Refused(frames) = self else {
            return true;
        };
        let (shown, begin) = (frames.take(bytes), frames.begin);
        if shown == Shown::Frames {
            *self = Self::Used("frames follow although the upgrade was refused", begin);
        }
        shown != Shown::Nothing
    }

    /// Looks at bytes that begin where a frame should, at `offset` in the stream; the boundary was reached at this spot.
    pub(crate) fn at_boundary(&mut self, bytes: &[u8], offset: u64, spot: Spot) {
        if let Self::Invalid(request) = self {
            let found = request.at_boundary(bytes, offset, spot);
            self.found(found);
        }
    }

    /// Looks on in bytes from `offset` on, some of which may have been looked at before.
    pub(crate) fn go_on(&mut self, bytes: &[u8], offset: u64) {
        if let Self::Invalid(request) = self {
            let found = request.go_on(bytes, offset);
            self.found(found);
        }
    }

    fn found(&mut self, request: Option<Spot>) {
        if let Some(spot) = request {
            *self = Self::Used(
                "a request follows inside of what was no valid upgrade",
                spot,
            );
        }
    }
}
