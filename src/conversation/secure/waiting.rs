//! Waiting: records whose keys, or whose other side's hello, may still come.

use super::Secure;
use super::notices::notice;
use crate::conversation::{Context, Conversation};
use crate::notice::Kind;
use crate::tcp::Side;
use crate::tls::{Need, Reason};

/// How many bytes of a direction wait for keys or for the other side's hello. Keys come with the first packets behind the handshake,
/// or not at all; what browsers load before that is less.
const HELD: usize = 256 << 10;

/// How many holes there may be among them: more than there are records that can wait.
const HOLES: usize = 1024;

/// How many bytes of all connections of a shard wait together: of two connections both ways in full.
pub(super) const HELD_BY_SHARD: u64 = 1 << 20;

impl Secure {
    /// Whether a side has bytes that wait for what may still come.
    pub(super) fn is_held(&self, side: Side) -> bool {
        self.sides[side].held.is_some()
    }

    /// Ends the waiting of a side, where nothing can come that it waits for, or it has waited for too long.
    pub(super) fn give_up_waiting(
        &mut self,
        conversation: &Conversation,
        cx: &mut Context<'_>,
    ) -> bool {
        for side in Side::ALL.into_iter().filter(|&side| self.is_held(side)) {
            let (half, other) = (&self.sides[side], &self.sides[side.other()]);
            let full = half.stream.waiting.len() > HELD
                || half.holes.len() > HOLES
                || cx.scratch.secure.held.is_passed();
            let in_vain = match half.held {
                Some(Need::OtherSide) => {
                    other.closed || other.finished || half.ended.is_some() && other.ended.is_some()
                }
                _ => !cx.scratch.secure.keys.may_come(),
            };
            if !(full || in_vain) {
                continue;
            }
            let reason = match half.held {
                Some(Need::OtherSide) => Reason::NoHello,
                _ => Reason::NoKeys,
            };
            if full && !in_vain {
                let told = "too many TLS records waited for keys or for the other side's hello";
                notice(conversation, side, Kind::LimitReached, told, cx);
            }
            self.session.close(conversation.direction_of(side), reason);
            return true;
        }
        false
    }

    pub(super) fn count_held(&mut self, cx: &mut Context<'_>) {
        let held: usize = Side::ALL
            .into_iter()
            .filter(|&side| self.is_held(side))
            .map(|side| self.sides[side].stream.waiting.len())
            .sum();
        if held > 0 || self.counted.is_some() {
            let bound = &cx.scratch.secure.held;
            let share = self.counted.get_or_insert_with(|| bound.share());
            share.set(held as u64);
        }
        if held > 0 && !self.listed {
            (self.listed, cx.scratch.secure.began_to_wait) = (true, true);
        }
    }
}
