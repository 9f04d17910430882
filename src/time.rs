//! Capture time: nanoseconds since the Unix epoch, and its one way to print.

use std::fmt;

/// When a packet was captured, in nanoseconds since 1970-01-01T00:00:00Z.
///
/// Displays as RFC 3339 in UTC with nine digits of a second. Captures hold whatever their clock said, so
/// every value has a text: what lies outside the years that a calendar can name is clamped to them.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The nanoseconds from `earlier` to this time; negative where the capture's clock ran back.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Writes RFC 3339 text into a buffer of thirty bytes, as `2026-11-23T08:00:00.000000000Z`.
    pub fn write_to(self, text: &mut [u8; 30]) {
        const SECOND: i64 = 1_000_000_000;
        let seconds = self.0.div_euclid(SECOND);
        let nanoseconds = self.0.rem_euclid(SECOND);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        *text = *b"0000-00-00T00:00:00.000000000Z";
        put(text, 0, 4, year);
        put(text, 5, 2, month);
        put(text, 8, 2, day);
        put(text, 11, 2, second / 3600);
        put(text, 14, 2, second / 60 % 60);
        put(text, 17, 2, second % 60);
        put(text, 20, 9, nanoseconds);
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 30];
        self.write_to(&mut text);
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Writes `value` as `digits` decimal digits that begin at `at`.
fn put(text: &mut [u8; 30], at: usize, digits: usize, value: i64) {
    let mut left = value;
    for place in text.iter_mut().skip(at).take(digits).rev() {
        *place = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
    }
}

/// The proleptic Gregorian date of a day counted from the epoch: eras of 400 years begin on the first of March of year 0.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_calendar_library() {
        for nanoseconds in [
            0,
            1,
            -1,
            951_782_400_000_000_000,
            1_709_164_800_123_456_789,
            i64::MAX,
            i64::MIN,
            4_102_444_799_999_999_999,
        ] {
            let calendar = jiff::Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap();
            assert_eq!(Timestamp(nanoseconds).to_string(), format!("{calendar:.9}"));
        }
    }
}
