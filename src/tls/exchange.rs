//! Key exchange: what a handshake of TLS 1.2 says about its master secret, for who has the premaster secret (RFC 5246, section 8.1).

use aws_lc_rs::digest;

use super::hello::{ClientHello, ServerHello};
use super::keylog::{Label, NAME_LEN};
use super::keys::Keys;
use super::message::Handshake;
use super::prf;
use super::secret::Secret;
use super::suite::{Hash, Suite};
use crate::direction::Direction;

/// How many bytes of a handshake are kept until its keys are exchanged: certificates are most of them, and OpenSSL takes 100 KB of
/// them at most. Of a longer one there is no hash, and so nothing to find its keys with.
const LONGEST: usize = 128 << 10;

/// Types of messages (RFC 5246, section 7.4).
const HELLO_REQUEST: u8 = 0;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO_DONE: u8 = 14;
const CLIENT_KEY_EXCHANGE: u8 = 16;

/// A handshake up to the client's `ClientKeyExchange`.
#[derive(Default)]
pub(super) struct KeyExchange {
    /// All messages from the client's hello on; none behind the end, or where one of them is lost.
    messages: Option<Vec<u8>>,
    server_is_done: bool,
    is_over: bool,
    /// What the premaster secret begins with, encrypted by RSA.
    encrypted: Option<[u8; NAME_LEN]>,
    /// The hash of all messages (RFC 7627, section 3).
    session_hash: Option<digest::Digest>,
}

impl KeyExchange {
    /// Whether it wants no further messages.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Messages were lost.
    pub(super) fn lose(&mut self) {
        self.messages = None;
    }

    /// Takes the next message. The suite is the one that the server chose, if it has.
    pub(super) fn take(&mut self, direction: Direction, message: &Handshake, suite: Option<Suite>) {
        match (direction, message.kind) {
            (_, HELLO_REQUEST) => return,
            (Direction::ToServer, CLIENT_HELLO) => {
                *self = Self {
                    messages: Some(Vec::new()),
                    ..Self::default()
                };
            }
            _ if self.is_over => return,
            _ => {}
        }
        match (&mut self.messages, &message.bytes) {
            (Some(messages), Some(bytes)) if messages.len() + bytes.len() <= LONGEST => {
                messages.extend_from_slice(bytes);
            }
            _ => self.lose(),
        }
        match (direction, message.kind) {
            (Direction::ToClient, SERVER_HELLO_DONE) => self.server_is_done = true,
            (Direction::ToServer, CLIENT_KEY_EXCHANGE) => {
                // Its length stands before it.
                self.encrypted = message
                    .body()
                    .get(2..)
                    .and_then(<[u8]>::first_chunk)
                    .copied();
                self.is_over = true;
                if let (Some(messages), Some(suite), true) =
                    (self.messages.take(), suite, self.server_is_done)
                {
                    let algorithm = match suite.hash {
                        Hash::Sha256 => &digest::SHA256,
                        Hash::Sha384 => &digest::SHA384,
                    };
                    self.session_hash = Some(digest::digest(algorithm, &messages));
                }
            }
            _ => {}
        }
    }

    /// The master secret, where a key log has the premaster secret.
    pub(super) fn master(
        &self,
        suite: Suite,
        client: &ClientHello,
        server: &ServerHello,
        keys: &Keys,
    ) -> Option<Secret> {
        let premaster = keys
            .secret(&client.random, Label::Premaster)
            .or_else(|| keys.premaster(self.encrypted?))?;
        if server.extended_master_secret {
            let seed = self.session_hash.as_ref()?.as_ref();
            return prf::master(suite, premaster, b"extended master secret", seed);
        }
        let seed = [client.random, server.random].concat();
        prf::master(suite, premaster, b"master secret", &seed)
    }
}
