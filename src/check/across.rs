//! Rules: several connections compared: a little of each is remembered as it closes. A finding names the connection by which it became certain.

mod closed;
mod left_out;
mod pair;

use std::net::IpAddr;

use hashbrown::HashMap;
use smallvec::SmallVec;

pub(crate) use self::closed::{Closed, Poll};
use self::closed::{Series, Shake};
pub(super) use self::left_out::LeftOut;
use self::pair::Pair;
use super::collector;
use super::finding::Severity;
use super::line::Moment;
use super::outcome::HeadSpot;
use super::refusal::duration;
use super::rule::{Accused, Fault, Judge, Rule, Subject};
use crate::decode::Endpoint;
use crate::direction::Direction;
use crate::event::{Connection, Event, Place};
use crate::notice::{Kind, Notice};

/// How many keys, pairs of ends and polled targets are remembered: what fills a table of 2^14 places to seven eighths, as far as it
/// goes, and a few megabytes each. What comes later is not compared, and said not to be.
const REMEMBERED: usize = (1 << 14) / 8 * 7;

/// How many accusations of one rule are kept.
const ACCUSED: usize = 1024;

/// Within what time a handshake that is seen twice, between other addresses, is a proxy's copy.
const PROXIED: i64 = 1_000_000_000;

/// How often a target must be asked for to be polled.
const POLLS: u64 = 10;

/// Closed connections, compared in the order of closing.
#[derive(Debug, Default)]
pub(crate) struct Across {
    keys: HashMap<u64, SmallVec<[Use; 1]>>,
    /// How many uses of keys were not the first that was seen.
    reuses: usize,
    pairs: HashMap<(IpAddr, Endpoint), Pair>,
    polls: HashMap<(IpAddr, u64), Series>,
    /// What of each is not compared.
    keys_left_out: LeftOut,
    pairs_left_out: LeftOut,
    polls_left_out: LeftOut,
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

impl Across {
    /// Takes a connection that is closed.
    pub(crate) fn closed(&mut self, connection: &Connection, closed: &Closed) {
        if closed.has_more_shakes() {
            self.keys_left_out.add(connection.number);
            self.pairs_left_out.add(connection.number);
        }
        for shake in closed.shakes() {
            self.remember_key(connection, shake);
        }
        for series in closed.polls() {
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
                self.polls_left_out.add(connection.number);
            }
        }
        if closed.is_websocket || closed.shake.is_some() {
            let ends = (connection.client.address, connection.server);
            if self.pairs.len() < REMEMBERED || self.pairs.contains_key(&ends) {
                self.pairs.entry(ends).or_default().add(connection, closed);
            } else {
                self.is_full = true;
                self.pairs_left_out.add(connection.number);
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
            } else if !known {
                self.keys_left_out.add(own.connection);
            }
        } else if self.keys.len() < REMEMBERED {
            self.keys.insert(key, SmallVec::from_elem(own, 1));
        } else {
            self.is_full = true;
            self.keys_left_out.add(own.connection);
        }
    }

    /// The capture is over: gives what several connections show, and what is left open of it where that is counted.
    pub(crate) fn finish(&self, counts_unjudged: bool, out: &mut dyn FnMut(&Event<'_>)) {
        let mut findings = Vec::new();
        let mut unjudged = Vec::new();
        for rule in RULES {
            let Judge::Across(judge) = rule.judge else {
                continue;
            };
            let (accused, left_out) = judge(self);
            unjudged.extend(left_out.unjudged(rule).filter(|_| counts_unjudged));
            for accused in accused {
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
        for unjudged in unjudged {
            out(&Event::Unjudged(&unjudged));
        }
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

fn key_reused(across: &Across) -> (Vec<Accused>, LeftOut) {
    let reused = across.keys.values().filter(|uses| uses.len() > 1);
    let reused = first(reused.flat_map(|uses| {
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
    }));
    (reused, across.keys_left_out)
}

fn parallel_connecting(across: &Across) -> (Vec<Accused>, LeftOut) {
    let pairs = across.pairs.values();
    let accused = first(pairs.filter_map(|pair| pair.suspect.as_ref()?.parallel.clone()));
    (accused, across.pairs_left_out)
}

fn reconnect_no_backoff(across: &Across) -> (Vec<Accused>, LeftOut) {
    let pairs = across.pairs.values();
    let accused = first(pairs.filter_map(|pair| pair.suspect.as_ref()?.reconnects.clone()));
    (accused, across.pairs_left_out)
}

fn http_polling(across: &Across) -> (Vec<Accused>, LeftOut) {
    let polled = first(across.polls.values().filter_map(|series| {
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
    }));
    (polled, across.polls_left_out)
}

fn short_connections(across: &Across) -> (Vec<Accused>, LeftOut) {
    let short = first(across.pairs.values().filter_map(|pair| {
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
    }));
    (short, across.pairs_left_out)
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
