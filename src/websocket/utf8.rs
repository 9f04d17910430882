//! UTF-8 (RFC 3629) judged piece by piece: a character may be cut at any fragment's border.

use super::mask::{is_ascii, unmask};
use crate::private::Private;

/// Whether a whole text is UTF-8, perhaps under a mask, whose first byte is that of the first. In `room` it is unmasked where it is not
/// ASCII.
pub fn is_utf8(text: &[u8], key: Option<[u8; 4]>, room: &mut Vec<u8>) -> bool {
    if is_ascii(text, key.unwrap_or_default()) {
        return true;
    }
    let Some(key) = key else {
        return simdutf8::basic::from_utf8(text).is_ok();
    };
    room.clear();
    unmask(text, key, 0, room);
    simdutf8::basic::from_utf8(room).is_ok()
}

/// Judges a text that comes in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utf8 {
    /// The beginning of a character whose end has not come, and how long it is.
    begun: Private<[u8; 4]>,
    begun_len: usize,
    invalid: bool,
}

impl Utf8 {
    /// Takes the next piece.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while self.begun_len > 0 && !self.invalid {
            let Some((&byte, rest)) = bytes.split_first() else {
                return;
            };
            bytes = rest;
            self.add_to_character(byte);
        }
        if self.invalid {
            return;
        }
        if let Err(error) = simdutf8::compat::from_utf8(bytes) {
            if error.error_len().is_some() {
                self.invalid = true;
            } else {
                for &byte in bytes.get(error.valid_up_to()..).unwrap_or_default() {
                    self.add_to_character(byte);
                }
            }
        }
    }

    /// Whether what came so far is no beginning of any valid text.
    pub fn is_invalid(&self) -> bool {
        self.invalid
    }

    /// Whether the whole was valid, if nothing more comes.
    pub fn is_valid_at_end(&self) -> bool {
        !self.invalid && self.begun_len == 0
    }

    fn add_to_character(&mut self, byte: u8) {
        let Some(place) = self.begun.get_mut(self.begun_len) else {
            self.invalid = true;
            return;
        };
        *place = byte;
        self.begun_len += 1;
        match std::str::from_utf8(self.begun.get(..self.begun_len).unwrap_or_default()) {
            Ok(_) => self.begun_len = 0,
            Err(error) if error.error_len().is_some() => self.invalid = true,
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judged(bytes: &[u8], cut: usize) -> bool {
        let mut utf8 = Utf8::default();
        for piece in bytes.chunks(cut) {
            utf8.push(piece);
        }
        utf8.is_valid_at_end()
    }

    proptest! {
        #[test]
        fn any_cut_of_a_text_is_valid(text: String, cut in 1usize..9) {
            prop_assert!(judged(text.as_bytes(), cut));
        }

        #[test]
        fn a_whole_is_judged_under_its_mask(text: String, tail in prop::collection::vec(any::<u8>(), 0..3), key: Option<[u8; 4]>) {
            let mut bytes = [text.as_bytes(), &tail].concat();
            let valid = std::str::from_utf8(&bytes).is_ok();
            if let Some(key) = key {
                crate::websocket::unmask_in_place(&mut bytes, key, 0);
            }
            prop_assert_eq!(is_utf8(&bytes, key, &mut vec![7; 9]), valid);
        }

        #[test]
        fn any_cut_of_any_bytes_is_judged_as_the_whole(bytes: Vec<u8>, cut in 1usize..9) {
            prop_assert_eq!(judged(&bytes, cut), std::str::from_utf8(&bytes).is_ok());
        }

        #[test]
        fn nearly_valid_texts_are_judged_as_the_whole(text: String, at: prop::sample::Index, byte: u8, cut in 1usize..9) {
            let mut bytes = text.into_bytes();
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            prop_assert_eq!(judged(&bytes, cut), std::str::from_utf8(&bytes).is_ok());
        }
    }
}
