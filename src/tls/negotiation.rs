//! Negotiation: what handshake messages change for the records behind them.

use super::agreement::Epoch;
use super::hello::TLS_1_3;
use super::keys::Keys;
use super::message::{Handshake, Message};
use super::session::{Session, split};
use crate::direction::Direction;

impl Session {
    /// Takes handshake messages, in the clear or opened.
    pub(super) fn messages(&mut self, direction: Direction, content: &[u8], keys: &Keys) {
        let mut messages = std::mem::take(&mut self.halves[direction].messages);
        let keeps_all = self.keeps_messages(keys);
        messages.read(content, keeps_all, |message| {
            self.transcribe(direction, message);
            if let Some(message) = message.read() {
                self.message(direction, message, keys);
            }
        });
        self.halves[direction].messages = messages;
    }

    /// Whether the bytes of messages are kept, because a master secret may have to be computed of them: TLS 1.3 has none.
    fn keeps_messages(&mut self, keys: &Keys) -> bool {
        let exchange = &mut self.terms.exchange;
        if self.is_1_3 == Some(true) {
            *exchange = None;
        } else if exchange.is_none() && keys.may_need_messages() {
            *exchange = Some(Box::default());
        }
        exchange
            .as_ref()
            .is_some_and(|exchange| !exchange.is_over())
    }

    fn transcribe(&mut self, direction: Direction, message: &Handshake) {
        let suite = self.terms.suite();
        if let Some(exchange) = &mut self.terms.exchange {
            exchange.take(direction, message, suite);
        }
    }

    fn message(&mut self, direction: Direction, message: Message, keys: &Keys) {
        let is_1_3 = self.is_1_3();
        let epoch = self.halves[direction].decryptor.epoch;
        match (direction, message) {
            (Direction::ToServer, Message::ClientHello(hello)) => {
                if epoch != Epoch::Clear {
                    // A new handshake inside the old one: its keys hang on both new hellos.
                    self.terms.server = None;
                }
                if !hello.early_data {
                    self.early_accepted.get_or_insert(false);
                }
                self.terms.client = Some(hello);
            }
            (Direction::ToClient, Message::ServerHello(hello)) if hello.is_retry() => {
                // Only TLS 1.3 asks for another hello.
                self.is_1_3 = Some(true);
                self.early_accepted = Some(false);
            }
            (Direction::ToClient, Message::ServerHello(hello)) => {
                self.is_1_3 = Some(hello.version == TLS_1_3);
                if hello.version == TLS_1_3 {
                    self.terms.exchange = None;
                }
                if hello.version != TLS_1_3 || !hello.pre_shared_key {
                    self.early_accepted = Some(false);
                }
                if hello.alpn.is_some() {
                    self.alpn.clone_from(&hello.alpn);
                }
                self.terms.server = Some(hello);
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
                let (agreement, half) = split(direction, &self.terms, keys, &mut self.halves);
                half.decryptor.update(&agreement);
            }
            _ => {}
        }
    }

    pub(super) fn change(&mut self, direction: Direction, epoch: Epoch, keys: &Keys) {
        let (agreement, half) = split(direction, &self.terms, keys, &mut self.halves);
        half.decryptor.change(epoch, &agreement);
    }
}
