//! Escaping: text with some of its bytes replaced, looked at eight bytes at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHEST: u64 = 0x8080_8080_8080_8080;

/// Which of eight bytes are below another, which is at most 128: the highest bit of each. Above the first that is, some may be marked
/// that are not.
#[inline]
pub(super) fn below(bytes: u64, other: u8) -> u64 {
    bytes.wrapping_sub(ONES * u64::from(other)) & !bytes & HIGHEST
}

/// Which of eight bytes equal another, in the same way.
#[inline]
pub(super) fn equal(bytes: u64, other: u8) -> u64 {
    below(bytes ^ (ONES * u64::from(other)), 1)
}

/// Writes text, with `replace` called for each byte that `marks` marks; a space is never marked.
#[inline]
pub(super) fn write(
    out: &mut Vec<u8>,
    text: &str,
    marks: impl Fn(u64) -> u64,
    replace: impl Fn(&mut Vec<u8>, u8),
) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + 8);
    while !rest.is_empty() {
        let (eight, len) = match rest.first_chunk() {
            Some(eight) => (*eight, 8),
            None => (padded(rest), rest.len()),
        };
        out.extend_from_slice(&eight);
        let marked = marks(u64::from_le_bytes(eight));
        // Where none is marked, all eight bits of the last byte are behind the first mark.
        let plain = (marked.trailing_zeros() / 8) as usize;
        out.truncate(out.len() - 8 + plain.min(len));
        let (_, behind) = rest.split_at_checked(plain.min(len)).unwrap_or_default();
        rest = behind;
        if plain < len
            && let Some((&byte, behind)) = rest.split_first()
        {
            replace(out, byte);
            rest = behind;
        }
    }
}

/// Whether any byte of a text is marked.
#[inline]
pub(super) fn any(text: &str, marks: impl Fn(u64) -> u64) -> bool {
    let (eights, rest) = text.as_bytes().as_chunks();
    let mut words = eights.iter().copied().chain([padded(rest)]);
    words.any(|eight| marks(u64::from_le_bytes(eight)) != 0)
}

/// Fewer than eight bytes, with spaces behind.
#[inline]
fn padded(bytes: &[u8]) -> [u8; 8] {
    let mut eight = [b' '; 8];
    for (to, from) in eight.iter_mut().zip(bytes) {
        *to = *from;
    }
    eight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_found_wherever_it_stands() {
        let marks = |bytes| below(bytes, b' ') | equal(bytes, b'"');
        let replace = |out: &mut Vec<u8>, byte: u8| out.extend_from_slice(&[b'<', byte, b'>']);
        for len in 0..20 {
            for (first, second) in (0..=len).flat_map(|at| (at..=len).map(move |to| (at, to))) {
                for byte in ['"', '\0', '\x1f', '\n', '!', ' ', '\x7f', 'ü', '#'] {
                    let mut text = "a".repeat(len);
                    text.insert(second, byte);
                    text.insert(first, byte);
                    let mut expected = String::new();
                    for letter in text.chars() {
                        match letter {
                            '"' | '\0'..' ' => expected += &format!("<{letter}>"),
                            _ => expected.push(letter),
                        }
                    }
                    let mut out = b"before".to_vec();
                    write(&mut out, &text, marks, replace);
                    assert_eq!(String::from_utf8(out).unwrap(), format!("before{expected}"));
                    assert_eq!(any(&text, marks), text != expected, "{text:?}");
                }
            }
        }
    }
}
