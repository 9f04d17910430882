//! Distances (RFC 1951, section 3.2.5), read from compressed data without inflating it.
//!
//! A decompressor does not notice a distance that is larger than the window that was agreed while its own window is larger. What
//! is wrong otherwise is not judged here: reading ends where it cannot go on.

use std::sync::LazyLock;

/// The order in which the lengths of the code length code stand (section 3.2.7).
const CODE_LENGTH_ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// The codes that are always the same, for payloads of many small blocks.
static FIXED: LazyLock<Codes> = LazyLock::new(fixed_codes);

/// The symbol that ends a block.
const END_OF_BLOCK: u16 = 256;

/// The farthest back that a message refers, in bytes; zero where it refers to nothing. `coded` is its payload.
///
/// None where it cannot be read to its end.
pub fn farthest_distance(coded: &[u8]) -> Option<u32> {
    let mut bits = Bits {
        bytes: coded,
        at: 0,
    };
    let mut farthest = 0;
    // The last thing in a payload is the header of the empty block whose lengths were removed.
    while bits.left() >= 3 {
        let last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => {
                bits.align();
                if bits.left() == 0 {
                    return Some(farthest);
                }
                let len = bits.take(16)?;
                let complement = bits.take(16)?;
                if len ^ complement != 0xffff {
                    return None;
                }
                bits.skip_bytes(len)?;
            }
            1 => block(&mut bits, &FIXED, &mut farthest)?,
            2 => {
                let codes = dynamic_codes(&mut bits)?;
                block(&mut bits, &codes, &mut farthest)?;
            }
            _ => return None,
        }
        if last {
            bits.align();
        }
    }
    (bits.left() < 8).then_some(farthest)
}

/// The two codes of a block: literals with lengths, and distances.
struct Codes {
    literals: Code,
    distances: Code,
}

fn block(bits: &mut Bits<'_>, codes: &Codes, farthest: &mut u32) -> Option<()> {
    loop {
        match codes.literals.symbol(bits)? {
            0..END_OF_BLOCK => {}
            END_OF_BLOCK => return Some(()),
            length => {
                bits.take(extra_of_length(length)?)?;
                let symbol = codes.distances.symbol(bits)?;
                *farthest = (*farthest).max(distance(symbol, bits)?);
            }
        }
    }
}

/// Extra bits of a length symbol: none for the first eight and the last, then one more for each four symbols.
fn extra_of_length(symbol: u16) -> Option<u32> {
    match symbol {
        257..=264 | 285 => Some(0),
        265..=284 => Some(u32::from((symbol - 261) / 4)),
        _ => None,
    }
}

/// The first four distances stand for themselves; then each two symbols have one more extra bit.
fn distance(symbol: u16, bits: &mut Bits<'_>) -> Option<u32> {
    let symbol = u32::from(symbol);
    match symbol {
        0..4 => Some(symbol + 1),
        4..30 => {
            let extra = symbol / 2 - 1;
            let base = (2 + symbol % 2) << extra;
            Some(base + bits.take(extra)? + 1)
        }
        _ => None,
    }
}

/// Section 3.2.6.
fn fixed_codes() -> Codes {
    let mut literals = [8; 288];
    for (symbol, len) in literals.iter_mut().enumerate() {
        *len = match symbol {
            144..256 => 9,
            256..280 => 7,
            _ => 8,
        };
    }
    Codes {
        literals: Code::new(&literals),
        distances: Code::new(&[5; 30]),
    }
}

/// Section 3.2.7.
fn dynamic_codes(bits: &mut Bits<'_>) -> Option<Codes> {
    let literals = usize::try_from(bits.take(5)?).ok()? + 257;
    let distances = usize::try_from(bits.take(5)?).ok()? + 1;
    let code_lengths = usize::try_from(bits.take(4)?).ok()? + 4;
    let mut lens = [0; 19];
    for &symbol in CODE_LENGTH_ORDER.iter().take(code_lengths) {
        *lens.get_mut(symbol)? = u8::try_from(bits.take(3)?).ok()?;
    }
    let code = Code::new(&lens);
    let mut lens: Vec<u8> = Vec::with_capacity(literals + distances);
    while lens.len() < literals + distances {
        let (len, times) = match code.symbol(bits)? {
            len @ 0..16 => (u8::try_from(len).ok()?, 1),
            16 => (*lens.last()?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            _ => (0, 11 + bits.take(7)?),
        };
        lens.extend((0..times).map(|_| len));
    }
    let (first, rest) = lens.split_at_checked(literals)?;
    Some(Codes {
        literals: Code::new(first),
        distances: Code::new(rest.get(..distances)?),
    })
}

/// A Huffman code (section 3.2.2), as a table over the next bits of the input.
struct Code {
    /// The symbol and its length, for each value of the next `width` bits.
    table: Vec<(u16, u8)>,
    width: u32,
}

impl Code {
    fn new(lens: &[u8]) -> Self {
        let longest = lens.iter().copied().max().unwrap_or(0).min(15);
        let width = u32::from(longest);
        let mut table = vec![(0, 0); 1 << width];
        let mut code: u32 = 0;
        for len in 1..=longest {
            code <<= 1;
            for (symbol, _) in (0u16..).zip(lens).filter(|(_, its)| **its == len) {
                // The code's first bit is the first of the input, which is the lowest of a number.
                let reversed = code.reverse_bits() >> (32 - u32::from(len));
                let mut at = reversed;
                while let Some(entry) = usize::try_from(at).ok().and_then(|at| table.get_mut(at)) {
                    *entry = (symbol, len);
                    at += 1 << len;
                }
                code += 1;
            }
        }
        Self { table, width }
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let next = usize::try_from(bits.peek(self.width)).ok()?;
        let (symbol, len) = *self.table.get(next)?;
        if len == 0 {
            return None;
        }
        bits.take(u32::from(len))?;
        Some(symbol)
    }
}

/// Reads bits, the lowest of each byte first (section 3.1.1).
struct Bits<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl Bits<'_> {
    fn left(&self) -> usize {
        (self.bytes.len() * 8).saturating_sub(self.at)
    }

    /// The next bits, at most 16, without taking them; zeros behind the end.
    fn peek(&self, count: u32) -> u32 {
        let byte = |at: usize| self.bytes.get(at).copied().map_or(0, u32::from);
        let first = self.at / 8;
        let word = byte(first) | byte(first + 1) << 8 | byte(first + 2) << 16;
        word >> (self.at % 8) & ((1 << count) - 1)
    }

    fn take(&mut self, count: u32) -> Option<u32> {
        let bits = self.peek(count);
        let count = usize::try_from(count).ok()?;
        if self.left() < count {
            return None;
        }
        self.at += count;
        Some(bits)
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    fn skip_bytes(&mut self, count: u32) -> Option<()> {
        let bits = usize::try_from(count).ok()? * 8;
        if self.left() < bits {
            return None;
        }
        self.at += bits;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};

    fn compressed(text: &[u8], level: u32) -> Vec<u8> {
        let mut coded = Vec::with_capacity(text.len() + 1000);
        Compress::new(Compression::new(level), false)
            .compress_vec(text, &mut coded, FlushCompress::Sync)
            .unwrap();
        coded.truncate(coded.len() - 4);
        coded
    }

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1u32;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(len)
        .collect()
    }

    #[test]
    fn a_message_without_references_has_distance_zero() {
        assert_eq!(
            farthest_distance(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]),
            Some(0)
        );
        assert_eq!(farthest_distance(&[0]), Some(0));
    }

    #[test]
    fn the_second_hello_of_the_rfc_refers_five_bytes_back() {
        assert_eq!(farthest_distance(&[0xf2, 0x00, 0x11, 0x00, 0x00]), Some(5));
    }

    #[test]
    fn a_repetition_is_as_far_back_as_it_was_put() {
        for distance in [100usize, 300, 710, 4_000, 32_000] {
            let mut text = noise(distance);
            text.extend_from_within(..);
            for level in [1, 6, 9] {
                let coded = compressed(&text, level);
                assert_eq!(
                    farthest_distance(&coded),
                    Some(u32::try_from(distance).unwrap()),
                    "{distance} at level {level}"
                );
            }
        }
    }

    #[test]
    fn stored_blocks_refer_to_nothing() {
        assert_eq!(farthest_distance(&compressed(&noise(100_000), 0)), Some(0));
    }

    #[test]
    fn what_cannot_be_read_has_no_distance() {
        assert_eq!(farthest_distance(&[0xff; 4]), None);
        assert_eq!(farthest_distance(&[0x04, 0xc0, 0xff, 0xff]), None);
    }
}
