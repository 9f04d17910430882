//! Decoding: from a packet to a TCP segment.
//!
//! Packets come in, one at a time, and each goes out as a segment, as something else with what it cost, or is held as a fragment of
//! an IP datagram. Over a whole capture the costs of all that went out sum up to the packets' original lengths. Connections are
//! none of its business.

mod cost;
mod defrag;
mod ip;
mod layer;
mod link;
mod origin;
mod plain;
mod rest;
mod segment;
mod tcp;
mod tunnel;
mod walk;

pub use segment::{Decoded, Endpoint, Flags, Other, Segment};

use self::defrag::{Defragmenter, Fragment, Joined, Outcome};
use self::walk::{Found, Walk};
use crate::capture::{LinkType, Packet};
use crate::notice::{Kind, Notice};

/// Decodes packets, and remembers what one packet leaves for the next: fragments, and which notices were given.
#[derive(Debug, Default)]
pub struct Decoder {
    fragments: Defragmenter,
    /// The datagram that the latest segment borrows from.
    datagram: Option<Joined>,
    /// Unknown link types that a notice was given for. A capture has one link type or a few, and there are only 65,536.
    unknown: Vec<LinkType>,
    told_of_depth: bool,
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes a packet. What the capture does not show goes to `notices`; datagrams of which fragments are lacking go to
    /// `given_up`, where a later fragment shows that they will not be completed.
    #[inline]
    pub fn decode<'a>(
        &'a mut self,
        packet: &Packet<'a>,
        notices: &mut Vec<Notice>,
        given_up: &mut Vec<Other>,
    ) -> Decoded<'a> {
        match plain::fixed(packet) {
            Some(segment) => Decoded::Tcp(segment),
            None => self.decode_unusual(packet, notices, given_up),
        }
    }

    /// The segment in a packet in which it stands where it stands in most; else nothing has happened.
    #[inline]
    pub fn decode_usual<'a>(packet: &Packet<'a>) -> Option<Segment<'a>> {
        plain::fixed(packet)
    }

    /// The same as [`decode`](Self::decode), for what [`decode_usual`](Self::decode_usual) has left.
    #[inline(never)]
    pub fn decode_unusual<'a>(
        &'a mut self,
        packet: &Packet<'a>,
        notices: &mut Vec<Notice>,
        given_up: &mut Vec<Other>,
    ) -> Decoded<'a> {
        match plain::tagged(packet) {
            Some(segment) => Decoded::Tcp(segment),
            None => self.walk(packet, notices, given_up),
        }
    }

    /// Gives up the datagrams that still wait for fragments. The decoder may be used again.
    pub fn finish(&mut self, notices: &mut Vec<Notice>, given_up: &mut Vec<Other>) {
        self.fragments.finish(notices, given_up);
    }

    fn walk<'a>(
        &'a mut self,
        packet: &Packet<'a>,
        notices: &mut Vec<Notice>,
        given_up: &mut Vec<Other>,
    ) -> Decoded<'a> {
        let Some(layer) = link::first(packet.link) else {
            return self.unknown(packet, notices);
        };
        match Walk::new(layer, packet).run(packet) {
            Found::Tcp(segment) => Decoded::Tcp(segment),
            Found::Other(other) => Decoded::Other(other),
            Found::TooDeep(other) => {
                tell_of_depth(&mut self.told_of_depth, packet, notices);
                Decoded::Other(other)
            }
            Found::Fragment(fragment) => self.fragment(&fragment, packet, notices, given_up),
        }
    }

    /// Joins a fragment with its siblings. A joined datagram may be a fragment in its turn, of a datagram inside it; each round
    /// takes one datagram away from those that wait, so there are only so many rounds.
    fn fragment<'a>(
        &'a mut self,
        fragment: &Fragment<'_>,
        packet: &Packet<'_>,
        notices: &mut Vec<Notice>,
        given_up: &mut Vec<Other>,
    ) -> Decoded<'a> {
        let mut outcome = self.fragments.add(fragment, packet, notices, given_up);
        let joined = loop {
            let joined = match outcome {
                Outcome::Held => return Decoded::Held,
                Outcome::Other(other) => return Decoded::Other(other),
                Outcome::Joined(joined) => joined,
            };
            match Walk::resumed(&joined).run(packet) {
                Found::Fragment(inner) => {
                    outcome = self.fragments.add(&inner, packet, notices, given_up);
                }
                _ => break joined,
            }
        };
        // The datagram moves in with the decoder, which outlives the segment, and is walked again there.
        match Walk::resumed(self.datagram.insert(joined)).run(packet) {
            Found::Tcp(segment) => Decoded::Tcp(segment),
            Found::Fragment(Fragment { other, .. }) | Found::Other(other) => Decoded::Other(other),
            Found::TooDeep(other) => {
                tell_of_depth(&mut self.told_of_depth, packet, notices);
                Decoded::Other(other)
            }
        }
    }

    #[cold]
    fn unknown(&mut self, packet: &Packet<'_>, notices: &mut Vec<Notice>) -> Decoded<'static> {
        if !self.unknown.contains(&packet.link) {
            self.unknown.push(packet.link);
            let why = format!(
                "{} is not one that can be decoded; its packets are counted and not read",
                packet.link.name()
            );
            notices.push(Notice::new(Kind::UnknownLinkType, why).at_packet(packet.number));
        }
        Decoded::Other(Other {
            packets: 1,
            payload: packet.original_len,
            ..Other::default()
        })
    }
}

#[cold]
fn tell_of_depth(told: &mut bool, packet: &Packet<'_>, notices: &mut Vec<Notice>) {
    if !std::mem::replace(told, true) {
        let why = "tunnels stand in tunnels more than eight deep; they were not opened further";
        notices.push(Notice::new(Kind::LimitReached, why).at_packet(packet.number));
    }
}

#[cfg(test)]
mod tests;
