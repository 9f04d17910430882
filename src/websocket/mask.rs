//! Masking (RFC 6455, section 5.3): byte `i` of a payload stands on the wire as itself XOR byte `i mod 4` of the key.

/// Appends `masked`, unmasked, to `out`. `at` is the offset of its first byte in the frame's payload.
pub fn unmask(masked: &[u8], key: [u8; 4], at: u64, out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend_from_slice(masked);
    unmask_in_place(out.get_mut(begin..).unwrap_or_default(), key, at);
}

/// Unmasks bytes where they stand. `at` is the offset of the first in the frame's payload.
pub fn unmask_in_place(bytes: &mut [u8], key: [u8; 4], at: u64) {
    // Eight bytes at a time: the compiler makes vectors of this loop.
    let turned = u32::from_ne_bytes(rotated(key, at));
    let wide = u64::from(turned) << 32 | u64::from(turned);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest
        .iter_mut()
        .zip(turned.to_ne_bytes().into_iter().cycle())
    {
        *byte ^= key;
    }
}

/// Whether bytes are ASCII under their mask, whose first byte is that of the first.
#[inline]
pub fn is_ascii(masked: &[u8], key: [u8; 4]) -> bool {
    // What is left behind the last whole block is looked at with what stands before it, so that it is a whole one too.
    if let Some(last) = masked.last_chunk::<64>() {
        let (blocks, _) = masked.as_chunks::<64>();
        let high = blocks.iter().any(|block| is_high(block, key));
        return !high && !is_high(last, rotated(key, masked.len() as u64));
    }
    if let Some(last) = masked.last_chunk::<8>() {
        let (words, _) = masked.as_chunks::<8>();
        let high = words
            .iter()
            .fold(false, |high, word| high | is_high(word, key));
        return !high && !is_high(last, rotated(key, masked.len() as u64));
    }
    let bytes = masked.iter().zip(key.into_iter().cycle());
    bytes.fold(0, |all, (byte, key)| all | byte ^ key) < 0x80
}

/// Whether a byte of a block, whose length is a multiple of eight, is not ASCII under its mask.
#[inline]
fn is_high<const LEN: usize>(block: &[u8; LEN], key: [u8; 4]) -> bool {
    let half = u32::from_ne_bytes(key);
    let wide = u64::from(half) << 32 | u64::from(half);
    // All of a block is looked at, so that the compiler makes vectors of it.
    let (words, _) = block.as_chunks::<8>();
    let bits = (words.iter()).fold(0, |all, word| all | u64::from_ne_bytes(*word) ^ wide);
    bits & 0x8080_8080_8080_8080 != 0
}

/// The key as it applies from an offset on.
#[inline]
fn rotated(key: [u8; 4], at: u64) -> [u8; 4] {
    let [at, ..] = at.to_le_bytes();
    let bits = u32::from(at % 4) * 8;
    u32::from_le_bytes(key).rotate_right(bits).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_formula_of_the_rfc(bytes: Vec<u8>, key: [u8; 4], at in 0u64..1000) {
            let formula: Vec<u8> = bytes.iter().zip(at..).map(|(byte, i)| byte ^ key[(i % 4) as usize]).collect();
            let mut unmasked = Vec::new();
            unmask(&bytes, key, at, &mut unmasked);
            prop_assert_eq!(unmasked, formula);
        }

        #[test]
        fn ascii_is_known_under_its_mask(mut bytes in prop::collection::vec(0u8..0x80, 0..300), key: [u8; 4], high: Option<prop::sample::Index>) {
            if let Some(high) = high.filter(|_| !bytes.is_empty()) {
                *high.get_mut(&mut bytes) |= 0x80;
            }
            let ascii = bytes.is_ascii();
            unmask_in_place(&mut bytes, key, 0);
            prop_assert_eq!(is_ascii(&bytes, key), ascii);
        }
    }
}
