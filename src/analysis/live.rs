//! A connection that is alive: its TCP state, its conversation, and what its packets cost.

use super::Options;
use crate::conversation::{Context, Conversation, Ledgers, Scratch};
use crate::decode::{Endpoint, Segment};
use crate::direction::Both;
use crate::event::{Closing, Connection, Event, Opening, Place};
use crate::ledger::Row;
use crate::notice::{Kind, Notice};
use crate::reader::Piece;
use crate::tcp::{Class, Delivery, Ending, Key, Owner, Ready, Side, Sides, State};
use crate::time::Timestamp;
use crate::wire::Wire;

/// A connection from its first packet on.
#[derive(Debug)]
pub(super) struct Live {
    number: u64,
    key: Key,
    ends: Sides<Endpoint>,
    tcp: State,
    conversation: Conversation,
    ledgers: Ledgers,
    retransmitted_bytes: u64,
    first_packet: u64,
    last_packet: u64,
    time: Timestamp,
    end_time: Timestamp,
    closed: bool,
    told_of_conflict: bool,
}

/// What is left of a connection that is over.
pub(super) struct Record {
    pub(super) key: Key,
    pub(super) record: Connection,
}

impl Live {
    pub(super) fn new(number: u64, key: Key, segment: &Segment<'_>) -> Self {
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
            number,
            key,
            ends: Sides::new(segment.source, segment.destination),
            tcp: State::default(),
            conversation,
            ledgers: Ledgers::default(),
            retransmitted_bytes: 0,
            first_packet: segment.packet,
            last_packet: segment.packet,
            time: segment.time,
            end_time: segment.time,
            closed: false,
            told_of_conflict: false,
        }
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

    pub(super) fn notice_midstream(&self, segment: &Segment<'_>, out: &mut dyn FnMut(&Event<'_>)) {
        if !segment.flags.syn() && !segment.flags.rst() {
            let mut notice = Notice::new(
                Kind::Midstream,
                format!("connection {} began before the capture", self.number),
            )
            .at_packet(segment.packet);
            notice.connection = Some(self.number);
            out(&Event::Notice(&notice));
        }
    }

    /// Takes a segment; true where it closed the connection.
    pub(super) fn segment(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        options: &Options,
        scratch: &mut Scratch,
        out: &mut dyn FnMut(&Event<'_>),
    ) -> bool {
        self.last_packet = segment.packet;
        self.end_time = segment.time;
        let ledger = &mut self.ledgers[side];
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
            ledger.charge(row, segment.packet, segment.packets, wire);
            if row == Row::Duplicate {
                return false;
            }
        }
        let mut cx = Context {
            place: Place {
                connection: self.number,
                http_stream: None,
            },
            packet: segment.packet,
            options,
            scratch,
            out,
        };
        if class == Class::Data {
            self.payload(side, segment, &mut cx);
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
            self.deliver_ready(&mut cx);
            self.conversation.finish(&mut self.ledgers, &mut cx);
            return false;
        }
        self.tcp.give_up_old_holes(segment.time);
        self.deliver_ready(&mut cx);
        if !self.tcp.is_closed() {
            return false;
        }
        let ending = if self.tcp.reset {
            Ending::Reset
        } else {
            Ending::Fin
        };
        self.end_both(ending, &mut cx);
        true
    }

    fn payload(&mut self, side: Side, segment: &Segment<'_>, cx: &mut Context<'_>) {
        let [link, network, transport] = segment.headers;
        let whole = Piece {
            packet: segment.packet,
            time: segment.time,
            headers: [link, network, transport, 0],
            of: segment.payload_len,
            from: 0,
            len: segment.payload_len,
            packets: segment.packets,
            file: segment.file,
        };
        let seq = segment.seq.wrapping_add(u32::from(segment.flags.syn()));
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
                    self.deliver_bytes(side, bytes, run.piece, cx);
                    continue;
                }
                Owner::Retransmission => {
                    self.retransmitted_bytes += u64::from(run.piece.len);
                    Row::Retransmission
                }
                Owner::Early => Row::Unread,
                Owner::Late => {
                    let ledger = &mut self.ledgers[side];
                    ledger.missing = ledger.missing.saturating_sub(u64::from(run.piece.len));
                    Row::Unread
                }
            };
            let mut wire = run.piece.headers_share();
            wire.payload = u64::from(run.piece.len);
            self.ledgers[side].charge(row, segment.packet, segment.packets, wire);
        }
        self.notice_troubles(side, cx);
    }

    fn notice_troubles(&mut self, side: Side, cx: &mut Context<'_>) {
        let half = self.tcp.half_mut(side);
        let conflict = half.assembler.take_conflict() && !self.told_of_conflict;
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
    fn deliver_bytes(&mut self, side: Side, bytes: &[u8], piece: Piece, cx: &mut Context<'_>) {
        let (there, cut) = piece.split_at(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        if there.len > 0 {
            self.deliver(side, &Delivery::Bytes(bytes, there), cx);
        }
        if cut.len > 0 {
            self.deliver(
                side,
                &Delivery::Gap {
                    len: u64::from(cut.len),
                    cut: Some(cut),
                },
                cx,
            );
        }
    }

    fn deliver(&mut self, side: Side, delivery: &Delivery<'_>, cx: &mut Context<'_>) {
        let acknowledged = self.tcp.half(side.other()).assembler.acknowledged();
        self.conversation
            .deliver(side, delivery, acknowledged, &mut self.ledgers, cx);
    }

    fn deliver_ready(&mut self, cx: &mut Context<'_>) {
        for side in Side::ALL {
            if !self.tcp.half(side).assembler.is_unsettled() {
                continue;
            }
            while let Some(ready) = self.tcp.half_mut(side).assembler.ready() {
                match ready {
                    Ready::Bytes(bytes, piece) => self.deliver_bytes(side, &bytes, piece, cx),
                    Ready::Gap(len) => {
                        self.ledgers[side].missing += len;
                        self.deliver(side, &Delivery::Gap { len, cut: None }, cx);
                    }
                    Ready::Fin => self.deliver(side, &Delivery::End(Ending::Fin), cx),
                }
            }
        }
    }

    fn end_both(&mut self, ending: Ending, cx: &mut Context<'_>) {
        self.closed = true;
        self.tcp.give_up_all_holes();
        self.deliver_ready(cx);
        for side in Side::ALL {
            self.deliver(side, &Delivery::End(ending), cx);
        }
    }

    /// Ends the connection where the capture does, or where another takes its place.
    pub(super) fn end(
        &mut self,
        options: &Options,
        scratch: &mut Scratch,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        let mut cx = Context {
            place: Place {
                connection: self.number,
                http_stream: None,
            },
            packet: self.last_packet,
            options,
            scratch,
            out,
        };
        self.end_both(Ending::Capture, &mut cx);
    }

    /// Nothing more comes for this connection, neither packets nor keys.
    pub(super) fn settle(
        &mut self,
        options: &Options,
        scratch: &mut Scratch,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        let mut cx = Context {
            place: Place {
                connection: self.number,
                http_stream: None,
            },
            packet: self.last_packet,
            options,
            scratch,
            out,
        };
        self.conversation.settle(&mut self.ledgers, &mut cx);
    }

    /// The connection's record.
    pub(super) fn into_record(self) -> Record {
        let (client, roles) = self.conversation.client();
        let both = |side: Side| (self.tcp.half(side), &self.ledgers[side]);
        let ((client_half, to_server), (server_half, to_client)) =
            (both(client), both(client.other()));
        let (close_code, closed_by) = self.conversation.closed();
        let record = Connection {
            number: self.number,
            client: self.ends[client],
            server: self.ends[client.other()],
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
            packets: Both {
                to_server: to_server.packets,
                to_client: to_client.packets,
            },
            bytes: Both {
                to_server: to_server.total(),
                to_client: to_client.total(),
            },
            retransmitted_bytes: self.retransmitted_bytes,
            missing_bytes: Both {
                to_server: to_server.missing,
                to_client: to_client.missing,
            },
            exchanges: self.conversation.exchanges(),
            handshake: self.conversation.handshake(),
            frames: self.conversation.frames(),
            messages: self.conversation.messages(),
            close_code,
            closed_by,
            ledgers: Both {
                to_server: *to_server,
                to_client: *to_client,
            },
        };
        Record {
            key: self.key,
            record,
        }
    }
}

fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
