//! Digits: numbers as text, three digits at a time out of a table.

/// The numbers below a thousand.
struct Numbers {
    /// Their digits, a comma behind.
    short: [[u8; 4]; 1000],
    /// How long that is.
    len: [u8; 1000],
    /// The same with zeros before them, so that all have three digits.
    full: [[u8; 4]; 1000],
}

const NUMBERS: &Numbers = &numbers();

#[expect(
    clippy::cast_possible_truncation,
    reason = "a digit is below ten, and `try_from` cannot be called when the program is built"
)]
#[expect(
    clippy::indexing_slicing,
    reason = "a place that is not there fails when the program is built"
)]
const fn numbers() -> Numbers {
    let mut numbers = Numbers {
        short: [[0; 4]; 1000],
        len: [0; 1000],
        full: [[0; 4]; 1000],
    };
    let mut number = 0;
    while number < 1000 {
        let [a, b, c] = [
            b'0' + (number / 100) as u8,
            b'0' + (number / 10 % 10) as u8,
            b'0' + (number % 10) as u8,
        ];
        numbers.full[number] = [a, b, c, b','];
        (numbers.short[number], numbers.len[number]) = match number {
            0..=9 => ([c, b',', 0, 0], 2),
            10..=99 => ([b, c, b',', 0], 3),
            _ => ([a, b, c, b','], 4),
        };
        number += 1;
    }
    numbers
}

/// Writes the digits of a number below a thousand and a comma, and says how many bytes that takes; what the room holds behind them is
/// spoilt.
#[inline]
pub(super) fn short(room: &mut [u8; 4], number: u64) -> Option<usize> {
    let index = usize::try_from(number).ok()?;
    *room = *NUMBERS.short.get(index)?;
    Some(usize::from(*NUMBERS.len.get(index)?))
}

/// The same of a number from a thousand to below a million.
#[inline]
pub(super) fn middling(room: &mut [u8; 8], number: u64) -> Option<usize> {
    let number = u32::try_from(number).ok().filter(|&it| it < 1_000_000)?;
    let (front, back) = (number / 1000, number % 1000);
    let len = short(room.first_chunk_mut()?, u64::from(front))?;
    // The second group stands where the first one's comma stood: never behind the third digit, as a compiler can see that does not
    // know the table.
    let at = (len - 1) & 3;
    *room.get_mut(at..)?.first_chunk_mut()? = full(back)?;
    Some(at + 4)
}

#[inline]
fn full(number: u32) -> Option<[u8; 4]> {
    NUMBERS.full.get(usize::try_from(number).ok()?).copied()
}

/// Nanoseconds of a second as nine digits.
#[inline]
pub(super) fn nanoseconds(number: u32) -> Option<[u8; 9]> {
    let groups = [number / 1_000_000, number / 1000 % 1000, number % 1000];
    let mut text = [0; 9];
    for (place, group) in text.as_chunks_mut::<3>().0.iter_mut().zip(groups) {
        *place = *full(group)?.first_chunk()?;
    }
    Some(text)
}

/// The two hexadecimal digits of each byte.
const HEX: &[[u8; 2]; 256] = &hexadecimal();

#[expect(
    clippy::indexing_slicing,
    reason = "a place that is not there fails when the program is built"
)]
const fn hexadecimal() -> [[u8; 2]; 256] {
    let digits = *b"0123456789abcdef";
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [digits[byte >> 4], digits[byte & 0x0f]];
        byte += 1;
    }
    table
}

/// Both hexadecimal digits of a byte.
#[inline]
pub(super) fn hex(byte: u8) -> [u8; 2] {
    HEX.get(usize::from(byte)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_are_those_below_a_thousand() {
        let mut room = [0; 4];
        for number in 0..1000 {
            let len = short(&mut room, number).unwrap();
            assert_eq!(&room[..len], format!("{number},").as_bytes());
        }
        assert_eq!(short(&mut room, 1000), None);
        assert_eq!(short(&mut room, u64::MAX), None);
    }

    #[test]
    fn middling_numbers_are_those_below_a_million() {
        let mut room = [0; 8];
        for number in 1000..1_000_000 {
            let len = middling(&mut room, number).unwrap();
            assert_eq!(&room[..len], format!("{number},").as_bytes());
        }
        assert_eq!(middling(&mut room, 1_000_000), None);
        assert_eq!(middling(&mut room, (1 << 32) + 1000), None);
    }

    #[test]
    fn a_byte_has_two_hexadecimal_digits() {
        for byte in 0..=255 {
            assert_eq!(hex(byte), format!("{byte:02x}").as_bytes());
        }
    }

    #[test]
    fn a_second_has_nine_digits_behind_the_point() {
        let many = (0..1_000_000_000_u32).step_by(99_991);
        for number in many.chain([1, 99_999_999, 100_000_000, 999_999_999]) {
            let text = nanoseconds(number).unwrap();
            assert_eq!(text, format!("{number:09}").as_bytes());
        }
        assert_eq!(nanoseconds(1_000_000_000), None);
    }
}
