//! Frames of the client's behind a handshake that was refused.
//!
//! Comes in: the client's bytes from where they are no HTTP any more, in pieces of any length. Goes out: whether so many frames follow
//! each other that it is no chance. Of the frames only an unfinished header is kept.

use crate::check::outcome::Spot;
use crate::private::Private;
use crate::websocket::resync::{Begins, Expected, begins_frame};

/// How many whole frames are no chance.
const FRAMES: u32 = 2;

/// The longest header.
const HEADER: usize = 14;

/// A client's frames; the server need not answer in kind.
const MASKED: Expected = Expected {
    masked: Some(true),
    rsv1: true,
    at_end: false,
};

/// Follows frames from header to header.
#[derive(Clone, Debug)]
pub(crate) struct Frames {
    /// The first byte.
    pub(super) begin: Spot,
    whole: u32,
    /// What is still to come of a frame's payload; none before a header.
    left: Option<u64>,
    header: Private<Vec<u8>>,
}

/// What the bytes so far are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shown {
    /// Too few to say.
    Little,
    /// Frames.
    Frames,
    /// Something else.
    Nothing,
}

impl Frames {
    /// Nothing is known yet but where it would begin.
    pub(super) fn new(begin: Spot) -> Self {
        Self {
            begin,
            whole: 0,
            left: None,
            header: Private::default(),
        }
    }

    /// Takes the next bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Shown {
        let mut rest = bytes;
        loop {
            if let Some(left) = self.left {
                let here = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                rest = rest.get(here..).unwrap_or_default();
                let left = left - here as u64;
                if left > 0 {
                    self.left = Some(left);
                    return Shown::Little;
                }
                self.left = None;
                self.whole += 1;
                if self.whole >= FRAMES {
                    return Shown::Frames;
                }
            }
            if rest.is_empty() {
                return Shown::Little;
            }
            let known = self.header.len();
            let wanted = rest.len().min(HEADER - known);
            self.header
                .extend_from_slice(rest.get(..wanted).unwrap_or_default());
            match begins_frame(&self.header, MASKED) {
                Begins::Frame(header) => {
                    let here = usize::from(header.header_len) - known;
                    rest = rest.get(here..).unwrap_or_default();
                    self.header.clear();
                    self.left = Some(header.payload_len);
                }
                Begins::More => return Shown::Little,
                Begins::Nothing => return Shown::Nothing,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    const TEXT: &[u8] = &[0x81, 0x82, 1, 2, 3, 4, b'i', b'k'];
    const PING: &[u8] = &[0x89, 0x80, 1, 2, 3, 4];

    /// What is shown at the end, whatever pieces the bytes come in.
    fn shown(bytes: &[u8]) -> Shown {
        let in_pieces = |size| {
            let mut frames = Frames::new(Spot::of_packet(1, Timestamp(0)));
            let mut pieces = bytes.chunks(size).map(|piece| frames.take(piece));
            pieces
                .find(|shown| *shown != Shown::Little)
                .unwrap_or(Shown::Little)
        };
        let whole = in_pieces(bytes.len());
        for size in 1..bytes.len() {
            assert_eq!(in_pieces(size), whole, "pieces of {size}");
        }
        whole
    }

    #[test]
    fn two_whole_frames_are_no_chance() {
        assert_eq!(shown(&[TEXT, PING].concat()), Shown::Frames);
        assert_eq!(shown(&[TEXT, &TEXT[..7]].concat()), Shown::Little);
        assert_eq!(shown(&[TEXT, TEXT, b"GET"].concat()), Shown::Frames);
    }

    #[test]
    fn what_a_client_would_not_send_is_nothing() {
        let unmasked = [TEXT, &[0x81, 0x02, b'h', b'i']].concat();
        let long_form = [TEXT, &[0x81, 0xfe, 0, 2, 1, 2, 3, 4, b'i', b'k']].concat();
        let reserved = [&[0x83, 0x80, 1, 2, 3, 4], TEXT].concat();
        for bytes in [&unmasked, &long_form, &reserved] {
            assert_eq!(shown(bytes), Shown::Nothing, "{bytes:02x?}");
        }
        assert_eq!(
            shown(&[TEXT, b"GET / HTTP/1.1\r\n"].concat()),
            Shown::Nothing
        );
    }

    #[test]
    fn a_long_payload_is_counted_and_not_kept() {
        let mut long = vec![0x82, 0xfe, 0x40, 0x00, 1, 2, 3, 4];
        long.resize(8 + 0x4000, 7);
        let mut frames = Frames::new(Spot::of_packet(1, Timestamp(0)));
        for piece in long.chunks(1000) {
            assert_eq!(frames.take(piece), Shown::Little);
            assert!(frames.header.capacity() <= 2 * HEADER);
        }
        assert_eq!(frames.take(PING), Shown::Frames);
    }
}
