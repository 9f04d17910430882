//! A worker: a thread that owns some of the shards. Work comes in, in batches; what it brings goes out, a batch for each.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::numbers::Given;
use super::shards::{Order, Shards, Sink};
use super::told::{Borrowed, Told, What};
use crate::check::Closed;
use crate::decode::Segment;
use crate::event::{Connection, Event};
use crate::ledger::Ledger;
use crate::private::Private;
use crate::tcp::Key;
use crate::time::Timestamp;

/// How many batches may be with a worker.
pub(super) const WITH_A_WORKER: usize = 8;

/// How many bytes of events are handed over at once, and how many bytes of room are kept for others. A batch may bring many more.
const PART: usize = 1 << 20;

/// Work for one worker.
#[derive(Debug, Default)]
pub(super) struct Batch {
    tasks: Vec<(u64, Task)>,
    /// Payloads that were copied.
    payloads: Private<Vec<u8>>,
    /// Where the others stand.
    buffers: Private<Vec<Arc<[u8]>>>,
    /// Room for what comes of it.
    answer: Answer,
}

/// What stands next.
#[derive(Debug)]
enum Task {
    /// A segment of a shard, and where its payload is.
    Segment(usize, Segment<'static>, Payload),
    /// The clock has come to another beat.
    Beat(Timestamp),
    /// Lines of a key log, behind so many.
    Secrets(Private<Arc<[u8]>>, u64),
    /// The capture ends.
    Finish,
}

/// Where a payload is.
#[derive(Debug)]
enum Payload {
    /// Among those that were copied.
    Copied(Range<usize>),
    /// In one of the buffers.
    In(usize, Range<usize>),
}

impl Batch {
    /// Adds a segment of a shard; says how many bytes of memory it takes, beside the buffer.
    #[inline]
    pub(super) fn segment(
        &mut self,
        step: u64,
        shard: usize,
        segment: &Segment<'_>,
        buffer: Option<&Arc<[u8]>>,
    ) -> usize {
        let copied = self.payloads.len();
        let payload = self.payload(segment.payload, buffer);
        let copied = self.payloads.len() - copied;
        let apart = Segment {
            payload: &[],
            ..*segment
        };
        self.add(step, Task::Segment(shard, apart, payload)) + copied
    }

    /// Takes a payload along: with its buffer, where it stands in one, else as a copy.
    #[inline]
    fn payload(&mut self, payload: &[u8], buffer: Option<&Arc<[u8]>>) -> Payload {
        if let Some(buffer) = buffer.filter(|_| !payload.is_empty())
            && let Some(at) = payload.as_ptr().addr().checked_sub(buffer.as_ptr().addr())
            && at + payload.len() <= buffer.len()
        {
            let is_last = |last: &Arc<[u8]>| Arc::ptr_eq(last, buffer);
            if !self.buffers.last().is_some_and(is_last) {
                self.buffers.push(Arc::clone(buffer));
            }
            return Payload::In(self.buffers.len() - 1, at..at + payload.len());
        }
        let from = self.payloads.len();
        self.payloads.extend_from_slice(payload);
        Payload::Copied(from..self.payloads.len())
    }

    pub(super) fn beat(&mut self, step: u64, now: Timestamp) -> usize {
        self.add(step, Task::Beat(now))
    }

    pub(super) fn secrets(&mut self, step: u64, text: Arc<[u8]>, behind: u64) -> usize {
        self.add(step, Task::Secrets(Private(text), behind))
    }

    pub(super) fn finish(&mut self, step: u64) {
        self.add(step, Task::Finish);
    }

    fn add(&mut self, step: u64, task: Task) -> usize {
        self.tasks.push((step, task));
        size_of::<(u64, Task)>()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

/// What came of a batch, or a part of it.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) told: Vec<Told>,
    pub(super) borrowed: Borrowed,
    /// Whether this is the batch's last part.
    pub(super) is_last: bool,
    /// At the end, what all connections of the worker were charged.
    pub(super) ledger: Option<Ledger>,
    /// The batch's room.
    tasks: Vec<(u64, Task)>,
    payloads: Private<Vec<u8>>,
}

impl Answer {
    /// Keeps an event.
    pub(super) fn tell(&mut self, step: u64, order: Order, event: &Event<'_>) {
        let what = What::of(event, &mut self.borrowed);
        self.told.push(Told { step, order, what });
    }

    /// In bytes.
    fn len(&self) -> usize {
        self.told.len() * size_of::<Told>() + self.borrowed.len()
    }

    /// Its room, for another batch.
    pub(super) fn into_batch(mut self) -> Batch {
        self.told.clear();
        self.borrowed.clear();
        if self.borrowed.room() > 2 * PART {
            self.borrowed = Borrowed::default();
        }
        (self.is_last, self.ledger) = (false, None);
        Batch {
            tasks: std::mem::take(&mut self.tasks),
            payloads: std::mem::take(&mut self.payloads),
            buffers: Private::default(),
            answer: self,
        }
    }
}

/// A thread, and the ways to it and from it.
#[derive(Debug)]
pub(super) struct Worker {
    shards: SyncSender<Shards>,
    batches: SyncSender<Batch>,
    answers: Receiver<Answer>,
    thread: Option<JoinHandle<()>>,
    /// The batch that is being filled.
    pub(super) batch: Batch,
    /// Room for others.
    pub(super) spare: Vec<Batch>,
}

impl Worker {
    /// Starts the thread; it ends when nobody has work for it any more.
    pub(super) fn start() -> std::io::Result<Self> {
        let (shards, owned) = sync_channel(1);
        let (batches, work) = sync_channel(WITH_A_WORKER);
        let (done, answers) = sync_channel(WITH_A_WORKER);
        let run = move || {
            if let Ok(shards) = owned.recv() {
                run(shards, &work, &done);
            }
        };
        let thread = std::thread::Builder::new()
            .name("connections".to_string())
            .spawn(run)?;
        Ok(Self {
            shards,
            batches,
            answers,
            thread: Some(thread),
            batch: Batch::default(),
            spare: Vec::new(),
        })
    }

    /// Gives it the shards that it owns, once, before any work.
    pub(super) fn own(&mut self, shards: Shards) {
        if self.shards.send(shards).is_err() {
            self.mourn();
        }
    }

    /// Sends the batch on its way.
    pub(super) fn send(&mut self) {
        let next = self.spare.pop().unwrap_or_default();
        let batch = std::mem::replace(&mut self.batch, next);
        if self.batches.send(batch).is_err() {
            self.mourn();
        }
    }

    /// Waits for what came of the batch that was sent first.
    pub(super) fn receive(&mut self) -> Answer {
        match self.answers.recv() {
            Ok(answer) => answer,
            Err(_) => self.mourn(),
        }
    }

    /// The thread has panicked; so does this one.
    fn mourn(&mut self) -> ! {
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            _ => unreachable!("a worker ends only when it is left, or by a panic"),
        }
    }
}

fn run(mut shards: Shards, work: &Receiver<Batch>, done: &SyncSender<Answer>) {
    let given = shards.shared.numbers.given();
    for batch in work {
        let Batch {
            mut tasks,
            mut payloads,
            buffers,
            answer,
        } = batch;
        let mut telling = Telling {
            step: 0,
            answer,
            given: &given,
            done,
        };
        for (step, task) in tasks.drain(..) {
            telling.step = step;
            act(&mut shards, task, (&payloads, &buffers), &mut telling);
        }
        payloads.clear();
        drop(buffers);
        let last = Answer {
            is_last: true,
            tasks,
            payloads,
            ..telling.answer
        };
        if done.send(last).is_err() {
            return;
        }
    }
}

fn act(
    shards: &mut Shards,
    task: Task,
    (copied, buffers): (&[u8], &[Arc<[u8]>]),
    telling: &mut Telling<'_>,
) {
    match task {
        Task::Segment(shard, segment, payload) => {
            let payload = match payload {
                Payload::Copied(at) => copied.get(at),
                Payload::In(buffer, at) => buffers.get(buffer).and_then(|bytes| bytes.get(at)),
            };
            let segment = Segment {
                payload: payload.unwrap_or_default(),
                ..segment
            };
            let (key, from_lower) = Key::of(&segment);
            shards.segment_of(shard, &key, from_lower, &segment, &mut |event| {
                telling.event(Order::First, event);
            });
            telling.tell_of_birth();
            shards.hand_over(Order::First, telling);
        }
        Task::Beat(now) => shards.settle(now, telling),
        Task::Secrets(text, behind) => {
            // Who sent them tells of bad lines.
            if shards.read_keys(&text, behind).secrets > 0 {
                shards.keys_came(telling);
            }
        }
        Task::Finish => telling.answer.ledger = Some(shards.finish(telling)),
    }
}

/// Keeps what comes of a step.
struct Telling<'a> {
    step: u64,
    answer: Answer,
    given: &'a Given,
    done: &'a SyncSender<Answer>,
}

impl Telling<'_> {
    /// Tells of a connection that has begun, before it tells anything itself.
    #[inline]
    fn tell_of_birth(&mut self) {
        if let Some(number) = self.given.take() {
            self.tell(Order::First, What::Born(number));
        }
    }

    fn tell(&mut self, order: Order, what: What) {
        let step = self.step;
        self.answer.told.push(Told { step, order, what });
    }

    /// Hands over what there is, if it is much.
    #[inline]
    fn hand_over(&mut self) {
        if self.answer.len() >= PART {
            // Where nobody takes it any more, nobody will take the rest.
            let _ = self.done.send(std::mem::take(&mut self.answer));
        }
    }
}

impl Sink for Telling<'_> {
    #[inline]
    fn event(&mut self, order: Order, event: &Event<'_>) {
        self.tell_of_birth();
        self.answer.tell(self.step, order, event);
        self.hand_over();
    }

    fn left(&mut self, order: Order, connection: Connection, closed: Closed) {
        let left = What::left(connection, closed, &mut self.answer.borrowed);
        self.tell(order, left);
        self.hand_over();
    }
}
