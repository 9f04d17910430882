//! Session: the two directions of one connection under TLS 1.2 or 1.3, from records to what the application said.
//!
//! Comes in: the bytes of each direction, from the first that no record has taken. Goes out: whole records, and the content of those
//! that carry application data. It converts and does not read: where its bytes came from, and who pays for them, the caller knows.

use super::agreement::{Agreement, Epoch};
use super::decryptor::{Decryptor, Missing};
use super::hello::{ClientHello, ServerHello, TLS_1_2, TLS_1_3};
use super::keylog::Keys;
use super::message::{Message, Messages};
use super::protection::Opened;
use super::record::{ContentType, begins_record, record_len};
use super::search;
use crate::direction::{Both, Direction};

/// What the bytes before the session turned out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Not before more bytes come.
    Incomplete,
    /// Not before the other side's hello comes, or keys do.
    Held(Need),
    /// This direction cannot be opened from here on.
    Closed(Reason),
    /// So many bytes are not understood: the place is lost.
    Skip(usize),
    /// A record of so many bytes.
    Record(usize, Content),
}

/// What a record holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Content {
    /// So many bytes of application data, and what was lost before them.
    Application(usize, Option<Missing>),
    /// What only TLS needs: handshake, tickets, alerts, changes of keys.
    Own,
    /// Something that does not open.
    Unread,
}

/// What a record waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Need {
    /// What the other side sent before.
    OtherSide,
    /// Keys.
    Keys,
}

/// Why a direction cannot be opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// The hellos are not in the capture, or not whole.
    NoHello,
    /// There are no keys for this connection.
    NoKeys,
    /// The keys do not open it.
    WrongKeys,
    /// Its version or its cipher suite is not read.
    Unsupported {
        /// As the server chose it.
        version: u16,
        /// As the server chose it.
        cipher_suite: u16,
    },
    /// The place was lost and not found again.
    Lost,
}

/// A connection under TLS.
#[derive(Default)]
pub struct Session {
    client: Option<ClientHello>,
    server: Option<ServerHello>,
    /// Whether it is TLS 1.3; none while that is not known.
    is_1_3: Option<bool>,
    /// Whether the server takes early data; none while that is not known.
    early_accepted: Option<bool>,
    alpn: Option<Box<str>>,
    halves: Both<Half>,
    renegotiated: bool,
}

#[derive(Default)]
struct Half {
    messages: Messages,
    decryptor: Decryptor,
    /// Whether the next byte may stand anywhere in a record.
    lost: bool,
    /// Whether handshake messages are missing, so that what comes in the clear tells nothing sure.
    messages_lost: bool,
    closed: Option<Reason>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("client", &self.client)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// The host that the client asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.client.as_ref()?.server_name.as_deref()
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
                None => return Step::Incomplete,
            },
            None if begins_record(bytes) => return Step::Incomplete,
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
                let fragment = record.get(super::record::HEADER_LEN..).unwrap_or_default();
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
        let has_keys = self.halves[direction].decryptor.has_keys()
            || self.agreement(direction, keys).has_keys(epoch);
        if epoch != Epoch::Clear && !has_keys {
            return self.wait(direction, Need::Keys);
        }
        let (agreement, half) = split(
            direction,
            self.client.as_ref(),
            self.server.as_ref(),
            keys,
            &mut self.halves,
        );
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
        let content = self.opened(direction, opened, missing, keys, out);
        Step::Record(record.len(), content)
    }

    fn opened(
        &mut self,
        direction: Direction,
        opened: Opened,
        missing: Option<Missing>,
        keys: &Keys,
        out: &[u8],
    ) -> Content {
        let half = &mut self.halves[direction];
        if missing.is_some() {
            half.messages.reset();
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

    /// Takes handshake messages, in the clear or opened.
    fn messages(&mut self, direction: Direction, content: &[u8], keys: &Keys) {
        let mut messages = std::mem::take(&mut self.halves[direction].messages);
        messages.read(content, |message| self.message(direction, message, keys));
        self.halves[direction].messages = messages;
    }

    fn message(&mut self, direction: Direction, message: Message, keys: &Keys) {
        let is_1_3 = self.is_1_3();
        let epoch = self.halves[direction].decryptor.epoch;
        match (direction, message) {
            (Direction::ToServer, Message::ClientHello(hello)) => {
                if epoch != Epoch::Clear {
                    // A new handshake inside the old one: its keys hang on both new hellos.
                    self.server = None;
                }
                if !hello.early_data {
                    self.early_accepted.get_or_insert(false);
                }
                self.client = Some(hello);
            }
            (Direction::ToClient, Message::ServerHello(hello)) if hello.is_retry() => {
                // Only TLS 1.3 asks for another hello.
                self.is_1_3 = Some(true);
                self.early_accepted = Some(false);
            }
            (Direction::ToClient, Message::ServerHello(hello)) => {
                self.is_1_3 = Some(hello.version == TLS_1_3);
                if hello.version != TLS_1_3 || !hello.pre_shared_key {
                    self.early_accepted = Some(false);
                }
                if hello.alpn.is_some() {
                    self.alpn.clone_from(&hello.alpn);
                }
                self.server = Some(hello);
            }
            (Direction::ToClient, Message::EncryptedExtensions(extensions)) if is_1_3 => {
                self.early_accepted.get_or_insert(extensions.early_data);
                self.alpn = extensions.alpn;
            }
            (Direction::ToServer, Message::EndOfEarlyData) if is_1_3 => {
                self.change(direction, Epoch::Handshake, keys);
            }
            (_, Message::Finished) if is_1_3 && epoch == Epoch::Handshake => {
                if direction == Direction::ToClient {
                    // Its extensions were not seen; with the resumed key it took early data too, as far as anybody knows.
                    self.early_accepted.get_or_insert(true);
                }
                self.change(direction, Epoch::Application, keys);
            }
            (_, Message::KeyUpdate) if is_1_3 && epoch == Epoch::Application => {
                let (agreement, half) = split(
                    direction,
                    self.client.as_ref(),
                    self.server.as_ref(),
                    keys,
                    &mut self.halves,
                );
                half.decryptor.update(&agreement);
            }
            _ => {}
        }
    }

    fn change(&mut self, direction: Direction, epoch: Epoch, keys: &Keys) {
        let (agreement, half) = split(
            direction,
            self.client.as_ref(),
            self.server.as_ref(),
            keys,
            &mut self.halves,
        );
        half.decryptor.change(epoch, &agreement);
    }

    /// None where the keys of an epoch are there; else what to do.
    fn ready(&mut self, direction: Direction, epoch: Epoch, keys: &Keys) -> Option<Step> {
        if self.client.is_none() || self.server.is_none() {
            return Some(self.wait(direction, Need::OtherSide));
        }
        let agreement = self.agreement(direction, keys);
        if agreement.suite().is_none() {
            let (version, cipher_suite) = self
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
        let hello_lost = self.client.is_none() && lost(&self.halves.to_server)
            || self.server.is_none() && lost(&self.halves.to_client);
        if need == Need::OtherSide && hello_lost {
            self.close(direction, Reason::NoHello);
            return Step::Closed(Reason::NoHello);
        }
        Step::Held(need)
    }

    /// Looks for a record in bytes that may begin anywhere in one.
    fn find(
        &mut self,
        direction: Direction,
        bytes: &[u8],
        at_end: bool,
        keys: &Keys,
        out: &mut Vec<u8>,
    ) -> Step {
        let mut passed = 0;
        for at in search::candidates(bytes) {
            let rest = bytes.get(at..).unwrap_or_default();
            let whole = record_len(rest).and_then(|len| rest.get(..len));
            if whole.is_none() && at_end {
                continue;
            }
            // How many bytes are lost bounds what is tried.
            self.halves[direction].decryptor.lose((at - passed) as u64);
            passed = at;
            match whole {
                Some(record) if !self.confirms(direction, record, rest, keys, out) => {}
                Some(_) => {
                    self.halves[direction].lost = false;
                    return match at {
                        0 => self.read(direction, bytes, at_end, keys, out),
                        _ => Step::Skip(at),
                    };
                }
                None if at == 0 => return Step::Incomplete,
                None => return Step::Skip(at),
            }
        }
        let kept = if at_end { 0 } else { search::HEAD };
        // A candidate that was tried begins no record.
        let len = bytes.len().saturating_sub(kept).max(passed);
        self.halves[direction].decryptor.lose((len - passed) as u64);
        match len {
            0 => Step::Incomplete,
            _ => Step::Skip(len),
        }
    }

    /// Whether what looks like a record is one: it opens, or where there are no keys, another follows it.
    fn confirms(
        &mut self,
        direction: Direction,
        record: &[u8],
        rest: &[u8],
        keys: &Keys,
        out: &mut Vec<u8>,
    ) -> bool {
        let (agreement, half) = split(
            direction,
            self.client.as_ref(),
            self.server.as_ref(),
            keys,
            &mut self.halves,
        );
        let has_keys = half.closed.is_none()
            && agreement.suite().is_some()
            && agreement.has_keys(match half.decryptor.epoch {
                Epoch::Clear => agreement.next_epoch(Epoch::Clear).unwrap_or_default(),
                epoch => epoch,
            });
        let in_the_clear = half.decryptor.epoch == Epoch::Clear
            && record.first() != Some(&ContentType::APPLICATION_DATA.0);
        if has_keys && !in_the_clear {
            return half.decryptor.would_open(record, &agreement, out);
        }
        let behind = rest.get(record.len()..).unwrap_or_default();
        behind.is_empty() || search::is_plausible(behind)
    }

    fn is_1_3(&self) -> bool {
        self.is_1_3 == Some(true)
    }

    fn agreement<'a>(&'a self, direction: Direction, keys: &'a Keys) -> Agreement<'a> {
        Agreement {
            client: self.client.as_ref(),
            server: self.server.as_ref(),
            direction,
            keys,
        }
    }
}

/// What the hellos say, beside the half that needs it.
fn split<'a>(
    direction: Direction,
    client: Option<&'a ClientHello>,
    server: Option<&'a ServerHello>,
    keys: &'a Keys,
    halves: &'a mut Both<Half>,
) -> (Agreement<'a>, &'a mut Half) {
    let agreement = Agreement {
        client,
        server,
        direction,
        keys,
    };
    (agreement, &mut halves[direction])
}
