//! Rules: Ping and Pong (RFC 6455, sections 5.5.2 and 5.5.3).
//!
//! Which Pong answers which Ping is known only when both directions are read: packets of one may come long after those of the other.

use std::hash::BuildHasher as _;

use foldhash::quality::FixedState;
use hashbrown::HashSet;

use super::channel::{EndFacts, Talk};
use super::finding::{Cause, Severity};
use super::outcome::{Outcome, Spot};
use super::refusal::duration;
use super::rule::{Answer, Fault, Judge, Rule, Subject};
use crate::direction::Direction;
use crate::time::Timestamp;

/// How many Pings of a side are told apart: one every minute for a day. Past that, its Pongs are not judged.
const TOLD_APART: usize = 1440;

/// How many Pings wait for an answer at most, and how many Pongs for a question: nobody needs more to see what is wrong.
const WAITING: usize = 16;

/// How many times between Pings the median is taken of.
const INTERVALS: usize = 64;

/// Within which a Ping is to be answered.
const ANSWERED_WITHIN: i64 = 10_000_000_000;

/// Between which the time from Ping to Ping is usual.
const USUAL: (i64, i64) = (5_000_000_000, 60_000_000_000);

/// From when on a connection is idle.
pub(super) const IDLE: i64 = 60_000_000_000;

/// The Pings of one side, and its Pongs that answer none so far.
#[derive(Debug, Default)]
pub(crate) struct Pings {
    sent: u64,
    told_apart: HashSet<u64, foldhash::fast::FixedState>,
    /// Whether there was one whose payload is not known, or too many.
    unknown: bool,
    waiting: Vec<Waiting>,
    strays: Vec<(u64, Spot)>,
    last: Option<Timestamp>,
    intervals: Vec<i64>,
    first: Option<Spot>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    payload: u64,
    spot: Spot,
    /// The offset behind its last byte.
    end: u64,
}

impl Pings {
    /// A Ping, with its payload where that is known; `pongs` are the other side's.
    pub(super) fn ping(
        &mut self,
        payload: Option<&[u8]>,
        end: u64,
        spot: Spot,
        pongs: Option<&mut Self>,
    ) {
        self.sent += 1;
        self.first.get_or_insert(spot);
        if let Some(last) = self.last.replace(spot.time)
            && self.intervals.len() < INTERVALS
        {
            self.intervals.push(spot.time.since(last));
        }
        let Some(payload) = payload
            .map(hash)
            .filter(|_| self.told_apart.len() < TOLD_APART)
        else {
            self.unknown = true;
            return;
        };
        self.told_apart.insert(payload);
        let answered = pongs.is_some_and(|pongs| {
            let before = pongs.strays.len();
            pongs.strays.retain(|(stray, _)| *stray != payload);
            pongs.strays.len() < before
        });
        if answered {
            self.waiting.clear();
        } else if self.waiting.len() < WAITING {
            self.waiting.push(Waiting { payload, spot, end });
        }
    }

    /// A Pong, with its payload where that is known; `pings` are the other side's.
    pub(super) fn pong(&mut self, payload: Option<&[u8]>, spot: Spot, pings: &mut Self) {
        let Some(payload) = payload.map(hash) else {
            pings.unknown = true;
            return;
        };
        if let Some(at) = pings
            .waiting
            .iter()
            .rposition(|ping| ping.payload == payload)
        {
            pings.waiting.drain(..=at);
        } else if !pings.told_apart.contains(&payload) && self.strays.len() < WAITING {
            self.strays.push((payload, spot));
        }
    }
}

fn hash(payload: &[u8]) -> u64 {
    FixedState::default().hash_one(payload)
}

impl Talk {
    /// Its Pings that are not answered.
    fn waiting(&self) -> &[Waiting] {
        self.pings().map_or(&[], |pings| &pings.waiting)
    }

    /// Its Pongs that answer nothing.
    fn strays(&self) -> &[(u64, Spot)] {
        self.pings().map_or(&[], |pings| &pings.strays)
    }

    fn has_pinged(&self) -> bool {
        self.pings().is_some_and(|pings| pings.sent > 0)
    }
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-pong-mismatch",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.2, 5.5.3",
        tier: 2,
        subject: Subject::Keepalive,
        summary: "A Pong carries the payload of the Ping that it answers.",
        why: "The other side cannot match it, and may take the connection for dead.",
        help: "Send the Ping's payload back unchanged.",
        example: None,
        judge: Judge::End(mismatch),
    },
    Rule {
        id: "ws-ping-unanswered",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.2",
        tier: 2,
        subject: Subject::Keepalive,
        summary: "A Ping is answered within 10 seconds.",
        why: "The other side takes the connection for dead.",
        help: "The peer's event loop is blocked, or its library needs to be read from before it answers.",
        example: None,
        judge: Judge::End(unanswered),
    },
    Rule {
        id: "ws-pong-unsolicited",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.3",
        tier: 3,
        subject: Subject::Keepalive,
        summary: "A Pong answers a Ping.",
        why: "One without is allowed, as a heartbeat in one direction; it proves nothing about the other side.",
        help: "Use Ping where you want to know that the other side lives.",
        example: None,
        judge: Judge::End(unsolicited),
    },
    Rule {
        id: "ws-ping-interval",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.2",
        tier: 3,
        subject: Subject::Keepalive,
        summary: "Pings come every 5 to 60 seconds.",
        why: "More often costs bytes and power; more rarely lets proxies close the idle connection.",
        help: "20 to 45 seconds suits most proxies.",
        example: None,
        judge: Judge::End(interval),
    },
    Rule {
        id: "ws-idle-no-keepalive",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.2",
        tier: 3,
        subject: Subject::Keepalive,
        summary: "A connection that is idle for a minute is kept alive by Pings.",
        why: "Proxies close what is idle, many after 60 seconds.",
        help: "Send a Ping every 20 to 45 seconds.",
        example: None,
        judge: Judge::End(idle),
    },
];

/// Whether all Pings of one side and all Pongs of the other are known, from the handshake on; else why not.
fn all_known(end: &EndFacts<'_>, pinger: Direction) -> Result<(), Cause> {
    end.read(pinger).and(end.read(pinger.other()))?;
    let pings = end.channel.talks[pinger].pings();
    if pings.is_some_and(|pings| pings.unknown) {
        return Err(Cause::Limit);
    }
    if end.channel.agreement.seen {
        Ok(())
    } else {
        Err(Cause::NoHandshake)
    }
}

/// Whether a side certainly sent nothing that is not read until it had time to answer: a packet says so by its number.
fn is_silent(end: &EndFacts<'_>, direction: Direction, ping: &Spot) -> Result<(), Cause> {
    let until = end.lines[direction].read_until.get();
    if until.is_some_and(|until| until.since(ping.time) >= ANSWERED_WITHIN) {
        return Ok(());
    }
    Err(Cause::CaptureEnd)
}

fn mismatch(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let asked = end.channel.talks[direction.other()].waiting();
    let pair = asked.iter().find_map(|ping| {
        let strays = end.channel.talks[direction].strays();
        let behind = |spot: &Spot| spot.first_packet > ping.spot.first_packet;
        strays
            .iter()
            .find(|(_, spot)| behind(spot))
            .map(|(_, spot)| *spot)
    });
    let Some(spot) = pair else {
        return Answer::none();
    };
    let known = all_known(end, direction.other())
        .and_then(|()| end.whole(direction).or(is_silent(end, direction, &spot)));
    let outcome = match known {
        Ok(()) => Outcome::Fail(
            Severity::Warning,
            "a Ping is open, and the Pong behind it carries the payload of none".to_string(),
        ),
        Err(cause) => Outcome::Unknown(cause),
    };
    Answer::of(direction, outcome, spot)
}

fn unanswered(end: &EndFacts<'_>, direction: Direction) -> Answer {
    // Blames who did not answer, the other side of who asked.
    let asker = direction.other();
    let talks = &end.channel.talks;
    let closed = (end.channel.close(direction)).map(|close| close.time);
    let candidates = talks[asker].waiting().iter();
    let before_close = |ping: &&Waiting| {
        closed.is_none_or(|closed| closed.since(ping.spot.time) > ANSWERED_WITHIN)
    };
    let Some(ping) = candidates.into_iter().find(before_close) else {
        return Answer::none();
    };
    let strays = talks[direction].strays().iter();
    if strays
        .into_iter()
        .any(|(_, spot)| spot.first_packet > ping.spot.first_packet)
    {
        return Answer::none();
    }
    let known = all_known(end, asker).and_then(|()| {
        is_silent(end, direction, &ping.spot)?;
        if end.lines[asker].acked >= ping.end {
            Ok(())
        } else {
            Err(Cause::CaptureEnd)
        }
    });
    let outcome = match known {
        Ok(()) => Outcome::Fail(
            Severity::Warning,
            "a Ping was received, and not answered within 10 s".to_string(),
        ),
        Err(cause) => Outcome::Unknown(cause),
    };
    Answer::of(direction, outcome, ping.spot)
}

fn unsolicited(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let strays = end.channel.talks[direction].strays();
    let waiting = end.channel.talks[direction.other()].waiting();
    let Some((_, spot)) = strays.first().filter(|_| waiting.is_empty()) else {
        return Answer::none();
    };
    let outcome = match all_known(end, direction.other()) {
        Ok(()) => Outcome::Fail(
            Severity::Info,
            match strays.len() {
                1 => "a Pong answers no Ping".to_string(),
                many => format!("{many} Pongs answer no Ping"),
            },
        ),
        Err(cause) => Outcome::Unknown(cause),
    };
    Answer::of(direction, outcome, *spot)
}

fn interval(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let Some(pings) = end.channel.talks[direction].pings() else {
        return Answer::none();
    };
    let mut intervals = pings.intervals.clone();
    intervals.sort_unstable();
    let (Some(&median), Some(spot)) = (intervals.get(intervals.len() / 2), pings.first) else {
        return Answer::none();
    };
    let idle = end.channel.idle.longest();
    let unusual = median < USUAL.0 || median > USUAL.1 && idle >= median;
    let outcome = Outcome::info_if(unusual && pings.sent >= 5, || {
        format!("a Ping every {}", duration(median))
    });
    Answer::of(direction, outcome, spot)
}

fn idle(end: &EndFacts<'_>, direction: Direction) -> Answer {
    let talks = &end.channel.talks;
    let pinged = talks.to_server.has_pinged() || talks.to_client.has_pinged();
    let long = end.channel.idle.long();
    let Some((idle, spot)) = long.filter(|_| !pinged) else {
        return Answer::none();
    };
    if direction == Direction::ToClient {
        return Answer::none();
    }
    let outcome = match end
        .read(Direction::ToServer)
        .and(end.read(Direction::ToClient))
    {
        Ok(()) => Outcome::Fail(
            Severity::Info,
            format!("no frame for {}, and no Ping at all", duration(idle)),
        ),
        Err(cause) => Outcome::Unknown(cause),
    };
    Answer::of_nobody(outcome, spot)
}
