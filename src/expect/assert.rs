//! Assertions: expectations for tests that are written in Rust.

use std::path::{Path, PathBuf};

use super::expectation::{Expectation, ExpectedFinding};
use super::file::FileError;
use super::seen::Seen;
use crate::check::Severity;
use crate::direction::Direction;
use crate::event::{MessageKind, Verdict};

/// Reads a capture, so that a test can say what it must show.
///
/// Each method states one expectation and panics where it is not met, with what was expected, what was seen, and what else the capture
/// shows. [`Expect::meets`] takes a file of expectations, and [`Seen`] gives the numbers themselves.
///
/// ```
/// use wscope::event::Verdict;
///
/// wscope::expect("fixtures/seed-both/seed-both.pcap")
///     .handshake_valid()
///     .no_subprotocol()
///     .messages_of_client(3)
///     .messages_of_server(3)
///     .close_code(1000)
///     .overhead_per_message_at_most(80.0)
///     .no_errors();
///
/// wscope::expect("fixtures/hs-reject-codes/hs-reject-codes.pcap")
///     .handshakes(Verdict::Refused, 8)
///     .connection(8)
///     .handshake_valid();
/// ```
///
/// # Panics
/// Where the capture cannot be read.
#[track_caller]
pub fn expect(capture: impl AsRef<Path>) -> Expect {
    let capture = capture.as_ref();
    match Seen::read(capture) {
        Ok(seen) => Expect {
            capture: capture.into(),
            seen,
            connection: None,
            expected: Vec::new(),
        },
        Err(error) => panic!("{error}"),
    }
}

/// A capture that was read, about which a test says what it must show.
#[derive(Clone, Debug)]
pub struct Expect {
    capture: PathBuf,
    seen: Seen,
    connection: Option<u64>,
    /// Rules that were said to be broken.
    expected: Vec<String>,
}

#[allow(
    clippy::return_self_not_must_use,
    reason = "a chain may end with any of its assertions"
)]
impl Expect {
    /// What follows is said of one connection alone, by its number.
    #[must_use]
    pub fn connection(mut self, number: u64) -> Self {
        self.connection = Some(number);
        self
    }

    /// What follows is said of the whole capture again.
    #[must_use]
    pub fn whole_capture(mut self) -> Self {
        self.connection = None;
        self
    }

    /// Every opening handshake is valid, and there is one.
    #[track_caller]
    pub fn handshake_valid(self) -> Self {
        self.handshake(Verdict::Valid)
    }

    /// Every opening handshake has this verdict, and there is one.
    #[track_caller]
    pub fn handshake(self, verdict: Verdict) -> Self {
        self.holds(|expected| expected.handshake = Some(verdict))
    }

    /// So many opening handshakes have this verdict.
    #[track_caller]
    pub fn handshakes(self, verdict: Verdict, count: u64) -> Self {
        self.holds(|expected| {
            *match verdict {
                Verdict::Valid => &mut expected.handshakes.valid,
                Verdict::Invalid => &mut expected.handshakes.invalid,
                Verdict::Refused => &mut expected.handshakes.refused,
                Verdict::Unknown => &mut expected.handshakes.unknown,
            } = Some(count);
        })
    }

    /// The server of every WebSocket chose this subprotocol.
    #[track_caller]
    pub fn subprotocol(self, name: &str) -> Self {
        self.holds(|expected| expected.subprotocol = Some(name.to_string()))
    }

    /// The server of no WebSocket chose a subprotocol.
    #[track_caller]
    pub fn no_subprotocol(self) -> Self {
        self.subprotocol("")
    }

    /// The server of every WebSocket accepted exactly these extensions, as it sent them, with their parameters.
    #[track_caller]
    pub fn extensions(self, extensions: &[&str]) -> Self {
        let extensions = extensions.iter().map(ToString::to_string).collect();
        self.holds(|expected| expected.extensions = Some(extensions))
    }

    /// The first close frame of every WebSocket has this code.
    #[track_caller]
    pub fn close_code(self, code: u16) -> Self {
        self.holds(|expected| expected.close_code = Some(code))
    }

    /// The first close frame of every WebSocket came from this side: [`Direction::ToServer`] is the client's.
    #[track_caller]
    pub fn closed_by(self, sender: Direction) -> Self {
        self.holds(|expected| expected.closed_by = Some(sender))
    }

    /// The clients sent so many data messages in all.
    #[track_caller]
    pub fn messages_of_client(self, count: u64) -> Self {
        self.holds(|expected| expected.messages.client.total = Some(count))
    }

    /// The servers sent so many data messages in all.
    #[track_caller]
    pub fn messages_of_server(self, count: u64) -> Self {
        self.holds(|expected| expected.messages.server.total = Some(count))
    }

    /// One side sent so many data messages of a kind.
    #[track_caller]
    pub fn messages(self, sender: Direction, kind: MessageKind, count: u64) -> Self {
        self.holds(|expected| {
            let of = expected.messages.of_mut(sender);
            *match kind {
                MessageKind::Text => &mut of.text,
                MessageKind::Binary => &mut of.binary,
            } = Some(count);
        })
    }

    /// A message of whomever costs at most so many bytes on the wire beyond its payload, in the mean.
    #[track_caller]
    pub fn overhead_per_message_at_most(self, bytes: f64) -> Self {
        self.holds(|expected| expected.ceilings.overhead_per_message = Some(bytes))
    }

    /// This rule is broken.
    #[track_caller]
    pub fn finding(mut self, rule: &str) -> Self {
        self.expected.push(rule.to_string());
        let finding = ExpectedFinding::of_rule(rule);
        self.holds(|expected| expected.finding.push(finding))
    }

    /// No rule is broken whose severity is error, beside those that [`finding`](Self::finding) named before.
    #[track_caller]
    pub fn no_errors(self) -> Self {
        self.no_findings_from(Severity::Error)
    }

    /// No rule is broken whose severity is error or warning, beside those that [`finding`](Self::finding) named before.
    #[track_caller]
    pub fn no_findings(self) -> Self {
        self.no_findings_from(Severity::Warning)
    }

    #[track_caller]
    fn no_findings_from(self, severity: Severity) -> Self {
        let here = |number| self.connection.is_none_or(|only| only == number);
        let others: Vec<String> = self
            .seen
            .findings
            .iter()
            .filter(|finding| finding.severity >= severity && here(finding.connection))
            .filter(|finding| !self.expected.iter().any(|rule| rule == finding.rule))
            .map(|finding| format!("  {finding}\n"))
            .collect();
        assert!(
            others.is_empty(),
            "{} shows what is not expected of it\n{}{}",
            self.capture.display(),
            others.concat(),
            self.seen
        );
        self
    }

    /// All that a file of expectations says.
    ///
    /// # Panics
    /// Where one is not met, or the file makes no sense.
    #[track_caller]
    pub fn meets(self, file: impl AsRef<Path>) -> Self {
        let read: Result<Expectation, FileError> = Expectation::read(file.as_ref());
        match read {
            Ok(expectation) => self.compare(&expectation),
            Err(error) => panic!("{error}"),
        }
        self
    }

    /// All that an expectation says.
    ///
    /// # Panics
    /// Where one is not met.
    #[track_caller]
    pub fn shows(self, expectation: &Expectation) -> Self {
        self.compare(expectation);
        self
    }

    /// What the capture shows, for whatever else a test asks.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    #[track_caller]
    fn holds(self, say: impl FnOnce(&mut Expectation)) -> Self {
        let mut expected = Expectation::default();
        say(&mut expected);
        if let Some(number) = self.connection {
            expected = Expectation::of_one(number, expected);
        }
        self.compare(&expected);
        self
    }

    #[track_caller]
    fn compare(&self, expectation: &Expectation) {
        let missed: Vec<String> = expectation
            .compare(&self.seen)
            .iter()
            .filter(|line| !line.met)
            .map(|line| format!("  {line}\n"))
            .collect();
        assert!(
            missed.is_empty(),
            "{} does not show what is expected of it\n{}{}",
            self.capture.display(),
            missed.concat(),
            self.seen
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: &str = "fixtures/seed-both/seed-both.pcap";

    fn message_of(test: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let caught = std::panic::catch_unwind(test).expect_err("it was met");
        caught.downcast_ref::<String>().cloned().unwrap_or_default()
    }

    #[test]
    fn a_failure_tells_what_was_expected_and_what_the_capture_shows() {
        let message = message_of(|| {
            let _ = expect(CHAT).handshake_valid().subprotocol("chat");
        });
        assert_eq!(
            message,
            "fixtures/seed-both/seed-both.pcap does not show what is expected of it\n  \
             subprotocol: expected \"chat\", seen none in connection 1\n\
             what it shows: 1 handshake valid; the client sent 3 text messages; the server sent 3 text messages"
        );
    }

    #[test]
    fn what_is_said_of_a_connection_is_held_against_that_one() {
        let _ = expect(CHAT).connection(1).messages_of_client(3);
        let message = message_of(|| {
            let _ = expect(CHAT).connection(0).messages_of_client(3);
        });
        assert!(
            message.contains("connection 0: connection: expected a WebSocket, seen none"),
            "{message}"
        );
    }

    #[test]
    fn a_capture_that_cannot_be_read_is_named() {
        let message = message_of(|| {
            let _ = expect("fixtures/nowhere.pcap");
        });
        assert!(message.starts_with("fixtures/nowhere.pcap: "), "{message}");
    }
}
