//! SARIF 2.1.0: findings as results of static analysis. The form is that of the OASIS standard; only what is filled in is described.
//!
//! A capture has no lines: a result's line is the number of its packet, which its logical location says in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::outcome::{Group, Judged, Outcome};
use super::{Compared, Policy, RULES, text};
use crate::check::Severity;

/// The rule id of expectations that are not met; no rule of the table begins like this.
const EXPECTATION: &str = "expectation-not-met";

/// Results, until all captures were read.
#[derive(Debug, Default)]
pub(super) struct Sarif {
    results: Vec<ResultOf>,
    notifications: Vec<Notification>,
    unreadable: bool,
}

impl Sarif {
    pub(super) fn add(&mut self, outcome: &Outcome, policy: &Policy) {
        for group in &outcome.groups {
            let results = group
                .findings
                .iter()
                .map(|judged| result(outcome, group, judged));
            self.results.extend(results);
        }
        let missed = outcome.missed().map(|line| unmet(outcome, line));
        self.results.extend(missed);
        self.unreadable |= outcome.error.is_some();
        let level = if policy.strict || outcome.error.is_some() {
            "error"
        } else {
            "warning"
        };
        for why in outcome.error.iter().cloned().chain(outcome.open()) {
            self.notifications.push(Notification {
                level,
                message: Message::new(&format!("{}: {why}", outcome.title)),
                locations: vec![Location::of(outcome, None, None)],
            });
        }
        if outcome.more > 0 {
            self.notifications.push(Notification {
                level: "warning",
                message: Message::new(&format!(
                    "{}: {} more findings are not listed",
                    outcome.title, outcome.more
                )),
                locations: Vec::new(),
            });
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        let log = Log {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [Run {
                tool: Tool {
                    driver: Driver {
                        name: "wscope",
                        semantic_version: env!("CARGO_PKG_VERSION"),
                        rules: rules(),
                    },
                },
                invocations: [Invocation {
                    execution_successful: !self.unreadable,
                    tool_execution_notifications: std::mem::take(&mut self.notifications),
                }],
                results: std::mem::take(&mut self.results),
                column_kind: "unicodeCodePoints",
            }],
        };
        // Writing to a buffer cannot fail, and every key is text.
        let _ = serde_json::to_writer_pretty(&mut *out, &log);
        out.push(b'\n');
    }
}

fn rules() -> Vec<Descriptor> {
    let mut rules: Vec<Descriptor> = RULES
        .iter()
        .map(|rule| Descriptor {
            id: rule.id,
            short_description: Message::new(rule.summary),
            full_description: Message::new(rule.why),
            help: Message::new(rule.help),
            default_configuration: Configuration {
                level: level(rule.severity),
            },
            properties: BTreeMap::from([("source", rule.source)]),
        })
        .collect();
    rules.push(Descriptor {
        id: EXPECTATION,
        short_description: Message::new("the capture does not show what is expected of it"),
        full_description: Message::new(
            "A file of expectations says what the capture must show, and it shows something else.",
        ),
        help: Message::new(
            "Mend what was captured, or write the expectations anew: wscope check --bless",
        ),
        default_configuration: Configuration { level: "error" },
        properties: BTreeMap::new(),
    });
    rules
}

fn result(outcome: &Outcome, group: &Group, judged: &Judged) -> ResultOf {
    let finding = &judged.finding;
    let sender = finding
        .sender
        .map_or("", crate::direction::Direction::sender);
    let connection = Some(group.connection.number);
    let suppression = Suppression {
        kind: "external",
        justification: "the capture's expectations name it",
    };
    ResultOf {
        rule_id: finding.rule.id,
        rule_index: RULES.iter().position(|rule| rule.id == finding.rule.id),
        level: level(judged.severity),
        message: Message::new(&format!(
            "{}, {}: {} ({}). {}",
            group.name(),
            judged.whereabouts(),
            finding.explanation,
            finding.rule.source,
            finding.rule.help
        )),
        locations: [Location::of(
            outcome,
            connection,
            Some(finding.first_packet),
        )],
        partial_fingerprints: fingerprint(outcome, connection, finding.rule.id, sender),
        occurrence_count: finding.count,
        suppressions: if judged.expected {
            vec![suppression]
        } else {
            Vec::new()
        },
    }
}

fn unmet(outcome: &Outcome, line: &Compared) -> ResultOf {
    ResultOf {
        rule_id: EXPECTATION,
        rule_index: Some(RULES.len()),
        level: "error",
        message: Message::new(&line.to_string()),
        locations: [Location::of(outcome, line.connection, None)],
        partial_fingerprints: fingerprint(outcome, line.connection, EXPECTATION, &line.what),
        occurrence_count: 1,
        suppressions: Vec::new(),
    }
}

/// What stays the same from one run to the next, so that a result is known again.
fn fingerprint(
    outcome: &Outcome,
    connection: Option<u64>,
    rule: &str,
    what: &str,
) -> BTreeMap<&'static str, String> {
    let number = connection.map_or("-".to_string(), |number| number.to_string());
    BTreeMap::from([(
        "wscope/v1",
        format!("{}:{number}:{rule}:{what}", outcome.name),
    )])
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A path as a URI reference (RFC 3986): what is no unreserved character is escaped.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut out = String::new();
    let mut rest = path.as_str();
    if path.starts_with('/') {
        out.push_str("file://");
    } else if path.get(1..3) == Some(":/") {
        let (drive, path) = path.split_at(2);
        out.push_str("file:///");
        out.push_str(drive);
        rest = path;
    }
    for byte in rest.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[derive(Debug, Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    results: Vec<ResultOf>,
    column_kind: &'static str,
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Message,
    default_configuration: Configuration,
    properties: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug, Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Debug, Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
}

/// A result; the name `Result` is taken.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultOf {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    occurrence_count: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
}

#[derive(Debug, Serialize)]
struct Suppression {
    kind: &'static str,
    justification: &'static str,
}

#[derive(Debug, Serialize)]
struct Message {
    text: String,
}

impl Message {
    fn new(words: &str) -> Self {
        let mut text = String::new();
        text::visible(&mut text, words);
        Self { text }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
}

impl Location {
    fn of(outcome: &Outcome, connection: Option<u64>, packet: Option<u64>) -> Self {
        let parts: Vec<String> = [("connection", connection), ("packet", packet)]
            .into_iter()
            .filter_map(|(name, number)| number.map(|number| format!("{name} {number}")))
            .collect();
        let logical = (!parts.is_empty()).then(|| Logical {
            fully_qualified_name: parts.join("/"),
            kind: if packet.is_some() {
                "packet"
            } else {
                "connection"
            },
        });
        Self {
            physical_location: Physical {
                artifact_location: Artifact {
                    uri: uri(&outcome.name),
                },
                region: packet.map(|packet| Region { start_line: packet }),
            },
            logical_locations: logical.into_iter().collect(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Debug, Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
    kind: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(uri("a b/c#1.pcap"), "a%20b/c%231.pcap");
        assert_eq!(uri("/tmp/ü.pcap"), "file:///tmp/%C3%BC.pcap");
        assert_eq!(uri("x:y.pcap"), "x%3Ay.pcap");
        assert_eq!(uri("C:\\a b.pcap"), "file:///C:/a%20b.pcap");
    }
}
