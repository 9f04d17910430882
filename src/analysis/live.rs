//! A connection that is alive: its TCP state, its conversation, and what its packets cost.

use super::tombstone::Tombstone;
use super::{Options, watch};
use crate::check::{Checks, Closed};
use crate::conversation::{Context, Conversation, Ledgers, Scratch};
use crate::decode::Segment;
use crate::direction::Both;
use crate::event::{Closing, Connection, Event, Opening, Place};
use crate::ledger::{Charged, Row};
use crate::notice::{Kind, Notice};
use crate::reader::Piece;
use crate::tcp::{Class, Delivery, Ending, Key, Owner, Ready, Side, Sides, State};
use crate::time::Timestamp;
use crate::wire::Wire;

/// A connection from its first packet on.
#[derive(Debug)]
pub(super) struct Live {
    key: Key,
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
    /// What the rules want to know, where they are judged.
    checks: Option<Box<Checks>>,
}

/// What a connection's packets cost.
#[derive(Debug, Default)]
struct Account {
    sides: Sides<Count>,
    retransmitted_bytes: u64,
    /// Its ledgers, where somebody will ask for them; else its bytes are charged to the ledgers that all such connections share.
    own: Option<Box<Ledgers>>,
}

/// What is counted of each side, in whatever ledger.
#[derive(Debug, Default)]
struct Count {
    packets: u64,
    bytes: u64,
    missing: u64,
    charged: Charged,
}

impl Account {
    /// Gives the ledgers to charge: the connection's own, or the shared ones with this connection's turn begun.
    fn open<'l>(
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
    fn close(&mut self, own: Option<Box<Ledgers>>, shared: &mut Ledgers) {
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

impl Live {
    /// A connection whose first packet is this. `asked_for` says whether somebody will ask for its ledgers.
    pub(super) fn new(
        number: u64,
        key: Key,
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
            checks: None,
        }
    }

    /// The same, with facts gathered for the rules if they are judged; `first` is its first packet.
    pub(super) fn watched(mut self, first: &Segment<'_>, options: &Options) -> Self {
        self.checks = options
            .check
            .then(|| watch::begin(self.number, first, options.unjudged));
        self
    }

    /// What it leaves behind for the rules that compare connections.
    pub(super) fn take_closed(&mut self) -> Option<Closed> {
        self.checks.take().map(|checks| checks.into_closed())
    }

    pub(super) fn key(&self) -> &Key {
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

    /// Takes a segment; true where it closed the connection.
    pub(super) fn segment(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        options: &Options,
        shared: &mut Ledgers,
        scratch: &mut Scratch,
        out: &mut dyn FnMut(&Event<'_>),
    ) -> bool {
        let mut own = None;
        let ledgers = self.account.open(&mut own, shared);
        let mut checks = self.checks.take();
        let mut cx = Context {
            place: Place {
                connection: self.number,
                http_stream: None,
            },
            packet: segment.packet,
            options,
            scratch,
            opening: self.tcp.has_both_beginnings,
            acked: None,
            encrypted: false,
            time: segment.time,
            checks: checks.as_deref_mut(),
            out,
        };
        let closes = self.take(side, segment, ledgers, &mut cx);
        self.checks = checks;
        self.account.close(own, shared);
        closes
    }

    fn take(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) -> bool {
        self.last_packet = segment.packet;
        self.end_time = segment.time;
        let count = &mut self.account.sides[side];
        count.packets += u64::from(segment.packets);
        count.bytes += segment.wire_len();
        let ledger = &mut ledgers[side];
        ledger.packets += u64::from(segment.packets);
        let class = self.tcp.classify(side, segment);
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
        let ending = if self.tcp.reset {
            Ending::Reset
        } else {
            Ending::Fin
        };
        self.end_both(ending, ledgers, cx);
        true
    }

    fn payload(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) {
        let [link, network, transport] = segment.headers;
        let whole = Piece {
            packet: segment.packet,
            time: segment.time,
            headers: [link, network, transport],
            of: segment.payload_len,
            from: 0,
            len: segment.payload_len,
            packets: segment.packets,
            file: segment.file,
        };
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
                    self.account.retransmitted_bytes += u64::from(run.piece.len);
                    if let Some(checks) = &mut cx.checks {
                        watch::again(checks, side, run.piece.len, segment);
                    }
                    Row::Retransmission
                }
                Owner::Early => Row::Unread,
                Owner::Late => {
                    let len = u64::from(run.piece.len);
                    let (ledger, count) = (&mut ledgers[side], &mut self.account.sides[side]);
                    ledger.missing = ledger.missing.saturating_sub(len);
                    count.missing = count.missing.saturating_sub(len);
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
            line.conflict.get_or_insert((cx.time, cx.packet));
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
        let mut notice = Notice::new(kind, explanation).at_packet(cx.packet);
        notice.connection = Some(self.number);
        notice.sender = Some(self.conversation.direction_of(side));
        (cx.out)(&Event::Notice(&notice));
    }

    /// Hands bytes on; of a packet that was cut, also the place of those that are not in the file.
    fn deliver_bytes(
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
            checks.acked = cx.acked;
        }
        self.conversation
            .deliver(side, delivery, acknowledged, ledgers, cx);
    }

    fn deliver_ready(&mut self, ledgers: &mut Ledgers, cx: &mut Context<'_>) {
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
                        ledgers[side].missing += len;
                        self.account.sides[side].missing += len;
                        self.deliver(side, &Delivery::Gap { len, cut: None }, ledgers, cx);
                    }
                    Ready::Fin => {
                        if let Some(checks) = &mut cx.checks {
                            checks.lines[side].fin_read = true;
                        }
                        self.deliver(side, &Delivery::End(Ending::Fin), ledgers, cx);
                    }
                }
            }
        }
    }

    fn end_both(&mut self, ending: Ending, ledgers: &mut Ledgers, cx: &mut Context<'_>) {
        self.closed = true;
        if let Some(checks) = &mut cx.checks {
            for side in Side::ALL {
                checks.lines[side].has_hole = self.tcp.half(side).assembler.has_hole();
            }
        }
        self.tcp.give_up_all_holes();
        self.deliver_ready(ledgers, cx);
        for side in Side::ALL {
            self.deliver(side, &Delivery::End(ending), ledgers, cx);
        }
    }

    /// Ends the connection where the capture does, or where another takes its place.
    pub(super) fn end(
        &mut self,
        options: &Options,
        shared: &mut Ledgers,
        scratch: &mut Scratch,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        let mut own = None;
        let ledgers = self.account.open(&mut own, shared);
        let mut checks = self.checks.take();
        let mut cx = Context {
            place: Place {
                connection: self.number,
                http_stream: None,
            },
            packet: self.last_packet,
            options,
            scratch,
            opening: self.tcp.has_both_beginnings,
            acked: None,
            encrypted: false,
            time: self.end_time,
            checks: checks.as_deref_mut(),
            out,
        };
        self.end_both(Ending::Capture, ledgers, &mut cx);
        self.checks = checks;
        self.account.close(own, shared);
    }

    /// Whether bytes wait for keys that may still come.
    pub(super) fn waits_for_keys(&self) -> bool {
        self.conversation.waits_for_keys()
    }

    /// Nothing more comes for this connection, neither packets nor keys.
    pub(super) fn settle(
        &mut self,
        options: &Options,
        shared: &mut Ledgers,
        scratch: &mut Scratch,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        let mut own = None;
        let ledgers = self.account.open(&mut own, shared);
        let mut checks = self.checks.take();
        let mut cx = Context {
            place: Place {
                connection: self.number,
                http_stream: None,
            },
            packet: self.last_packet,
            options,
            scratch,
            opening: self.tcp.has_both_beginnings,
            acked: None,
            encrypted: false,
            time: self.end_time,
            checks: checks.as_deref_mut(),
            out,
        };
        self.conversation.settle(ledgers, &mut cx);
        if let Some(checks) = &mut checks {
            let read = self.conversation.exchanges() + self.conversation.frames();
            if self.conversation.is_encrypted() && read == 0 {
                checks.unreadable();
            }
            checks.finish(self.client(), (self.last_packet, self.end_time), out);
        }
        self.checks = checks;
        self.account.close(own, shared);
    }

    /// What is needed to know the connection's late packets.
    pub(super) fn tombstone(&self, hash: u64) -> Tombstone {
        Tombstone::new(hash, &self.tcp)
    }

    /// The side that is the client.
    pub(super) fn client(&self) -> Side {
        self.conversation.client().0
    }

    /// The connection's record.
    pub(super) fn into_record(self) -> Connection {
        let (client, roles) = self.conversation.client();
        let server = client.other();
        let (client_half, server_half) = (self.tcp.half(client), self.tcp.half(server));
        let (close_code, closed_by) = self.conversation.closed();
        let ends = self.key.ends(self.opener_is_lower);
        let counted = |count: fn(&Count) -> u64| Both {
            to_server: count(&self.account.sides[client]),
            to_client: count(&self.account.sides[server]),
        };
        Connection {
            number: self.number,
            client: ends[client],
            server: ends[server],
            roles,
            protocol: self.conversation.protocol(),
            encrypted: self.conversation.is_encrypted(),
            opening: match (client_half.syn, server_half.syn) {
                (Some(_), Some(_)) => Opening::Seen,
                (None, None) => Opening::Midstream,
                _ => Opening::Partly,
            },
            closing: if self.tcp.reset {
                Closing::Reset
            } else if client_half.fin && server_half.fin {
                Closing::Fin
            } else {
                Closing::Open
            },
            time: self.time,
            end_time: self.end_time,
            first_packet: self.first_packet,
            last_packet: self.last_packet,
            packets: counted(|count| count.packets),
            bytes: counted(|count| count.bytes),
            retransmitted_bytes: self.account.retransmitted_bytes,
            missing_bytes: counted(|count| count.missing),
            exchanges: self.conversation.exchanges(),
            handshake: self.conversation.handshake(),
            frames: self.conversation.frames(),
            messages: self.conversation.messages(),
            close_code,
            closed_by,
            ledgers: self.account.own.map(|own| {
                Box::new(Both {
                    to_server: own[client],
                    to_client: own[server],
                })
            }),
        }
    }
}

/// Tells where a connection began before the capture.
pub(super) fn notice_midstream(
    number: u64,
    segment: &Segment<'_>,
    out: &mut dyn FnMut(&Event<'_>),
) {
    if !segment.flags.syn() && !segment.flags.rst() {
        let explanation = format!("connection {number} began before the capture");
        let mut notice = Notice::new(Kind::Midstream, explanation).at_packet(segment.packet);
        notice.connection = Some(number);
        out(&Event::Notice(&notice));
    }
}

fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
