//! SARIF 2.1.0: findings as results of static analysis. The form is that of the OASIS standard; only what is filled in is described.
//!
//! A capture has no lines: a result's line is the number of its packet, which its logical location says in words.

mod log;

use std::collections::BTreeMap;

use self::log::{
    Configuration, Descriptor, Driver, Invocation, Location, Log, Message, Notification, ResultOf,
    Run, Suppression, Tool,
};
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
    let known_by = format!("{}:{number}:{rule}:{what}", outcome.name);
    BTreeMap::from([("wscope/v1", text::shown(&known_by))])
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}
