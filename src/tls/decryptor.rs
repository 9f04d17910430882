//! Decryptor: opens the records of one direction, and finds the place again where records are lost.
//!
//! A record tells neither its number nor its keys. Where all records are seen both are known; where some are lost, a few numbers and the
//! keys that may follow are tried, and a tag that is right confirms them.

use std::ops::RangeInclusive;

use super::agreement::{Agreement, Epoch};
use super::protection::{Opened, Protection};
use super::record::ContentType;
use super::secret::Secret;

/// How many bytes are tried in vain before a direction is given up: more than the records of any hole that a capture should have.
const TRIED: u64 = 64 << 20;

/// How many records may fail to open before the first that opens. A handshake whose keys are not logged has fewer.
const FAILED: u32 = 16;

/// The keys and the place of one direction.
#[derive(Default)]
pub(super) struct Decryptor {
    pub(super) epoch: Epoch,
    current: Option<Current>,
    /// Bytes of records since the last that was opened.
    lost: u64,
    /// Those of them that were not seen as whole records.
    unseen: u64,
    /// Whole records that did not open since then.
    seen: u64,
    /// Bytes that were tried in vain since then.
    tried: u64,
    /// Records that did not open, before the first that did.
    failed: u32,
    opened: u64,
    /// Whether padding was ever seen, so that lengths say less.
    padded: bool,
    /// Whether application data was opened with these keys.
    has_content: bool,
}

struct Current {
    protection: Protection,
    /// From which the next keys come; none in TLS 1.2.
    secret: Option<Secret>,
    sequence: u64,
}

/// Content that was lost before a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Missing {
    /// How many bytes, at most.
    pub len: u64,
    /// Whether it is just as many, unless one of the lost records was padded or had no application data, as none before it.
    pub likely: bool,
}

impl Decryptor {
    /// So many bytes are not in the capture, or cannot be told apart into records.
    pub(super) fn lose(&mut self, len: u64) {
        self.lost += len;
        self.unseen += len;
    }

    /// A whole record could not be opened.
    pub(super) fn lose_record(&mut self, len: u64) {
        self.lost += len;
        self.seen += 1;
    }

    /// Content that was lost since the last record that was opened, if any was.
    pub(super) fn all_missing(&self) -> Option<Missing> {
        (self.lost > 0).then_some(Missing {
            len: self.lost,
            likely: false,
        })
    }

    /// Whether nothing is left to try.
    pub(super) fn is_hopeless(&self) -> bool {
        self.tried >= TRIED || self.opened == 0 && self.failed >= FAILED
    }

    /// Whether records were tried, and none opened.
    pub(super) fn is_refused(&self) -> bool {
        self.failed > 0 && self.opened == 0
    }

    /// Whether any record was opened.
    pub(super) fn has_opened(&self) -> bool {
        self.opened > 0
    }

    /// Whether the keys of this epoch are known.
    pub(super) fn has_keys(&self) -> bool {
        self.current.is_some()
    }

    /// From the next record on other keys are used, if they are known.
    pub(super) fn change(&mut self, epoch: Epoch, agreement: &Agreement<'_>) {
        self.epoch = epoch;
        self.has_content = false;
        self.current = Current::of(agreement.keys(epoch));
    }

    /// The sender changed to its next keys (RFC 8446, section 4.6.3).
    pub(super) fn update(&mut self, agreement: &Agreement<'_>) {
        self.current = self
            .current
            .take()
            .and_then(|current| current.updated(agreement));
    }

    /// Opens a record into `out`; says what was lost before it.
    pub(super) fn open(
        &mut self,
        record: &[u8],
        agreement: &Agreement<'_>,
        out: &mut Vec<u8>,
    ) -> Option<(Opened, Option<Missing>)> {
        let Some((place, opened)) = self.locate(record, agreement, out) else {
            self.failed += u32::from(self.opened == 0);
            return None;
        };
        let missing = self.go_to(place);
        self.opened += 1;
        self.padded |= opened.padded;
        self.has_content |= opened.content_type == ContentType::APPLICATION_DATA;
        (self.lost, self.unseen, self.seen, self.tried) = (0, 0, 0, 0);
        Some((opened, missing))
    }

    /// Whether a record opens.
    pub(super) fn would_open(
        &mut self,
        record: &[u8],
        agreement: &Agreement<'_>,
        out: &mut Vec<u8>,
    ) -> bool {
        self.locate(record, agreement, out).is_some()
    }

    /// The number and the keys with which a record opens: those that are due, or what may come next, as its announcement may be lost,
    /// or stand in records whose keys are not logged.
    fn locate(
        &mut self,
        record: &[u8],
        agreement: &Agreement<'_>,
        out: &mut Vec<u8>,
    ) -> Option<(Place, Opened)> {
        if let Some(current) = &self.current {
            let numbers = current.sequence
                ..=current.sequence + self.seen + self.unseen / current.protection.shortest();
            let tried = &mut self.tried;
            if let Some((sequence, opened)) =
                try_numbers(&current.protection, numbers, record, tried, out)
            {
                return Some((Place::Here(sequence), opened));
            }
        }
        let mut epoch = self.epoch;
        while let Some(next) = agreement.next_epoch(epoch) {
            epoch = next;
            if let Some(next) = Current::of(agreement.keys(epoch))
                && let Some(found) = self.locate_with(next, epoch, record, out)
            {
                return Some(found);
            }
        }
        if self.unseen == 0 {
            return None;
        }
        let updated = self.current.as_ref()?.updated(agreement)?;
        self.locate_with(updated, self.epoch, record, out)
    }

    fn locate_with(
        &mut self,
        next: Current,
        epoch: Epoch,
        record: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<(Place, Opened)> {
        let numbers = 0..=self.unseen / next.protection.shortest();
        let (sequence, opened) =
            try_numbers(&next.protection, numbers, record, &mut self.tried, out)?;
        Some((Place::Beyond(Current { sequence, ..next }, epoch), opened))
    }

    /// Goes behind a record; says what was lost before it.
    fn go_to(&mut self, place: Place) -> Option<Missing> {
        match (place, &mut self.current) {
            (Place::Here(sequence), Some(current)) => {
                let between = sequence - current.sequence;
                current.sequence = sequence + 1;
                let expansion = current.protection.expansion();
                let beside = expansion.unwrap_or(0) * between;
                (self.lost > 0).then(|| Missing {
                    len: self.lost.saturating_sub(beside),
                    likely: !self.padded
                        && self.has_content
                        && between > 0
                        && expansion.is_some()
                        && beside <= self.lost,
                })
            }
            (Place::Here(_), None) => None,
            (Place::Beyond(mut next, epoch), current) => {
                // Before the first record of the application's keys an application says nothing, but for early data.
                let is_first = next.sequence == 0
                    && epoch == Epoch::Application
                    && matches!(self.epoch, Epoch::Clear | Epoch::Handshake);
                next.sequence += 1;
                *current = Some(next);
                self.epoch = epoch;
                self.has_content = false;
                self.all_missing().filter(|_| !is_first)
            }
        }
    }
}

/// Where a record stands.
enum Place {
    /// So many records behind the last change of keys.
    Here(u64),
    /// Behind another change.
    Beyond(Current, Epoch),
}

fn try_numbers(
    protection: &Protection,
    numbers: RangeInclusive<u64>,
    record: &[u8],
    tried: &mut u64,
    out: &mut Vec<u8>,
) -> Option<(u64, Opened)> {
    for sequence in numbers {
        if let Some(opened) = protection.open(sequence, record, out) {
            return Some((sequence, opened));
        }
        *tried += record.len() as u64;
        if *tried >= TRIED {
            break;
        }
    }
    None
}

impl Current {
    fn of(keys: Option<(Protection, Option<Secret>)>) -> Option<Self> {
        keys.map(|(protection, secret)| Self {
            protection,
            secret,
            sequence: 0,
        })
    }

    fn updated(&self, agreement: &Agreement<'_>) -> Option<Self> {
        let (protection, secret) = agreement.updated(self.secret.as_ref()?)?;
        Self::of(Some((protection, Some(secret))))
    }
}
