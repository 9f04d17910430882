//! The conversation as TCP segments (RFC 9293), and what a network or a capture does to them.

use wscope::decode::Flags;
use wscope::direction::Both;
use wscope::direction::Direction::{self, ToClient, ToServer};

use super::{Ending, Rng, Traffic};

/// The segments of one connection in the order in which they are captured.
#[derive(Clone, Debug)]
pub struct Segments {
    pub list: Vec<Segment>,
    pub isn: Both<u32>,
    streams: Both<Vec<u8>>,
    rng: Rng,
}

/// A segment. Its place counts from its sender's SYN, which has 0; the first byte has 1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Segment {
    pub sender: Direction,
    pub at: u64,
    pub ack: Option<u64>,
    pub flags: u8,
    pub payload: Vec<u8>,
    /// What tells a second transmission from a second copy of the first: the IPv4 identification and the time stamp.
    pub id: u16,
}

impl Segment {
    /// The place behind it.
    fn end(&self) -> u64 {
        let control = u64::from(self.flags & (Flags::SYN | Flags::FIN) != 0);
        self.at + self.payload.len() as u64 + control
    }

    /// Whether it takes up places, so that it can be acknowledged.
    fn counts(&self) -> bool {
        self.end() > self.at
    }
}

/// A run of traffic is never cut into more segments than this, so that a law stays quick.
const MOST_SEGMENTS: usize = 400;
/// The largest payload that an IPv4 datagram can carry beside our headers, rounded down.
const LARGEST: usize = 65_000;

impl Traffic {
    /// Cuts what each side says into segments of at most `mss` bytes, with the opening, ACKs and the ending around them.
    ///
    /// Turns of one side that follow each other share segments or do not, as the seed has it.
    pub fn segmented(&self, mss: usize) -> Segments {
        let total: usize = self.turns.iter().map(|turn| turn.bytes.len()).sum();
        let mss = mss.max(total / MOST_SEGMENTS + 1).min(LARGEST);
        let mut writer = Writer::new(self.rng.clone());
        writer.push(ToServer, Flags::SYN, &[]);
        writer.push(ToClient, Flags::SYN | Flags::ACK, &[]);
        writer.push(ToServer, Flags::ACK, &[]);
        let mut turns = self.turns.iter().peekable();
        let mut waiting = Vec::new();
        while let Some(turn) = turns.next() {
            waiting.extend(&turn.bytes);
            let goes_on = turns.peek().is_some_and(|next| next.sender == turn.sender);
            if goes_on && writer.rng.below(3) > 0 {
                continue;
            }
            for (index, part) in waiting.chunks(mss).enumerate() {
                writer.push(turn.sender, Flags::ACK, part);
                if index % 2 == 1 && writer.rng.below(4) > 0 {
                    writer.push(turn.sender.other(), Flags::ACK, &[]);
                }
            }
            waiting.clear();
            if writer.rng.below(2) == 0 {
                writer.push(turn.sender.other(), Flags::ACK, &[]);
            }
        }
        if let Ending::Fin(first) = self.ending {
            writer.push(first, Flags::FIN | Flags::ACK, &[]);
            writer.push(first.other(), Flags::ACK, &[]);
            writer.push(first.other(), Flags::FIN | Flags::ACK, &[]);
            writer.push(first, Flags::ACK, &[]);
        }
        Segments {
            list: writer.list,
            isn: Both {
                to_server: writer.rng.next() as u32,
                to_client: writer.rng.next() as u32,
            },
            streams: writer.streams,
            rng: writer.rng,
        }
    }
}

/// Writes segments on a network that loses nothing: whatever was sent has arrived.
struct Writer {
    list: Vec<Segment>,
    streams: Both<Vec<u8>>,
    next: Both<u64>,
    rng: Rng,
}

impl Writer {
    fn new(rng: Rng) -> Self {
        Self {
            list: Vec::new(),
            streams: Both::default(),
            next: Both::default(),
            rng,
        }
    }

    fn push(&mut self, sender: Direction, flags: u8, payload: &[u8]) {
        let segment = Segment {
            sender,
            at: self.next[sender],
            ack: (flags & Flags::ACK != 0).then_some(self.next[sender.other()]),
            flags,
            payload: payload.to_vec(),
            id: self.list.len() as u16 + 1,
        };
        self.next[sender] = segment.end();
        self.streams[sender].extend(payload);
        self.list.push(segment);
    }
}

/// Faults. Each takes the segments as the one before left them.
impl Segments {
    /// Lets segments overtake each other, but no ACK the data that it covers and nothing its sender's SYN.
    pub fn reordered(mut self, seed: u64) -> Self {
        const WINDOW: usize = 12;
        let mut rng = Rng(seed);
        let mut waiting = std::mem::take(&mut self.list);
        while !waiting.is_empty() {
            let ready: Vec<usize> = (0..waiting.len().min(WINDOW))
                .filter(|&index| is_free(&waiting, index))
                .collect();
            let chosen = ready[rng.below(ready.len())];
            self.list.push(waiting.remove(chosen));
        }
        self
    }

    /// Copies segments as a capture at two places does: the same packet again, at most three packets later.
    pub fn duplicated(self, count: usize) -> Self {
        self.repeated(count, 3, |_| {})
    }

    /// Sends segments again, at most eight packets later.
    pub fn retransmitted(self, count: usize) -> Self {
        self.repeated(count, 8, |segment| {
            segment.id = segment.id.wrapping_add(20_000);
        })
    }

    fn repeated(mut self, count: usize, latest: usize, change: impl Fn(&mut Segment)) -> Self {
        if self.list.is_empty() {
            return self;
        }
        for _ in 0..count {
            let index = self.rng.below(self.list.len());
            let mut copy = self.list[index].clone();
            change(&mut copy);
            let place = (index + 1 + self.rng.below(latest)).min(self.list.len());
            self.list.insert(place, copy);
        }
        self
    }

    /// Makes segments with data begin earlier than they need, with bytes that were sent before.
    pub fn overlapping(mut self, count: usize) -> Self {
        for _ in 0..count {
            let Some(index) = self.data_segment() else {
                break;
            };
            let segment = &mut self.list[index];
            let room = LARGEST.saturating_sub(segment.payload.len());
            let earlier = (segment.at as usize - 1).min(40).min(room);
            let extra = self.rng.below(earlier + 1);
            let from = segment.at as usize - 1 - extra;
            let stream = &self.streams[segment.sender];
            segment
                .payload
                .splice(0..0, stream[from..from + extra].iter().copied());
            segment.at -= extra as u64;
        }
        self
    }

    /// Leaves a packet out.
    pub fn without(mut self, index: usize) -> Self {
        if !self.list.is_empty() {
            self.list.remove(index % self.list.len());
        }
        self
    }

    /// Lets a side reset the connection before some packet behind the opening, while the other goes on to send.
    pub fn reset_early(mut self, sender: Direction, index: usize) -> Self {
        let opening = 3.min(self.list.len());
        let index = opening + index % (self.list.len() - opening).max(1);
        let behind = |sender: Direction| {
            let sent = self.list[..index].iter();
            let ends = sent
                .filter(|segment| segment.sender == sender)
                .map(Segment::end);
            ends.max().unwrap_or(1)
        };
        let reset = Segment {
            sender,
            at: behind(sender),
            ack: Some(behind(sender.other())),
            flags: Flags::RST | Flags::ACK,
            payload: Vec::new(),
            id: u16::MAX,
        };
        self.list.insert(index, reset);
        self
    }

    /// Leaves the first `count` packets out.
    pub fn midstream(mut self, count: usize) -> Self {
        self.list.drain(..count.min(self.list.len()));
        self
    }

    /// Leaves the packets of one side out.
    pub fn one_direction(mut self, kept: Direction) -> Self {
        self.list.retain(|segment| segment.sender == kept);
        self
    }

    /// Moves a segment with data behind the first packet that acknowledges all of it, as a capture with several queues does.
    pub fn late_after_ack(mut self) -> Self {
        if let Some(index) = self.data_segment() {
            let (sender, end) = (self.list[index].sender, self.list[index].end());
            let covers =
                |other: &Segment| other.sender != sender && other.ack.is_some_and(|ack| ack >= end);
            let ack = self.list.iter().skip(index).position(covers);
            if let Some(distance) = ack.filter(|&distance| distance < 8) {
                let segment = self.list.remove(index);
                self.list.insert(index + distance, segment);
            }
        }
        self
    }

    /// Lets both sides' sequence numbers pass 2^32 in the middle of what they say.
    pub fn wrapped_seq(mut self) -> Self {
        for direction in Direction::ALL {
            let half = (self.streams[direction].len() / 2) as u32;
            self.isn[direction] = u32::MAX - half;
        }
        self
    }

    /// How many bytes each side said.
    pub fn stream_len(&self, sender: Direction) -> usize {
        self.streams[sender].len()
    }

    /// The index of some segment with data.
    fn data_segment(&mut self) -> Option<usize> {
        let with_data: Vec<usize> = (0..self.list.len())
            .filter(|&index| !self.list[index].payload.is_empty())
            .collect();
        (!with_data.is_empty()).then(|| with_data[self.rng.below(with_data.len())])
    }
}

/// Whether a segment may go before those that stand in front of it.
fn is_free(waiting: &[Segment], index: usize) -> bool {
    let segment = &waiting[index];
    waiting[..index].iter().all(|before| {
        if before.sender == segment.sender {
            before.flags & Flags::SYN == 0
        } else {
            !before.counts() || segment.ack.is_none_or(|ack| ack <= before.at)
        }
    })
}
