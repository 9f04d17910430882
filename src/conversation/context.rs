//! Context: what an event needs beside its own facts.

use super::content::DecodingRoom;
use super::secure;
use super::streams::Spare;
use crate::check::Checks;
use crate::event::{Event, Place};
use crate::notice::Notice;
use crate::options::Options;
use crate::private::Private;
use crate::time::Timestamp;
use crate::websocket::deflate::Workshop;

/// What an event needs beside its own facts.
pub(crate) struct Context<'a> {
    /// Which connection this is.
    pub(crate) place: Place,
    /// The packet at hand.
    pub(crate) packet: u64,
    /// What is kept.
    pub(crate) options: &'a Options,
    /// Room to work in.
    pub(crate) scratch: &'a mut Scratch,
    /// Whether the capture has the beginnings of both TCP streams.
    pub(crate) opening: bool,
    /// How far the side that is being read had acknowledged the other's bytes, at most; none where its numbers cannot be compared
    /// with the offsets of what is read.
    pub(crate) acked: Option<u64>,
    /// Whether the bytes are under TLS.
    pub(crate) encrypted: bool,
    /// When the packet at hand was captured.
    pub(crate) time: Timestamp,
    /// Where facts go that the rules want.
    pub(crate) checks: Option<&'a mut Checks>,
    /// Where events go.
    pub(crate) out: &'a mut dyn FnMut(&Event<'_>),
}

impl Context<'_> {
    /// Whether somebody looks at messages.
    pub(crate) fn wants_messages(&self) -> bool {
        self.options.wanted.messages || self.checks.is_some()
    }

    /// Gives a notice about the connection, at the packet at hand.
    pub(crate) fn tell(&mut self, notice: Notice) {
        self.tell_at(self.packet, notice);
    }

    /// The same, at another packet.
    pub(crate) fn tell_at(&mut self, packet: u64, notice: Notice) {
        let notice = notice
            .of_connection(self.place.connection)
            .at_packet(packet);
        (self.out)(&Event::Notice(&notice));
    }
}

/// What all connections of a thread share: room to work in, and what opens those under TLS.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Payload without its masking.
    pub(crate) unmasked: Private<Vec<u8>>,
    /// For what is compressed.
    pub(crate) workshop: Workshop,
    /// For HTTP content that is coded.
    pub(crate) decoding: DecodingRoom,
    /// For what is under TLS.
    pub(crate) secure: secure::Shared,
    /// For bytes that wait.
    pub(crate) spare: Spare,
    /// How many handshakes were given with their texts.
    pub(crate) handshakes_told: u64,
    /// How many bytes were inflated, decoded or decrypted: before, not after.
    pub(crate) laboured: u64,
}

impl Scratch {
    /// The same for another thread.
    pub(crate) fn another(&self) -> Self {
        Self {
            workshop: self.workshop.another(),
            decoding: self.decoding.another(),
            secure: self.secure.another(),
            handshakes_told: self.handshakes_told,
            ..Self::default()
        }
    }

    /// It is this shard's turn.
    #[inline]
    pub(crate) fn turn(&mut self, shard: usize) {
        self.workshop.turn(shard);
        self.decoding.turn(shard);
        self.secure.turn(shard);
    }
}
