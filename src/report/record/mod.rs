//! The records: for each type its columns, in the order of the contract that README and `wscope schema` state.
#![expect(
    clippy::inline_always,
    reason = "a position in a row stands in a register only where the walk is no call"
)]

mod artefact;
mod break_even;
mod comparison;
mod connection;
mod exchange;
mod expectation;
mod finding;
mod frame;
mod handshake;
pub(super) mod ledger;
mod medium;
mod message;
mod notice;
mod summary;
mod what_if;

pub use comparison::UnitRecord;
pub(super) use frame::OPCODES;
pub use ledger::{LedgerRecord, LedgerRow};

use super::fields::Fields;
use crate::direction::Direction;
use crate::event::{Place, Verdict};
use crate::span::{Span, Trust};

const SENDERS: &[&str] = &["client", "server"];
const VERDICTS: &[&str] = &["valid", "invalid", "refused", "unknown"];

#[inline(always)]
fn place<F: Fields + ?Sized>(fields: &mut F, place: Place) {
    fields.integer("connection", Some(place.connection));
    fields.integer("http_stream", place.http_stream);
}

#[inline(always)]
fn sender<F: Fields + ?Sized>(fields: &mut F, name: &'static str, direction: Option<Direction>) {
    fields.choice(name, direction.map(Direction::sender), SENDERS);
}

#[inline(always)]
fn times<F: Fields + ?Sized>(fields: &mut F, span: &Span) {
    fields.time("time", Some(span.time));
    fields.time("end_time", Some(span.end_time));
    fields.integer("first_packet", Some(span.first_packet));
    fields.integer("last_packet", Some(span.last_packet));
}

#[inline(always)]
fn trust<F: Fields + ?Sized>(fields: &mut F, trust: Trust) {
    const SET: &[&str] = &["exact", "carried", "resynced", "guessed"];
    fields.choice("trust", Some(trust.name()), SET);
}

#[inline]
fn verdict<F: Fields + ?Sized>(fields: &mut F, name: &'static str, verdict: Option<Verdict>) {
    fields.choice(name, verdict.map(Verdict::name), VERDICTS);
}
