//! The last bytes that a direction's messages inflated to: what later messages may refer to (RFC 1951, section 2).

use crate::private::Private;

/// The widest window of DEFLATE, in bytes.
pub(super) const WINDOW: usize = 32 << 10;

/// The last [`WINDOW`] bytes, in a ring that grows up to that.
///
/// The decompressor has them too, and does not give them out; they are needed where it ends at a final block and another
/// must take its place.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    ring: Private<Vec<u8>>,
    /// Where the oldest byte stands, and the next will, once the ring is full.
    oldest: usize,
}

impl History {
    /// Adds what was inflated next.
    pub(super) fn push(&mut self, mut plain: &[u8]) {
        if plain.len() >= WINDOW {
            self.clear();
            let (_, last) = plain.split_at(plain.len() - WINDOW);
            self.ring.extend_from_slice(last);
            return;
        }
        let free = WINDOW - self.ring.len();
        if free > 0 {
            let (first, rest) = plain.split_at(free.min(plain.len()));
            self.ring.extend_from_slice(first);
            plain = rest;
        }
        while !plain.is_empty() {
            let room = self.ring.get_mut(self.oldest..).unwrap_or_default();
            let (first, rest) = plain.split_at(room.len().min(plain.len()));
            if let Some(place) = room.get_mut(..first.len()) {
                place.copy_from_slice(first);
            }
            self.oldest = (self.oldest + first.len()) % WINDOW;
            plain = rest;
        }
    }

    /// Becomes a whole window of one byte's value.
    pub(super) fn fill(&mut self, byte: u8) {
        self.clear();
        self.ring.resize(WINDOW, byte);
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.ring.clear();
        self.oldest = 0;
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Whether it is a whole window.
    pub(super) fn is_full(&self) -> bool {
        self.ring.len() == WINDOW
    }

    /// All of it, the oldest first, in two parts.
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        let (newer, older) = self.ring.split_at(self.oldest.min(self.ring.len()));
        (older, newer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn holds_the_last_bytes_however_they_came(sizes in prop::collection::vec(0usize..40_000, 0..12)) {
            let mut history = History::default();
            let mut all = Vec::new();
            for size in sizes {
                let piece: Vec<u8> = (all.len()..all.len() + size).map(|at| u8::try_from(at % 251).unwrap()).collect();
                history.push(&piece);
                all.extend(piece);
            }
            let (older, newer) = history.parts();
            prop_assert_eq!([older, newer].concat(), &all[all.len().saturating_sub(WINDOW)..]);
        }
    }
}
