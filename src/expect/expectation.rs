//! Expectation: what a capture, or one of its connections, must show.
//!
//! ```toml
//! handshake = "valid"            # every opening handshake, and there is one
//! subprotocol = "chat"           # of every WebSocket; "" for none
//! extensions = ["permessage-deflate"]
//! close-code = 1000
//! closed-by = "client"
//!
//! [handshakes]                   # how many in the whole capture
//! valid = 1
//!
//! [messages.client]
//! text = 3
//!
//! [frames.server]
//! ping = 0
//!
//! [ceilings]                     # bytes on the wire
//! overhead-per-message = 80
//!
//! [[finding]]                    # must be there, and is then no failure
//! rule = "ws-accept-mismatch"
//! sender = "server"
//!
//! [connection.4]                 # the same, for connection 4 alone
//! close-code = 1011
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::file::{FileError, read_toml};
use crate::direction::Direction;
use crate::event::Verdict;

/// What must be shown. What is not said is not held against the capture.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expectation {
    /// The verdict of every opening handshake; there must be one.
    #[serde(default, deserialize_with = "verdict")]
    pub handshake: Option<Verdict>,
    /// The subprotocol of every WebSocket; empty where there must be none.
    pub subprotocol: Option<String>,
    /// The extensions that every WebSocket's server accepted, as it sent them.
    pub extensions: Option<Vec<String>>,
    /// The code of every WebSocket's first close frame.
    pub close_code: Option<u16>,
    /// Who sent every WebSocket's first close frame.
    #[serde(default, deserialize_with = "sender")]
    pub closed_by: Option<Direction>,
    /// How many opening handshakes there are, by verdict.
    #[serde(default)]
    pub handshakes: Handshakes,
    /// How many data messages there are, by sender and kind.
    #[serde(default)]
    pub messages: BySender<Messages>,
    /// How many frames there are, by sender and opcode.
    #[serde(default)]
    pub frames: BySender<Frames>,
    /// What must not cost more.
    #[serde(default)]
    pub ceilings: CeilingsBySender,
    /// Findings that must be there; one that is expected fails no check.
    #[serde(default)]
    pub finding: Vec<ExpectedFinding>,
    /// The same for single connections, by number.
    #[serde(default)]
    pub connection: BTreeMap<Spanned<String>, Expectation>,
}

/// Something for each sender.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct BySender<T: Default> {
    /// Of the client.
    pub client: T,
    /// Of the server.
    pub server: T,
}

impl<T: Default> BySender<T> {
    /// What stands in a direction.
    pub fn of(&self, direction: Direction) -> &T {
        match direction {
            Direction::ToServer => &self.client,
            Direction::ToClient => &self.server,
        }
    }

    pub(super) fn of_mut(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::ToServer => &mut self.client,
            Direction::ToClient => &mut self.server,
        }
    }
}

macro_rules! counts {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: Option<u64>,)*
        }

        impl $name {
            /// Each count's name beside what it must be, in a fixed order.
            pub(super) fn wanted(&self) -> impl Iterator<Item = (&'static str, Option<u64>)> {
                [$(($text, self.$field)),*].into_iter()
            }
        }
    };
}

counts! {
    /// How many opening handshakes, by verdict.
    Handshakes {
        /// Answered with 101, and every requirement that can be seen is kept.
        valid = "valid",
        /// Answered with 101, and a requirement is broken.
        invalid = "invalid",
        /// Answered otherwise.
        refused = "refused",
        /// The capture lacks what is needed to say.
        unknown = "unknown",
    }
}

counts! {
    /// How many data messages of a sender, by kind.
    Messages {
        /// UTF-8 text.
        text = "text",
        /// Arbitrary bytes.
        binary = "binary",
        /// Those whose first frame was lost.
        unknown = "unknown",
        /// Of any kind.
        total = "total",
    }
}

counts! {
    /// How many frames of a sender, by opcode.
    Frames {
        /// Opcode 0.
        continuation = "continuation",
        /// Opcode 1.
        text = "text",
        /// Opcode 2.
        binary = "binary",
        /// Opcode 8.
        close = "close",
        /// Opcode 9.
        ping = "ping",
        /// Opcode 10.
        pong = "pong",
        /// Any other opcode.
        reserved = "reserved",
        /// Of any opcode.
        total = "total",
    }
}

/// What must not cost more, in bytes on the wire and in the mean.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ceilings {
    /// A message without its payload: packet headers and frame headers.
    pub overhead_per_message: Option<f64>,
    /// A message.
    pub wire_per_message: Option<f64>,
    /// The payload of a message, as sent.
    pub payload_per_message: Option<f64>,
}

/// Ceilings for both senders together, and for each.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CeilingsBySender {
    /// A message without its payload: packet headers and frame headers.
    pub overhead_per_message: Option<f64>,
    /// A message.
    pub wire_per_message: Option<f64>,
    /// The payload of a message, as sent.
    pub payload_per_message: Option<f64>,
    /// An opening handshake, both sides together.
    pub wire_per_handshake: Option<f64>,
    /// For the client's messages.
    #[serde(default)]
    pub client: Ceilings,
    /// For the server's messages.
    #[serde(default)]
    pub server: Ceilings,
}

impl CeilingsBySender {
    /// Those for both senders together.
    pub(super) fn together(&self) -> Ceilings {
        Ceilings {
            overhead_per_message: self.overhead_per_message,
            wire_per_message: self.wire_per_message,
            payload_per_message: self.payload_per_message,
        }
    }
}

/// A finding that must be there.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFinding {
    /// The rule's id.
    pub rule: Spanned<String>,
    /// Whose it is; anyone's unless said.
    #[serde(default, deserialize_with = "sender")]
    pub sender: Option<Direction>,
    /// How often it happened; at least once unless said.
    pub count: Option<u64>,
}

impl ExpectedFinding {
    /// A rule that is broken, by whomever and however often.
    pub fn of_rule(rule: &str) -> Self {
        Self {
            rule: Spanned::new(0..0, rule.to_string()),
            sender: None,
            count: None,
        }
    }

    /// Whether this is a finding that is meant.
    pub fn is(&self, rule: &str, sender: Option<Direction>) -> bool {
        self.rule.get_ref() == rule && (self.sender.is_none() || self.sender == sender)
    }
}

impl Expectation {
    /// What is expected of one connection, as an expectation of its capture.
    pub fn of_one(number: u64, of_connection: Self) -> Self {
        let name = Spanned::new(0..0, number.to_string());
        Self {
            connection: BTreeMap::from([(name, of_connection)]),
            ..Self::default()
        }
    }

    /// Reads a file of expectations.
    ///
    /// # Errors
    /// Where it cannot be read, or says something that makes no sense.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let (expectation, text): (Self, String) = read_toml(path)?;
        expectation.verify(path, &text)?;
        Ok(expectation)
    }

    /// Finds what TOML cannot know to be wrong.
    ///
    /// # Errors
    /// Where a connection has no number, or has connections of its own.
    pub fn verify(&self, path: &Path, text: &str) -> Result<(), FileError> {
        for (number, connection) in &self.connection {
            let wrong = |reason: &str| Err(FileError::at(path, text, number.span().start, reason));
            if number.get_ref().parse::<u64>().is_err() {
                return wrong("a connection is named by its number: [connection.4]");
            }
            if !connection.connection.is_empty() {
                return wrong("a connection has no connections of its own");
            }
        }
        Ok(())
    }

    /// Whether a finding is one of those that must be there.
    pub fn names(&self, rule: &str, sender: Option<Direction>, connection: u64) -> bool {
        let own = self.of_connection(connection);
        let of_connection = own.map_or(&[][..], |own| own.finding.as_slice());
        self.finding
            .iter()
            .chain(of_connection)
            .any(|expected| expected.is(rule, sender))
    }

    /// What is expected of one connection alone.
    pub fn of_connection(&self, number: u64) -> Option<&Self> {
        self.connection
            .iter()
            .find(|(name, _)| name.get_ref().parse() == Ok(number))
            .map(|(_, expectation)| expectation)
    }
}

fn verdict<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Verdict>, D::Error> {
    let name = String::deserialize(value)?;
    let found = Verdict::ALL
        .into_iter()
        .find(|verdict| verdict.name() == name);
    found.map(Some).ok_or_else(|| {
        serde::de::Error::custom(format!(
            "`{name}` is no verdict: valid, invalid, refused or unknown"
        ))
    })
}

fn sender<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Direction>, D::Error> {
    let name = String::deserialize(value)?;
    let found = Direction::ALL
        .into_iter()
        .find(|side| side.sender() == name);
    found
        .map(Some)
        .ok_or_else(|| serde::de::Error::custom(format!("`{name}` is no sender: client or server")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::from_toml;

    fn read(text: &str) -> Result<Expectation, String> {
        let path = Path::new("x.toml");
        let expectation: Expectation = from_toml(path, text).map_err(|error| error.to_string())?;
        expectation
            .verify(path, text)
            .map_err(|error| error.to_string())?;
        Ok(expectation)
    }

    #[test]
    fn the_example_in_the_documentation_is_read() {
        let text: String = include_str!("expectation.rs")
            .lines()
            .skip_while(|line| *line != "//! ```toml")
            .skip(1)
            .take_while(|line| *line != "//! ```")
            .map(|line| line.trim_start_matches("//! ").trim_start_matches("//!"))
            .map(|line| format!("{line}\n"))
            .collect();
        let expectation = read(&text).expect("the example");
        assert_eq!(expectation.handshake, Some(Verdict::Valid));
        assert_eq!(expectation.messages.client.text, Some(3));
        assert_eq!(expectation.frames.server.ping, Some(0));
        assert_eq!(expectation.ceilings.overhead_per_message, Some(80.0));
        let fourth = expectation.of_connection(4).expect("connection 4");
        assert_eq!(fourth.close_code, Some(1011));
        assert!(expectation.names("ws-accept-mismatch", Some(Direction::ToClient), 0));
        assert!(!expectation.names("ws-accept-mismatch", Some(Direction::ToServer), 0));
    }

    #[test]
    fn what_makes_no_sense_is_named_with_its_line() {
        for (text, begin) in [
            (
                "handshake = \"good\"\n",
                "x.toml:1:13: `good` is no verdict",
            ),
            ("\n\nhandshakes = 3\n", "x.toml:3:14: "),
            (
                "[messages.client]\ntxt = 3\n",
                "x.toml:2:1: unknown field `txt`",
            ),
            (
                "[connection.first]\n",
                "x.toml:1:13: a connection is named by its number",
            ),
            ("closed-by = \"us\"\n", "x.toml:1:13: `us` is no sender"),
            ("[[finding]]\nsender = \"client\"\n", "x.toml:1:"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.starts_with(begin), "{error}");
        }
    }
}
