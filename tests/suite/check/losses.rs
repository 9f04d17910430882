//! Law 6: a lost packet accuses nobody. Removing packets never adds a finding of severity error or warning.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wscope::capture::Packet;
use wscope::check::{Finding, Severity};
use wscope::direction::Direction;

use super::alone::cases;
use super::script::Script;
use super::{Kept, found, packets};
use crate::fixtures::{self, complaints};

/// Rules that cannot keep the law, each with its reason.
const EXCEPTIONS: [(&str, &str); 0] = [];

/// What counts against whom, and how badly. Connections are counted by their first packets, and those may be missing, so that they are
/// not told apart.
fn accusations(findings: &[Finding]) -> BTreeMap<(&'static str, Option<&'static str>), Severity> {
    let mut accusations = BTreeMap::new();
    for finding in findings
        .iter()
        .filter(|finding| finding.severity >= Severity::Warning)
    {
        let key = (finding.rule.id, finding.sender.map(Direction::sender));
        let worst = accusations.entry(key).or_insert(finding.severity);
        *worst = finding.severity.max(*worst);
    }
    accusations
}

/// What is found in a part that is not found in the whole.
pub(super) fn added(whole: &[Finding], part: &[Finding]) -> Vec<String> {
    let known = accusations(whole);
    accusations(part)
        .into_iter()
        .filter(|(key, severity)| known.get(key).is_none_or(|old| old < severity))
        .filter(|((rule, _), _)| !EXCEPTIONS.iter().any(|(exception, _)| exception == rule))
        .map(|((rule, sender), severity)| {
            format!(
                "{} {rule} of the {}",
                severity.name(),
                sender.unwrap_or("two")
            )
        })
        .collect()
}

fn without<'a>(
    packets: impl Iterator<Item = Packet<'a>>,
    lost: impl Fn(usize) -> bool,
) -> Vec<Finding> {
    found(
        packets
            .enumerate()
            .filter(|(index, _)| !lost(*index))
            .map(|(_, packet)| packet),
    )
}

/// How many packets a case may have to be tried without every set of them.
const SHORT: usize = 9;

#[test]
fn no_packet_of_a_case_accuses_by_its_absence() {
    let mut complaints = Vec::new();
    for case in cases() {
        for (name, script) in [("broken", &case.broken), ("near", &case.near)] {
            let whole = found(script.packets());
            for lost in 0..script.packets.len() {
                for added in added(&whole, &without(script.packets(), |index| index == lost)) {
                    complaints.push(format!(
                        "{} ({name}), without packet {}: {added}",
                        case.rule,
                        lost + 1
                    ));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn no_packet_of_a_fixture_accuses_by_its_absence() {
    let complaints = complaints(&fixtures::readable(), |case| {
        let all = packets(&case.path(case.capture.as_deref().unwrap()));
        let whole = found(all.iter().map(Kept::packet));
        let mut complaints = Vec::new();
        for lost in 0..all.len() {
            let part = without(all.iter().map(Kept::packet), |index| index == lost);
            for added in added(&whole, &part) {
                complaints.push(format!(
                    "{}, without packet {}: {added}",
                    case.name,
                    lost + 1
                ));
            }
        }
        complaints
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn no_snapshot_length_accuses_anybody_of_a_fixture() {
    let complaints = complaints(&fixtures::readable(), |case| {
        let all = packets(&case.path(case.capture.as_deref().unwrap()));
        let whole = found(all.iter().map(Kept::packet));
        let mut complaints = Vec::new();
        for snaplen in (54..120).step_by(3).chain([140, 180, 250, 400, 700]) {
            let part = found(all.iter().map(Kept::packet).map(|packet| Packet {
                bytes: &packet.bytes[..packet.bytes.len().min(snaplen)],
                ..packet
            }));
            for added in added(&whole, &part) {
                complaints.push(format!("{}, cut at {snaplen}: {added}", case.name));
            }
        }
        complaints
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Every way to lose packets of a short case.
#[test]
fn no_loss_from_a_short_case_accuses() {
    let mut complaints = Vec::new();
    for case in cases() {
        for (name, script) in [("broken", &case.broken), ("near", &case.near)] {
            let count = script.packets.len();
            if count > SHORT {
                continue;
            }
            let whole = found(script.packets());
            for lost in 1u32..1 << count {
                let part = without(script.packets(), |index| lost >> index & 1 == 1);
                for added in added(&whole, &part) {
                    complaints.push(format!(
                        "{} ({name}), without {lost:#b}: {added}",
                        case.rule
                    ));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn scripts() -> impl Strategy<Value = Script> {
    let all: Vec<Script> = cases()
        .into_iter()
        .flat_map(|case| [case.broken, case.near])
        .collect();
    prop::sample::select(all)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_loss_of_several_packets_accuses(script in scripts(), seed: u64, share in 1u64..6) {
        let whole = found(script.packets());
        let mut rng = crate::traffic::Rng(seed);
        let lost: Vec<bool> = script.packets.iter().map(|_| rng.next() % 6 < share).collect();
        let part = without(script.packets(), |index| lost[index]);
        let added = added(&whole, &part);
        prop_assert!(added.is_empty(), "without {lost:?}: {added:?}");
    }
}
