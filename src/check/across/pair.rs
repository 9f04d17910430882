//! Pair: the connections of one client's address to one server, one behind the other.

use smallvec::SmallVec;

use super::closed::Closed;
use crate::check::finding::Severity;
use crate::check::line::Moment;
use crate::check::outcome::Spot;
use crate::check::rule::Accused;
use crate::event::{Closing, Connection};
use crate::time::Timestamp;

/// How many pending handshakes are remembered.
const PENDING: usize = 32;

/// What is no time to wait before connecting again, and how often in a row is too often.
const AT_ONCE: i64 = 100_000_000;
const TOO_OFTEN: u64 = 3;

/// What a short connection is: its life and its messages; and how many are many.
const SHORT: (i64, u8) = (5_000_000_000, 5);
const MANY: u64 = 5;

/// The connections of one client's address to one server.
#[derive(Debug, Default)]
pub(super) struct Pair {
    pending: SmallVec<[(Timestamp, Timestamp); 1]>,
    /// When the last one ended, if without a Close.
    abnormal_end: Moment,
    quick: u64,
    pub(super) short: u64,
    pub(super) life: i64,
    pub(super) messages: u64,
    /// Once there is any of it.
    pub(super) suspect: Option<Box<Suspect>>,
}

/// What is said of a pair, perhaps.
#[derive(Debug, Default)]
pub(super) struct Suspect {
    pub(super) parallel: Option<Accused>,
    pub(super) reconnects: Option<Accused>,
    /// Once there are many.
    pub(super) last_short: Option<(u64, Spot)>,
}

impl Pair {
    /// Takes the next one.
    pub(super) fn add(&mut self, connection: &Connection, closed: &Closed) {
        let spot = closed.shake.map_or(
            Spot::of_packet(connection.first_packet, connection.time),
            |shake| shake.spot.into(),
        );
        for shake in closed.shakes() {
            let Some(answered) = shake.answered.get() else {
                continue;
            };
            let own = (shake.spot.time, answered);
            let at_once = self
                .pending
                .iter()
                .filter(|other| other.0 < own.1 && own.0 < other.1)
                .count();
            if at_once > 0 {
                self.accuse_parallel(connection.number, shake.spot.into());
            }
            if self.pending.len() >= PENDING {
                self.pending.remove(0);
            }
            self.pending.push(own);
        }
        if let Some(ended) = self.abnormal_end.get() {
            let pause = connection.time.since(ended);
            self.quick = if (0..=AT_ONCE).contains(&pause) {
                self.quick + 1
            } else {
                0
            };
        }
        if self.quick >= TOO_OFTEN {
            self.suspect.get_or_insert_default().reconnects = Some(Accused {
                connection: connection.number,
                severity: Severity::Warning,
                explanation: format!(
                    "the client connected again within 100 ms of a failure, {} times in a row",
                    self.quick
                ),
                spot,
                count: 1,
            });
        }
        self.abnormal_end = if closed.abnormal {
            connection.end_time.into()
        } else {
            Moment::default()
        };
        let life = connection.end_time.since(connection.time);
        let over = connection.closing != Closing::Open;
        if over && closed.is_websocket && life < SHORT.0 && closed.messages < SHORT.1 {
            self.short += 1;
            self.life = self.life.saturating_add(life);
            self.messages += u64::from(closed.messages);
            if self.short >= MANY {
                let suspect = self.suspect.get_or_insert_default();
                suspect.last_short = Some((connection.number, spot));
            }
        }
    }

    fn accuse_parallel(&mut self, connection: u64, spot: Spot) {
        let suspect = self.suspect.get_or_insert_default();
        let accused = suspect.parallel.get_or_insert_with(|| Accused {
            connection,
            severity: Severity::Info,
            explanation: "the client had another handshake pending with the same server"
                .to_string(),
            spot,
            count: 0,
        });
        accused.count += 1;
    }
}
