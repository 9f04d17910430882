//! What is found in the fixtures: the table of `fixtures/README.md`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use wscope::check::{Finding, Severity};

use super::{Kept, found, packets};
use crate::fixtures::{self, Fixture};

/// What stands before and behind the table.
const BEGIN: &str = "| capture | findings |\n| --- | --- |\n";

fn findings(case: &Fixture) -> Vec<Finding> {
    let all = packets(&case.path(case.capture.as_deref().unwrap()));
    found(all.iter().map(Kept::packet))
}

#[test]
fn the_table_of_findings_is_what_is_found() {
    let mut table = BEGIN.to_string();
    for case in fixtures::readable() {
        let cell = cell(&findings(&case));
        let _ = writeln!(table, "| [{0}]({0}/) | {cell} |", case.name);
    }
    let path = fixtures::root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let from = readme.find(BEGIN).expect("the table's first lines");
    let to = readme[from..]
        .find("\n\n")
        .map_or(readme.len(), |len| from + len + 1);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let updated = [&readme[..from], &table, &readme[to..]].concat();
        fs::write(&path, updated).unwrap();
        return;
    }
    let written: BTreeSet<&str> = readme[from..to].lines().collect();
    let missing: Vec<&str> = table
        .lines()
        .filter(|line| !written.contains(line))
        .collect();
    assert!(
        missing.is_empty(),
        "UPDATE_GOLDEN=1 writes them:\n{}",
        missing.join("\n")
    );
    assert_eq!(written.len(), table.lines().count());
}

/// Findings as the table tells them: each rule with its sender and how often it was broken, the worst first.
fn cell(findings: &[Finding]) -> String {
    let mut counted: BTreeMap<(Reverse<Severity>, &str, &str), u64> = BTreeMap::new();
    for finding in findings {
        let sender = finding.sender.map_or("both", |sender| sender.sender());
        let key = (Reverse(finding.severity), finding.rule.id, sender);
        *counted.entry(key).or_default() += finding.count;
    }
    let parts: Vec<String> = counted
        .into_iter()
        .map(|((severity, id, sender), count)| {
            let times = if count == 1 {
                String::new()
            } else {
                format!(" ×{count}")
            };
            format!("{}: `{id}` ({sender}){times}", severity.0.name())
        })
        .collect();
    if parts.is_empty() {
        "nothing".to_string()
    } else {
        parts.join(", ")
    }
}

#[test]
fn well_behaved_stacks_break_nothing() {
    const BEHAVED: [&str; 8] = [
        "app-", "browser-", "combo-", "file-", "link-", "pmd-", "seed-", "stack-",
    ];
    for case in fixtures::readable() {
        let behaved = BEHAVED.iter().any(|prefix| case.name.starts_with(prefix))
            || case.name.starts_with("tcp-");
        let errors: Vec<Finding> = findings(&case)
            .into_iter()
            .filter(|finding| finding.severity == Severity::Error)
            .collect();
        assert!(!behaved || errors.is_empty(), "{}: {errors:?}", case.name);
    }
}

#[test]
fn what_the_capture_lacks_accuses_nobody() {
    for name in [
        "tcp-capture-drops",
        "tcp-midstream",
        "tcp-one-direction",
        "file-snaplen96",
    ] {
        let cases = fixtures::readable();
        let case = cases.iter().find(|case| case.name == name).unwrap();
        let accusations: Vec<Finding> = findings(case)
            .into_iter()
            .filter(|finding| finding.severity >= Severity::Warning)
            .collect();
        assert!(accusations.is_empty(), "{name}: {accusations:?}");
    }
}

/// The errors of captures that hold deliberate faults: for each connection the rules, with `<` before the server's.
const DELIBERATE: &[(&str, &[&str])] = &[
    (
        "hs-bad-fields",
        &[
            "<ws-accept-mismatch",
            "<ws-accept-missing",
            "<ws-resp-upgrade-missing",
            "<ws-resp-connection-missing-upgrade",
            "<ws-resp-accepts-bad-request ws-req-upgrade-missing",
            "<ws-resp-accepts-bad-request ws-req-connection-missing-upgrade",
            "<ws-resp-accepts-bad-request ws-req-key-missing",
            "<ws-resp-accepts-bad-request",
            "<ws-resp-accepts-bad-request ws-req-key-invalid",
            "<ws-resp-accepts-bad-request ws-req-key-invalid",
            "<ws-resp-accepts-bad-request ws-req-method-not-get",
            "<ws-resp-accepts-bad-request ws-req-http-version",
        ],
    ),
    ("hs-reject-codes", &["", "", "", "", "", "", "", ""]),
    (
        "viol-control-length",
        &[
            "ws-continuation-unexpected ws-control-fragmented",
            "<ws-control-too-long",
            "ws-length-not-minimal",
            "ws-length-not-minimal",
            "ws-length-not-minimal",
            "ws-length-not-minimal",
        ],
    ),
    (
        "viol-mask-rsv-opcode",
        &[
            "ws-client-frame-unmasked",
            "<ws-server-frame-masked",
            "ws-rsv-unnegotiated",
            "ws-rsv-unnegotiated",
            "ws-rsv-unnegotiated",
            "ws-opcode-reserved",
            "ws-opcode-reserved",
            "ws-opcode-reserved",
            "ws-opcode-reserved",
        ],
    ),
    (
        "viol-pmd",
        &[
            "ws-pmd-inflate-failed",
            "ws-pmd-rsv1-on-continuation",
            "ws-pmd-rsv1-on-control",
            "ws-rsv-unnegotiated",
            "ws-text-invalid-utf8",
            "",
        ],
    ),
    (
        "viol-sequence-utf8",
        &[
            "ws-continuation-unexpected",
            "ws-continuation-expected",
            "ws-text-invalid-utf8",
            "ws-text-invalid-utf8",
            "ws-data-after-close",
            "",
        ],
    ),
    (
        "frames-close-codes",
        &[
            "",
            "",
            "",
            "",
            "<ws-close-code-invalid ws-close-code-invalid",
            "<ws-close-code-reserved-on-wire ws-close-code-reserved-on-wire",
            "<ws-close-code-reserved-on-wire ws-close-code-reserved-on-wire",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "<ws-close-code-reserved-on-wire ws-close-code-reserved-on-wire",
            "",
        ],
    ),
    (
        "frames-close-odd",
        &[
            "",
            "<ws-close-payload-one-byte ws-close-payload-one-byte",
            "",
            "<ws-close-reason-invalid-utf8 ws-close-reason-invalid-utf8",
            "",
            "",
        ],
    ),
];

#[test]
fn every_deliberate_fault_is_found_with_its_rule_and_its_side_and_no_other() {
    for (name, connections) in DELIBERATE {
        let cases = fixtures::readable();
        let case = cases.iter().find(|case| case.name == *name).unwrap();
        let mut seen: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
        for finding in findings(case) {
            let rules = seen.entry(finding.place.connection).or_default();
            if finding.severity == Severity::Error {
                let side = match finding.sender {
                    Some(wscope::direction::Direction::ToClient) => "<",
                    _ => "",
                };
                rules.insert(format!("{side}{}", finding.rule.id));
            }
        }
        let seen: Vec<String> = (0..connections.len() as u64)
            .map(|connection| {
                let rules = seen.remove(&connection).unwrap_or_default();
                rules.into_iter().collect::<Vec<_>>().join(" ")
            })
            .collect();
        assert_eq!(seen, *connections, "{name}");
    }
}
