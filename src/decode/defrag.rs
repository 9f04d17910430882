//! Defragmentation: fragments of IP datagrams in, whole datagrams out.
//!
//! A datagram costs what its fragments cost, whatever of them overlaps. Where fragments overlap, the first one's bytes stay. A
//! fragment that was cut by the snapshot length leaves a hole, and a joined datagram is known up to its first hole only.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use hashbrown::HashMap;

use super::cost::Cost;
use super::origin::Origin;
use super::rest::Rest;
use super::segment::Other;
use crate::capture::Packet;
use crate::notice::{Kind, Notice};
use crate::private::Private;
use crate::time::Timestamp;

/// How long a datagram waits for its fragments, in nanoseconds of capture time. Hosts wait 15 s (RFC 791, section 3.2) to 60 s
/// (RFC 8200, section 4.5), Linux 30 s; what comes later no receiver has joined.
const PATIENCE: i64 = 30_000_000_000;

/// How long after a fragment a second one like it is a copy that the capture made, in nanoseconds. The same time as for segments.
const COPY: u64 = 50_000_000;

/// How many datagrams may wait at a time, and how many complete ones are remembered for the sake of copies. A lossless capture
/// has a handful of each, and 1,024 lost ones in 30 s are a link that is no longer worth joining.
const MAX_DATAGRAMS: usize = 1024;

/// The largest datagram: IP's length fields have 16 bits.
const MAX_LEN: u32 = 65_535;

/// The most fragments of a datagram: offsets count in eights.
const MAX_FRAGMENTS: usize = 8192;

/// How much memory waiting datagrams may take, in bytes; complete ones as much again. It lets 256 of the largest wait, and is
/// small beside what the connections may hold.
const MAX_MEMORY: usize = 16 << 20;

/// What fragments of one datagram have in common (RFC 791, section 3.2; RFC 8200, section 4.5), and the network they are in.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Key {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) identification: u32,
    pub(super) protocol: u8,
    pub(super) network: u32,
}

/// A fragment and how the walk came to it.
pub(super) struct Fragment<'cap> {
    pub(super) key: Key,
    pub(super) offset: u32,
    pub(super) more: bool,
    /// What the datagram carries, as this fragment has it.
    pub(super) protocol: u8,
    pub(super) rest: Rest<'cap>,
    pub(super) cost: Cost,
    pub(super) origin: Origin,
    /// What it costs if it stays alone.
    pub(super) other: Other,
}

/// A datagram put together.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) protocol: u8,
    /// What is known of it: all, or what stands before the first hole.
    pub(super) bytes: Private<Vec<u8>>,
    /// How long it was on the wire.
    pub(super) len: u32,
    pub(super) cost: Cost,
    pub(super) origin: Origin,
}

/// What becomes of a fragment.
pub(super) enum Outcome {
    Held,
    Joined(Joined),
    Other(Other),
}

/// The datagrams that wait for fragments, and those that just were completed.
#[derive(Debug, Default)]
pub(super) struct Defragmenter {
    /// The waiting datagrams by age. Numbers are never used again.
    waiting: BTreeMap<u64, Datagram>,
    numbers: HashMap<Key, u64>,
    next_number: u64,
    memory: usize,
    /// The fragments of completed datagrams, and in which order they were completed.
    complete: HashMap<Key, (Timestamp, Vec<Seen>)>,
    completions: VecDeque<(Timestamp, Key)>,
    complete_memory: usize,
}

impl Defragmenter {
    /// Adds a fragment, the last byte of which came in `packet`. Datagrams that are given up meanwhile go to `given_up`.
    pub(super) fn add(
        &mut self,
        fragment: &Fragment<'_>,
        packet: &Packet<'_>,
        notices: &mut Vec<Notice>,
        given_up: &mut Vec<Other>,
    ) -> Outcome {
        let time = packet.time;
        self.expire(time, notices, given_up);
        let seen = Seen {
            offset: fragment.offset,
            len: fragment.rest.len,
            time,
        };
        if let Some((_, fragments)) = self.complete.get(&fragment.key)
            && fragments.iter().any(|earlier| seen.copies(earlier))
        {
            return Outcome::Other(duplicate(fragment.other));
        }
        let number = *self.numbers.entry(fragment.key).or_insert_with(|| {
            self.next_number += 1;
            self.next_number
        });
        let datagram = self
            .waiting
            .entry(number)
            .or_insert_with(|| Datagram::new(fragment, packet));
        let before = datagram.memory();
        let added = datagram.add(fragment, seen);
        self.memory = self.memory + datagram.memory() - before;
        match added {
            Added::No(other) => {
                if datagram.seen.is_empty() {
                    self.remove(number);
                }
                return Outcome::Other(other);
            }
            Added::Yes if !datagram.is_whole() => {}
            Added::Yes => {
                if let Some(datagram) = self.remove(number) {
                    self.remember(fragment.key, datagram.seen.clone(), time);
                    return Outcome::Joined(datagram.join());
                }
            }
        }
        while self.waiting.len() > MAX_DATAGRAMS || self.memory > MAX_MEMORY {
            let Some((&oldest, _)) = self.waiting.first_key_value() else {
                break;
            };
            let why = "too many IP fragments wait for others; the oldest datagram was given up";
            self.give_up(oldest, Kind::LimitReached, why, notices, given_up);
        }
        Outcome::Held
    }

    /// Gives up every datagram that still waits.
    pub(super) fn finish(&mut self, notices: &mut Vec<Notice>, given_up: &mut Vec<Other>) {
        while let Some((&oldest, _)) = self.waiting.first_key_value() {
            let why = "the capture ends before all fragments of an IP datagram have come";
            self.give_up(oldest, Kind::LostFragment, why, notices, given_up);
        }
    }

    /// Gives up what has waited too long, and forgets what was completed too long ago.
    fn expire(&mut self, now: Timestamp, notices: &mut Vec<Notice>, given_up: &mut Vec<Other>) {
        while let Some((&oldest, datagram)) = self.waiting.first_key_value()
            && now.since(datagram.born) > PATIENCE
        {
            let why = "IP fragments waited 30 seconds for the rest of their datagram";
            self.give_up(oldest, Kind::LostFragment, why, notices, given_up);
        }
        while let Some(&(time, key)) = self.completions.front()
            && (!within(now, time)
                || self.completions.len() > MAX_DATAGRAMS
                || self.complete_memory > MAX_MEMORY)
        {
            self.completions.pop_front();
            // A later datagram of the same key has its own place in the queue.
            if self.complete.get(&key).is_some_and(|(at, _)| *at == time)
                && let Some((_, fragments)) = self.complete.remove(&key)
            {
                self.complete_memory -= fragments.capacity() * size_of::<Seen>();
            }
        }
    }

    fn remember(&mut self, key: Key, mut fragments: Vec<Seen>, time: Timestamp) {
        fragments.shrink_to_fit();
        self.complete_memory += fragments.capacity() * size_of::<Seen>();
        self.completions.push_back((time, key));
        if let Some((_, earlier)) = self.complete.insert(key, (time, fragments)) {
            self.complete_memory -= earlier.capacity() * size_of::<Seen>();
        }
    }

    fn give_up(
        &mut self,
        number: u64,
        kind: Kind,
        why: &str,
        notices: &mut Vec<Notice>,
        given_up: &mut Vec<Other>,
    ) {
        if let Some(datagram) = self.remove(number) {
            notices.push(Notice {
                length: Some(datagram.carried.into()),
                ..Notice::new(kind, why).at_packet(datagram.first_packet)
            });
            given_up.push(datagram.abandoned());
        }
    }

    fn remove(&mut self, number: u64) -> Option<Datagram> {
        let datagram = self.waiting.remove(&number)?;
        self.numbers.remove(&datagram.key);
        self.memory -= datagram.memory();
        Some(datagram)
    }
}

/// A fragment as it was captured.
#[derive(Clone, Copy, Debug)]
struct Seen {
    offset: u32,
    len: u32,
    time: Timestamp,
}

impl Seen {
    fn is_like(&self, other: &Self) -> bool {
        self.offset == other.offset && self.len == other.len
    }

    fn copies(&self, earlier: &Self) -> bool {
        self.is_like(earlier) && within(self.time, earlier.time)
    }
}

/// Whether two packets were captured so shortly one after the other that they can be copies.
fn within(time: Timestamp, other: Timestamp) -> bool {
    time.since(other).unsigned_abs() <= COPY
}

fn duplicate(other: Other) -> Other {
    Other {
        duplicate: true,
        ..other
    }
}

/// A run of a datagram's bytes that came in one fragment and in none before it.
#[derive(Debug)]
struct Part {
    from: u32,
    to: u32,
    /// Where its captured bytes end.
    known: u32,
}

/// A datagram that waits for fragments.
#[derive(Debug)]
struct Datagram {
    key: Key,
    born: Timestamp,
    first_packet: u64,
    protocol: u8,
    origin: Origin,
    cost: Cost,
    /// How many bytes the fragments carried, overlaps included.
    carried: u32,
    seen: Vec<Seen>,
    /// In order, and apart.
    parts: Vec<Part>,
    bytes: Private<Vec<u8>>,
    /// Its length, once the last fragment has come.
    len: Option<u32>,
}

enum Added {
    Yes,
    No(Other),
}

impl Datagram {
    fn new(fragment: &Fragment<'_>, packet: &Packet<'_>) -> Self {
        Self {
            key: fragment.key,
            born: packet.time,
            first_packet: packet.number,
            protocol: fragment.protocol,
            origin: fragment.origin,
            cost: Cost {
                packets: 0,
                total: 0,
                link: Some(0),
            },
            carried: 0,
            seen: Vec::new(),
            parts: Vec::new(),
            bytes: Private::default(),
            len: None,
        }
    }

    fn add(&mut self, fragment: &Fragment<'_>, seen: Seen) -> Added {
        if let Some(earlier) = self.seen.iter().find(|earlier| seen.is_like(earlier)) {
            return Added::No(if seen.copies(earlier) {
                duplicate(fragment.other)
            } else {
                fragment.other
            });
        }
        let Some((cost, carried)) = self.cost_with(fragment) else {
            return Added::No(fragment.other);
        };
        let (from, to) = (fragment.offset, fragment.offset + fragment.rest.len);
        (self.cost, self.carried) = (cost, carried);
        self.seen.push(seen);
        if !fragment.more {
            self.len = Some(to);
        }
        if from == 0 {
            self.protocol = fragment.protocol;
            self.origin = fragment.origin;
        }
        self.fill(from, to, fragment.rest.bytes);
        Added::Yes
    }

    /// The sums with this fragment; none where it does not fit into the datagram.
    fn cost_with(&self, fragment: &Fragment<'_>) -> Option<(Cost, u32)> {
        let to = fragment.offset.checked_add(fragment.rest.len)?;
        let last = self.parts.last().map_or(0, |part| part.to);
        let beyond = match self.len {
            Some(len) => to > len || (!fragment.more && to != len),
            None => !fragment.more && last > to,
        };
        if beyond || to > MAX_LEN || fragment.rest.len == 0 || self.seen.len() == MAX_FRAGMENTS {
            return None;
        }
        let cost = Cost {
            packets: self.cost.packets.checked_add(fragment.cost.packets)?,
            total: self.cost.total.checked_add(fragment.cost.total)?,
            link: Some(self.cost.link?.checked_add(fragment.cost.link?)?),
        };
        Some((cost, self.carried.checked_add(fragment.rest.len)?))
    }

    /// Takes what is new between `from` and `to`; `bytes` are those captured from `from` on.
    fn fill(&mut self, from: u32, to: u32, bytes: &[u8]) {
        let mut at = from;
        let mut place = self.parts.partition_point(|part| part.to <= from);
        while at < to {
            let (next_from, next_to) = self
                .parts
                .get(place)
                .map_or((to, to), |part| (part.from.min(to), part.to));
            if at < next_from {
                let known = self.copy(at, next_from, from, bytes);
                let part = Part {
                    from: at,
                    to: next_from,
                    known,
                };
                self.parts.insert(place, part);
                place += 1;
            }
            at = next_to;
            place += 1;
        }
    }

    /// Copies what is captured of the run from `at` to `to`, and says where that ends.
    fn copy(&mut self, at: u32, to: u32, from: u32, bytes: &[u8]) -> u32 {
        let captured = bytes.get((at - from) as usize..).unwrap_or_default();
        let captured = captured.get(..(to - at) as usize).unwrap_or(captured);
        let (start, end) = (at as usize, at as usize + captured.len());
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        if let Some(place) = self.bytes.get_mut(start..end) {
            place.copy_from_slice(captured);
        }
        at + u32::try_from(captured.len()).unwrap_or(0)
    }

    fn is_whole(&self) -> bool {
        let mut reached = 0;
        for part in &self.parts {
            if part.from != reached {
                return false;
            }
            reached = part.to;
        }
        self.len == Some(reached)
    }

    fn join(mut self) -> Joined {
        let hole = self.parts.iter().find(|part| part.known < part.to);
        if let Some(part) = hole {
            self.bytes.truncate(part.known as usize);
        }
        Joined {
            protocol: self.protocol,
            bytes: self.bytes,
            len: self.len.unwrap_or(0),
            cost: self.cost,
            origin: self.origin,
        }
    }

    fn abandoned(&self) -> Other {
        let link = self.cost.link.unwrap_or(0);
        Other {
            packets: self.cost.packets,
            link,
            network: self.cost.total - link - self.carried,
            transport: 0,
            payload: self.carried,
            duplicate: false,
        }
    }

    fn memory(&self) -> usize {
        self.bytes.capacity()
            + self.seen.capacity() * size_of::<Seen>()
            + self.parts.capacity() * size_of::<Part>()
    }
}
