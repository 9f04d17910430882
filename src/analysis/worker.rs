//! A worker: a thread that owns some of the shards. Work comes in, in batches; what it brings goes out, a batch for each.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::shards::{Order, Shards, Sink};
use super::told::{Borrowed, Told, What};
use crate::check::Closed;
use crate::decode::Segment;
use crate::event::{Connection, Event};
use crate::ledger::Ledger;
use crate::tcp::Key;
use crate::time::Timestamp;

/// How many batches may be with a worker.
pub(super) const WITH_A_WORKER: usize = 3;

/// Work for one worker.
#[derive(Debug, Default)]
pub(super) struct Batch {
    tasks: Vec<(u64, Task)>,
    payloads: Vec<u8>,
    /// Room for what comes of it.
    answer: Answer,
}

/// What stands next.
#[derive(Debug)]
enum Task {
    /// A segment of a shard, and where its payload is.
    Segment(usize, Segment<'static>, Range<usize>),
    /// The clock has come to another beat.
    Beat(Timestamp),
    /// Lines of a key log, behind so many.
    Secrets(Arc<[u8]>, u64),
    /// The capture ends.
    Finish,
}

impl Batch {
    /// Adds a segment of a shard.
    #[inline]
    pub(super) fn segment(&mut self, step: u64, shard: usize, segment: &Segment<'_>) {
        let from = self.payloads.len();
        self.payloads.extend_from_slice(segment.payload);
        let apart = Segment {
            payload: &[],
            ..*segment
        };
        let payload = from..self.payloads.len();
        self.tasks
            .push((step, Task::Segment(shard, apart, payload)));
    }

    pub(super) fn beat(&mut self, step: u64, now: Timestamp) {
        self.tasks.push((step, Task::Beat(now)));
    }

    pub(super) fn secrets(&mut self, step: u64, text: Arc<[u8]>, behind: u64) {
        self.tasks.push((step, Task::Secrets(text, behind)));
    }

    pub(super) fn finish(&mut self, step: u64) {
        self.tasks.push((step, Task::Finish));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// How much there is to do, in bytes of memory.
    pub(super) fn len(&self) -> usize {
        self.payloads.len() + self.tasks.len() * size_of::<(u64, Task)>()
    }
}

/// What came of a batch.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) told: Vec<Told>,
    pub(super) borrowed: Borrowed,
    /// At the end, what all connections of the worker were charged.
    pub(super) ledger: Option<Ledger>,
    /// The batch's room.
    tasks: Vec<(u64, Task)>,
    payloads: Vec<u8>,
}

impl Answer {
    /// Keeps an event.
    pub(super) fn tell(&mut self, step: u64, order: Order, event: &Event<'_>) {
        let what = What::of(event, &mut self.borrowed);
        self.told.push(Told { step, order, what });
    }

    /// Its room, for another batch.
    pub(super) fn into_batch(mut self) -> Batch {
        self.told.clear();
        self.borrowed.clear();
        Batch {
            tasks: std::mem::take(&mut self.tasks),
            payloads: std::mem::take(&mut self.payloads),
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
    for batch in work {
        let Batch {
            mut tasks,
            mut payloads,
            mut answer,
        } = batch;
        for (step, task) in tasks.drain(..) {
            act(&mut shards, step, task, &payloads, &mut answer);
        }
        payloads.clear();
        (answer.tasks, answer.payloads) = (tasks, payloads);
        if done.send(answer).is_err() {
            return;
        }
    }
}

fn act(shards: &mut Shards, step: u64, task: Task, payloads: &[u8], answer: &mut Answer) {
    match task {
        Task::Segment(shard, segment, payload) => {
            let segment = Segment {
                payload: payloads.get(payload).unwrap_or_default(),
                ..segment
            };
            let before = answer.told.len();
            shards.segment_of(shard, Key::of(&segment), &segment, &mut |event| {
                answer.tell(step, Order::First, event);
            });
            if let Some(number) = shards.take_born() {
                let order = Order::First;
                let what = What::Born(number);
                answer.told.insert(before, Told { step, order, what });
            }
            shards.hand_over(Order::First, &mut Telling { step, answer });
        }
        Task::Beat(now) => shards.settle(now, &mut Telling { step, answer }),
        Task::Secrets(text, behind) => {
            // Who sent them tells of bad lines.
            if shards.read_keys(&text, behind).secrets > 0 {
                shards.keys_came(&mut Telling { step, answer });
            }
        }
        Task::Finish => {
            let ledger = shards.finish(&mut Telling { step, answer });
            answer.ledger = Some(ledger);
        }
    }
}

/// Keeps what comes of a step.
struct Telling<'a> {
    step: u64,
    answer: &'a mut Answer,
}

impl Sink for Telling<'_> {
    fn event(&mut self, order: Order, event: &Event<'_>) {
        self.answer.tell(self.step, order, event);
    }

    fn left(&mut self, order: Order, connection: Connection, closed: Closed) {
        self.answer.told.push(Told {
            step: self.step,
            order,
            what: What::Left(Box::new((connection, closed))),
        });
    }
}
