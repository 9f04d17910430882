//! Outcome: what a check says of one capture, before it is written in any form.

use std::collections::BTreeSet;

use crate::check::{Finding, Policy, Severity, Subject, Unjudged};
use crate::decode::Endpoint;
use crate::direction::Direction;
use crate::event::{Connection, Protocol, Verdict};
use crate::expect::Compared;
use crate::report::text;

/// How many connections are held for a report: as many as a page of results is good for. The totals count the rest too, and records
/// (json, ndjson, csv) are written without being held.
pub(super) const CONNECTIONS: usize = 10_000;

/// How many findings of one rule are held, of connections that each break it or of handshakes on one connection: far more than anybody
/// reads. So a rule that every connection breaks neither fills the memory nor keeps out one that a few break.
pub(super) const OF_A_RULE: u64 = 1_000;

/// What a check says of one capture.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// The capture's name as given.
    pub name: String,
    /// Its name for a person.
    pub title: String,
    /// Connections with findings, and others where the form names them, in the order of closing.
    pub groups: Vec<Group>,
    /// How many connections with findings are not held.
    pub more: u64,
    pub counts: Counts,
    pub expectations: Vec<Compared>,
    /// What could not be judged: rule, cause, how often.
    pub unjudged: Vec<(&'static str, &'static str, u64)>,
    /// Rules over several connections that could not compare all there are.
    pub partly: BTreeSet<&'static str>,
    /// Connections.
    pub connections: u64,
    /// Connections under TLS that nobody can read.
    pub unread: u64,
    /// Opening handshakes, in the order of [`Verdict::ALL`].
    pub handshakes: [u64; 4],
    /// WebSocket connections whose handshake is not in the capture.
    pub midstream: u64,
    /// Whether there was a handshake, a frame or an HTTP exchange.
    pub anything: bool,
    /// Why it was not read to its end.
    pub cut: Option<String>,
    /// Why it was not read at all.
    pub error: Option<String>,
    /// What a file says of captures that are not there, where this is no capture but such a file.
    pub missing: Vec<String>,
}

/// Findings by severity; and those that do not count.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Counts {
    pub errors: u64,
    pub warnings: u64,
    pub infos: u64,
    /// Of rules that are allowed to be broken.
    pub allowed: u64,
    /// That the expectations name.
    pub expected: u64,
    /// That fail the check.
    pub failing: u64,
}

/// A connection.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub connection: Line,
    pub findings: Vec<Judged>,
}

/// What is said of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub number: u64,
    /// Client and server.
    pub endpoints: Option<(Endpoint, Endpoint)>,
    pub handshake: Option<Verdict>,
}

/// A finding, and how it is taken.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub finding: Finding,
    /// As the policy has it.
    pub severity: Severity,
    /// Whether the expectations name it, so that it fails nothing.
    pub expected: bool,
}

impl Outcome {
    pub(super) fn count(&mut self, judged: &Judged, policy: &Policy) {
        if judged.expected {
            self.counts.expected += 1;
            return;
        }
        *match judged.severity {
            Severity::Error => &mut self.counts.errors,
            Severity::Warning => &mut self.counts.warnings,
            Severity::Info => &mut self.counts.infos,
        } += 1;
        self.counts.failing += u64::from(policy.fails(judged.severity));
    }

    /// Takes what could not be judged; `counts`: of a rule that nobody allowed to be broken.
    pub(super) fn unjudged(&mut self, unjudged: &Unjudged, counts: bool) {
        let (rule, cause) = (unjudged.rule.id, unjudged.cause.name());
        if counts && unjudged.rule.subject == Subject::Connections {
            self.partly.insert(rule);
        }
        let known = self
            .unjudged
            .iter_mut()
            .find(|(other, of, _)| *other == rule && *of == cause);
        match known {
            Some((_, _, count)) => *count += unjudged.count,
            None => self.unjudged.push((rule, cause, unjudged.count)),
        }
    }

    pub(super) fn connection(&mut self, connection: &Connection) {
        self.connections += 1;
        self.unread += u64::from(connection.protocol == Protocol::Tls);
        self.midstream += u64::from(connection.frames > 0 && connection.handshake.is_none());
        self.anything |= connection.exchanges > 0 || connection.frames > 0;
    }

    /// Whether it is a file that expects something of captures which are not there.
    pub(super) fn is_no_capture(&self) -> bool {
        !self.missing.is_empty()
    }

    /// Expectations that are not met.
    pub(super) fn missed(&self) -> impl Iterator<Item = &Compared> {
        self.expectations.iter().filter(|line| !line.met)
    }

    /// What the capture leaves open, so that a check without findings does not say all is well.
    pub(super) fn open(&self) -> Vec<String> {
        if self.is_no_capture() {
            return self.missing.clone();
        }
        let mut open = Vec::new();
        let [.., unknown] = self.handshakes;
        if unknown > 0 {
            let handshakes = text::count(unknown, "handshake", "handshakes");
            open.push(format!("{handshakes} of unknown verdict"));
        }
        if self.midstream > 0 {
            let sockets = text::count(self.midstream, "WebSocket", "WebSockets");
            open.push(format!("{sockets} whose handshake is not in the capture"));
        }
        if !self.partly.is_empty() {
            let rules = text::count(self.partly.len() as u64, "rule", "rules");
            open.push(format!(
                "{rules} over several connections judged only in part: there are more than are compared"
            ));
        }
        open.extend(self.cut.clone());
        if !self.anything && self.error.is_none() {
            open.push(match self.unread {
                0 => "nothing to judge: no handshake, no frame, no HTTP exchange".to_string(),
                _ => {
                    "nothing to judge: all that there is is under TLS, without its keys".to_string()
                }
            });
        }
        open
    }

    /// Why the check fails; nothing where it does not.
    pub(super) fn failures(&self, policy: &Policy) -> Vec<String> {
        let mut failures: Vec<String> = self.error.iter().cloned().collect();
        if self.counts.failing > 0 {
            let findings = text::count(self.counts.failing, "finding", "findings");
            let from = policy.fail_on.name();
            let or_above = if policy.fail_on == Severity::Error {
                ""
            } else {
                " or above"
            };
            failures.push(format!("{findings} of severity {from}{or_above}"));
        }
        let missed = self.missed().count() as u64;
        if missed > 0 {
            let expectations = text::count(missed, "expectation", "expectations");
            failures.push(format!("{expectations} not met"));
        }
        if policy.strict {
            failures.extend(self.open());
        }
        failures
    }
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.errors += other.errors;
        self.warnings += other.warnings;
        self.infos += other.infos;
        self.allowed += other.allowed;
        self.expected += other.expected;
        self.failing += other.failing;
    }

    /// `9 errors, 2 warnings`; what there is none of is left out.
    pub(super) fn say(&self) -> String {
        let parts: Vec<String> = [
            (self.errors, "error", "errors"),
            (self.warnings, "warning", "warnings"),
            (self.infos, "info", "infos"),
            (self.expected, "expected finding", "expected findings"),
            (self.allowed, "allowed finding", "allowed findings"),
        ]
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| text::count(count, one, many))
        .collect();
        if parts.is_empty() {
            "nothing found".to_string()
        } else {
            parts.join(", ")
        }
    }
}

impl Group {
    /// What it is called.
    pub(super) fn name(&self) -> String {
        let number = self.connection.number;
        match self.connection.endpoints {
            Some((client, server)) => format!("connection {number}  {client} -> {server}"),
            None => format!("connection {number}"),
        }
    }

    /// The most severe that is not expected.
    pub(super) fn worst(&self) -> Option<Severity> {
        self.findings
            .iter()
            .filter(|judged| !judged.expected)
            .map(|judged| judged.severity)
            .max()
    }
}

impl Judged {
    /// Who and where: `server, packet 6`, `client, packets 9 to 30, 4 times`.
    pub(super) fn whereabouts(&self) -> String {
        let finding = &self.finding;
        let mut parts = Vec::new();
        parts.extend(
            finding
                .sender
                .map(|side| Direction::sender(side).to_string()),
        );
        parts.push(if finding.first_packet == finding.last_packet {
            format!("packet {}", finding.first_packet)
        } else {
            format!(
                "packets {} to {}",
                finding.first_packet, finding.last_packet
            )
        });
        if let Some(stream) = finding.place.http_stream {
            parts.push(format!("stream {stream}"));
        }
        if finding.count > 1 {
            parts.push(format!("{} times", text::grouped(finding.count)));
        }
        parts.join(", ")
    }

    /// Its severity by name; `expected` where it is.
    pub(super) fn label(&self) -> &'static str {
        if self.expected {
            "expected"
        } else {
            self.severity.name()
        }
    }
}
