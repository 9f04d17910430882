//! Comparison: expected against seen, line by line.

use super::expectation::{Ceilings, Expectation, ExpectedFinding};
use super::seen::{Seen, Shown, Tally};
use crate::direction::Direction;
use crate::event::Verdict;

/// One thing that was expected, and what was seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Compared {
    /// The connection for which it was expected; none where it is the whole capture's.
    pub connection: Option<u64>,
    /// What it is, as the file of expectations names it: `messages.client.text`.
    pub what: String,
    /// What was expected.
    pub expected: String,
    /// What was seen.
    pub seen: String,
    /// Whether that is as expected.
    pub met: bool,
}

impl std::fmt::Display for Compared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(number) = self.connection {
            write!(f, "connection {number}: ")?;
        }
        write!(
            f,
            "{}: expected {}, seen {}",
            self.what, self.expected, self.seen
        )
    }
}

impl Expectation {
    /// Holds all that is expected against what was seen.
    pub fn compare(&self, seen: &Seen) -> Vec<Compared> {
        let mut all = Vec::new();
        let mut each = Lines {
            connection: None,
            out: &mut all,
        };
        each.facts(self, &seen.websockets().collect::<Vec<_>>(), seen);
        each.counts(self, &seen.total);
        each.findings(&self.finding, seen, |_| true);
        for (name, expectation) in &self.connection {
            let Ok(number) = name.get_ref().parse::<u64>() else {
                continue;
            };
            let mut own = Lines {
                connection: Some(number),
                out: &mut all,
            };
            let Some(shown) = seen.connections.get(&number) else {
                own.push("connection", "a WebSocket", "none", false);
                continue;
            };
            own.facts(expectation, &[(number, shown)], seen);
            own.counts(expectation, shown);
            own.findings(&expectation.finding, seen, |of| of == number);
        }
        all
    }
}

/// Gathers lines of one connection, or of the whole capture.
struct Lines<'a> {
    connection: Option<u64>,
    out: &'a mut Vec<Compared>,
}

impl Lines<'_> {
    fn push(
        &mut self,
        what: impl Into<String>,
        expected: impl Into<String>,
        seen: impl Into<String>,
        met: bool,
    ) {
        self.out.push(Compared {
            connection: self.connection,
            what: what.into(),
            expected: expected.into(),
            seen: seen.into(),
            met,
        });
    }

    /// What must hold for every WebSocket.
    fn facts(&mut self, expected: &Expectation, sockets: &[(u64, &Shown)], seen: &Seen) {
        if let Some(verdict) = expected.handshake {
            self.verdict(verdict, sockets, seen);
        }
        if let Some(name) = &expected.subprotocol {
            let shown = |shown: &Shown| shown.subprotocol.clone().unwrap_or_default();
            self.every("subprotocol", &quoted(name), sockets, seen, |of| {
                (quoted(&shown(of)), shown(of) == *name)
            });
        }
        if let Some(extensions) = &expected.extensions {
            let wanted = list(extensions);
            self.every("extensions", &wanted, sockets, seen, |of| {
                (list(&of.extensions), of.extensions == *extensions)
            });
        }
        if let Some(code) = expected.close_code {
            self.every("close-code", &code.to_string(), sockets, seen, |of| {
                let shown = of.close_code.map_or("none".into(), |code| code.to_string());
                (shown, of.close_code == Some(code))
            });
        }
        if let Some(side) = expected.closed_by {
            self.every("closed-by", side.sender(), sockets, seen, |of| {
                let shown = of.closed_by.map_or("nobody", Direction::sender);
                (shown.to_string(), of.closed_by == Some(side))
            });
        }
    }

    /// Every opening handshake, refused ones too.
    fn verdict(&mut self, verdict: Verdict, sockets: &[(u64, &Shown)], seen: &Seen) {
        let shown = match self.connection {
            None => Some(&seen.total),
            Some(number) => seen.connections.get(&number),
        };
        let counts = shown.map_or([0; 4], |shown| shown.handshakes);
        let mut parts: Vec<String> = Verdict::ALL
            .into_iter()
            .zip(counts)
            .filter(|(_, count)| *count > 0)
            .map(|(verdict, count)| format!("{count} {}", verdict.name()))
            .collect();
        let only = parts.len() == 1
            && Verdict::ALL
                .into_iter()
                .zip(counts)
                .any(|(other, count)| other == verdict && count > 0);
        // A WebSocket whose handshake is not in the capture has none that could be valid.
        let without = sockets
            .iter()
            .filter(|(_, shown)| shown.verdict.is_none())
            .count();
        if without > 0 && self.connection.is_none() {
            parts.push(format!("{without} not in the capture"));
        }
        let met = only && without == 0;
        let shown = match parts.as_slice() {
            [] => "no handshake".to_string(),
            _ if met => verdict.name().to_string(),
            parts => parts.join(", "),
        };
        self.push("handshake", verdict.name(), shown, met);
    }

    fn every(
        &mut self,
        what: &str,
        expected: &str,
        sockets: &[(u64, &Shown)],
        seen: &Seen,
        show: impl Fn(&Shown) -> (String, bool),
    ) {
        let Some((_, first)) = sockets.first() else {
            return self.push(what, expected, "no WebSocket", false);
        };
        let others: Vec<(u64, String)> = sockets
            .iter()
            .map(|(number, shown)| (*number, show(shown)))
            .filter(|(_, (_, met))| !met)
            .map(|(number, (shown, _))| (number, shown))
            .collect();
        match others.as_slice() {
            [] if seen.more_connections > 0 && self.connection.is_none() => {
                let shown = format!(
                    "that, and {} more connections than are remembered",
                    seen.more_connections
                );
                self.push(what, expected, shown, false);
            }
            [] => self.push(what, expected, show(first).0, true),
            [(_, shown)] if self.connection.is_some() => self.push(what, expected, shown, false),
            [(number, shown), more @ ..] => {
                let mut shown = format!("{shown} in connection {number}");
                if !more.is_empty() {
                    shown = format!("{shown}, and otherwise in {} more", more.len());
                }
                self.push(what, expected, shown, false);
            }
        }
    }

    fn counts(&mut self, expected: &Expectation, shown: &Shown) {
        let handshakes = shown.handshakes;
        self.numbers("handshakes", expected.handshakes.wanted(), &handshakes);
        for side in Direction::ALL {
            let kinds = shown.messages.of(side).kinds;
            let group = format!("messages.{}", side.sender());
            let wanted = expected.messages.of(side).wanted();
            self.numbers(&group, wanted, &with_total(&kinds));
        }
        for side in Direction::ALL {
            let group = format!("frames.{}", side.sender());
            let wanted = expected.frames.of(side).wanted();
            self.numbers(&group, wanted, &with_total(shown.frames.of(side)));
        }
        let [client, server] = Direction::ALL.map(|side| *shown.messages.of(side));
        let ceilings = &expected.ceilings;
        let together = Tally {
            kinds: [client.count() + server.count(), 0, 0],
            payload: client.payload + server.payload,
            wire: client.wire + server.wire,
        };
        self.ceilings("ceilings", ceilings.together(), &together);
        self.ceilings("ceilings.client", ceilings.client, &client);
        self.ceilings("ceilings.server", ceilings.server, &server);
        let count = shown.handshakes.iter().sum();
        let name = "ceilings.wire-per-handshake";
        self.ceiling(
            name,
            ceilings.wire_per_handshake,
            shown.handshake_wire,
            count,
        );
    }

    fn numbers(
        &mut self,
        group: &str,
        wanted: impl Iterator<Item = (&'static str, Option<u64>)>,
        seen: &[u64],
    ) {
        for ((name, wanted), seen) in wanted.zip(seen) {
            if let Some(wanted) = wanted {
                let what = format!("{group}.{name}");
                self.push(what, wanted.to_string(), seen.to_string(), wanted == *seen);
            }
        }
    }

    fn ceilings(&mut self, group: &str, wanted: Ceilings, seen: &Tally) {
        let overhead = seen.wire.saturating_sub(seen.payload);
        for (name, wanted, sum) in [
            (
                "overhead-per-message",
                wanted.overhead_per_message,
                overhead,
            ),
            ("wire-per-message", wanted.wire_per_message, seen.wire),
            (
                "payload-per-message",
                wanted.payload_per_message,
                seen.payload,
            ),
        ] {
            self.ceiling(&format!("{group}.{name}"), wanted, sum, seen.count());
        }
    }

    fn ceiling(&mut self, what: &str, wanted: Option<f64>, sum: u64, count: u64) {
        let Some(wanted) = wanted else { return };
        let expected = format!("at most {wanted} bytes");
        if count == 0 {
            return self.push(what, expected, "none of which to take the mean", false);
        }
        // Exact: counts and bytes of a capture are far below 2^53.
        #[allow(clippy::cast_precision_loss, reason = "a mean for a person")]
        let mean = sum as f64 / count as f64;
        self.push(what, expected, format!("{mean:.1}"), mean <= wanted);
    }

    fn findings(&mut self, expected: &[ExpectedFinding], seen: &Seen, here: impl Fn(u64) -> bool) {
        for wanted in expected {
            let count: u64 = seen
                .findings
                .iter()
                .filter(|finding| here(finding.connection))
                .filter(|finding| wanted.is(finding.rule, finding.sender))
                .map(|finding| finding.count)
                .sum();
            let mut what = format!("finding {}", wanted.rule.get_ref());
            if let Some(side) = wanted.sender {
                what = format!("{what} of the {}", side.sender());
            }
            let (expected, met) = match wanted.count {
                Some(exactly) => (exactly.to_string(), count == exactly),
                None => ("at least 1".to_string(), count > 0),
            };
            let beyond = if met { 0 } else { seen.more_findings };
            let shown = match beyond {
                0 => count.to_string(),
                more => format!("{count}, and {more} more findings than are remembered"),
            };
            self.push(what, expected, shown, met);
        }
    }
}

fn with_total<const N: usize>(counts: &[u64; N]) -> Vec<u64> {
    let total = counts.iter().sum();
    counts.iter().copied().chain([total]).collect()
}

fn list(values: &[String]) -> String {
    match values {
        [] => "none".to_string(),
        values => values
            .iter()
            .map(|value| quoted(value))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn quoted(name: &str) -> String {
    match shown_name(name) {
        Some("") => "none".to_string(),
        Some(name) => format!("\"{name}\""),
        None => format!("a value of {} bytes", name.len()),
    }
}

/// A name that may be shown. One this long is no name: some programs put a token in its place, and no report shows that.
pub(super) fn shown_name(name: &str) -> Option<&str> {
    (name.len() <= 128).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;
    use crate::expect::seen::SeenFinding;

    fn seen() -> Seen {
        let mut chat = Shown {
            handshakes: [1, 0, 0, 0],
            verdict: Some(Verdict::Valid),
            subprotocol: Some("chat".into()),
            close_code: Some(1000),
            closed_by: Some(Direction::ToServer),
            ..Shown::default()
        };
        chat.messages.client = Tally {
            kinds: [3, 0, 0],
            payload: 18,
            wire: 252,
        };
        let mut seen = Seen {
            total: chat.clone(),
            ..Seen::default()
        };
        seen.connections.insert(1, chat);
        seen.findings.push(SeenFinding {
            rule: "ws-a-rule",
            sender: Some(Direction::ToServer),
            connection: 1,
            count: 2,
            severity: Severity::Error,
            packet: 1,
            explanation: String::new(),
        });
        seen
    }

    fn missed(text: &str, seen: &Seen) -> Vec<String> {
        let expectation: Expectation = toml::from_str(text).expect(text);
        let compared = expectation.compare(seen);
        assert!(!compared.is_empty(), "{text}");
        compared
            .iter()
            .filter(|line| !line.met)
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn what_is_as_expected_is_met() {
        for text in [
            "handshake = \"valid\"",
            "subprotocol = \"chat\"",
            "extensions = []",
            "close-code = 1000\nclosed-by = \"client\"",
            "[handshakes]\nvalid = 1\nrefused = 0",
            "[messages.client]\ntext = 3\ntotal = 3",
            "[messages.server]\ntotal = 0",
            "[ceilings]\noverhead-per-message = 78\nclient = { wire-per-message = 84 }",
            "[[finding]]\nrule = \"ws-a-rule\"\ncount = 2",
            "[connection.1]\nsubprotocol = \"chat\"\nfinding = [{ rule = \"ws-a-rule\", sender = \"client\" }]",
        ] {
            assert_eq!(missed(text, &seen()), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_is_not_is_told_beside_what_was_seen() {
        for (text, line) in [
            (
                "handshake = \"refused\"",
                "handshake: expected refused, seen 1 valid",
            ),
            (
                "subprotocol = \"\"",
                "subprotocol: expected none, seen \"chat\" in connection 1",
            ),
            (
                "close-code = 1001",
                "close-code: expected 1001, seen 1000 in connection 1",
            ),
            (
                "[messages.client]\ntext = 4",
                "messages.client.text: expected 4, seen 3",
            ),
            (
                "[ceilings]\noverhead-per-message = 77.5",
                "ceilings.overhead-per-message: expected at most 77.5 bytes, seen 78.0",
            ),
            (
                "[[finding]]\nrule = \"ws-a-rule\"\nsender = \"server\"",
                "finding ws-a-rule of the server: expected at least 1, seen 0",
            ),
            (
                "[connection.1]\nclose-code = 9",
                "connection 1: close-code: expected 9, seen 1000",
            ),
            (
                "[connection.7]\nclose-code = 9",
                "connection 7: connection: expected a WebSocket, seen none",
            ),
        ] {
            assert_eq!(missed(text, &seen()), [line], "{text}");
        }
    }

    #[test]
    fn nothing_meets_what_must_hold_for_every_websocket() {
        let empty = Seen::default();
        for text in [
            "handshake = \"valid\"",
            "subprotocol = \"\"",
            "extensions = []",
        ] {
            assert_eq!(missed(text, &empty).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_websocket_whose_handshake_was_not_captured_is_not_valid() {
        let mut seen = seen();
        seen.connections.insert(2, Shown::default());
        assert_eq!(
            missed("handshake = \"valid\"", &seen),
            ["handshake: expected valid, seen 1 valid, 1 not in the capture"]
        );
    }

    #[test]
    fn a_token_in_place_of_a_name_is_not_shown() {
        let mut seen = seen();
        let token = "secret".repeat(30);
        seen.connections.entry(1).or_default().subprotocol = Some(token);
        let lines = missed("subprotocol = \"chat\"", &seen);
        assert_eq!(
            lines,
            ["subprotocol: expected \"chat\", seen a value of 180 bytes in connection 1"]
        );
    }
}
