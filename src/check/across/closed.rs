//! Closed: what a connection leaves behind for the rules over several.

use std::hash::BuildHasher as _;

use foldhash::quality::FixedState;
use smallvec::SmallVec;

use crate::check::channel::EndFacts;
use crate::check::handshake::HandshakeFacts;
use crate::check::key::key;
use crate::check::line::Moment;
use crate::check::outcome::{HeadSpot, Maybe, Spot};
use crate::direction::{Both, Direction};
use crate::event::Verdict;
use crate::time::Timestamp;

/// How many handshakes of one connection, and of how many targets its polls, are told apart.
const TOLD_APART: usize = 8;

/// How long the usual pause between polls may be.
const PAUSE: i64 = 30_000_000_000;

/// What a connection leaves behind for those that compare.
#[derive(Debug, Default)]
pub(crate) struct Closed {
    /// The first handshake.
    pub(super) shake: Option<Shake>,
    /// What else there is.
    more: Option<Box<More>>,
    pub(in crate::check) is_websocket: bool,
    /// Whether it certainly ended without a Close.
    pub(super) abnormal: bool,
    /// How many messages there were; of many, no more than that it was many.
    pub(super) messages: u8,
}

/// What most connections do not leave that become a WebSocket at once.
#[derive(Debug, Default)]
struct More {
    /// The handshakes behind the first.
    shakes: Vec<Shake>,
    /// Whether there were more of them.
    is_cut_short: bool,
    /// What it asked for more than once, perhaps.
    polls: SmallVec<[Series; 1]>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Shake {
    pub(super) key: Maybe,
    pub(super) spot: HeadSpot,
    pub(super) answered: Moment,
}

/// A request that may be one of many, and its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Poll {
    /// A hash of what is asked for, without the query.
    pub(crate) target: u64,
    pub(crate) heads: u64,
    pub(crate) bodies: u64,
    pub(crate) spot: Spot,
}

/// Requests for one target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Series {
    pub(super) target: u64,
    pub(super) count: u64,
    pub(super) heads: u64,
    pub(super) bodies: u64,
    /// Pauses, and how many of them are short.
    pub(super) pauses: u64,
    pub(super) short: u64,
    pub(super) first: Spot,
    pub(super) last: Timestamp,
    pub(super) connection: u64,
}

impl Closed {
    /// Takes a handshake.
    pub(in crate::check) fn handshake(
        &mut self,
        facts: &HandshakeFacts<'_>,
        verdict: Verdict,
        spot: Spot,
    ) {
        let answered = facts.waited.filter(|_| verdict != Verdict::Unknown);
        if facts.request.is_none() {
            return;
        }
        if self.shakes().count() < TOLD_APART {
            let shake = Shake {
                key: facts
                    .request
                    .and_then(key)
                    .map(|key| FixedState::default().hash_one(key))
                    .into(),
                spot: spot.into(),
                answered: answered.map_or(Moment::default(), |waited| {
                    Timestamp(spot.time.0.saturating_add(waited)).into()
                }),
            };
            match self.shake {
                None => self.shake = Some(shake),
                Some(_) => self.more.get_or_insert_default().shakes.push(shake),
            }
        } else {
            self.more.get_or_insert_default().is_cut_short = true;
        }
    }

    /// Its handshakes.
    pub(super) fn shakes(&self) -> impl Iterator<Item = &Shake> {
        let more = self.more.iter().flat_map(|more| &more.shakes);
        self.shake.iter().chain(more)
    }

    /// Whether there were more handshakes than are told apart.
    pub(super) fn has_more_shakes(&self) -> bool {
        self.more.as_ref().is_some_and(|more| more.is_cut_short)
    }

    /// What it asked for more than once, perhaps.
    pub(super) fn polls(&self) -> impl Iterator<Item = &Series> {
        self.more.iter().flat_map(|more| &more.polls)
    }

    /// Takes a request.
    pub(in crate::check) fn poll(&mut self, poll: Poll) {
        let polls = &mut self.more.get_or_insert_default().polls;
        if let Some(series) = polls.iter_mut().find(|series| series.target == poll.target) {
            series.add(&Series::of(poll));
        } else if polls.len() < TOLD_APART {
            polls.push(Series::of(poll));
        }
    }

    /// Takes what is known at the end.
    pub(in crate::check) fn end(&mut self, end: &EndFacts<'_>, direction: Direction) {
        let whole = end.whole(direction).is_ok() && end.channel.close(direction).is_none();
        self.abnormal = whole && (direction == Direction::ToServer || self.abnormal);
        let Both {
            to_server,
            to_client,
        } = &end.channel.talks;
        let messages = to_server.messages + to_client.messages;
        self.messages = u8::try_from(messages).unwrap_or(u8::MAX);
    }
}

impl Series {
    fn of(poll: Poll) -> Self {
        Self {
            target: poll.target,
            count: 1,
            heads: poll.heads,
            bodies: poll.bodies,
            pauses: 0,
            short: 0,
            first: poll.spot,
            last: poll.spot.time,
            connection: 0,
        }
    }

    pub(super) fn add(&mut self, later: &Self) {
        let pause = later.first.time.since(self.last);
        self.count += later.count;
        self.heads += later.heads;
        self.bodies += later.bodies;
        self.pauses += later.pauses + 1;
        self.short += later.short + u64::from((0..PAUSE).contains(&pause));
        self.last = later.last;
        self.connection = later.connection;
    }
}
