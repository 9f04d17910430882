//! Keys: all key logs that a capture is read with.

use std::sync::Arc;

use super::hello::RANDOM_LEN;
use super::keylog::{Complaints, KeyLog, Label, NAME_LEN};
use super::secret::Secret;

/// All keys that a capture may be read with: those that were given, and those that come with it.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    given: Arc<KeyLog>,
    found: KeyLog,
    may_come: bool,
}

impl Keys {
    /// Keys of a key log. `may_come` says whether others may follow, so that records are worth keeping until then.
    pub fn new(given: Arc<KeyLog>, may_come: bool) -> Self {
        Self {
            given,
            found: KeyLog::default(),
            may_come,
        }
    }

    /// Adds the lines of a key log that came with the capture, or of a part of one that stands behind so many lines.
    pub fn read(&mut self, text: &[u8], behind: u64) -> Complaints {
        self.found.read(text, behind)
    }

    /// Whether keys may follow.
    pub fn may_come(&self) -> bool {
        self.may_come
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.found.is_empty()
    }

    pub(super) fn secret(&self, random: &[u8; RANDOM_LEN], label: Label) -> Option<&Secret> {
        let given = self.given.secret(random, label);
        given.or_else(|| self.found.secret(random, label))
    }

    /// The premaster secret that begins so where it is encrypted.
    pub(super) fn premaster(&self, name: [u8; NAME_LEN]) -> Option<&Secret> {
        let given = self.given.encrypted(name);
        given.or_else(|| self.found.encrypted(name))
    }

    /// Whether a master secret may have to be computed, so that a handshake's messages are worth keeping.
    pub(super) fn may_need_messages(&self) -> bool {
        self.may_come || self.given.has_premasters() || self.found.has_premasters()
    }
}
