//! Account: what a connection's packets are charged to.

use crate::conversation::Ledgers;
use crate::ledger::Charged;
use crate::tcp::{Side, Sides};

/// What a connection's packets cost.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) sides: Sides<Count>,
    pub(super) retransmitted_bytes: u64,
    /// Bytes of acknowledgments that are for a SYN or a FIN alone.
    pub(super) acks_of_ends: u64,
    /// Its ledgers, where somebody will ask for them; else its bytes are charged to the ledgers that all such connections share.
    pub(super) own: Option<Box<Ledgers>>,
}

/// What is counted of each side, in whatever ledger.
#[derive(Debug, Default)]
pub(super) struct Count {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) missing: u64,
    charged: Charged,
}

impl Account {
    /// Gives the ledgers to charge: the connection's own, or the shared ones with this connection's turn begun.
    pub(super) fn open<'l>(
        &mut self,
        own: &'l mut Option<Box<Ledgers>>,
        shared: &'l mut Ledgers,
    ) -> &'l mut Ledgers {
        *own = self.own.take();
        if let Some(own) = own {
            return own;
        }
        self.take_turns(shared);
        shared
    }

    /// Ends the turn.
    pub(super) fn close(&mut self, own: Option<Box<Ledgers>>, shared: &mut Ledgers) {
        match own {
            Some(own) => self.own = Some(own),
            None => self.take_turns(shared),
        }
    }

    fn take_turns(&mut self, shared: &mut Ledgers) {
        for side in Side::ALL {
            shared[side].take_turns(&mut self.sides[side].charged);
        }
    }
}
