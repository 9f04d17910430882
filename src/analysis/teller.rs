//! Teller: tells again what workers have told, where their events meet, with what no worker knows: how many connections and handshakes
//! the others have met.

use super::numbers::TrueNumbers;
use super::shared::{Left, Shared};
use super::told::{Borrowed, What};
use crate::event::{Connection, Event};
use crate::ledger::Ledger;
use crate::options::{Options, Texts};

/// Where events meet again.
pub(super) struct Meeting<'m> {
    /// Where goes what connections leave behind.
    pub(super) left: &'m mut Left,
    /// Where goes, at the end, what they were charged.
    pub(super) whole: &'m mut Ledger,
    /// Where events go.
    pub(super) out: &'m mut dyn FnMut(&Event<'_>),
}

/// What all workers together have met so far, in order.
#[derive(Debug)]
pub(super) struct Teller {
    pub(super) numbers: TrueNumbers,
    options: Options,
    /// How many handshakes were told.
    handshakes: u64,
}

impl Teller {
    /// Goes on behind what one thread has read.
    pub(super) fn behind(shared: &Shared) -> Self {
        Self {
            numbers: TrueNumbers::behind(&shared.numbers),
            options: shared.options,
            handshakes: shared.scratch.handshakes_told,
        }
    }

    /// Tells what is next.
    pub(super) fn tell(&mut self, what: &mut What, borrowed: &Borrowed, meeting: &mut Meeting<'_>) {
        if let What::Connection(connection) = what
            && !self.complete(connection)
        {
            return;
        }
        match what {
            What::Born(number) => return self.numbers.count(*number),
            What::Handshake(_, texts) => {
                if let Texts::OfHandshakes(first) = self.options.wanted.texts
                    && self.handshakes >= first
                {
                    texts.forget();
                }
                self.handshakes += 1;
            }
            _ => {}
        }
        if let Some(number) = what.number_mut() {
            *number = self.numbers.of(*number);
        }
        match what {
            What::Left(left) => {
                let (connection, closed) = &mut **left;
                meeting.left.add(connection, std::mem::take(closed));
            }
            _ => what.retell(borrowed, meeting.out),
        }
    }

    /// Takes from a record what one thread would not have given; false where it would not have given the record.
    fn complete(&self, connection: &mut Connection) -> bool {
        let (number, options) = (self.numbers.of(connection.number), &self.options);
        let has_ledgers = options.has_ledgers(number);
        if !has_ledgers {
            connection.ledgers = None;
        }
        self.numbers.counts(connection.number, options.settled)
            && (has_ledgers || options.wanted.connections || options.check)
    }
}
