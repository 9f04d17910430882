//! Collector: the findings of one connection while it lives. Each rule and sender has one, which counts.

use super::finding::{Cause, Finding, Unjudged};
use super::outcome::{Outcome, Spot};
use super::rule::Rule;
use crate::direction::Direction;
use crate::event::{Event, Place};

/// Counts findings and what could not be judged. There are at most two of each rule, and for each cause.
#[derive(Debug)]
pub(super) struct Collector {
    place: Place,
    findings: Vec<Finding>,
    /// None where nobody asks.
    unjudged: Option<Vec<Unjudged>>,
}

impl Collector {
    pub(super) fn new(place: Place, unjudged: bool) -> Self {
        Self {
            place,
            findings: Vec::new(),
            unjudged: unjudged.then(Vec::new),
        }
    }

    /// Whether what cannot be judged is counted.
    pub(super) fn counts_unjudged(&self) -> bool {
        self.unjudged.is_some()
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
                if let Some(finding) = self.findings.iter_mut().find(same) {
                    finding.count += 1;
                    finding.last_packet = finding.last_packet.max(spot.last_packet);
                    if severity > finding.severity {
                        finding.severity = severity;
                        finding.explanation = explanation;
                    }
                } else {
                    self.findings.push(finding(
                        self.place,
                        rule,
                        sender,
                        (severity, explanation),
                        spot,
                    ));
                }
            }
        }
    }

    /// Counts what a rule could not judge.
    pub(super) fn unknown(&mut self, rule: &'static Rule, sender: Option<Direction>, cause: Cause) {
        let Some(unjudged) = &mut self.unjudged else {
            return;
        };
        let same = |old: &&mut Unjudged| {
            old.rule.id == rule.id && old.sender == sender && old.cause == cause
        };
        match unjudged.iter_mut().find(same) {
            Some(old) => old.count += 1,
            None => unjudged.push(Unjudged {
                rule,
                connection: self.place.connection,
                sender,
                cause,
                count: 1,
            }),
        }
    }

    /// Gives everything, in the order of packets.
    pub(super) fn give(&mut self, out: &mut dyn FnMut(&Event<'_>)) {
        self.findings.sort_by_key(|finding| finding.first_packet);
        for finding in self.findings.drain(..) {
            out(&Event::Finding(&finding));
        }
        for unjudged in self
            .unjudged
            .iter_mut()
            .flat_map(|unjudged| unjudged.drain(..))
        {
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
        frame: spot.frame,
        message: spot.message,
        stream_offset: spot.stream_offset,
        trust: spot.trust,
        explanation,
    }
}
