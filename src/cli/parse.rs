//! Values of options, from text.

use crate::time::Timestamp;

/// A time, or a distance from the first packet in nanoseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Moment {
    /// On the clock.
    Absolute(Timestamp),
    /// From the first packet.
    Relative(i64),
}

impl Moment {
    /// The time, for a capture that begins at `start`.
    pub(super) fn after(self, start: Timestamp) -> Timestamp {
        match self {
            Self::Absolute(time) => time,
            Self::Relative(nanoseconds) => Timestamp(start.0.saturating_add(nanoseconds)),
        }
    }
}

/// RFC 3339, or seconds with a fraction.
pub(super) fn moment(text: &str) -> Result<Moment, String> {
    if let Some(nanoseconds) = seconds(text) {
        return Ok(Moment::Relative(nanoseconds));
    }
    let time: jiff::Timestamp = text.parse().map_err(|_| {
        "a time is seconds from the first packet (2.5) or RFC 3339 (2026-11-23T08:00:00Z)"
            .to_string()
    })?;
    i64::try_from(time.as_nanosecond())
        .map(|nanoseconds| Moment::Absolute(Timestamp(nanoseconds)))
        .map_err(|_| "this year is beyond what captures can hold".to_string())
}

fn seconds(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 9 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = format!("{part:0<9}").parse().ok()?;
    whole.checked_mul(1_000_000_000)?.checked_add(part)
}

/// A number from 1 on.
pub(super) fn count(text: &str) -> Result<u64, String> {
    let count = text.parse().ok().filter(|&count| count > 0);
    count.ok_or_else(|| "a number from 1 on is wanted".to_string())
}

/// A connection's number.
pub(super) fn connection(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| {
        "a connection is given by its number; `wscope connections CAPTURE` lists them".to_string()
    })
}

/// `A-B`, `A-` or `A`.
pub(super) fn packets(text: &str) -> Result<(u64, u64), String> {
    let wrong = || "packets are given as 10-20, 10- or 10, counted from 1".to_string();
    let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
    let (first, last) = match text.split_once('-') {
        None => (number(text)?, number(text)?),
        Some((first, "")) => (number(first)?, u64::MAX),
        Some((first, last)) => (number(first)?, number(last)?),
    };
    if first == 0 || last < first {
        return Err(wrong());
    }
    Ok((first, last))
}

/// Bytes, with K, M or G for 1024 and its powers; `all`, `none`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    match text {
        "all" => return Ok(u64::MAX),
        "none" => return Ok(0),
        _ => {}
    }
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let shift = match text.get(digits.len()..).unwrap_or_default() {
        "" | "B" => 0,
        "K" | "k" | "KiB" => 10,
        "M" | "MiB" => 20,
        "G" | "GiB" => 30,
        _ => return Err("a size is all, none, or bytes such as 500, 64K or 1M".to_string()),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| "a size is all, none, or bytes such as 500, 64K or 1M".to_string())?;
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| "more than any capture holds; say all".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("500"), Ok(500));
        assert_eq!(size("64K"), Ok(65_536));
        assert_eq!(size("1M"), Ok(1 << 20));
        assert_eq!(size("all"), Ok(u64::MAX));
        assert_eq!(size("none"), Ok(0));
        assert!(size("-1").is_err());
        assert!(size("1Q").is_err());
        assert!(size("99999999999G").is_err());
    }

    #[test]
    fn packets_are_a_range() {
        assert_eq!(packets("10-20"), Ok((10, 20)));
        assert_eq!(packets("10-"), Ok((10, u64::MAX)));
        assert_eq!(packets("7"), Ok((7, 7)));
        for wrong in ["0", "20-10", "-", "a-b", ""] {
            assert!(packets(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn moments_are_relative_or_on_the_clock() {
        assert_eq!(moment("2.5"), Ok(Moment::Relative(2_500_000_000)));
        assert_eq!(
            moment("1970-01-01T01:00:01+01:00"),
            Ok(Moment::Absolute(Timestamp(1_000_000_000)))
        );
        for wrong in ["", ".", "-1", "yesterday", "1.0000000001"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
