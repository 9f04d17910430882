//! Collector: the findings of one connection while it lives. Each rule and sender has one, which counts.

use super::finding::{Cause, Finding, Unjudged};
use super::outcome::{Outcome, Spot};
use super::rule::Rule;
use crate::direction::Direction;
use crate::event::{Event, Place};

/// Where findings stand until they leave: whoever collects them knows of which connection they are.
const NOWHERE: Place = Place {
    connection: 0,
    http_stream: None,
};

/// Counts findings and what could not be judged. There are at most two of each rule, and for each cause.
#[derive(Debug)]
pub(super) struct Collector {
    /// Once there is any.
    collected: Option<Box<Collected>>,
    counts_unjudged: bool,
}

#[derive(Debug, Default)]
struct Collected {
    findings: Vec<Finding>,
    unjudged: Vec<Unjudged>,
}

impl Collector {
    pub(super) fn new(counts_unjudged: bool) -> Self {
        Self {
            collected: None,
            counts_unjudged,
        }
    }

    /// Whether what cannot be judged is counted.
    pub(super) fn counts_unjudged(&self) -> bool {
        self.counts_unjudged
    }

    /// Takes a rule's answer.
    pub(super) fn take(
        &mut self,
        rule: &'static Rule,
        sender: Option<Direction>,
        outcome: Outcome,
        spot: Spot,
    ) {
        match outcome {
            Outcome::Pass | Outcome::NotApplicable => {}
            Outcome::Unknown(cause) => self.unknown(rule, sender, cause),
            Outcome::Fail(severity, explanation) => {
                let same =
                    |finding: &&mut Finding| finding.rule.id == rule.id && finding.sender == sender;
                let findings = &mut self.collected.get_or_insert_default().findings;
                if let Some(finding) = findings.iter_mut().find(same) {
                    finding.count += 1;
                    finding.last_packet = finding.last_packet.max(spot.last_packet);
                    if severity > finding.severity {
                        finding.severity = severity;
                        finding.explanation = explanation;
                    }
                } else {
                    let said = (severity, explanation);
                    findings.push(finding(NOWHERE, rule, sender, said, spot));
                }
            }
        }
    }

    /// Counts what a rule could not judge.
    pub(super) fn unknown(&mut self, rule: &'static Rule, sender: Option<Direction>, cause: Cause) {
        if !self.counts_unjudged {
            return;
        }
        let unjudged = &mut self.collected.get_or_insert_default().unjudged;
        let same = |old: &&mut Unjudged| {
            old.rule.id == rule.id && old.sender == sender && old.cause == cause
        };
        match unjudged.iter_mut().find(same) {
            Some(old) => old.count += 1,
            None => unjudged.push(Unjudged {
                rule,
                connection: NOWHERE.connection,
                sender,
                cause,
                count: 1,
            }),
        }
    }

    /// Gives everything, in the order of packets, as that of a connection.
    pub(super) fn give(&mut self, place: Place, out: &mut dyn FnMut(&Event<'_>)) {
        let Some(mut collected) = self.collected.take() else {
            return;
        };
        collected
            .findings
            .sort_by_key(|finding| finding.first_packet);
        for mut finding in collected.findings {
            finding.place = place;
            out(&Event::Finding(&finding));
        }
        for mut unjudged in collected.unjudged {
            unjudged.connection = place.connection;
            out(&Event::Unjudged(&unjudged));
        }
    }
}

/// A finding that was made once.
pub(super) fn finding(
    place: Place,
    rule: &'static Rule,
    sender: Option<Direction>,
    (severity, explanation): (super::Severity, String),
    spot: Spot,
) -> Finding {
    Finding {
        rule,
        severity,
        place,
        sender,
        count: 1,
        first_packet: spot.first_packet,
        last_packet: spot.last_packet,
        time: spot.time,
        frame: spot.frame.get(),
        message: spot.message.get(),
        stream_offset: spot.stream_offset.get(),
        trust: spot.trust,
        explanation,
    }
}
