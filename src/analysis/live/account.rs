//! Account: what a connection's packets are charged to.

use crate::conversation::Ledgers;
use crate::ledger::{Charged, Ledger, Row, Sparse};
use crate::tcp::{Side, Sides};
use crate::wire::Wire;

/// What a connection's packets cost.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) sides: Sides<Count>,
    /// Once there is any.
    pub(super) loss: Option<Box<Loss>>,
    /// Bytes of acknowledgments that are for opening or closing.
    pub(super) acks: Acks,
    /// Its ledgers, where somebody will ask for them; else its bytes are charged to the ledgers that all such connections share.
    pub(super) own: Option<Box<Sides<Sparse>>>,
}

/// Bytes of acknowledgments without payload that are for no message. 4 GiB of them are counted at most.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Acks {
    /// For a SYN alone.
    pub(super) syn: u32,
    /// Before there was a WebSocket frame, for something else.
    pub(super) before_frames: u32,
    /// For a FIN alone, or behind a Close frame.
    pub(super) closing: u32,
}

/// Bytes that did not come, or came again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loss {
    pub(super) missing: Sides<u64>,
    pub(super) retransmitted: u64,
}

/// What is counted of each side, in whatever ledger.
#[derive(Debug, Default)]
pub(super) struct Count {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    charged: Charged,
}

impl Account {
    /// Gives the ledgers to charge: the ones that all connections share, or a blank page where this one has its own; its turn begins.
    pub(super) fn open<'l>(
        &mut self,
        shared: &'l mut Ledgers,
        page: &'l mut Ledgers,
    ) -> &'l mut Ledgers {
        let ledgers = if self.own.is_some() { page } else { shared };
        self.take_turns(ledgers);
        ledgers
    }

    /// Ends the turn.
    #[inline]
    pub(super) fn close(&mut self, shared: &mut Ledgers, page: &mut Ledgers) {
        let Some(own) = &mut self.own else {
            return self.take_turns(shared);
        };
        for side in Side::ALL {
            own[side].take_from(&mut page[side]);
        }
        self.take_turns(page);
    }

    /// Counts packets of a side that are charged as they are, without a turn.
    #[inline]
    pub(super) fn count_whole(
        &mut self,
        side: Side,
        packets: u64,
        bytes: u64,
        shared: &mut Ledgers,
    ) {
        let count = &mut self.sides[side];
        count.packets += packets;
        count.bytes += bytes;
        if self.own.is_none() {
            shared[side].packets += packets;
        }
    }

    /// Charges what such packets were for, as [`Ledger::charge_whole`].
    #[inline]
    pub(super) fn charge_whole(
        &mut self,
        side: Side,
        row: Row,
        packets: u64,
        wire: Wire,
        shared: &mut Ledgers,
    ) {
        // Every byte is counted before it is charged.
        let fits = self.sides[side].bytes < 1 << 32;
        match &mut self.own {
            Some(own) => own[side].charge_whole(row, packets, wire, fits),
            None => shared[side].charge_whole(row, packets, wire),
        }
    }

    fn take_turns(&mut self, ledgers: &mut Ledgers) {
        for side in Side::ALL {
            ledgers[side].take_turns(&mut self.sides[side].charged);
        }
    }

    /// Adds what did not come to the ledgers that all connections share, where this one has none of its own; at its end, because late
    /// packets may still bring it.
    pub(super) fn charge_missing(&self, shared: &mut Ledgers) {
        if let (Some(loss), None) = (&self.loss, &self.own) {
            for side in Side::ALL {
                shared[side].missing += loss.missing[side];
            }
        }
    }

    /// A side's own ledger, where it has one.
    pub(super) fn ledger(&self, side: Side) -> Option<Ledger> {
        let (own, count) = (self.own.as_ref()?, &self.sides[side]);
        Some(own[side].ledger(count.packets, self.loss().missing[side]))
    }

    /// What did not come, or came again.
    pub(super) fn loss(&self) -> Loss {
        self.loss.as_deref().copied().unwrap_or_default()
    }

    /// The same, to be counted.
    pub(super) fn loss_mut(&mut self) -> &mut Loss {
        self.loss.get_or_insert_default()
    }
}
