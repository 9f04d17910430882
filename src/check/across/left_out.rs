//! Left out: what is not compared with the rest, because too much is remembered already.

use crate::check::finding::{Cause, Unjudged};
use crate::check::rule::Rule;
use crate::direction::Direction;

/// How much of one sort is not compared.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::check) struct LeftOut {
    count: u64,
    /// The connection of the first.
    connection: u64,
}

impl LeftOut {
    /// Counts something of a connection.
    pub(super) fn add(&mut self, connection: u64) {
        if self.count == 0 {
            self.connection = connection;
        }
        self.count += 1;
    }

    /// What that leaves open of a rule; nothing where all was compared.
    pub(super) fn unjudged(self, rule: &'static Rule) -> Option<Unjudged> {
        (self.count > 0).then_some(Unjudged {
            rule,
            connection: self.connection,
            sender: Some(Direction::ToServer),
            cause: Cause::Limit,
            count: self.count,
        })
    }
}
