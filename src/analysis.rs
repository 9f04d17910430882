//! Analysis: packets in, events out. The sans-IO core of the whole.

mod connections;
mod first;
mod live;
mod read;
mod tombstone;
mod watch;

use self::connections::Connections;
pub use self::read::read;
use crate::capture::Packet;
use crate::conversation::Security;
use crate::decode::{Decoded, Decoder, Other};
use crate::event::Event;
use crate::ledger::{Ledger, Row};
use crate::notice::Notice;
use crate::tls::Keys;
use crate::wire::Wire;

/// What is kept beside lengths and counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Options {
    /// How many bytes of each frame's payload are kept.
    pub keep_frames: u64,
    /// How many bytes of each message's payload are kept.
    pub keep_messages: u64,
    /// How many bytes of each HTTP body are kept.
    pub keep_bodies: u64,
    /// How many bytes a compressed message may inflate to; what is larger is read and not inflated to its end. With zero
    /// nothing is inflated.
    pub max_inflate: u64,
    /// Whether HTTP content is decoded (RFC 9110, section 8.4), up to `max_inflate` bytes; it is also where bodies are kept.
    pub decode_bodies: bool,
    /// Whether distances are measured, where a smaller window than 32 KiB was agreed (RFC 7692, section 7.1.2).
    pub measure_distances: bool,
    /// Whether the rules are judged.
    pub check: bool,
    /// Whether what the rules cannot judge is told too.
    pub unjudged: bool,
    /// Which connections have ledgers of their own, and records that count their late packets.
    pub settled: Settled,
}

impl Default for Options {
    /// Keeps nothing, and inflates messages of up to 64 MiB: far more than most servers accept, and little enough
    /// that a bomb costs a tenth of a second.
    fn default() -> Self {
        Self {
            keep_frames: 0,
            keep_messages: 0,
            keep_bodies: 0,
            max_inflate: 64 << 20,
            decode_bodies: false,
            measure_distances: false,
            check: false,
            unjudged: false,
            settled: Settled::All,
        }
    }
}

/// Which connections' records wait until no late packet can change them, and have ledgers. Of the others there is less to be
/// remembered; the whole capture's ledger counts all of their packets all the same.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Settled {
    /// All.
    #[default]
    All,
    /// So many, by number.
    First(u64),
}

/// Takes packets in the order of a capture and gives events as soon as they are known.
#[derive(Debug, Default)]
pub struct Analysis {
    decoder: Decoder,
    connections: Connections,
    ledger: Ledger,
    notices: Vec<Notice>,
    given_up: Vec<Other>,
}

impl Analysis {
    /// An analysis that has seen nothing.
    pub fn new(mut options: Options) -> Self {
        options.measure_distances |= options.check;
        Self {
            connections: Connections::new(options),
            ..Self::default()
        }
    }

    /// The same, with keys that open what is under TLS.
    #[must_use]
    pub fn with_keys(mut self, keys: Keys) -> Self {
        self.connections.scratch.secure = Security::new(keys);
        self
    }

    /// Takes a key log, or more of it, that came with the capture; `name` is how notices call it.
    pub fn secrets(&mut self, name: &str, text: &[u8], out: &mut dyn FnMut(&Event<'_>)) {
        for notice in self
            .connections
            .scratch
            .secure
            .keys
            .read(text)
            .notices(name)
        {
            out(&Event::Notice(&notice));
        }
    }

    /// Takes the next packet.
    pub fn push(&mut self, packet: &Packet<'_>, out: &mut dyn FnMut(&Event<'_>)) {
        let (notices, given_up) = (&mut self.notices, &mut self.given_up);
        let decoded = self.decoder.decode(packet, notices, given_up);
        if !(notices.is_empty() && given_up.is_empty()) {
            settle_others(given_up, notices, packet.number, &mut self.ledger, out);
        }
        match decoded {
            Decoded::Tcp(segment) => self.connections.segment(&segment, &mut self.ledger, out),
            Decoded::Other(other) => charge_other(&mut self.ledger, &other, packet.number),
            Decoded::Held => {}
        }
        self.connections.settle(packet.time, &mut self.ledger, out);
    }

    /// Ends the capture: gives what was still open, and the connections that never closed.
    pub fn finish(&mut self, out: &mut dyn FnMut(&Event<'_>)) {
        let (notices, given_up) = (&mut self.notices, &mut self.given_up);
        self.decoder.finish(notices, given_up);
        settle_others(given_up, notices, 0, &mut self.ledger, out);
        self.connections.finish(&mut self.ledger, out);
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
