//! `JUnit`: a suite for each capture, a case for each connection's rules and for its expectations.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::outcome::{Group, Judged, Outcome};
use super::text::{self, shown};
use super::{Compared, Policy};

/// Suites, until all captures were read.
#[derive(Debug, Default)]
pub(super) struct Junit {
    suites: Vec<TestSuite>,
}

impl Junit {
    pub(super) fn add(&mut self, outcome: &Outcome, policy: &Policy) {
        let mut suite = TestSuite::new(shown(&outcome.name));
        suite.add_test_case(read(outcome, policy));
        for group in &outcome.groups {
            suite.add_test_case(rules(outcome, group, policy));
        }
        let mut left: &[Compared] = &outcome.expectations;
        while let Some(first) = left.first() {
            let same = left
                .iter()
                .take_while(|line| line.connection == first.connection);
            let (own, others) = left.split_at(same.count());
            suite.add_test_case(expectations(outcome, own));
            left = others;
        }
        self.suites.push(suite);
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        let mut report = Report::new("wscope check");
        report.add_test_suites(std::mem::take(&mut self.suites));
        // Writing to a buffer cannot fail, and every text was made plain before.
        let _ = report.serialize(&mut *out);
        out.push(b'\n');
    }
}

/// Whether there was something to judge: without this case, a suite of an empty capture would be green and empty.
fn read(outcome: &Outcome, policy: &Policy) -> TestCase {
    // A line end in any of them is none of this report's.
    let open: Vec<String> = outcome.open().iter().map(|why| shown(why)).collect();
    let status = if let Some(error) = &outcome.error {
        non_success(NonSuccessKind::Error, "unreadable", error, &shown(error))
    } else if open.is_empty() {
        TestCaseStatus::success()
    } else if policy.strict {
        non_success(
            NonSuccessKind::Failure,
            "not-judged",
            &open.join("; "),
            &open.join("\n"),
        )
    } else {
        let mut status = TestCaseStatus::skipped();
        status.set_message(open.join("; "));
        status
    };
    case(outcome, "the capture can be judged", status)
}

fn rules(outcome: &Outcome, group: &Group, policy: &Policy) -> TestCase {
    let failing = |judged: &&Judged| !judged.expected && policy.fails(judged.severity);
    let failures: Vec<&Judged> = group.findings.iter().filter(failing).collect();
    let mut notes: Vec<String> = Vec::new();
    for judged in &group.findings {
        if !failing(&judged) {
            notes.push(description(judged));
        }
    }
    let status = match failures.as_slice() {
        [] => TestCaseStatus::success(),
        [only] => {
            let message = &only.finding.explanation;
            non_success(
                NonSuccessKind::Failure,
                only.finding.rule.id,
                message,
                &description(only),
            )
        }
        [first, ..] => {
            let mut rules: Vec<&str> = Vec::new();
            for judged in &failures {
                if !rules.contains(&judged.finding.rule.id) {
                    rules.push(judged.finding.rule.id);
                }
            }
            let broken = text::count(rules.len() as u64, "rule is broken", "rules are broken");
            let message = format!("{broken}: {}", rules.join(", "));
            let all: Vec<String> = failures.iter().map(|judged| description(judged)).collect();
            let kind = first.finding.rule.id;
            non_success(NonSuccessKind::Failure, kind, &message, &all.join("\n\n"))
        }
    };
    let mut case = case(outcome, &format!("{}: rules", group.name()), status);
    if !notes.is_empty() {
        case.set_system_out(shown_lines(&notes.join("\n\n")));
    }
    case
}

fn expectations(outcome: &Outcome, lines: &[Compared]) -> TestCase {
    let missed: Vec<String> = lines
        .iter()
        .filter(|line| !line.met)
        .map(|line| shown(&line.to_string()))
        .collect();
    let status = match missed.as_slice() {
        [] => TestCaseStatus::success(),
        [only] => non_success(NonSuccessKind::Failure, "expectation", only, only),
        all => {
            let message = format!("{} expectations are not met", all.len());
            non_success(
                NonSuccessKind::Failure,
                "expectation",
                &message,
                &all.join("\n"),
            )
        }
    };
    let whose = match lines.first().and_then(|line| line.connection) {
        Some(number) => format!("connection {number}: expectations"),
        None => "expectations".to_string(),
    };
    let mut case = case(outcome, &whose, status);
    case.set_assertions(lines.len());
    case
}

fn case(outcome: &Outcome, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(shown(name), status);
    case.set_classname(shown(&outcome.name));
    case
}

fn non_success(kind: NonSuccessKind, ty: &str, message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status
        .set_type(shown(ty))
        .set_message(shown(message))
        .set_description(shown_lines(description));
    status
}

fn description(judged: &Judged) -> String {
    let finding = &judged.finding;
    format!(
        "{} {}: {} ({})\n{}\nmend: {}",
        judged.label(),
        finding.rule.id,
        judged.whereabouts(),
        finding.rule.source,
        shown(&finding.explanation),
        finding.rule.help
    )
}

/// Lines without other control characters, which XML cannot hold.
fn shown_lines(text: &str) -> String {
    text.lines().map(shown).collect::<Vec<_>>().join("\n")
}
