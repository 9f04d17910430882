//! Quantiles: medians and other ranks of many sizes, in bounded memory.
//!
//! The first values are kept as they are, so that ranks of few are exact. Past that they are counted in buckets: sizes below 1,024
//! one by one, larger ones in buckets no wider than 1/512 of their size, each with the first value that fell into it. A rank that
//! is read from a bucket is a value that occurred, less than 0.2 % from the one at that rank; all sizes below 1,024 stay exact.

/// How many values are kept as they are: enough that a conversation's few messages are told exactly, and less than a megabyte.
const KEPT: usize = 4096;

/// Sizes below this have a bucket each.
const EXACT: u64 = 1 << EXACT_BITS;
const EXACT_BITS: u32 = 10;

/// Larger sizes fall into so many buckets for each power of two.
const PER_DOUBLING: u64 = 1 << (EXACT_BITS - 1);

/// Values with something that goes with each: of a rank one gets both, as they occurred together.
#[derive(Clone, Debug, Default)]
pub struct Quantiles<T = ()> {
    kept: Vec<(u64, T)>,
    /// How many values fell into each bucket, up to that of the largest value: at most 28,672 of them.
    counts: Vec<u64>,
    /// The first value of each bucket, where there is one. Apart from the counts, which every value needs: those stay near.
    firsts: Vec<(u64, T)>,
    count: u64,
    sum: u64,
}

impl<T: Copy> Quantiles<T> {
    /// Takes a value, and what goes with it.
    #[inline]
    pub fn add(&mut self, value: u64, with: T) {
        self.count += 1;
        self.sum = self.sum.saturating_add(value);
        match self.counts.get_mut(index(value)) {
            Some(count) if *count > 0 => *count += 1,
            _ => self.add_first(value, with),
        }
    }

    /// Takes a value that is kept as it is, or is the first of its bucket.
    #[inline(never)]
    fn add_first(&mut self, value: u64, with: T) {
        if self.counts.is_empty() {
            if self.kept.len() < KEPT {
                self.kept.push((value, with));
                return;
            }
            for (value, with) in std::mem::take(&mut self.kept) {
                self.count_in(value, with);
            }
        }
        self.count_in(value, with);
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// The value at a rank by the nearest-rank method, with what goes with it: of `n` values the one at place `ceil(n * percent / 100)`.
    pub fn at_percent(&self, percent: u64) -> Option<(u64, T)> {
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100);
        let rank = u64::try_from(rank).unwrap_or(u64::MAX).max(1);
        if self.counts.is_empty() {
            return self.kept_at(rank);
        }
        let mut before = 0;
        let bucket = self.counts.iter().position(|count| {
            before += count;
            before >= rank
        });
        self.firsts.get(bucket?).copied()
    }

    /// The value at a rank, from 1, of those that are kept as they are; of equal ones the first has the lowest rank.
    fn kept_at(&self, rank: u64) -> Option<(u64, T)> {
        let nth = usize::try_from(rank - 1).ok()?;
        let values = self.kept.iter().map(|(value, _)| *value);
        let mut places: Vec<(u64, usize)> = values.zip(0..).collect();
        if nth >= places.len() {
            return None;
        }
        let (_, &mut (_, place), _) = places.select_nth_unstable(nth);
        self.kept.get(place).copied()
    }

    /// The median, with what goes with it.
    pub fn median(&self) -> Option<(u64, T)> {
        self.at_percent(50)
    }

    /// Every value, or one for each bucket, from the smallest, with what goes with it and how many there are.
    pub fn ascending(&self) -> Vec<(u64, T, u64)> {
        if self.counts.is_empty() {
            let mut kept: Vec<(u64, T, u64)> = self
                .kept
                .iter()
                .map(|&(value, with)| (value, with, 1))
                .collect();
            // Stable: of equal values the first stands first.
            kept.sort_by_key(|&(value, ..)| value);
            return kept;
        }
        let buckets = self.firsts.iter().zip(&self.counts);
        buckets
            .filter(|&(_, &count)| count > 0)
            .map(|(&(value, with), &count)| (value, with, count))
            .collect()
    }

    fn count_in(&mut self, value: u64, with: T) {
        let index = index(value);
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
            self.firsts.resize(index + 1, (value, with));
        }
        if let (Some(count), Some(first)) = (self.counts.get_mut(index), self.firsts.get_mut(index))
        {
            if *count == 0 {
                *first = (value, with);
            }
            *count += 1;
        }
    }
}

/// The bucket of a size.
#[inline]
fn index(value: u64) -> usize {
    let index = if value < EXACT {
        value
    } else {
        let exponent = value.ilog2();
        let leading = value >> (exponent + 1 - EXACT_BITS);
        EXACT + u64::from(exponent - EXACT_BITS) * PER_DOUBLING + (leading - PER_DOUBLING)
    };
    usize::try_from(index).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest_rank(values: &[u64], percent: u64) -> Option<u64> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let rank = (sorted.len() * usize::try_from(percent).unwrap_or(0)).div_ceil(100);
        sorted.get(rank.max(1) - 1).copied()
    }

    fn of(values: &[u64]) -> Quantiles {
        let mut quantiles = Quantiles::default();
        for &value in values {
            quantiles.add(value, ());
        }
        quantiles
    }

    fn sizes(count: u64, spread: u64) -> Vec<u64> {
        (0..count)
            .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % spread)
            .collect()
    }

    #[test]
    fn few_values_have_exact_ranks() {
        let values = sizes(4096, 1 << 30);
        for percent in [1, 50, 90, 100] {
            let found = of(&values).at_percent(percent).map(|(value, ())| value);
            assert_eq!(found, nearest_rank(&values, percent));
        }
        assert_eq!(of(&[]).median(), None);
        assert_eq!(of(&[4, 1, 3, 2]).median(), Some((2, ())));
    }

    #[test]
    fn small_values_have_exact_ranks_however_many() {
        let values = sizes(100_000, 1000);
        for percent in [1, 50, 90, 100] {
            let found = of(&values).at_percent(percent).map(|(value, ())| value);
            assert_eq!(found, nearest_rank(&values, percent));
        }
    }

    #[test]
    fn many_large_values_have_ranks_within_a_five_hundredth() {
        for spread in [5_000, 1 << 20, 1 << 40, u64::MAX] {
            let values = sizes(20_000, spread);
            for percent in [10, 50, 90, 99] {
                let found = of(&values)
                    .at_percent(percent)
                    .map_or(0, |(value, ())| value);
                let wanted = nearest_rank(&values, percent).unwrap_or(0);
                assert!(
                    found.abs_diff(wanted) <= wanted / 512,
                    "{found} for {wanted}"
                );
                assert!(values.contains(&found));
            }
        }
    }

    #[test]
    fn every_size_has_a_bucket_and_the_largest_is_the_last() {
        assert_eq!(index(1023), 1023);
        assert_eq!(index(1024), 1024);
        assert_eq!(index(1026), 1025);
        assert_eq!(index(2047), 1535);
        assert_eq!(index(2048), 1536);
        assert_eq!(index(u64::MAX), 28_671);
    }

    #[test]
    fn what_goes_with_a_value_stays_with_it() {
        let mut quantiles = Quantiles::default();
        for value in 0..10_000u64 {
            quantiles.add(value, value * 2);
        }
        let (value, with) = quantiles.median().unwrap_or_default();
        assert_eq!(with, value * 2);
        assert_eq!((quantiles.count(), quantiles.sum()), (10_000, 49_995_000));
    }
}
