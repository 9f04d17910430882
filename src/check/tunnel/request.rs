//! A request of the client's inside of what was no valid upgrade.
//!
//! Comes in: the client's bytes wherever a frame of its should begin. Goes out: where they begin a request instead.

use crate::check::outcome::Spot;
use crate::http::{Likely, begins_request};
use crate::private::Private;

/// How many bytes of a request are looked at, at most.
const LOOKED_AT: usize = 256;

/// Looks for a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// What may begin one, from a boundary on.
    begun: Option<Begun>,
}

#[derive(Clone, Debug)]
struct Begun {
    offset: u64,
    spot: Spot,
    bytes: Private<Vec<u8>>,
}

impl Request {
    /// Looks at the bytes of a boundary, which is at `offset` in the stream and was reached at this spot.
    pub(super) fn at_boundary(&mut self, bytes: &[u8], offset: u64, spot: Spot) -> Option<Spot> {
        if self.begun.is_some() {
            return None;
        }
        self.begun = Some(Begun {
            offset,
            spot,
            bytes: Private::default(),
        });
        self.go_on(bytes, offset)
    }

    /// Looks on in bytes from `offset` on, some of which may have been looked at before.
    pub(super) fn go_on(&mut self, bytes: &[u8], offset: u64) -> Option<Spot> {
        let begun = self.begun.as_mut()?;
        let end = begun.offset + begun.bytes.len() as u64;
        let known = end.checked_sub(offset);
        let more = known.and_then(|known| bytes.get(usize::try_from(known).ok()?..));
        // Behind a hole nothing goes on.
        let Some(more) = more else {
            if known.is_none() {
                self.begun = None;
            }
            return None;
        };
        let room = LOOKED_AT.saturating_sub(begun.bytes.len());
        begun
            .bytes
            .extend_from_slice(more.get(..more.len().min(room)).unwrap_or_default());
        match begins_request(&begun.bytes) {
            Likely::Yes => self.begun.take().map(|begun| begun.spot),
            Likely::More if begun.bytes.len() < LOOKED_AT => None,
            Likely::More | Likely::No => {
                self.begun = None;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn spot() -> Spot {
        Spot::of_packet(7, Timestamp(0))
    }

    #[test]
    fn a_request_is_known_in_any_pieces() {
        let line = b"FETCH-IT /x HTTP/1.1\r\n";
        for size in 1..line.len() {
            let mut request = Request::default();
            let mut offset = 100;
            let mut found = request.at_boundary(&line[..1], offset, spot());
            for piece in line[1..].chunks(size) {
                offset += 1;
                found = found.or(request.go_on(piece, offset));
                offset += piece.len() as u64 - 1;
            }
            assert_eq!(found.map(|spot| spot.first_packet), Some(7), "{size}");
        }
    }

    #[test]
    fn bytes_that_still_wait_are_not_counted_twice() {
        let mut request = Request::default();
        assert!(request.at_boundary(b"GE", 10, spot()).is_none());
        assert!(request.go_on(b"GE", 10).is_none());
        assert!(request.go_on(b"GET ", 10).is_some());
    }

    #[test]
    fn nothing_goes_on_behind_a_hole() {
        let mut request = Request::default();
        assert!(request.at_boundary(b"GE", 10, spot()).is_none());
        assert!(request.go_on(b"T / HTTP/1.1\r\n", 13).is_none());
        assert!(request.go_on(b"T / HTTP/1.1\r\n", 12).is_none());
    }

    #[test]
    fn what_goes_on_for_too_long_is_none() {
        let mut request = Request::default();
        let line = [b"FETCH /".as_slice(), &[b'x'; LOOKED_AT]].concat();
        assert!(request.at_boundary(&line, 0, spot()).is_none());
        assert!(request.begun.is_none());
        assert!(request.at_boundary(b"\x81\x80", 0, spot()).is_none());
        assert!(request.begun.is_none());
    }
}
