//! Golden records: what wscope says about each fixture, compared with `expected.ndjson` beside it.
//!
//! `UPDATE_GOLDEN=1 cargo test golden` writes the files anew; read the difference before you commit it.

use std::fs;

use crate::fixtures::{self, Fixture};
use crate::program;

const COMMANDS: [&str; 5] = ["connections", "handshakes", "frames", "messages", "http"];

/// Payloads up to this length stand whole in the files; where a fixture has longer ones, all of its records are cut.
const WHOLE: u64 = 1024;

#[test]
fn golden_records_are_as_expected() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1");
    let complaints = fixtures::complaints(&fixtures::readable(), |case| check(case, update));
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

fn check(case: &Fixture, update: bool) -> Vec<String> {
    let found = match all_records(case) {
        Ok(found) => found,
        Err(complaint) => return vec![format!("{}: {complaint}", case.name)],
    };
    let path = case.path("expected.ndjson");
    if update {
        fs::write(&path, found).unwrap();
        return Vec::new();
    }
    let Ok(expected) = fs::read_to_string(&path) else {
        return vec![format!(
            "{}: no expected.ndjson; UPDATE_GOLDEN=1 writes it",
            case.name
        )];
    };
    first_difference(&expected, &found)
        .map(|difference| format!("{}: {difference}", case.name))
        .into_iter()
        .collect()
}

fn all_records(case: &Fixture) -> Result<String, String> {
    let capture = case.capture.as_deref().unwrap();
    let sizes = program::records(&case.folder, &["frames", "--max-payload", "none", capture])?;
    let long = |record: &serde_json::Value| record["payload_length"].as_u64() > Some(WHOLE);
    let keep = if sizes.iter().any(long) { "256" } else { "all" };
    let mut all = String::new();
    for command in COMMANDS {
        all += &program::ndjson(&case.folder, &[command, "--max-payload", keep, capture])?;
    }
    Ok(all)
}

/// Where two texts of records part, with the fields that differ.
fn first_difference(expected: &str, found: &str) -> Option<String> {
    let (mut expected, mut found) = (expected.lines(), found.lines());
    let mut line = 0;
    loop {
        line += 1;
        let (wanted, have) = match (expected.next(), found.next()) {
            (None, None) => return None,
            (wanted, have) if wanted == have => continue,
            pair => pair,
        };
        let wanted_text = wanted.unwrap_or("(no more records)");
        let have_text = have.unwrap_or("(no more records)");
        let fields = differing_fields(wanted, have).unwrap_or_default();
        return Some(format!(
            "line {line} differs{fields}\n  expected {wanted_text}\n  found    {have_text}"
        ));
    }
}

fn differing_fields(wanted: Option<&str>, have: Option<&str>) -> Option<String> {
    let read = |line| serde_json::from_str::<serde_json::Value>(line).ok();
    let (wanted, have) = (read(wanted?)?, read(have?)?);
    let mut names: Vec<&String> = wanted
        .as_object()?
        .keys()
        .chain(have.as_object()?.keys())
        .collect();
    names.sort();
    names.dedup();
    names.retain(|name| wanted.get(name) != have.get(name));
    let fields = names.iter().map(|name| {
        let text = |record: &serde_json::Value| {
            record
                .get(name.as_str())
                .map_or("absent".into(), ToString::to_string)
        };
        format!(
            "\n    {name}: expected {}, found {}",
            text(&wanted),
            text(&have)
        )
    });
    Some(fields.collect())
}

#[test]
fn a_difference_is_told_by_its_line_and_field() {
    let told = first_difference(
        "{\"a\":1}\n{\"a\":1,\"b\":2}\n",
        "{\"a\":1}\n{\"a\":1,\"b\":3}\n",
    );
    let told = told.unwrap();
    assert!(told.contains("line 2"), "{told}");
    assert!(told.contains("b: expected 2, found 3"), "{told}");
    assert!(!told.contains("a: expected"), "{told}");
    assert!(
        first_difference("{}\n", "{}\n{}\n")
            .unwrap()
            .contains("(no more records)")
    );
    assert_eq!(first_difference("{}\n", "{}\n"), None);
}
