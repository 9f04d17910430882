//! The report of a check: findings, expectations, and whether that is good enough.
//!
//! Comes in: events of one capture after the other. Goes out: an [`Outcome`] a capture, which each form writes with a function of its
//! own; records leave at once.

mod github;
mod junit;
mod markdown;
mod outcome;
mod page;
mod sarif;
mod tap;
mod totals;

use std::collections::{BTreeMap, BTreeSet};

use self::junit::Junit;
use self::markdown::Summary;
use self::outcome::{CONNECTIONS, Group, Judged, Line, OF_A_RULE, Outcome};
use self::sarif::Sarif;
use self::tap::Tap;
use self::totals::{Totals, Worst};
use super::context::{Context, Files};
use super::look::Look;
use super::notices::behind_name;
use super::output::{Form, Output};
use super::{Report, text};
use crate::analysis::Wanted;
use crate::check::{Finding, Policy, RULES, Unjudged};
use crate::error::Error;
use crate::event::{Connection, Event, Handshake, Verdict};
use crate::expect::{Compared, Expectation, Seen};
use crate::ledger::Ledger;
use crate::notice::{Kind, Notice};
use crate::time::Timestamp;

/// Judges captures.
#[derive(Debug)]
pub struct CheckReport {
    policy: Policy,
    /// Rules whose findings fail the check also where they are expected, by id.
    denied: BTreeSet<String>,
    /// By the capture's name.
    expectations: BTreeMap<String, Expectation>,
    /// What stands for every capture that has none of its own.
    expectation: Option<Expectation>,
    /// Files that expect something of captures which are not there, and what.
    missing: Vec<(String, Vec<String>)>,
    /// Whether what could not be judged is told too.
    unknown: bool,
    notices: bool,
    outcome: Outcome,
    seen: Seen,
    /// Whether anybody asks what is seen of the capture at hand.
    compares: bool,
    /// Findings of connections that are not closed yet.
    pending: BTreeMap<u64, Vec<Judged>>,
    /// How many findings of a rule are held.
    held: BTreeMap<&'static str, u64>,
    totals: Totals,
    /// The ends of connections that may still be named, and the verdicts on their handshakes.
    closed: BTreeMap<u64, Line>,
    /// Whether the last capture that was written took more than a line.
    spread: bool,
    document: Document,
    look: Look,
    /// What each capture shows, where that was asked for.
    shown: Option<Vec<(String, Seen)>>,
}

/// What a form holds until all captures were read.
#[derive(Debug, Default)]
struct Document {
    junit: Junit,
    sarif: Sarif,
    tap: Tap,
    summary: Summary,
}

impl CheckReport {
    /// Judges by a policy.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            denied: BTreeSet::new(),
            expectations: BTreeMap::new(),
            expectation: None,
            missing: Vec::new(),
            unknown: false,
            notices: false,
            outcome: Outcome::default(),
            seen: Seen::default(),
            compares: false,
            pending: BTreeMap::new(),
            held: BTreeMap::new(),
            totals: Totals::default(),
            closed: BTreeMap::new(),
            spread: false,
            document: Document::default(),
            look: Look::default(),
            shown: None,
        }
    }

    /// The same, with rules (by id) that no expectation excuses.
    #[must_use]
    pub fn denying(mut self, rules: impl IntoIterator<Item = String>) -> Self {
        self.denied = rules.into_iter().collect();
        self
    }

    /// The same, with expectations of captures by name, and one for all that have none.
    #[must_use]
    pub fn expecting(
        mut self,
        expectations: BTreeMap<String, Expectation>,
        others: Option<Expectation>,
    ) -> Self {
        self.expectations = expectations;
        self.expectation = others;
        self
    }

    /// The same, with files by name that expect something of captures which are not there, each with what it says of them: that is left open.
    #[must_use]
    pub fn missing(mut self, files: Vec<(String, Vec<String>)>) -> Self {
        self.missing = files;
        self
    }

    /// The same, telling what could not be judged too.
    #[must_use]
    pub fn with_unknown(mut self, unknown: bool) -> Self {
        self.unknown = unknown;
        self
    }

    /// The same, with notices among the records.
    #[must_use]
    pub fn with_notices(mut self, notices: bool) -> Self {
        self.notices = notices;
        self
    }

    /// The same, keeping what each capture shows.
    #[must_use]
    pub fn keeping_what_is_seen(mut self) -> Self {
        self.shown = Some(Vec::new());
        self.totals.writes_down = true;
        self
    }

    /// Which events it wants: all of a capture that is compared with what was expected, else few.
    pub fn wanted(&self) -> Wanted {
        let compares = self.shown.is_some() || self.expectation.is_some();
        if compares || !self.expectations.is_empty() {
            return Wanted::ALL;
        }
        Wanted {
            handshakes: true,
            connections: true,
            ..Wanted::NONE
        }
    }

    /// Whether any capture was judged, or was to be.
    pub fn has_judged(&self) -> bool {
        self.totals.captures > 0
    }

    /// Whether the check fails.
    pub fn failed(&self) -> bool {
        !self.totals.failures.is_empty()
    }

    /// What each capture shows, where it was kept.
    pub fn what_is_seen(&self) -> &[(String, Seen)] {
        self.shown.as_deref().unwrap_or_default()
    }

    /// The lines that say how it went.
    pub fn last_lines(&self) -> String {
        self.totals.lines(&self.policy)
    }

    fn finding(&mut self, context: &Context<'_>, finding: &Finding, out: &mut Output<'_>) -> u64 {
        let Some(severity) = self.policy.severity(finding.rule.id, finding.severity) else {
            self.outcome.counts.allowed += 1;
            return 0;
        };
        let (rule, sender) = (finding.rule.id, finding.sender);
        let names =
            |expectation: &Expectation| expectation.names(rule, sender, finding.place.connection);
        let expected = !self.denied.contains(rule) && self.expected().is_some_and(names);
        let judged = Judged {
            finding: Finding {
                severity,
                ..finding.clone()
            },
            severity,
            expected,
        };
        self.outcome.count(&judged, &self.policy);
        let worst = &mut self.totals.worst;
        if !expected && worst.as_ref().is_none_or(|worst| severity > worst.severity) {
            *worst = Some(Worst {
                severity,
                rule: finding.rule.id,
                connection: finding.place.connection,
                capture: context.arguments(),
            });
        }
        if is_records(out.form()) {
            let capture = context.files.of_packet(finding.first_packet);
            out.record::<Finding>(capture, &judged.finding);
            return 1;
        }
        let of_rule = self.held.entry(finding.rule.id).or_default();
        if *of_rule >= OF_A_RULE {
            self.outcome.more += 1;
            return 1;
        }
        *of_rule += 1;
        let held = self.pending.len() + self.outcome.groups.len();
        match self.pending.get_mut(&finding.place.connection) {
            Some(findings) => findings.push(judged),
            None if held < CONNECTIONS => {
                self.pending.insert(finding.place.connection, vec![judged]);
            }
            None => self.outcome.more += 1,
        }
        1
    }

    fn expected(&self) -> Option<&Expectation> {
        self.expectations
            .get(&self.outcome.name)
            .or(self.expectation.as_ref())
    }

    fn connection(&mut self, connection: &Connection, form: Form) {
        self.outcome.connection(connection);
        let line = Line {
            number: connection.number,
            endpoints: Some((connection.client, connection.server)),
            handshake: connection.handshake,
        };
        if !is_records(form) && self.closed.len() < CONNECTIONS {
            self.closed.insert(connection.number, line);
        }
        let findings = self.pending.remove(&connection.number);
        let named = matches!(form, Form::Junit | Form::Tap)
            && (connection.exchanges > 0
                || connection.frames > 0
                || connection.handshake.is_some());
        if findings.is_some() || (named && self.outcome.groups.len() < CONNECTIONS) {
            self.outcome.groups.push(Group {
                connection: line,
                findings: findings.unwrap_or_default(),
            });
        }
    }

    fn handshake(&mut self, handshake: &Handshake<'_>) {
        for (verdict, count) in Verdict::ALL.into_iter().zip(&mut self.outcome.handshakes) {
            *count += u64::from(verdict == handshake.verdict);
        }
        self.outcome.anything = true;
    }

    fn notice(&mut self, context: &Context<'_>, notice: &Notice, out: &mut Output<'_>) {
        let cut = matches!(
            notice.kind,
            Kind::CutFile | Kind::DamagedRecord | Kind::Stopped
        );
        if cut && self.outcome.cut.is_none() {
            let why = behind_name(&notice.explanation, &self.outcome.name);
            self.outcome.cut = Some(why.to_string());
        }
        if self.notices && is_records(out.form()) {
            let capture = context.files.of_packet(notice.packet.unwrap_or(0));
            out.record::<Notice>(capture, notice);
        }
    }

    fn unjudged(&mut self, context: &Context<'_>, unjudged: &Unjudged, out: &mut Output<'_>) {
        let rule = unjudged.rule;
        let counts = self.policy.severity(rule.id, rule.severity).is_some();
        self.outcome.unjudged(unjudged, counts);
        if self.unknown && matches!(out.form(), Form::Json | Form::Ndjson) {
            out.record::<Unjudged>(context.files.name(0), unjudged);
        }
    }

    fn write(&mut self, context: &Context<'_>, out: &mut Output<'_>) {
        let outcome = &self.outcome;
        match out.form() {
            Form::Table => {
                let first = self.totals.captures == 0;
                let spread = page::is_spread(outcome);
                // Captures of a line stand close together.
                let apart = !first && (spread || self.spread);
                let unknown = self.unknown;
                out.page(|out| page::write(outcome, context, apart, unknown, out));
                self.spread = spread;
            }
            Form::Json | Form::Ndjson => {
                for line in &outcome.expectations {
                    out.record::<Compared>(&outcome.name, line);
                }
            }
            Form::Csv => {}
            Form::Markdown => self.document.summary.add(outcome, &self.policy),
            Form::Junit => self.document.junit.add(outcome, &self.policy),
            Form::Sarif => self.document.sarif.add(outcome, &self.policy),
            Form::Github => out.page(|out| github::write(outcome, &self.policy, out)),
            Form::Tap => {
                let tap = &mut self.document.tap;
                out.page(|out| tap.write(outcome, &self.policy, out));
            }
        }
    }

    /// Puts findings that were made after their connection had closed beside the others of it.
    fn late(&mut self) {
        let groups = &mut self.outcome.groups;
        let numbers = groups.iter().map(|group| group.connection.number);
        let places: BTreeMap<u64, usize> = numbers.zip(0..).collect();
        for (number, findings) in std::mem::take(&mut self.pending) {
            let place = places.get(&number);
            match place.and_then(|place| groups.get_mut(*place)) {
                Some(group) => group.findings.extend(findings),
                None => {
                    let unnamed = Line {
                        number,
                        endpoints: None,
                        handshake: None,
                    };
                    let connection = self.closed.get(&number).copied().unwrap_or(unnamed);
                    groups.push(Group {
                        connection,
                        findings,
                    });
                }
            }
        }
        self.closed.clear();
    }

    /// Tells of files whose captures are not there, behind all captures.
    fn tell_missing(&mut self, out: &mut Output<'_>) {
        for (name, missing) in std::mem::take(&mut self.missing) {
            let files = Files::new(vec![name]);
            let context = Context {
                files: &files,
                start: Timestamp::default(),
                look: self.look,
                several: true,
            };
            self.outcome = Outcome {
                name: files.name(0).to_string(),
                title: context.title(),
                missing,
                ..Outcome::default()
            };
            self.write(&context, out);
            let outcome = std::mem::take(&mut self.outcome);
            self.totals.add(&outcome, &self.policy);
        }
    }

    /// Adds what a capture came to, and makes room for the next.
    fn settle(&mut self, context: &Context<'_>, out: &mut Output<'_>) {
        self.write(context, out);
        self.held.clear();
        let outcome = std::mem::take(&mut self.outcome);
        self.totals.add(&outcome, &self.policy);
        self.totals.capture = context.arguments();
    }
}

impl Report for CheckReport {
    fn begin(&mut self, context: &Context<'_>, out: &mut Output<'_>) {
        self.outcome = Outcome {
            name: context.files.name(0).to_string(),
            title: context.title(),
            ..Outcome::default()
        };
        self.seen = Seen::default();
        self.compares = self.shown.is_some() || self.expected().is_some();
        self.look = context.look;
        if is_records(out.form()) {
            out.begin::<Finding>();
        }
    }

    fn event(&mut self, context: &Context<'_>, event: &Event<'_>, out: &mut Output<'_>) -> u64 {
        if self.compares {
            self.seen.event(event);
        }
        match event {
            Event::Finding(finding) => return self.finding(context, finding, out),
            Event::Unjudged(unjudged) => self.unjudged(context, unjudged, out),
            Event::Handshake(handshake) => self.handshake(handshake),
            Event::Connection(connection) => self.connection(connection, out.form()),
            Event::Notice(notice) => self.notice(context, notice, out),
            Event::Exchange(_) | Event::Frame(_) | Event::Message(_) | Event::Single(_) => {}
        }
        0
    }

    fn totals(&self) -> bool {
        true
    }

    fn end(&mut self, context: &Context<'_>, _ledger: &Ledger, out: &mut Output<'_>) {
        self.late();
        let compared = self.expected().map(|expected| expected.compare(&self.seen));
        self.outcome.expectations = compared.unwrap_or_default();
        if let Some(shown) = &mut self.shown {
            shown.push((self.outcome.name.clone(), std::mem::take(&mut self.seen)));
        }
        self.settle(context, out);
    }

    fn broken(&mut self, error: &Error) {
        self.outcome.cut.get_or_insert(error.to_string());
    }

    fn tells_of_unreadable(&self, form: Form) -> bool {
        form != Form::Table && !is_records(form)
    }

    fn unreadable(&mut self, context: &Context<'_>, error: &Error, out: &mut Output<'_>) {
        self.outcome = Outcome {
            name: context.files.name(0).to_string(),
            title: context.title(),
            error: Some(error.to_string()),
            ..Outcome::default()
        };
        self.settle(context, out);
    }

    fn missed(&mut self, complaint: &str) {
        let failure = (String::new(), complaint.to_string());
        self.totals.failures.push(failure);
    }

    fn finish(&mut self, out: &mut Output<'_>) {
        self.tell_missing(out);
        let (totals, policy) = (&self.totals, &self.policy);
        match out.form() {
            Form::Table => out.page(|out| totals.page(policy, self.look, out)),
            Form::Markdown => out.page(|out| self.document.summary.finish(totals, policy, out)),
            Form::Junit => out.page(|out| self.document.junit.finish(out)),
            Form::Sarif => out.page(|out| self.document.sarif.finish(out)),
            Form::Tap => out.page(|out| self.document.tap.finish(out)),
            Form::Github | Form::Json | Form::Ndjson | Form::Csv => {}
        }
    }
}

/// Whether a form is one of records.
fn is_records(form: Form) -> bool {
    matches!(form, Form::Json | Form::Ndjson | Form::Csv)
}
