//! Rules: several connections compared: a little of each is remembered as it closes. A finding names the connection by which it became certain.

use std::hash::BuildHasher as _;
use std::net::IpAddr;

use foldhash::quality::FixedState;
use hashbrown::HashMap;
use smallvec::SmallVec;

use super::channel::EndFacts;
use super::collector;
use super::finding::Severity;
use super::handshake::HandshakeFacts;
use super::key::key;
use super::line::Moment;
use super::outcome::{HeadSpot, Maybe, Spot};
use super::refusal::duration;
use super::rule::{Accused, Fault, Judge, Rule, Subject};
use crate::decode::Endpoint;
use crate::direction::{Both, Direction};
use crate::event::{Closing, Connection, Event, Place, Verdict};
use crate::notice::{Kind, Notice};
use crate::time::Timestamp;

/// How many keys, pairs of ends and polled targets are remembered: what fills a table of 2^14 places to seven eighths, as far as it
/// goes, and a few megabytes each. What comes later is not compared, and said not to be.
const REMEMBERED: usize = (1 << 14) / 8 * 7;

/// How many accusations of one rule are kept.
const ACCUSED: usize = 1024;

/// How many targets one connection's polls are told apart of, and how many pending handshakes of one pair.
const TOLD_APART: usize = 8;
const PENDING: usize = 32;

/// Within what time a handshake that is seen twice, between other addresses, is a proxy's copy.
const PROXIED: i64 = 1_000_000_000;

/// What is no time to wait before connecting again, and how often in a row is too often.
const AT_ONCE: i64 = 100_000_000;
const TOO_OFTEN: u64 = 3;

/// How often a target must be asked for to be polled, and how long the usual pause may be.
const POLLS: u64 = 10;
const PAUSE: i64 = 30_000_000_000;

/// What a short connection is: its life and its messages; and how many are many.
const SHORT: (i64, u8) = (5_000_000_000, 5);
const MANY: u64 = 5;

/// What a connection leaves behind for those that compare.
#[derive(Debug, Default)]
pub(crate) struct Closed {
    /// The first handshake.
    shake: Option<Shake>,
    /// What else there is.
    more: Option<Box<More>>,
    pub(super) is_websocket: bool,
    /// Whether it certainly ended without a Close.
    abnormal: bool,
    /// How many messages there were; of many, no more than that it was many.
    messages: u8,
}

/// What most connections do not leave that become a WebSocket at once.
#[derive(Debug, Default)]
struct More {
    /// The handshakes behind the first.
    shakes: Vec<Shake>,
    /// What it asked for more than once, perhaps.
    polls: SmallVec<[Series; 1]>,
}

#[derive(Clone, Copy, Debug)]
struct Shake {
    key: Maybe,
    spot: HeadSpot,
    answered: Moment,
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
struct Series {
    target: u64,
    count: u64,
    heads: u64,
    bodies: u64,
    /// Pauses, and how many of them are short.
    pauses: u64,
    short: u64,
    first: Spot,
    last: Timestamp,
    connection: u64,
}

impl Closed {
    /// Takes a handshake.
    pub(super) fn handshake(&mut self, facts: &HandshakeFacts<'_>, verdict: Verdict, spot: Spot) {
        let answered = facts.waited.filter(|_| verdict != Verdict::Unknown);
        if self.shakes().count() < TOLD_APART && facts.request.is_some() {
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
        }
    }

    /// Its handshakes.
    fn shakes(&self) -> impl Iterator<Item = &Shake> {
        let more = self.more.iter().flat_map(|more| &more.shakes);
        self.shake.iter().chain(more)
    }

    /// Takes a request.
    pub(super) fn poll(&mut self, poll: Poll) {
        let polls = &mut self.more.get_or_insert_default().polls;
        if let Some(series) = polls.iter_mut().find(|series| series.target == poll.target) {
            series.add(&Series::of(poll));
        } else if polls.len() < TOLD_APART {
            polls.push(Series::of(poll));
        }
    }

    /// Takes what is known at the end.
    pub(super) fn end(&mut self, end: &EndFacts<'_>, direction: Direction) {
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

    fn add(&mut self, later: &Self) {
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

/// Closed connections, compared in the order of closing.
#[derive(Debug, Default)]
pub(crate) struct Across {
    keys: HashMap<u64, SmallVec<[Use; 1]>>,
    /// How many uses of keys were not the first that was seen.
    reuses: usize,
    pairs: HashMap<(IpAddr, Endpoint), Pair>,
    polls: HashMap<(IpAddr, u64), Series>,
    /// Whether something was not compared because too much is remembered, and whether that was told.
    is_full: bool,
    told_of_full: bool,
}

/// A handshake with a key.
#[derive(Clone, Copy, Debug)]
struct Use {
    connection: u64,
    client: IpAddr,
    server: Endpoint,
    answered: Moment,
    spot: HeadSpot,
}

impl Use {
    /// Whether it is the copy that a proxy or a router made of an earlier one: other addresses, and either at about the same time or while
    /// the earlier one was waiting for its answer.
    fn is_copy_of(&self, earlier: &Self) -> bool {
        let elsewhere = self.server != earlier.server || self.client != earlier.client;
        let apart = self.spot.time.since(earlier.spot.time);
        let waited = (earlier.answered.get()).is_some_and(|answered| answered >= self.spot.time);
        elsewhere && (apart < PROXIED || waited)
    }
}

/// The connections of one client's address to one server.
#[derive(Debug, Default)]
struct Pair {
    pending: SmallVec<[(Timestamp, Timestamp); 1]>,
    /// When the last one ended, if without a Close.
    abnormal_end: Moment,
    quick: u64,
    short: u64,
    life: i64,
    messages: u64,
    /// Once there is any of it.
    suspect: Option<Box<Suspect>>,
}

/// What is said of a pair, perhaps.
#[derive(Debug, Default)]
struct Suspect {
    parallel: Option<Accused>,
    reconnects: Option<Accused>,
    /// Once there are many.
    last_short: Option<(u64, Spot)>,
}

impl Across {
    /// Takes a connection that is closed.
    pub(crate) fn closed(&mut self, connection: &Connection, closed: &Closed) {
        for shake in closed.shakes() {
            self.remember_key(connection, shake);
        }
        for series in closed.more.iter().flat_map(|more| &more.polls) {
            let known = (connection.client.address, series.target);
            let own = Series {
                connection: connection.number,
                ..*series
            };
            if let Some(series) = self.polls.get_mut(&known) {
                series.add(&own);
            } else if self.polls.len() < REMEMBERED {
                self.polls.insert(known, own);
            } else {
                self.is_full = true;
            }
        }
        if closed.is_websocket || closed.shake.is_some() {
            let ends = (connection.client.address, connection.server);
            if self.pairs.len() < REMEMBERED || self.pairs.contains_key(&ends) {
                self.pairs.entry(ends).or_default().add(connection, closed);
            } else {
                self.is_full = true;
            }
        }
    }

    /// What is told once, when something is not compared because too much is remembered.
    pub(crate) fn take_notice(&mut self) -> Option<Notice> {
        if !self.is_full || std::mem::replace(&mut self.told_of_full, true) {
            return None;
        }
        let explanation = format!(
            "{REMEMBERED} keys, and as many pairs of client and server, are compared; others that came later are not"
        );
        Some(Notice::new(Kind::LimitReached, explanation))
    }

    fn remember_key(&mut self, connection: &Connection, shake: &Shake) {
        let Some(key) = shake.key.get() else {
            return;
        };
        let own = Use {
            connection: connection.number,
            client: connection.client.address,
            server: connection.server,
            answered: shake.answered,
            spot: shake.spot,
        };
        if let Some(uses) = self.keys.get_mut(&key) {
            let known = uses.iter().any(|known| known.connection == own.connection);
            if !known && self.reuses < ACCUSED {
                self.reuses += 1;
                uses.push(own);
            }
        } else if self.keys.len() < REMEMBERED {
            self.keys.insert(key, SmallVec::from_elem(own, 1));
        } else {
            self.is_full = true;
        }
    }

    /// The capture is over: gives what several connections show.
    pub(crate) fn finish(&self, out: &mut dyn FnMut(&Event<'_>)) {
        let mut findings = Vec::new();
        for rule in RULES {
            let Judge::Across(judge) = rule.judge else {
                continue;
            };
            for accused in judge(self) {
                let place = Place::of_connection(accused.connection);
                let said = (accused.severity, accused.explanation);
                let mut finding =
                    collector::finding(place, rule, Some(Direction::ToServer), said, accused.spot);
                finding.count = accused.count;
                findings.push(finding);
            }
        }
        findings.sort_by_key(|finding| (finding.first_packet, finding.place.connection));
        for finding in findings {
            out(&Event::Finding(&finding));
        }
    }
}

impl Pair {
    fn add(&mut self, connection: &Connection, closed: &Closed) {
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
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-req-key-reused",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 item 7",
        tier: 1,
        subject: Subject::Connections,
        summary: "No key is used on two connections.",
        why: "A key used twice proves nothing: an old answer fits the new handshake. Only an info where a proxy passed the same handshake on.",
        help: "Draw a new key for every connection, and never cache the bytes of a handshake.",
        example: None,
        judge: Judge::Across(key_reused),
    },
    Rule {
        id: "ws-req-parallel-connecting",
        severity: Severity::Info,
        fault: Fault::Client,
        source: "RFC 6455, 4.1 step 2",
        tier: 3,
        subject: Subject::Connections,
        summary: "A client has one handshake pending for each server address.",
        why: "The limit keeps a page from opening many connections at once. Clients behind one address look the same, so this is a hint.",
        help: "Wait for an answer before the next connection to the same address.",
        example: None,
        judge: Judge::Across(parallel_connecting),
    },
    Rule {
        id: "ws-reconnect-no-backoff",
        severity: Severity::Warning,
        fault: Fault::Client,
        source: "RFC 6455, 7.2.3",
        tier: 2,
        subject: Subject::Connections,
        summary: "A client waits longer before each attempt to connect again.",
        why: "Many clients that try again at once take down the server that has just come up.",
        help: "Wait a random time of up to 5 s before the first attempt, and longer before each next one.",
        example: None,
        judge: Judge::Across(reconnect_no_backoff),
    },
    Rule {
        id: "perf-http-polling",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 9110, 15",
        tier: 3,
        subject: Subject::Connections,
        summary: "HTTP is not polled where a WebSocket would do.",
        why: "Every poll pays for its heads again, whether there is news or not.",
        help: "Use a WebSocket, or server-sent events.",
        example: None,
        judge: Judge::Across(http_polling),
    },
    Rule {
        id: "perf-short-connections",
        severity: Severity::Info,
        fault: Fault::Client,
        source: "RFC 6455, 7.2.3",
        tier: 3,
        subject: Subject::Connections,
        summary: "Connections live long enough to be worth their handshake.",
        why: "A handshake costs more than many messages.",
        help: "Keep one connection open.",
        example: None,
        judge: Judge::Across(short_connections),
    },
];

fn key_reused(across: &Across) -> Vec<Accused> {
    let reused = across.keys.values().filter(|uses| uses.len() > 1);
    first(reused.flat_map(|uses| {
        // Connections come as they close; whoever began first drew the key.
        let mut uses = uses.to_vec();
        uses.sort_by_key(|own| (own.spot.time, own.spot.first_packet, own.connection));
        let later = (1..uses.len()).filter_map(|at| {
            let (earlier, own) = (uses.get(..at)?, uses.get(at)?);
            let original = earlier.iter().find(|earlier| own.is_copy_of(earlier));
            Some(Accused {
                connection: own.connection,
                severity: original.map_or(Severity::Error, |_| Severity::Info),
                explanation: match original {
                    Some(original) => format!(
                        "the same handshake as on connection {}: a proxy passed it on",
                        original.connection
                    ),
                    None => format!(
                        "the key was used on connection {} before",
                        earlier.first()?.connection
                    ),
                },
                spot: own.spot.into(),
                count: 1,
            })
        });
        later.collect::<Vec<_>>()
    }))
}

fn parallel_connecting(across: &Across) -> Vec<Accused> {
    first(
        across
            .pairs
            .values()
            .filter_map(|pair| pair.suspect.as_ref()?.parallel.clone()),
    )
}

fn reconnect_no_backoff(across: &Across) -> Vec<Accused> {
    first(
        across
            .pairs
            .values()
            .filter_map(|pair| pair.suspect.as_ref()?.reconnects.clone()),
    )
}

fn http_polling(across: &Across) -> Vec<Accused> {
    first(across.polls.values().filter_map(|series| {
        let usual = series.short * 2 > series.pauses;
        let polled = series.count >= POLLS && usual && series.heads > series.bodies;
        polled.then(|| Accused {
            connection: series.connection,
            severity: Severity::Info,
            explanation: format!(
                "{} requests for one target cost {} bytes of heads for {} bytes of bodies; as frames the heads would cost some {}",
                series.count,
                series.heads,
                series.bodies,
                series.count * 8
            ),
            spot: series.first,
            count: 1,
        })
    }))
}

fn short_connections(across: &Across) -> Vec<Accused> {
    first(across.pairs.values().filter_map(|pair| {
        let (connection, spot) = pair.suspect.as_ref()?.last_short?;
        let average = pair.life / i64::try_from(pair.short).unwrap_or(i64::MAX).max(1);
        Some(Accused {
            connection,
            severity: Severity::Info,
            explanation: format!(
                "{} connections to one server lived {} on average; messages in all: {}",
                pair.short,
                duration(average),
                pair.messages
            ),
            spot,
            count: 1,
        })
    }))
}

/// The first of many, by packet: a map has no order of its own.
fn first(accused: impl Iterator<Item = Accused>) -> Vec<Accused> {
    let mut accused: Vec<Accused> = accused.collect();
    accused.sort_by_key(|accused| accused.spot.first_packet);
    accused.truncate(ACCUSED);
    accused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_small() {
        assert!(size_of::<Pair>() <= 80, "{}", size_of::<Pair>());
        assert!(size_of::<Use>() <= 104, "{}", size_of::<Use>());
    }

    #[test]
    fn what_is_not_compared_is_told_once() {
        let mut across = Across::default();
        assert!(across.take_notice().is_none());
        across.is_full = true;
        let notice = across.take_notice().expect("it was full");
        assert_eq!(notice.kind, Kind::LimitReached);
        assert!(across.take_notice().is_none());
    }
}
