//! Checks: gathers the facts of one connection while it is read, and asks the rules.
//!
//! Comes in: heads, frames, messages and segments, as their readers see them. Goes out: findings, those of a handshake at once and the
//! rest when the connection ends. Nothing here is made unless the analysis checks.

mod ending;

use super::across::Closed;
use super::agreement::Agreement;
use super::channel::{Channel, CloseSeen, OpenFrame};
use super::close::CloseFacts;
use super::collector::{self, Collector};
use super::finding::Cause;
use super::frames::FrameFacts;
use super::handshake::{HandshakeFacts, Judgement, Reach};
use super::http::HeadFacts;
use super::line::Line;
use super::messages::MessageFacts;
use super::outcome::{Maybe, Outcome, Spot};
use super::rule::{Fault, Judge};
use super::transport::HttpEnd;
use super::{close, closing, deflate, frames, http, masks, messages, performance, security};
use crate::direction::{Both, Direction};
use crate::event::{Event, Place};
use crate::span::Trust;
use crate::tcp::Sides;
use crate::websocket::{Header, Opcode};

/// The longest payload of a control frame (RFC 6455, section 5.5).
const LONGEST_CONTROL: usize = 125;

/// From here on a frame's length is none that anybody sends: it was read where no header stood, or its highest bit is set, which
/// another rule tells.
const NO_LENGTH: u64 = 1 << 62;

/// The facts of one connection, and the findings so far.
#[derive(Debug)]
pub(crate) struct Checks {
    pub(super) collector: Collector,
    reach: Reach,
    pub(super) channel: Option<Box<Channel>>,
    /// What is left of its HTTP.
    pub(crate) http: HttpEnd,
    /// What is known of the TCP connection's two sides.
    pub(crate) lines: Sides<Line>,
    /// Whether the bytes are under TLS, so that their offsets are not those of TCP.
    pub(crate) encrypted: bool,
    /// How far the side that is being read had acknowledged the other's bytes, at most; none where that is not known.
    acked: Maybe,
    /// What is told to those who compare connections.
    pub(super) closed: Closed,
}

impl Checks {
    pub(crate) fn new(reach: Reach, unjudged: bool) -> Self {
        Self {
            collector: Collector::new(unjudged),
            reach,
            channel: None,
            http: HttpEnd::default(),
            lines: Sides::default(),
            encrypted: false,
            acked: Maybe::default(),
            closed: Closed::default(),
        }
    }

    /// What is told to those who compare connections.
    pub(crate) fn into_closed(self) -> Closed {
        self.closed
    }

    /// The side that is being read had acknowledged so much of the other's bytes, at most.
    #[inline]
    pub(crate) fn note_acked(&mut self, acked: Option<u64>) {
        self.acked = acked.into();
    }

    /// How far the connection reaches.
    pub(crate) fn reach(&self) -> Reach {
        self.reach
    }

    /// An opening handshake was judged: its findings leave at once.
    pub(crate) fn handshake(
        &mut self,
        facts: &HandshakeFacts<'_>,
        judgement: &Judgement,
        spots: Both<Spot>,
        out: &mut dyn FnMut(&Event<'_>),
        place: Place,
    ) {
        self.closed
            .handshake(facts, judgement.verdict, spots.to_server);
        for (rule, outcome) in &judgement.answers {
            let sender = match rule.judge {
                Judge::Request(_) => Direction::ToServer,
                _ => Direction::ToClient,
            };
            match outcome {
                Outcome::Fail(severity, explanation) => {
                    let said = (*severity, explanation.clone());
                    let finding =
                        collector::finding(place, rule, Some(sender), said, spots[sender]);
                    out(&Event::Finding(&finding));
                }
                Outcome::Unknown(cause) => self.collector.unknown(rule, Some(sender), *cause),
                Outcome::Pass | Outcome::NotApplicable => {}
            }
        }
    }

    /// The head of any HTTP message.
    pub(crate) fn head(&mut self, head: &HeadFacts<'_>, spot: Spot) {
        let sender = if head.is_request {
            Direction::ToServer
        } else {
            Direction::ToClient
        };
        for rule in http::RULES {
            if let Judge::Head(judge) = rule.judge {
                self.collector.take(rule, Some(sender), judge(head), spot);
            }
        }
    }

    /// An exchange that need be no handshake.
    pub(crate) fn exchange(&mut self, facts: &HandshakeFacts<'_>, spot: Spot) {
        for rule in security::RULES {
            if let Judge::Exchange(judge) = rule.judge {
                self.collector
                    .take(rule, Some(Direction::ToServer), judge(facts), spot);
            }
        }
    }

    /// A poll, perhaps.
    pub(crate) fn poll(&mut self, poll: super::across::Poll) {
        self.closed.poll(poll);
    }

    /// The connection is a WebSocket from here on; `facts` are those of its handshake.
    pub(crate) fn begin_channel(&mut self, facts: &HandshakeFacts<'_>) {
        let mut channel = Box::<Channel>::default();
        if let Some((request, response)) = facts.switched() {
            channel.agreement = Agreement::of(response);
            channel.offered_extension =
                request.fields().first("Sec-WebSocket-Extensions").is_some();
            let subprotocol = response.fields().first("Sec-WebSocket-Protocol");
            channel.wants_binary =
                subprotocol.is_some_and(|name| name.eq_ignore_ascii_case(b"mqtt"));
        }
        self.closed.is_websocket = true;
        self.channel = Some(channel);
    }

    /// A direction's place in the stream was lost, or was never sure, and why.
    pub(crate) fn lose(&mut self, direction: Direction, cause: Cause) {
        let channel = self.channel.get_or_insert_with(Box::default);
        channel.talks[direction].lost.get_or_insert(cause);
        channel.interrupt_masks(direction);
        channel.forget_open(direction);
    }

    /// A frame's header.
    #[inline]
    pub(crate) fn frame(&mut self, mut facts: FrameFacts<'_>) {
        let channel = self.channel.get_or_insert_with(Box::default);
        facts.agreement = channel.agreement;
        let (direction, header) = (facts.direction, facts.header);
        channel.note_idle(&facts);
        let talk = &mut channel.talks[direction];
        talk.count(header, facts.agreement);
        talk.inside = true;
        talk.split.push(header.payload_len, facts.is_split);
        talk.note_stream(&facts);
        if facts.trust > Trust::Carried {
            self.unsure(&facts);
            return;
        }
        if let Some(key) = header.masking_key {
            self.mask(key, &facts);
        }
        let Some(channel) = &mut self.channel else {
            return;
        };
        if channel.close(direction).is_some() {
            let said = (header.opcode.name(), header.opcode.is_control());
            for rule in closing::RULES {
                if let Judge::BehindClose(judge) = rule.judge {
                    self.collector
                        .take(rule, Some(direction), judge(said), facts.spot());
                }
            }
        }
        if !facts.is_ordinary() {
            channel.talks[direction].interleave(&mut facts);
            self.unusual(&facts);
        }
    }

    /// The masking key of a frame whose place is sure.
    pub(super) fn mask(&mut self, key: [u8; 4], facts: &FrameFacts<'_>) {
        let Some(channel) = &mut self.channel else {
            return;
        };
        let masks = channel.masks_mut(facts.direction);
        masks.push(key);
        if masks.is_suspicious() {
            for rule in masks::RULES {
                if let Judge::Mask(judge) = rule.judge {
                    let sender = Some(facts.direction);
                    self.collector
                        .take(rule, sender, judge(masks), facts.spot());
                }
            }
        }
    }

    /// A frame whose header may break a rule, or that belongs to a fragmented message.
    fn unusual(&mut self, facts: &FrameFacts<'_>) {
        for rule in frames::RULES {
            if let Judge::Frame(judge) = rule.judge {
                self.collector
                    .take(rule, Some(facts.direction), judge(facts), facts.spot());
            }
        }
    }

    /// A frame whose boundary is not sure: nothing is said of it.
    fn unsure(&mut self, facts: &FrameFacts<'_>) {
        let cause = Cause::of_unsure(facts.trust);
        self.lose(facts.direction, cause);
        if self.collector.counts_unjudged() {
            // What first cost the place is why all behind it is not sure.
            let lost = |channel: &Channel| channel.talks[facts.direction].lost;
            let cause = self.channel.as_deref().and_then(lost).unwrap_or(cause);
            let others = match facts.direction {
                Direction::ToServer => Fault::Server,
                Direction::ToClient => Fault::Client,
            };
            for rule in frames::RULES.iter().filter(|rule| rule.fault != others) {
                self.collector.unknown(rule, Some(facts.direction), cause);
            }
        }
    }

    /// A piece of a masked frame's payload as it stands on the wire, from its byte `at` on.
    pub(crate) fn wire(
        &mut self,
        direction: Direction,
        (at, len): (u64, u64),
        wire: &[u8],
        spot: impl FnOnce() -> Spot,
    ) {
        let Some(channel) = &mut self.channel else {
            return;
        };
        let talk = &mut channel.talks[direction];
        let looks = if at == 0 && wire.len() as u64 == len {
            masks::looks_like_http(wire)
        } else {
            talk.rare_mut().on_wire.push(at, len, wire)
        };
        if looks {
            let spot = spot();
            for rule in masks::RULES {
                if let Judge::Wire(judge) = rule.judge {
                    self.collector
                        .take(rule, Some(direction), judge(true), spot);
                }
            }
        }
    }

    /// A piece of a long text that is not compressed; `begins` where it is the first of its frame.
    pub(crate) fn text(
        &mut self,
        direction: Direction,
        len: u64,
        text: &[u8],
        begins: bool,
        spot: impl FnOnce() -> Spot,
    ) {
        let Some(channel) = &mut self.channel else {
            return;
        };
        let sample = channel.talks[direction].sample_mut();
        if begins {
            sample.begin_text();
        }
        sample.push_text(len, text, spot);
        sample.push_base64(text);
    }

    /// A piece of a compressed message, inflated: wanted for trying another way to compress it.
    pub(crate) fn inflated(&mut self, direction: Direction, plain: &[u8]) {
        let channel = self.channel.as_mut();
        if let Some(channel) = channel.filter(|channel| channel.agreement.no_takeover) {
            channel.talks[direction].sample_mut().push(plain);
        }
    }

    /// A frame has ended; its message may go on.
    #[inline]
    pub(crate) fn end_frame(&mut self, direction: Direction, goes_on: bool) {
        if let Some(channel) = &mut self.channel {
            channel.talks[direction].inside = goes_on;
        }
    }

    /// Whether a side is inside a frame or a message.
    pub(crate) fn is_inside(&self, direction: Direction) -> bool {
        self.channel
            .as_ref()
            .is_some_and(|channel| channel.talks[direction].inside)
    }

    /// A frame has begun and is not read to its end.
    pub(crate) fn open_frame(
        &mut self,
        direction: Direction,
        index: u64,
        missing: u64,
        spot: Spot,
    ) {
        if let Some(channel) = &mut self.channel
            && missing < NO_LENGTH
        {
            let frame = OpenFrame {
                index,
                missing,
                spot,
            };
            channel.note_open_frame(direction, frame);
        }
    }

    /// A frame was read to its end, or as far as it will be. `payload` is that of a control frame, where all of it is there.
    pub(crate) fn control(
        &mut self,
        direction: Direction,
        header: &Header,
        payload: Option<&[u8]>,
        end: u64,
        spot: Spot,
    ) {
        // Acknowledgments count the bytes of TLS, so that none covers this end.
        let end = if self.encrypted { u64::MAX } else { end };
        // One that is too long is kept whole or in part, as its bytes came; a legal one is never longer than this.
        let payload = payload.map(|payload| payload.get(..LONGEST_CONTROL).unwrap_or(payload));
        let Some(channel) = &mut self.channel else {
            return;
        };
        let Both {
            to_server,
            to_client,
        } = &mut channel.talks;
        let (own, other) = match direction {
            Direction::ToServer => (to_server, to_client),
            Direction::ToClient => (to_client, to_server),
        };
        match header.opcode {
            Opcode::Ping => {
                let pongs = other
                    .rare_if_any()
                    .and_then(|rare| rare.pings.as_deref_mut());
                let pings = own.rare_mut().pings.get_or_insert_default();
                pings.ping(payload, end, spot, pongs);
            }
            Opcode::Pong => {
                let pings = other.rare_mut().pings.get_or_insert_default();
                let pongs = own.rare_mut().pings.get_or_insert_default();
                pongs.pong(payload, spot, pings);
            }
            Opcode::Close => {
                let code = payload
                    .and_then(<[u8]>::first_chunk)
                    .map(|code| u16::from_be_bytes(*code));
                let seen = CloseSeen::new(code, &spot, end, self.acked);
                let answers = other.header_bytes > 0;
                let sure = own.lost.is_none();
                channel.note_close(direction, seen);
                let (agreement, offered_extension) = (channel.agreement, channel.offered_extension);
                let Some(payload) = payload.filter(|_| sure) else {
                    return;
                };
                let facts = CloseFacts {
                    direction,
                    payload_len: header.payload_len,
                    payload,
                    agreement,
                    offered_extension,
                    answers,
                };
                for rule in close::RULES {
                    if let Judge::Close(judge) = rule.judge {
                        self.collector
                            .take(rule, Some(direction), judge(&facts), spot);
                    }
                }
            }
            _ => {}
        }
    }

    /// A message is open: its final frame has not come.
    pub(crate) fn open_message(&mut self, direction: Direction, spot: Spot) {
        if let Some(channel) = &mut self.channel {
            channel.note_open_message(direction, spot);
        }
    }

    /// A message has ended, or will get no more frames.
    #[inline]
    pub(crate) fn message(&mut self, mut facts: MessageFacts<'_>) {
        let Some(channel) = &mut self.channel else {
            return;
        };
        facts.agreement = channel.agreement;
        facts.wants_binary = channel.wants_binary;
        let talk = &mut channel.talks[facts.direction];
        facts.shape = std::mem::take(&mut talk.shape);
        facts.base64 = talk.take_base64();
        talk.messages += 1;
        talk.largest_message = talk.largest_message.max(facts.coded_length);
        let spot = Spot::of_span(facts.span, facts.trust).in_message(Some(facts.index));
        if facts.trust > Trust::Carried {
            return;
        }
        talk.push_message(&facts, spot);
        if facts.compressed && facts.agreement.no_takeover {
            talk.sample_mut().end_message(facts.coded_length);
        }
        if facts.is_ordinary() {
            return;
        }
        for rule in [messages::RULES, deflate::RULES, performance::RULES]
            .into_iter()
            .flatten()
        {
            if let Judge::Message(judge) = rule.judge {
                self.collector
                    .take(rule, Some(facts.direction), judge(&facts), spot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_connection_is_small() {
        assert!(size_of::<Checks>() <= 224, "{}", size_of::<Checks>());
        assert!(size_of::<Channel>() <= 296, "{}", size_of::<Channel>());
    }
}
