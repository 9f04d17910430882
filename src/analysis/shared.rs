//! Shared: what the connections that one thread reads have in common.

use super::numbers::Numbers;
use crate::check::{Across, Closed};
use crate::conversation::{Ledgers, Scratch};
use crate::event::Connection;
use crate::ledger::Ledger;
use crate::options::Options;

/// What is handed to the connection whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// What is kept.
    pub(super) options: Options,
    /// What connections without ledgers of their own are charged to.
    pub(super) ledgers: Ledgers,
    /// What the others are charged to while it is their turn; blank between turns.
    pub(super) page: Ledgers,
    /// The sum of the ledgers of those that are over and had their own.
    pub(super) whole: Ledger,
    /// Room to work in.
    pub(super) scratch: Scratch,
    /// What connections are called.
    pub(super) numbers: Numbers,
    /// What those that are over leave behind for the rules over several.
    pub(super) left: Left,
}

impl Shared {
    /// The same for one of several threads: nothing is charged yet.
    pub(super) fn another(&self) -> Self {
        Self {
            options: self.options,
            scratch: self.scratch.another(),
            numbers: self.numbers.provisional(),
            left: Left::Handed(Vec::new()),
            ..Self::default()
        }
    }
}

/// What connections leave behind for the rules that compare several.
#[derive(Debug)]
pub(super) enum Left {
    /// They are compared here.
    Compared(Box<Across>),
    /// They are compared where the threads' events meet.
    Handed(Vec<(Connection, Closed)>),
}

impl Default for Left {
    fn default() -> Self {
        Self::Compared(Box::default())
    }
}

impl Left {
    /// A connection is over.
    pub(super) fn add(&mut self, connection: &Connection, closed: Closed) {
        match self {
            Self::Compared(across) => across.closed(connection, &closed),
            Self::Handed(left) => {
                let ledgers = None;
                let connection = Connection {
                    ledgers,
                    ..connection.clone()
                };
                left.push((connection, closed));
            }
        }
    }
}
