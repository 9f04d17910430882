//! A connection's payload: from segments to deliveries in the order of the stream.

use super::Live;
use crate::analysis::watch;
use crate::conversation::{Context, Ledgers};
use crate::decode::Segment;
use crate::ledger::Row;
use crate::notice::{Kind, Notice};
use crate::reader::Piece;
use crate::tcp::{Delivery, Ending, Owner, Ready, Side};

impl Live {
    /// Takes a segment's payload: what comes next is read at once, what is out of order waits, what came before is charged.
    pub(super) fn payload(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        let whole = piece_of(segment);
        let seq = segment.seq.wrapping_add(u32::from(segment.flags.syn()));
        let assembler = &mut self.tcp.half_mut(side).assembler;
        if assembler.take_next(seq, segment.payload_len) {
            return self.deliver_bytes(side, segment.payload, whole, ledgers, cx);
        }
        for run in self
            .tcp
            .half_mut(side)
            .assembler
            .insert(seq, segment.payload, whole)
        {
            let row = match run.owner {
                Owner::Next => {
                    let from = to_usize(run.piece.from).min(segment.payload.len());
                    let to = from + to_usize(run.piece.len).min(segment.payload.len() - from);
                    let bytes = segment.payload.get(from..to).unwrap_or_default();
                    self.deliver_bytes(side, bytes, run.piece, ledgers, cx);
                    continue;
                }
                Owner::Retransmission => {
                    self.account.loss_mut().retransmitted += u64::from(run.piece.len);
                    if let Some(checks) = &mut cx.checks {
                        watch::again(checks, side, run.piece.len, segment);
                    }
                    Row::Retransmission
                }
                Owner::Early => Row::Unread,
                Owner::Late => {
                    let len = u64::from(run.piece.len);
                    let missing = &mut self.account.loss_mut().missing[side];
                    *missing = missing.saturating_sub(len);
                    Row::Unread
                }
            };
            let mut wire = run.piece.headers_share();
            wire.payload = u64::from(run.piece.len);
            ledgers[side].charge_apart(row, segment.packet, segment.packets, wire);
        }
        self.notice_troubles(side, cx);
    }

    fn notice_troubles(&mut self, side: Side, cx: &mut Context<'_>) {
        let half = self.tcp.half_mut(side);
        let conflict = half.assembler.take_conflict();
        if let Some(checks) = cx.checks.as_mut().filter(|_| conflict) {
            let line = &mut checks.lines[side];
            let troubles = line.troubles_mut();
            troubles.conflict.get_or_insert((cx.time, cx.packet));
        }
        let conflict = conflict && !self.told_of_conflict;
        let overflow = half.assembler.take_overflow();
        if !conflict && !overflow {
            return;
        }
        let (kind, explanation) = if conflict {
            self.told_of_conflict = true;
            (
                Kind::Overlap,
                "two copies of the same bytes disagree; the first was taken",
            )
        } else {
            (
                Kind::LimitReached,
                "too much waited behind a hole; the hole was given up",
            )
        };
        let sender = self.conversation.direction_of(side);
        cx.tell(Notice::new(kind, explanation).sent_by(sender));
    }

    /// Hands bytes on; of a packet that was cut, also the place of those that are not in the file.
    pub(super) fn deliver_bytes(
        &mut self,
        side: Side,
        bytes: &[u8],
        piece: Piece,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        let (there, cut) = piece.split_at(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        if there.len > 0 {
            self.deliver(side, &Delivery::Bytes(bytes, there), ledgers, cx);
        }
        if cut.len > 0 {
            let gap = Delivery::Gap {
                len: u64::from(cut.len),
                cut: Some(cut),
                behind: None,
            };
            self.deliver(side, &gap, ledgers, cx);
        }
    }

    fn deliver(
        &mut self,
        side: Side,
        delivery: &Delivery<'_>,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        let other = &self.tcp.half(side.other()).assembler;
        let acknowledged = other.acknowledged();
        cx.acked = other.has_begun().then_some(acknowledged);
        if let Some(checks) = &mut cx.checks {
            checks.note_acked(cx.acked);
        }
        self.conversation
            .deliver(side, delivery, acknowledged, ledgers, cx);
    }

    /// Hands on what has become ready behind holes.
    pub(super) fn deliver_ready(&mut self, ledgers: &mut Ledgers, cx: &mut Context<'_>) {
        for side in Side::ALL {
            if !self.tcp.half(side).assembler.is_unsettled() {
                continue;
            }
            while let Some(ready) = self.tcp.half_mut(side).assembler.ready() {
                match ready {
                    Ready::Bytes(bytes, piece) => {
                        self.deliver_bytes(side, &bytes, piece, ledgers, cx);
                    }
                    Ready::Gap(len) => {
                        self.account.loss_mut().missing[side] += len;
                        let behind = self.tcp.half(side).assembler.first_waiting();
                        let gap = Delivery::Gap {
                            len,
                            cut: None,
                            behind,
                        };
                        self.deliver(side, &gap, ledgers, cx);
                    }
                    Ready::Fin => {
                        if let Some(checks) = &mut cx.checks {
                            checks.lines[side].note_fin_read();
                        }
                        self.deliver(side, &Delivery::End(Ending::Fin), ledgers, cx);
                    }
                }
            }
        }
    }

    /// Both sides end: what waited behind holes is handed on, then the end.
    pub(super) fn end_both(&mut self, ending: Ending, ledgers: &mut Ledgers, cx: &mut Context<'_>) {
        self.closed = true;
        if let Some(checks) = &mut cx.checks {
            for side in Side::ALL {
                let has_hole = self.tcp.half(side).assembler.has_hole();
                checks.lines[side].set_hole(has_hole);
            }
        }
        self.tcp.give_up_all_holes();
        self.deliver_ready(ledgers, cx);
        for side in Side::ALL {
            self.deliver(side, &Delivery::End(ending), ledgers, cx);
        }
        // What came behind a FIN had its end before.
        self.conversation.finish(ledgers, cx);
    }
}

/// All of a segment's payload.
pub(super) fn piece_of(segment: &Segment<'_>) -> Piece {
    Piece {
        packet: segment.packet,
        time: segment.time,
        headers: segment.headers,
        of: segment.payload_len,
        from: 0,
        len: segment.payload_len,
        packets: segment.packets,
        file: segment.file,
    }
}

fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
