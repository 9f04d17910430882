//! Session: the two directions of one connection under TLS 1.2 or 1.3, from records to what the application said.
//!
//! Comes in: the bytes of each direction, from the first that no record has taken. Goes out: whole records, and the content of those
//! that carry application data. It converts and does not read: where its bytes came from, and who pays for them, the caller knows.

use super::agreement::{Agreement, Epoch, Terms};
use super::decryptor::{Decryptor, Missing};
use super::hello::TLS_1_2;
use super::keys::Keys;
use super::message::Messages;
use super::protection::Opened;
use super::record::{ContentType, HEADER_LEN, begins_record, record_len};
use super::step::{Content, Need, Reason, Step};
use crate::direction::{Both, Direction};

/// A connection under TLS.
#[derive(Default)]
pub struct Session {
    pub(super) terms: Terms,
    /// Whether it is TLS 1.3; none while that is not known.
    pub(super) is_1_3: Option<bool>,
    /// Whether the server takes early data; none while that is not known.
    pub(super) early_accepted: Option<bool>,
    pub(super) alpn: Option<Box<str>>,
    pub(super) halves: Both<Half>,
    renegotiated: bool,
}

#[derive(Default)]
pub(super) struct Half {
    pub(super) messages: Messages,
    pub(super) decryptor: Decryptor,
    /// Whether the next byte may stand anywhere in a record.
    pub(super) lost: bool,
    /// Whether handshake messages are missing, so that what comes in the clear tells nothing sure.
    pub(super) messages_lost: bool,
    pub(super) closed: Option<Reason>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("client", &self.terms.client.is_some())
            .field("server", &self.terms.server.is_some())
            .finish_non_exhaustive()
    }
}

impl Session {
    /// The host that the client asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.terms.client.as_ref()?.server_name.as_deref()
    }

    /// The protocol that the server chose.
    pub fn alpn(&self) -> Option<&str> {
        self.alpn.as_deref()
    }

    /// Whether any record of a direction was opened.
    pub fn has_opened(&self, direction: Direction) -> bool {
        self.halves[direction].decryptor.has_opened()
    }

    /// Whether the keys were tried on a direction, and opened nothing.
    pub fn is_refused(&self, direction: Direction) -> bool {
        self.halves[direction].decryptor.is_refused()
    }

    /// Whether the two agreed on new keys by a whole new handshake, since this was asked last.
    pub fn take_renegotiated(&mut self) -> bool {
        std::mem::take(&mut self.renegotiated)
    }

    /// What a direction said since its last record that was opened, if anything.
    pub fn missing(&self, direction: Direction) -> Option<Missing> {
        self.halves[direction].decryptor.all_missing()
    }

    /// So many bytes of a direction were passed over. Where `place_known`, a record begins behind them.
    pub fn pass(&mut self, direction: Direction, len: u64, place_known: bool) {
        let half = &mut self.halves[direction];
        half.decryptor.lose(len);
        half.lost |= !place_known;
        half.messages_lost = true;
        half.messages.reset();
    }

    /// What a direction waits for will not come.
    pub fn close(&mut self, direction: Direction, reason: Reason) {
        self.halves[direction].closed.get_or_insert(reason);
    }

    /// Looks at the bytes that wait in a direction. The content of a record stands in the first bytes of `out`.
    /// `at_end`: no more will come.
    pub fn read(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        at_end: bool,
        keys: &Keys,
        out: &mut Vec<u8>,
    ) -> Step {
        if self.halves[direction].lost {
            return self.find(direction, bytes, at_end, keys, out);
        }
        if let Some(reason) = self.halves[direction].closed {
            return Step::Closed(reason);
        }
        let record = match record_len(bytes) {
            Some(len) => match bytes.get(..len) {
                Some(record) => record,
                None => return Step::Incomplete(len),
            },
            None if begins_record(bytes) => return Step::Incomplete(HEADER_LEN),
            None => {
                self.pass(direction, 0, false);
                return self.find(direction, bytes, at_end, keys, out);
            }
        };
        self.record(direction, record, keys, out)
    }

    fn record(
        &mut self,
        direction: Direction,
        record: &[u8],
        keys: &Keys,
        out: &mut Vec<u8>,
    ) -> Step {
        let outer = ContentType(record.first().copied().unwrap_or_default());
        let own = Step::Record(record.len(), Content::Own);
        let half = &self.halves[direction];
        let clear = half.decryptor.epoch == Epoch::Clear;
        match (outer, clear, self.is_1_3) {
            // An alert, or the first part of the handshake.
            (ContentType::HANDSHAKE, true, _) if !half.messages_lost => {
                let fragment = record.get(HEADER_LEN..).unwrap_or_default();
                self.messages(direction, fragment, keys);
                own
            }
            // Only the other side's hello tells whether this changes anything.
            (ContentType::CHANGE_CIPHER_SPEC | ContentType::APPLICATION_DATA, true, None) => {
                self.wait(direction, Need::OtherSide)
            }
            (ContentType::CHANGE_CIPHER_SPEC, true, Some(false)) => {
                let step = self.ready(direction, Epoch::Application, keys);
                if step.is_none() {
                    self.change(direction, Epoch::Application, keys);
                }
                step.unwrap_or(own)
            }
            (ContentType::APPLICATION_DATA, _, _) | (_, false, Some(false)) => {
                self.protected(direction, record, keys, out)
            }
            (ContentType::HANDSHAKE, true, Some(false)) => {
                // Behind a hole this may be in the clear, or a Finished whose change of keys is lost.
                self.protected(direction, record, keys, out)
            }
            _ => own,
        }
    }

    /// A record that should open with the keys of its direction.
    fn protected(
        &mut self,
        direction: Direction,
        record: &[u8],
        keys: &Keys,
        out: &mut Vec<u8>,
    ) -> Step {
        if self.halves[direction].decryptor.epoch == Epoch::Clear {
            let Some(next) = self.agreement(direction, keys).next_epoch(Epoch::Clear) else {
                return self.wait(direction, Need::OtherSide);
            };
            if let Some(step) = self.ready(direction, next, keys) {
                return step;
            }
            if self.is_1_3() {
                self.change(direction, next, keys);
            }
        }
        let epoch = self.halves[direction].decryptor.epoch;
        if epoch == Epoch::Early && self.early_accepted.is_none() {
            return self.wait(direction, Need::OtherSide);
        }
        let (agreement, half) = split(direction, &self.terms, keys, &mut self.halves);
        if epoch != Epoch::Clear && !half.decryptor.has_keys() {
            if !agreement.has_keys(epoch) {
                return self.wait(direction, Need::Keys);
            }
            // They may have come since the change.
            half.decryptor.change(epoch, &agreement);
        }
        let Some((opened, missing)) = half.decryptor.open(record, &agreement, out) else {
            half.decryptor.lose_record(record.len() as u64);
            if half.decryptor.is_hopeless() {
                let reason = if half.decryptor.has_opened() {
                    Reason::Lost
                } else {
                    Reason::WrongKeys
                };
                self.close(direction, reason);
            }
            return Step::Record(record.len(), Content::Unread);
        };
        let content = self.opened(direction, opened, missing, epoch, keys, out);
        Step::Record(record.len(), content)
    }

    fn opened(
        &mut self,
        direction: Direction,
        opened: Opened,
        missing: Option<Missing>,
        before: Epoch,
        keys: &Keys,
        out: &[u8],
    ) -> Content {
        let half = &mut self.halves[direction];
        if missing.is_some() || half.decryptor.epoch != before {
            half.messages.reset();
            if let Some(exchange) = &mut self.terms.exchange {
                exchange.lose();
            }
        }
        half.messages_lost = false;
        let epoch = half.decryptor.epoch;
        match opened.content_type {
            ContentType::HANDSHAKE => {
                let content = out.get(..opened.len).unwrap_or_default();
                self.messages(direction, content, keys);
            }
            ContentType::CHANGE_CIPHER_SPEC if !self.is_1_3() => {
                self.renegotiated |= direction == Direction::ToServer;
                self.change(direction, Epoch::Application, keys);
            }
            // What the server refused never reached an application; the client says it again.
            ContentType::APPLICATION_DATA
                if epoch == Epoch::Early && self.early_accepted != Some(true) => {}
            ContentType::APPLICATION_DATA if opened.len > 0 || missing.is_some() => {
                return Content::Application(opened.len, missing);
            }
            _ => {}
        }
        match missing {
            Some(missing) => Content::Application(0, Some(missing)),
            None => Content::Own,
        }
    }

    /// None where the keys of an epoch are there; else what to do.
    fn ready(&mut self, direction: Direction, epoch: Epoch, keys: &Keys) -> Option<Step> {
        if self.terms.client.is_none() || self.terms.server.is_none() {
            return Some(self.wait(direction, Need::OtherSide));
        }
        let agreement = self.agreement(direction, keys);
        if agreement.suite().is_none() {
            let (version, cipher_suite) = self
                .terms
                .server
                .as_ref()
                .map_or((TLS_1_2, 0), |server| (server.version, server.cipher_suite));
            let reason = Reason::Unsupported {
                version,
                cipher_suite,
            };
            self.close(direction, reason);
            return Some(Step::Closed(reason));
        }
        (!agreement.has_keys(epoch)).then(|| self.wait(direction, Need::Keys))
    }

    /// Waits; but not for a hello whose bytes are lost.
    fn wait(&mut self, direction: Direction, need: Need) -> Step {
        let lost = |half: &Half| half.decryptor.epoch == Epoch::Clear && half.messages_lost;
        let hello_lost = self.terms.client.is_none() && lost(&self.halves.to_server)
            || self.terms.server.is_none() && lost(&self.halves.to_client);
        if need == Need::OtherSide && hello_lost {
            self.close(direction, Reason::NoHello);
            return Step::Closed(Reason::NoHello);
        }
        Step::Held(need)
    }

    pub(super) fn is_1_3(&self) -> bool {
        self.is_1_3 == Some(true)
    }

    fn agreement<'a>(&'a self, direction: Direction, keys: &'a Keys) -> Agreement<'a> {
        Agreement {
            terms: &self.terms,
            direction,
            keys,
        }
    }
}

/// What was agreed, beside the half that needs it.
pub(super) fn split<'a>(
    direction: Direction,
    terms: &'a Terms,
    keys: &'a Keys,
    halves: &'a mut Both<Half>,
) -> (Agreement<'a>, &'a mut Half) {
    let agreement = Agreement {
        terms,
        direction,
        keys,
    };
    (agreement, &mut halves[direction])
}
