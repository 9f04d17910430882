//! Clock: times as text, where most of the text is that of the time before.

use super::digits;
use crate::time::Timestamp;

/// How long a time's text is.
pub(super) const LEN: usize = 30;

/// Remembers the last time's text: a row's two times are mostly the same, and rows that follow each other mostly share a second.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    time: Timestamp,
    /// When its second began, where a timestamp can say that.
    second: Option<Timestamp>,
    text: [u8; LEN],
}

impl Default for Clock {
    fn default() -> Self {
        let mut text = [0; LEN];
        Timestamp(0).write_to(&mut text);
        Self {
            time: Timestamp(0),
            second: Some(Timestamp(0)),
            text,
        }
    }
}

impl Clock {
    /// The RFC 3339 text of a time.
    #[inline]
    pub(super) fn text(&mut self, time: Timestamp) -> &[u8; LEN] {
        if time != self.time {
            self.set(time);
        }
        &self.text
    }

    #[inline(never)]
    fn set(&mut self, time: Timestamp) {
        const SECOND: i64 = 1_000_000_000;
        self.time = time;
        let since = self
            .second
            .and_then(|second| u32::try_from(time.since(second)).ok());
        if let Some(nanoseconds) = since.and_then(digits::nanoseconds) {
            if let Some(place) = self.text.get_mut(20..29) {
                place.copy_from_slice(&nanoseconds);
            }
        } else {
            let second = time.0.div_euclid(SECOND).checked_mul(SECOND);
            self.second = second.map(Timestamp);
            time.write_to(&mut self.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_that_of_its_time_whatever_came_before() {
        let mut clock = Clock::default();
        for time in [
            0,
            1,
            999_999_999,
            1_000_000_000,
            1_999_999_999,
            1_000_000_001,
            -1,
            -1_000_000_000,
            -999_999_999,
            i64::MAX,
            i64::MAX - 854_775_807,
            i64::MIN,
            i64::MIN + 1,
            i64::MIN + 500_000_000,
            i64::MAX,
            i64::MIN,
            1_709_164_800_123_456_789,
            1_709_164_800_000_000_012,
        ] {
            let time = Timestamp(time);
            assert_eq!(
                std::str::from_utf8(clock.text(time)).unwrap(),
                time.to_string()
            );
        }
    }
}
