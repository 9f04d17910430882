//! Analysis: packets in, events out. The sans-IO core of the whole.

mod connections;
mod first;
mod live;
mod numbers;
mod read;
mod shards;
mod shared;
mod tombstone;
mod waiting;
mod watch;

pub use self::read::read;
use self::shards::{Order, Shards, Sink};
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

/// Takes packets in the order of a capture and gives events as soon as they are known.
#[derive(Debug, Default)]
pub struct Analysis {
    decoder: Decoder,
    shards: Shards,
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
            ..Self::default()
        }
    }

    /// The same, with keys that open what is under TLS.
    #[must_use]
    pub fn with_keys(mut self, keys: Keys) -> Self {
        self.shards.set_keys(Security::new(keys));
        self
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
        let keys = &mut self.shards.shared.scratch.secure.keys;
        let complaints = keys.read(text, behind);
        for notice in complaints.notices(name) {
            out(&Event::Notice(&notice));
        }
        if complaints.secrets > 0 {
            self.shards.keys_came(&mut Straight(out));
        }
    }

    /// Takes the next packet.
    pub fn push(&mut self, packet: &Packet<'_>, out: &mut dyn FnMut(&Event<'_>)) {
        match Decoder::decode_usual(packet) {
            Some(segment) => self.shards.segment(&segment, out),
            None => self.push_unusual(packet, out),
        }
        if self.shards.passes(packet.time) {
            self.shards.settle(packet.time, &mut Straight(out));
        }
    }

    #[inline(never)]
    fn push_unusual(&mut self, packet: &Packet<'_>, out: &mut dyn FnMut(&Event<'_>)) {
        let (notices, given_up) = (&mut self.notices, &mut self.given_up);
        let decoded = self.decoder.decode_unusual(packet, notices, given_up);
        if !(notices.is_empty() && given_up.is_empty()) {
            settle_others(given_up, notices, packet.number, &mut self.ledger, out);
        }
        match decoded {
            Decoded::Tcp(segment) => self.shards.segment(&segment, out),
            Decoded::Other(other) => charge_other(&mut self.ledger, &other, packet.number),
            Decoded::Held => {}
        }
    }

    /// Ends the capture: gives what was still open, and the connections that never closed.
    pub fn finish(&mut self, out: &mut dyn FnMut(&Event<'_>)) {
        let (notices, given_up) = (&mut self.notices, &mut self.given_up);
        self.decoder.finish(notices, given_up);
        settle_others(given_up, notices, 0, &mut self.ledger, out);
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
    out: &mut dyn FnMut(&Event<'_>),
) {
    for other in given_up.drain(..) {
        charge_other(ledger, &other, packet);
    }
    for notice in notices.drain(..) {
        out(&Event::Notice(&notice));
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
