//! Analysis: packets in, events out. The sans-IO core of the whole.

mod connections;
mod crew;
mod first;
mod live;
mod numbers;
mod read;
mod shards;
mod shared;
mod slots;
mod teller;
mod told;
mod tombstone;
mod waiting;
mod watch;
mod worker;

use std::sync::Arc;

use self::crew::Crew;
pub use self::read::read;
use self::shards::{Order, Shards, Sink};
use self::teller::Meeting;
use crate::capture::Packet;
use crate::check::Closed;
use crate::conversation::Security;
use crate::decode::{Decoded, Decoder, Other};
use crate::event::{Connection, Event};
use crate::ledger::{Ledger, Row};
use crate::notice::Notice;
pub use crate::options::{Options, Texts, Wanted, Which};
use crate::tls::Keys;
use crate::wire::Wire;

/// Behind how many packets it is first asked whether threads are worth it: a millisecond of work.
const ENOUGH: u64 = 1000;

/// Takes packets in the order of a capture and gives events as soon as they are known.
#[derive(Debug, Default)]
pub struct Analysis {
    decoder: Decoder,
    shards: Shards,
    /// How many threads may read connections, beside the one that reads packets.
    workers: usize,
    /// Behind how many packets it is asked next whether they are to be started.
    enough: u64,
    /// Whether they are then started in any case.
    in_any_case: bool,
    /// They, once there is enough to do for them.
    crew: Option<Box<Crew>>,
    /// How many packets were taken.
    packets: u64,
    ledger: Ledger,
    notices: Vec<Notice>,
    given_up: Vec<Other>,
}

impl Analysis {
    /// An analysis that has seen nothing.
    pub fn new(mut options: Options) -> Self {
        options.measure_distances |= options.check;
        Self {
            shards: Shards::with_options(options),
            enough: ENOUGH,
            ..Self::default()
        }
    }

    /// The same, with keys that open what is under TLS.
    #[must_use]
    pub fn with_keys(mut self, keys: Keys) -> Self {
        self.shards.set_keys(Security::new(keys));
        self
    }

    /// The same, in which so many threads read the connections, where there are packets and work enough to share. The events are the same;
    /// they may come with a later packet, or when the analysis is told to [catch up](Self::catch_up). With one, no thread is started.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.workers = threads;
        self
    }

    /// The same, and the threads are started behind so many packets whether or not that takes less time.
    #[must_use]
    pub fn sharing_behind(mut self, packets: u64) -> Self {
        (self.enough, self.in_any_case) = (packets.max(1), true);
        self
    }

    /// Takes a notice of what the capture does not show, and gives it in its turn.
    pub fn notice(&mut self, notice: &Notice, out: &mut dyn FnMut(&Event<'_>)) {
        let crew = self.crew.as_deref_mut();
        ToTell { crew, out }.notice(notice);
        self.step(out);
    }

    /// Waits for all threads, and gives what is known by now.
    pub fn catch_up(&mut self, out: &mut dyn FnMut(&Event<'_>)) {
        if let Some(crew) = &mut self.crew {
            crew.catch_up(&mut meeting(&mut self.shards, out));
        }
    }

    /// Takes a key log that came with the capture, or a part of one that stands behind so many lines; `name` is how notices call it.
    /// Records that waited for its secrets are read.
    pub fn secrets(
        &mut self,
        name: &str,
        behind: u64,
        text: &[u8],
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        let complaints = self.shards.read_keys(text, behind);
        for notice in complaints.notices(name) {
            self.notice(&notice, out);
        }
        match &mut self.crew {
            Some(crew) => {
                crew.secrets(text, behind);
                self.step(out);
            }
            None if complaints.secrets > 0 => self.shards.keys_came(&mut Straight(out)),
            None => {}
        }
    }

    /// Whether other threads read connections.
    pub(crate) fn is_shared(&self) -> bool {
        self.crew.is_some()
    }

    /// The packets that follow stand in this buffer, as far as there is one, so that other threads need no copy of them.
    pub(crate) fn set_buffer(&mut self, buffer: Option<Arc<[u8]>>) {
        if let Some(crew) = &mut self.crew {
            crew.set_buffer(buffer);
        }
    }

    /// Takes the next packet.
    pub fn push(&mut self, packet: &Packet<'_>, out: &mut dyn FnMut(&Event<'_>)) {
        match Decoder::decode_usual(packet) {
            Some(segment) => match &mut self.crew {
                None => self.shards.segment(&segment, out),
                Some(crew) => crew.segment(&segment),
            },
            None => self.push_unusual(packet, out),
        }
        if self.shards.passes(packet.time) {
            match &mut self.crew {
                Some(crew) => crew.beat(packet.time),
                None => self.shards.settle(packet.time, &mut Straight(out)),
            }
        }
        self.packets += 1;
        if self.packets >= self.enough {
            self.share(out);
        }
    }

    /// Shares the work out, from now on or already.
    #[inline(never)]
    fn share(&mut self, out: &mut dyn FnMut(&Event<'_>)) {
        if self.crew.is_some() {
            return self.step(out);
        }
        self.enough = u64::MAX;
        if self.workers < 2 {
            return;
        }
        if !self.in_any_case && !self.shards.are_worth_sharing(self.packets) {
            self.enough = 2 * self.packets;
            return;
        }
        // Where the system has no threads to give, one does it all.
        if let Ok(crew) = Crew::new(&mut self.shards, self.workers) {
            self.enough = 0;
            self.crew = Some(Box::new(crew));
        }
    }

    /// What was given last is a step of its own.
    fn step(&mut self, out: &mut dyn FnMut(&Event<'_>)) {
        if let Some(crew) = &mut self.crew {
            crew.step(&mut meeting(&mut self.shards, out));
        }
    }

    #[inline(never)]
    fn push_unusual(&mut self, packet: &Packet<'_>, out: &mut dyn FnMut(&Event<'_>)) {
        let (notices, given_up) = (&mut self.notices, &mut self.given_up);
        let decoded = self.decoder.decode_unusual(packet, notices, given_up);
        let mut out = ToTell {
            crew: self.crew.as_deref_mut(),
            out,
        };
        if !(notices.is_empty() && given_up.is_empty()) {
            settle_others(given_up, notices, packet.number, &mut self.ledger, &mut out);
        }
        match (decoded, out.crew) {
            (Decoded::Tcp(segment), Some(crew)) => crew.segment(&segment),
            (Decoded::Tcp(segment), None) => self.shards.segment(&segment, out.out),
            (Decoded::Other(other), _) => charge_other(&mut self.ledger, &other, packet.number),
            (Decoded::Held, _) => {}
        }
    }

    /// Ends the capture: gives what was still open, and the connections that never closed.
    pub fn finish(&mut self, out: &mut dyn FnMut(&Event<'_>)) {
        let (notices, given_up) = (&mut self.notices, &mut self.given_up);
        self.decoder.finish(notices, given_up);
        let mut to_tell = ToTell {
            crew: self.crew.as_deref_mut(),
            out,
        };
        settle_others(given_up, notices, 0, &mut self.ledger, &mut to_tell);
        if let Some(crew) = &mut self.crew {
            crew.finish(&mut meeting(&mut self.shards, out));
        }
        self.ledger += &self.shards.finish(&mut Straight(out));
    }

    /// The whole capture's ledger; complete after [`finish`](Self::finish).
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

/// Charges the fragments that were given up, and passes notices on.
#[cold]
fn settle_others(
    given_up: &mut Vec<Other>,
    notices: &mut Vec<Notice>,
    packet: u64,
    ledger: &mut Ledger,
    out: &mut ToTell<'_, '_>,
) {
    for other in given_up.drain(..) {
        charge_other(ledger, &other, packet);
    }
    for notice in notices.drain(..) {
        out.notice(&notice);
    }
}

/// Where notices go that no connection has brought: to the events of the workers, if there are workers.
struct ToTell<'a, 'o> {
    crew: Option<&'a mut Crew>,
    out: &'a mut (dyn FnMut(&Event<'_>) + 'o),
}

impl ToTell<'_, '_> {
    fn notice(&mut self, notice: &Notice) {
        match &mut self.crew {
            Some(crew) => crew.notice(notice),
            None => (self.out)(&Event::Notice(notice)),
        }
    }
}

/// Where the events of several threads meet.
fn meeting<'m>(shards: &'m mut Shards, out: &'m mut dyn FnMut(&Event<'_>)) -> Meeting<'m> {
    Meeting {
        left: &mut shards.shared.left,
        whole: &mut shards.shared.whole,
        out,
    }
}

fn charge_other(ledger: &mut Ledger, other: &Other, packet: u64) {
    let row = if other.duplicate {
        Row::Duplicate
    } else {
        Row::Other
    };
    let [link, network, transport, payload] =
        [other.link, other.network, other.transport, other.payload].map(u64::from);
    let packets = u64::from(other.packets);
    let wire = Wire {
        link,
        network,
        transport,
        payload,
        ..Wire::default()
    };
    ledger.charge_many(row, packet, packets, wire);
    ledger.packets += packets;
}

/// Events of the one thread that there is: they are in order.
struct Straight<'o>(&'o mut dyn FnMut(&Event<'_>));

impl Sink for Straight<'_> {
    fn event(&mut self, _order: Order, event: &Event<'_>) {
        (self.0)(event);
    }

    fn left(&mut self, _order: Order, _connection: Connection, _closed: Closed) {}
}
