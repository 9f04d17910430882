//! The crew: several workers, each of which owns some of the shards, and the place where their events meet again in the order in which one
//! thread would have told them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::numbers::TrueNumbers;
use super::shards::{Order, Shards};
use super::teller::{Meeting, Teller};
use super::told::Told;
use super::worker::{Answer, WITH_A_WORKER, Worker};
use crate::bound::SHARDS;
use crate::decode::Segment;
use crate::event::Event;
use crate::notice::Notice;
use crate::private::Private;
use crate::tcp::Key;
use crate::time::Timestamp;

/// How much work is handed over at once, in bytes, to all workers together: enough that handing it over costs little, and little enough
/// that it is still in the caches.
const BATCH: usize = 1 << 20;

/// Several workers.
#[derive(Debug)]
pub(super) struct Crew {
    workers: Vec<Worker>,
    /// What is told here, beside the batches that are being filled.
    here: Answer,
    /// The same of the batches that are with the workers.
    sent: VecDeque<Answer>,
    teller: Teller,
    /// The buffer in which the packets at hand stand.
    buffer: Private<Option<Arc<[u8]>>>,
    step: u64,
    /// How many bytes the batches hold that are being filled.
    filled: usize,
}

/// What came of a batch, and how far it is told.
struct Lane {
    answer: Answer,
    at: usize,
}

impl Lane {
    /// When it is the next one's turn.
    fn turn(&self, numbers: &TrueNumbers) -> Option<(u64, Order)> {
        let told = self.answer.told.get(self.at)?;
        let order = match told.order {
            Order::Ended(number) => Order::Ended(numbers.of(number)),
            Order::Open(number) => Order::Open(numbers.of(number)),
            order => order,
        };
        Some((told.step, order))
    }
}

impl Crew {
    /// Hands all shards over to so many workers.
    ///
    /// # Errors
    /// Where the system has no threads to give; the shards are where they were.
    pub(super) fn new(shards: &mut Shards, workers: usize) -> std::io::Result<Self> {
        let workers = workers.min(SHARDS);
        let mut crew = Self {
            workers: (0..workers)
                .map(|_| Worker::start())
                .collect::<Result<_, _>>()?,
            here: Answer::default(),
            sent: VecDeque::new(),
            teller: Teller::behind(&shards.shared),
            buffer: Private::default(),
            step: 0,
            filled: 0,
        };
        for (remainder, worker) in crew.workers.iter_mut().enumerate() {
            worker.own(shards.part(remainder, workers));
        }
        Ok(crew)
    }

    /// The packets that follow stand in this buffer, as far as there is one. A single one that is handed over keeps all of it.
    pub(super) fn set_buffer(&mut self, buffer: Option<Arc<[u8]>>) {
        self.filled += buffer.as_ref().map_or(0, |buffer| buffer.len());
        self.buffer = Private(buffer);
    }

    /// Takes a segment.
    #[inline]
    pub(super) fn segment(&mut self, segment: &Segment<'_>) {
        let shard = Key::of(segment).0.shard();
        let worker = shard % self.workers.len();
        if let Some(worker) = self.workers.get_mut(worker) {
            let buffer = self.buffer.as_ref();
            self.filled += worker.batch.segment(self.step, shard, segment, buffer);
        }
    }

    /// Takes a notice that no connection has brought.
    pub(super) fn notice(&mut self, notice: &Notice) {
        let event = &Event::Notice(notice);
        self.here.tell(self.step, Order::First, event);
        self.filled += size_of::<Told>() + size_of::<Notice>();
    }

    /// The clock has come to another beat.
    pub(super) fn beat(&mut self, now: Timestamp) {
        for worker in &mut self.workers {
            self.filled += worker.batch.beat(self.step, now);
        }
    }

    /// Keys have come in lines of a log, behind so many.
    pub(super) fn secrets(&mut self, text: &[u8], behind: u64) {
        let text: Arc<[u8]> = text.into();
        for worker in &mut self.workers {
            self.filled += worker.batch.secrets(self.step, Arc::clone(&text), behind);
        }
        self.filled += text.len();
    }

    /// A step is done. What has come of earlier ones is told once there is enough for the workers to do.
    #[inline]
    pub(super) fn step(&mut self, meeting: &mut Meeting<'_>) {
        self.step += 1;
        if self.filled >= BATCH {
            self.send(meeting);
        }
    }

    #[inline(never)]
    fn send(&mut self, meeting: &mut Meeting<'_>) {
        for worker in &mut self.workers {
            worker.send();
        }
        let mut here = std::mem::take(&mut self.here);
        here.is_last = true;
        self.sent.push_back(here);
        self.filled = 0;
        if self.sent.len() >= WITH_A_WORKER {
            self.receive(meeting);
        }
    }

    /// Waits for all that there is to do, and tells what has come of it.
    pub(super) fn catch_up(&mut self, meeting: &mut Meeting<'_>) {
        let idle = self.workers.iter().all(|worker| worker.batch.is_empty());
        if !(idle && self.here.told.is_empty()) {
            self.send(meeting);
        }
        while !self.sent.is_empty() {
            self.receive(meeting);
        }
    }

    /// Ends the capture.
    pub(super) fn finish(&mut self, meeting: &mut Meeting<'_>) {
        for worker in &mut self.workers {
            worker.batch.finish(self.step);
        }
        self.catch_up(meeting);
    }

    /// Waits for what has come of the batches that were sent first, and tells it in the order of steps.
    fn receive(&mut self, meeting: &mut Meeting<'_>) {
        let here = Lane {
            answer: self.sent.pop_front().unwrap_or_default(),
            at: 0,
        };
        let mut lanes: Vec<Lane> = std::iter::once(here)
            .chain(self.workers.iter_mut().map(next_part))
            .collect();
        while let Some((index, until)) = next(&lanes, &self.teller.numbers) {
            let Some(lane) = lanes.get_mut(index) else {
                break;
            };
            while let Some(turn) = lane.turn(&self.teller.numbers)
                && until.is_none_or(|until| (turn, index) < until)
            {
                let Answer { told, borrowed, .. } = &mut lane.answer;
                if let Some(told) = told.get_mut(lane.at) {
                    self.teller.tell(&mut told.what, borrowed, meeting);
                }
                lane.at += 1;
                if lane.at == lane.answer.told.len() && !lane.answer.is_last {
                    // The first lane has no worker, and no parts.
                    if let Some(worker) = self.workers.get_mut(index.saturating_sub(1)) {
                        *lane = next_part(worker);
                    }
                }
            }
        }
        for (lane, worker) in lanes.into_iter().skip(1).zip(&mut self.workers) {
            if let Some(ledger) = &lane.answer.ledger {
                *meeting.whole += ledger;
            }
            worker.spare.push(lane.answer.into_batch());
        }
    }
}

/// What a worker has told next.
fn next_part(worker: &mut Worker) -> Lane {
    loop {
        let answer = worker.receive();
        if answer.is_last || !answer.told.is_empty() {
            return Lane { answer, at: 0 };
        }
    }
}

/// When a lane's turn comes; of two at the same time, the first lane's.
type Turn = ((u64, Order), usize);

/// Which lane's turn it is, and when the next one's comes.
fn next(lanes: &[Lane], numbers: &TrueNumbers) -> Option<(usize, Option<Turn>)> {
    let mut turns: (Option<Turn>, Option<Turn>) = (None, None);
    for (index, lane) in lanes.iter().enumerate() {
        let Some(turn) = lane.turn(numbers) else {
            continue;
        };
        let turn = (turn, index);
        if turns.0.is_none_or(|first| turn < first) {
            turns = (Some(turn), turns.0);
        } else if turns.1.is_none_or(|second| turn < second) {
            turns.1 = Some(turn);
        }
    }
    turns.0.map(|(_, index)| (index, turns.1))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Weak;

    use super::*;
    use crate::decode::{Endpoint, Flags};
    use crate::options::Options;

    #[test]
    fn a_byte_that_is_handed_over_counts_as_the_buffer_that_it_keeps() {
        let mut shards = Shards::with_options(Options::default());
        let mut crew = Crew::new(&mut shards, 2).unwrap();
        let end = |last, port| Endpoint {
            address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)),
            port,
        };
        let mut buffers: Vec<Weak<[u8]>> = Vec::new();
        let mut most = 0;
        for packet in 1..=200 {
            let buffer: Arc<[u8]> = vec![0; 1 << 18].into();
            buffers.push(Arc::downgrade(&buffer));
            crew.set_buffer(Some(Arc::clone(&buffer)));
            crew.segment(&Segment {
                packet,
                time: Timestamp(0),
                packets: 1,
                file: 0,
                source: end(1, 1000),
                destination: end(2, 80),
                network: 0,
                seq: u32::try_from(packet).unwrap(),
                ack: None,
                flags: Flags(0),
                window: 1,
                payload: &buffer[7..8],
                payload_len: 1,
                headers: [14, 20, 20],
                fingerprint: packet,
            });
            crew.step(&mut Meeting {
                left: &mut shards.shared.left,
                whole: &mut shards.shared.whole,
                out: &mut |_| {},
            });
            let alive = buffers.iter().filter(|buffer| buffer.strong_count() > 0);
            most = most.max(alive.count());
        }
        // Those of the batches that are with the workers, and of the one that is being filled.
        assert!(most <= (WITH_A_WORKER + 1) * (BATCH >> 18), "{most}");
    }
}
