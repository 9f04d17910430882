//! Waiting: the connections whose records wait for keys, so that they are read when keys come, and not only with their next packet.

/// At which length the list is first cleaned of those that wait no longer.
const FIRST_CLEANED: usize = 64;

/// The places of connections that wait.
///
/// A capture may bring keys between any two packets, and each time all that wait must look at them. Work stays linear in the input
/// because each packet and each part of a key log allows one connection to look once: where a million wait they may have to wait a
/// little longer than for their keys.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    places: Vec<u32>,
    /// The length at which the list is cleaned next.
    cleaned_at: usize,
    /// Whether keys have come at which nobody has looked.
    due: bool,
    /// How many connections may look.
    looks: u64,
}

impl Waiting {
    /// A connection begins to wait. `waits` says whether one still does.
    pub(super) fn add(&mut self, place: u32, waits: impl Fn(u32) -> bool) {
        if self.places.len() >= self.cleaned_at.max(FIRST_CLEANED) {
            self.places.retain(|&place| waits(place));
            // A place is listed again for each connection that takes it and waits.
            self.places.sort_unstable();
            self.places.dedup();
            self.cleaned_at = 2 * self.places.len();
        }
        self.places.push(place);
    }

    /// Keys have come.
    pub(super) fn keys_came(&mut self) {
        self.due = true;
        self.looks += 1;
    }

    /// A packet was read; true where it is time to look at keys.
    #[inline]
    pub(super) fn pass_packet(&mut self) -> bool {
        self.looks += 1;
        self.due && self.is_time()
    }

    fn is_time(&self) -> bool {
        self.looks >= self.places.len() as u64
    }

    /// The connections that are to look at the keys that have come, if it is time; they are listed no longer.
    pub(super) fn take_due(&mut self) -> Vec<u32> {
        if !(self.due && self.is_time()) {
            return Vec::new();
        }
        self.due = false;
        self.looks -= self.places.len() as u64;
        let mut places = std::mem::take(&mut self.places);
        places.sort_unstable();
        places.dedup();
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_wait_the_more_packets_pass_before_they_look() {
        let mut waiting = Waiting::default();
        waiting.add(0, |_| true);
        waiting.keys_came();
        assert_eq!(waiting.take_due(), [0]);
        (0..4).for_each(|place| waiting.add(place, |_| true));
        waiting.keys_came();
        assert!(waiting.take_due().is_empty());
        assert_eq!(
            [(); 3].map(|()| waiting.pass_packet()),
            [false, false, true]
        );
        assert_eq!(waiting.take_due(), [0, 1, 2, 3]);
        assert!(!waiting.pass_packet());
    }

    #[test]
    fn a_place_that_many_take_in_turn_is_listed_once() {
        let mut waiting = Waiting::default();
        for _ in 0..10_000 {
            waiting.add(7, |_| true);
        }
        assert!(waiting.places.len() <= FIRST_CLEANED);
        (0..10_000).for_each(|_| assert!(!waiting.pass_packet()));
        waiting.keys_came();
        assert_eq!(waiting.take_due(), [7]);
    }

    #[test]
    fn those_that_wait_no_longer_take_no_room_for_ever() {
        let mut waiting = Waiting::default();
        for place in 0..10_000 {
            waiting.add(place, |_| false);
        }
        assert!(waiting.places.len() <= FIRST_CLEANED);
    }
}
