//! Records: each is opened, and what was inside is handed on with its share of what the record cost.

use super::Secure;
use super::notices::{notice, notice_missing};
use crate::check::Cause;
use crate::conversation::{Context, Conversation, Ledgers};
use crate::ledger::Row;
use crate::notice::Kind;
use crate::reader::Layer;
use crate::tcp::Side;
use crate::tls::{Content, Step};

impl Secure {
    /// Hands what can be opened on; says how many bytes were taken.
    pub(super) fn read(
        &mut self,
        conversation: &mut Conversation,
        side: Side,
        bytes: &[u8],
        at_end: bool,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) -> usize {
        let direction = conversation.direction_of(side);
        let mut plaintext = std::mem::take(&mut cx.scratch.secure.plaintext);
        let mut used = 0;
        (self.sides[side].held, self.sides[side].needs) = (None, 0);
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            if self.sides[side].passing {
                let passed = self.pass(direction, side, rest, ledgers);
                used += passed;
                if passed == 0 && self.sides[side].passing {
                    break;
                }
                continue;
            }
            let keys = &cx.scratch.secure.keys;
            match self
                .session
                .read(direction, rest, at_end, keys, &mut plaintext)
            {
                Step::Incomplete(needs) => {
                    self.sides[side].needs = needs;
                    break;
                }
                Step::Held(need) => {
                    self.sides[side].held = Some(need);
                    break;
                }
                Step::Closed(reason) => {
                    self.notice_closed(conversation, side, reason, cx);
                    (self.sides[side].passing, self.sides[side].closed) = (true, true);
                }
                Step::Skip(len) => {
                    let pieces = &mut self.sides[side].stream.pieces;
                    pieces.take(len as u64, Layer::Payload, Row::Unread, &mut ledgers[side]);
                    used += len;
                }
                Step::Record(len, content) => {
                    used += len;
                    cx.scratch.laboured += len as u64;
                    let record = rest.get(..len).unwrap_or_default();
                    self.record(conversation, side, record, content, &plaintext, ledgers, cx);
                }
            }
        }
        cx.scratch.secure.plaintext = plaintext;
        used
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a record has what is outside and what is inside"
    )]
    fn record(
        &mut self,
        conversation: &mut Conversation,
        side: Side,
        record: &[u8],
        content: Content,
        plaintext: &[u8],
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        let pieces = &mut self.sides[side].stream.pieces;
        let len = record.len() as u64;
        match content {
            Content::Own => {
                pieces.take(len, Layer::Tls, Row::Tls, &mut ledgers[side]);
            }
            Content::Unread => {
                self.charge(side, record, ledgers);
            }
            Content::Application(content, missing) => {
                if let Some(missing) = missing {
                    notice_missing(conversation, side, missing, cx);
                    let cause = self.sides[side].lacks.take().unwrap_or(Cause::Gap);
                    conversation.lose_plain(side, missing, cause, ledgers, cx);
                }
                let inside = &mut conversation.streams[side].pieces;
                let pieces = &mut self.sides[side].stream.pieces;
                if content == 0 {
                    pieces.take(len, Layer::Tls, Row::Tls, &mut ledgers[side]);
                    return;
                }
                pieces.give_record(to_u32(record.len()), to_u32(content), inside);
                let plain = plaintext.get(..content).unwrap_or_default();
                self.acknowledge(conversation, side);
                conversation.arrive(side, plain, ledgers, cx);
            }
        }
        if self.session.take_renegotiated() {
            let told = "the two sides of a TLS connection agreed on new keys (renegotiation)";
            notice(conversation, side, Kind::Renegotiation, told, cx);
        }
    }

    /// The other side has acknowledged records, and inside they count for all or nothing.
    fn acknowledge(&self, conversation: &mut Conversation, side: Side) {
        let read = self.sides[side.other()].stream.pieces.offset();
        let acknowledged = &mut conversation.acknowledged[side];
        *acknowledged = if *acknowledged > read { u64::MAX } else { 0 };
    }
}

fn to_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
