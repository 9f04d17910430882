//! Agreement: what the hellos of a connection say about its keys, in one direction.

use super::exchange::KeyExchange;
use super::hello::{ClientHello, ServerHello, TLS_1_2, TLS_1_3};
use super::keylog::Label;
use super::keys::Keys;
use super::prf::with_keys;
use super::protection::Protection;
use super::schedule::next_secret;
use super::secret::Secret;
use super::suite::Suite;
use crate::direction::Direction;

/// From one change of keys to the next, in one direction.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Epoch {
    /// Before there are keys.
    #[default]
    Clear,
    /// What a client of TLS 1.3 sends before the handshake is over (RFC 8446, section 4.2.10).
    Early,
    /// The handshake of TLS 1.3, from the first message that is encrypted to Finished.
    Handshake,
    /// What follows.
    Application,
}

/// What the two sides have said about their keys.
#[derive(Default)]
pub(super) struct Terms {
    pub(super) client: Option<ClientHello>,
    pub(super) server: Option<ServerHello>,
    /// Where a master secret may have to be computed.
    pub(super) exchange: Option<Box<KeyExchange>>,
}

impl Terms {
    /// The suite, where it can be read.
    pub(super) fn suite(&self) -> Option<Suite> {
        let server = self.server.as_ref()?;
        let of_1_3 = Suite::is_of_1_3(server.cipher_suite);
        match server.version {
            TLS_1_3 if of_1_3 => Suite::of(server.cipher_suite),
            TLS_1_2 if !of_1_3 => Suite::of(server.cipher_suite),
            _ => None,
        }
    }

    fn is_1_3(&self) -> bool {
        let server = self.server.as_ref();
        server.is_some_and(|server| server.version == TLS_1_3)
    }
}

/// The terms and the secrets as they are known now.
#[derive(Clone, Copy)]
pub(super) struct Agreement<'a> {
    pub(super) terms: &'a Terms,
    pub(super) direction: Direction,
    pub(super) keys: &'a Keys,
}

impl Agreement<'_> {
    /// The suite, where it can be read.
    pub(super) fn suite(&self) -> Option<Suite> {
        self.terms.suite()
    }

    /// The epoch that may follow another.
    pub(super) fn next_epoch(&self, epoch: Epoch) -> Option<Epoch> {
        match epoch {
            Epoch::Clear if !self.terms.is_1_3() => Some(Epoch::Application),
            Epoch::Clear
                if self.direction == Direction::ToServer
                    && self.client().is_some_and(|client| client.early_data) =>
            {
                Some(Epoch::Early)
            }
            Epoch::Clear | Epoch::Early => Some(Epoch::Handshake),
            Epoch::Handshake => Some(Epoch::Application),
            Epoch::Application => None,
        }
    }

    /// Whether the secrets of an epoch, or of one behind it, are known.
    pub(super) fn has_keys(&self, epoch: Epoch) -> bool {
        let mut epoch = Some(epoch);
        while let Some(this) = epoch {
            if self.secret(this).is_some() {
                return true;
            }
            epoch = self.next_epoch(this);
        }
        false
    }

    /// How an epoch's records are protected, where that is known.
    pub(super) fn keys(&self, epoch: Epoch) -> Option<(Protection, Option<Secret>)> {
        let (suite, secret) = (self.suite()?, self.secret(epoch)?);
        if self.terms.is_1_3() {
            return Some((Protection::of_secret(suite, &secret)?, Some(secret)));
        }
        let (client, server) = (self.client()?, self.terms.server.as_ref()?);
        let protection = with_keys(suite, &secret, &client.random, &server.random, |keys| {
            Protection::of_keys(suite, keys[self.direction], server.encrypt_then_mac)
        })?;
        Some((protection, None))
    }

    /// The keys behind a `KeyUpdate`.
    pub(super) fn updated(&self, secret: &Secret) -> Option<(Protection, Secret)> {
        let suite = self.suite()?;
        let next = next_secret(suite, secret)?;
        Some((Protection::of_secret(suite, &next)?, next))
    }

    fn client(&self) -> Option<&ClientHello> {
        self.terms.client.as_ref()
    }

    fn secret(&self, epoch: Epoch) -> Option<Secret> {
        let label = match epoch {
            Epoch::Clear => return None,
            Epoch::Early => Label::EarlyTraffic,
            Epoch::Handshake => Label::HandshakeTraffic(self.direction),
            Epoch::Application if self.terms.is_1_3() => Label::Traffic(self.direction),
            Epoch::Application => Label::Master,
        };
        let client = self.client()?;
        let logged = self.keys.secret(&client.random, label);
        logged.cloned().or_else(|| match label {
            Label::Master => {
                let (exchange, server) =
                    (self.terms.exchange.as_ref()?, self.terms.server.as_ref()?);
                exchange.master(self.suite()?, client, server, self.keys)
            }
            _ => None,
        })
    }
}
