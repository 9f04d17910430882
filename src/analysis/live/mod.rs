//! A connection that is alive: its TCP state, its conversation, and what its packets cost.

mod account;
mod payload;
mod plain;
mod record;

use self::account::Account;
use super::shared::Shared;
use super::tombstone::Tombstone;
use super::watch;
use crate::check::{Checks, Closed};
use crate::conversation::{Context, Conversation, Ledgers};
use crate::decode::Segment;
use crate::event::{Event, Place};
use crate::ledger::Row;
use crate::notice::{Kind, Notice};
use crate::options::Options;
use crate::tcp::{Class, Duplicates, Ending, KeptKey, Side, State};
use crate::time::Timestamp;
use crate::wire::Wire;

/// A connection from its first packet on.
#[derive(Debug)]
pub(super) struct Live {
    key: KeptKey,
    number: u64,
    last_packet: u64,
    end_time: Timestamp,
    tcp: State,
    conversation: Conversation,
    account: Account,
    first_packet: u64,
    time: Timestamp,
    opener_is_lower: bool,
    closed: bool,
    told_of_conflict: bool,
    /// Whether both streams are in order, so that plain segments can be taken as what comes next.
    is_smooth: bool,
    /// Whether also no part of a frame waits, so that whole frames can be taken in one go.
    frames_are_plain: bool,
    /// What the rules want to know, where they are judged.
    checks: Option<Box<Checks>>,
}

impl Live {
    /// A connection whose first packet is this. `asked_for` says whether somebody will ask for its ledgers.
    pub(super) fn new(
        number: u64,
        key: KeptKey,
        opener_is_lower: bool,
        asked_for: bool,
        segment: &Segment<'_>,
    ) -> Self {
        let opener_serves = segment.source.port < segment.destination.port;
        let mut conversation = Conversation::new(if opener_serves {
            Side::Other
        } else {
            Side::Opener
        });
        if segment.flags.syn() {
            conversation.opened_by(if segment.ack.is_none() {
                Side::Opener
            } else {
                Side::Other
            });
        }
        Self {
            key,
            number,
            last_packet: segment.packet,
            end_time: segment.time,
            tcp: State::default(),
            conversation,
            account: Account {
                own: asked_for.then(Box::default),
                ..Account::default()
            },
            first_packet: segment.packet,
            time: segment.time,
            opener_is_lower,
            closed: false,
            told_of_conflict: false,
            is_smooth: false,
            frames_are_plain: false,
            checks: None,
        }
    }

    /// Gathers facts for the rules if they are judged; `first` is its first packet.
    pub(super) fn watch(&mut self, first: &Segment<'_>, options: &Options) {
        self.checks = options.check.then(|| watch::begin(first, options.unjudged));
    }

    /// What it leaves behind for the rules that compare connections.
    pub(super) fn take_closed(&mut self) -> Option<Closed> {
        self.checks.take().map(|checks| checks.into_closed())
    }

    /// Charges what did not come, at the end.
    pub(super) fn charge_missing(&self, shared: &mut Ledgers) {
        self.account.charge_missing(shared);
    }

    pub(super) fn key(&self) -> &KeptKey {
        &self.key
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn last_packet(&self) -> u64 {
        self.last_packet
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn is_superseded_by(&self, side: Side, segment: &Segment<'_>) -> bool {
        self.tcp.is_superseded_by(side, segment)
    }

    /// Takes a segment; true where it closed the connection. Copies are known by what is `remembered` of the shard.
    pub(super) fn segment(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        remembered: &mut Duplicates,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
    ) -> bool {
        (self.last_packet, self.end_time) = (segment.packet, segment.time);
        self.turn(shared, out, |live, ledgers, cx| {
            live.take(side, segment, remembered, ledgers, cx)
        })
    }

    /// Ends the connection where the capture does, or where another takes its place.
    pub(super) fn end(&mut self, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
        self.turn(shared, out, |live, ledgers, cx| {
            live.end_both(Ending::Capture, ledgers, cx);
        });
    }

    /// Keys have come that may open what waits.
    pub(super) fn wake(&mut self, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
        self.turn(shared, out, |live, ledgers, cx| {
            live.conversation.wake(ledgers, cx);
        });
    }

    /// Nothing more comes for this connection, neither packets nor keys.
    pub(super) fn settle(&mut self, shared: &mut Shared, out: &mut dyn FnMut(&Event<'_>)) {
        self.turn(shared, out, |live, ledgers, cx| {
            live.conversation.settle(ledgers, cx);
            if let Some(checks) = &mut cx.checks {
                let read = live.conversation.exchanges() + live.conversation.frames();
                if live.conversation.is_encrypted() && read == 0 {
                    checks.unreadable();
                }
                let last = (live.last_packet, live.end_time);
                checks.finish(live.client(), last, cx.place, cx.out);
            }
        });
    }

    /// Lets the connection act at its last packet, with the ledgers that it charges and what its events need.
    fn turn<R>(
        &mut self,
        shared: &mut Shared,
        out: &mut dyn FnMut(&Event<'_>),
        act: impl FnOnce(&mut Self, &mut Ledgers, &mut Context<'_>) -> R,
    ) -> R {
        let ledgers = self.account.open(&mut shared.ledgers, &mut shared.page);
        let mut checks = self.checks.take();
        let mut cx = Context {
            place: Place::of_connection(self.number),
            packet: self.last_packet,
            options: &shared.options,
            scratch: &mut shared.scratch,
            opening: self.tcp.has_both_beginnings(),
            acked: None,
            encrypted: false,
            time: self.end_time,
            checks: checks.as_deref_mut(),
            out,
        };
        self.conversation.begin_turn(&mut cx);
        let done = act(self, ledgers, &mut cx);
        self.conversation.end_turn(&mut cx);
        self.checks = checks;
        self.account.close(&mut shared.ledgers, &mut shared.page);
        self.is_smooth = !self.closed && self.tcp.is_smooth();
        self.frames_are_plain = self.is_smooth && self.conversation.is_smooth();
        done
    }

    fn take(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        remembered: &mut Duplicates,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) -> bool {
        let count = &mut self.account.sides[side];
        count.packets += u64::from(segment.packets);
        count.bytes += segment.wire_len();
        let ledger = &mut ledgers[side];
        ledger.packets += u64::from(segment.packets);
        let acknowledged = self.tcp.half(side.other()).assembler.acknowledged();
        let class = self.tcp.classify(side, segment, self.number, remembered);
        if class == Class::Whole(Row::Ack) {
            self.count_ack(side, acknowledged, segment.wire_len());
        }
        if let Class::Whole(row) = class {
            let [link, network, transport] = segment.headers.map(u64::from);
            let wire = Wire {
                link,
                network,
                transport,
                payload: u64::from(segment.payload_len),
                ..Wire::default()
            };
            ledger.charge_apart(row, segment.packet, segment.packets, wire);
            if row == Row::Duplicate {
                return false;
            }
        }
        if let Some(checks) = &mut cx.checks {
            watch::before(checks, &self.tcp, side, segment);
        }
        if class == Class::Data {
            self.payload(side, segment, ledgers, cx);
        }
        if segment.flags.fin() {
            let end = segment
                .seq
                .wrapping_add(u32::from(segment.flags.syn()))
                .wrapping_add(segment.payload_len);
            self.tcp.half_mut(side).assembler.fin(end);
        }
        if self.closed {
            // What comes behind the end is read as far as it goes, and nothing of it waits: no later event would settle it.
            self.tcp.give_up_all_holes();
            self.deliver_ready(ledgers, cx);
            self.conversation.finish(ledgers, cx);
            return false;
        }
        self.tcp.give_up_old_holes(segment.time);
        self.deliver_ready(ledgers, cx);
        if let Some(checks) = &mut cx.checks {
            watch::after(
                checks,
                &self.tcp,
                self.conversation.client().0,
                side,
                segment,
            );
        }
        if !self.tcp.is_closed() {
            return false;
        }
        let ending = if self.tcp.is_reset() {
            Ending::Reset
        } else {
            Ending::Fin
        };
        self.end_both(ending, ledgers, cx);
        true
    }

    /// Counts an acknowledgment of a side that is for no message; so much of the other side's stream was acknowledged before.
    #[inline]
    fn count_ack(&mut self, side: Side, before: u64, len: u64) {
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        let (acks, other) = (
            &mut self.account.acks,
            &self.tcp.half(side.other()).assembler,
        );
        let count = if other.acknowledged() == 0 {
            &mut acks.syn
        } else if other.is_fin_acknowledged() && other.acknowledged() <= before + 1
            || self.conversation.has_close()
        {
            &mut acks.closing
        } else if self.conversation.frames() == 0 {
            &mut acks.before_frames
        } else {
            return;
        };
        *count = count.saturating_add(len);
    }

    /// Whether bytes wait for keys that may still come.
    pub(super) fn waits_for_keys(&self) -> bool {
        self.conversation.waits_for_keys()
    }

    /// What is needed to know the connection's late packets.
    pub(super) fn tombstone(&self, hash: u64) -> Tombstone {
        Tombstone::new(hash, &self.tcp)
    }

    /// The side that is the client.
    pub(super) fn client(&self) -> Side {
        self.conversation.client().0
    }
}

/// Tells where a connection began before the capture.
pub(super) fn notice_midstream(
    number: u64,
    segment: &Segment<'_>,
    out: &mut dyn FnMut(&Event<'_>),
) {
    if !segment.flags.syn() && !segment.flags.rst() {
        let notice = Notice::new(Kind::Midstream, "it began before the capture")
            .at_packet(segment.packet)
            .of_connection(number);
        out(&Event::Notice(&notice));
    }
}
