//! The ledger of every fixture: it balances, and it says what an independent program says.
//!
//! `ledger.json` lists, for the whole capture and each connection (both sides, the client, the server), packets, missing and total
//! bytes, each column's sum, and packets and total of each row, as a slow program of another author, which holds a whole
//! capture in memory, has charged them by the rules of `docs/overhead.md`. Captures in which what is read after a loss is
//! open to judgement have none.

use std::collections::HashMap;
use std::fs;

use serde_json::{Value, json};
use wscope::direction::Direction;
use wscope::ledger::Row;
use wscope::wire::Wire;

use crate::collect::Rows;
use crate::fixtures::{self, Fixture};
use crate::program;

const COLUMNS: [&str; 6] = ["link", "network", "transport", "tls", "head", "payload"];

#[test]
fn the_ledger_of_every_fixture_balances() {
    let complaints = fixtures::complaints(&fixtures::readable(), |case| match balance(case) {
        Ok(()) => Vec::new(),
        Err(complaint) => vec![format!("{}: {complaint}", case.name)],
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn balance(case: &Fixture) -> Result<(), String> {
    let capture = case.capture.as_deref().unwrap();
    let summary = program::records(&case.folder, &["summary", capture])?;
    let records = program::records(&case.folder, &["overhead", capture])?;
    let ledgers: Vec<&Value> = records
        .iter()
        .filter(|record| record["type"] == "ledger")
        .collect();
    for ledger in &ledgers {
        sums(ledger)?;
    }
    let whole = ledgers.last().unwrap();
    equal(
        "the capture's length",
        &summary[0]["bytes"],
        &whole["total"],
    )?;
    equal("packets", &summary[0]["packets"], &whole["packets"])?;
    let connections = program::records(&case.folder, &["connections", capture])?;
    for connection in connections {
        let number = &connection["connection"];
        for (sender, bytes) in [("client", "client_bytes"), ("server", "server_bytes")] {
            let ledger = ledgers
                .iter()
                .find(|ledger| &ledger["connection"] == number && ledger["sender"] == sender);
            let ledger =
                ledger.ok_or(format!("connection {number} has no ledger of its {sender}"))?;
            equal("a side's length", &connection[bytes], &ledger["total"])?;
        }
    }
    Ok(())
}

/// The sums within a ledger record.
fn sums(ledger: &Value) -> Result<(), String> {
    let mut total = 0;
    for (name, row) in ledger["rows"].as_object().unwrap() {
        let sum: u64 = COLUMNS
            .iter()
            .map(|column| row[column].as_u64().unwrap())
            .sum();
        equal(&format!("row {name}"), &json!(sum), &row["total"])?;
        total += sum;
    }
    equal("the rows' sum", &json!(total), &ledger["total"])
}

fn equal(what: &str, one: &Value, other: &Value) -> Result<(), String> {
    if one == other {
        Ok(())
    } else {
        Err(format!("{what}: {one} and {other}"))
    }
}

#[test]
fn the_ledger_says_what_another_program_says() {
    let mut cases = fixtures::readable();
    cases.retain(|case| case.path("ledger.json").exists());
    assert!(
        cases.len() >= 60,
        "only {} fixtures have a ledger",
        cases.len()
    );
    let complaints = fixtures::complaints(&cases, |case| match agree(case) {
        Ok(()) => Vec::new(),
        Err(complaint) => vec![format!("{}: {complaint}", case.name)],
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn agree(case: &Fixture) -> Result<(), String> {
    let text = fs::read_to_string(case.path("ledger.json")).unwrap();
    let expected: Vec<Value> = serde_json::from_str(&text).unwrap();
    let arguments = [
        "overhead",
        "--record",
        "ledger",
        case.capture.as_deref().unwrap(),
    ];
    let mut found: HashMap<String, Value> = program::records(&case.folder, &arguments)?
        .into_iter()
        .map(|record| (key(&record), record))
        .collect();
    for wanted in &expected {
        let key = key(wanted);
        let record = found.remove(&key).ok_or(format!("no ledger of {key}"))?;
        for column in ["packets", "missing", "total"] {
            equal(
                &format!("{key}, {column}"),
                &wanted[column],
                &record[column],
            )?;
        }
        let rows = record["rows"].as_object().unwrap();
        for column in COLUMNS {
            let sum: u64 = rows.values().map(|row| row[column].as_u64().unwrap()).sum();
            equal(
                &format!("{key}, {column}"),
                &wanted["columns"][column],
                &json!(sum),
            )?;
        }
        let of_rows: serde_json::Map<String, Value> = rows
            .iter()
            .map(|(name, row)| (name.clone(), json!([row["packets"], row["total"]])))
            .collect();
        equal(
            &format!("{key}, rows"),
            &wanted["rows"],
            &Value::Object(of_rows),
        )?;
    }
    match found.keys().next() {
        Some(more) => Err(format!("a ledger of {more} more")),
        None => Ok(()),
    }
}

fn key(ledger: &Value) -> String {
    format!(
        "connection {}, sender {}",
        ledger["connection"], ledger["sender"]
    )
}

/// Whether every sum that must hold does: within each connection, and over all. The first that does not is told.
pub fn unbalanced(rows: &Rows) -> Option<String> {
    let mut all = Wire::default();
    for connection in &rows.connections {
        let mut own: HashMap<Row, Wire> = HashMap::new();
        let ledgers = connection.ledgers.as_ref().unwrap();
        for direction in Direction::ALL {
            let ledger = &ledgers[direction];
            if ledger.total() != connection.bytes[direction]
                || ledger.packets != connection.packets[direction]
            {
                return Some(format!("connection {}, {direction:?}", connection.number));
            }
            all += ledger.sum();
            for (row, entry) in ledger.rows() {
                *own.entry(row).or_default() += entry.wire;
            }
        }
        let of = |rows: &[Row]| {
            let cells = rows.iter().filter_map(|row| own.get(row));
            cells.fold(Wire::default(), |sum, &wire| sum + wire)
        };
        let frames = rows
            .frames
            .iter()
            .filter(|row| row.connection == connection.number);
        let frames = frames.fold(Wire::default(), |sum, row| sum + row.wire);
        if frames != of(&[Row::Message, Row::Control]) {
            return Some(format!(
                "frames of connection {}: {frames:?}, charged {:?}",
                connection.number,
                of(&[Row::Message, Row::Control])
            ));
        }
        let exchanges = rows
            .exchanges
            .iter()
            .filter(|row| row.connection == connection.number);
        let exchanges = exchanges
            .flat_map(|row| [row.request_wire, row.response_wire])
            .flatten()
            .fold(Wire::default(), |sum, wire| sum + wire);
        let http = [
            Row::UpgradeRequest,
            Row::UpgradeResponse,
            Row::HttpRequest,
            Row::HttpResponse,
        ];
        if exchanges != of(&http) {
            return Some(format!(
                "exchanges of connection {}: {exchanges:?}, charged {:?}",
                connection.number,
                of(&http)
            ));
        }
    }
    let whole = all + rows.ledger.row(Row::Other).wire;
    // Fragments that were captured twice belong to no connection.
    let apart = rows.ledger.sum().total() - whole.total().min(rows.ledger.sum().total());
    (whole.total() > rows.ledger.total() || apart > rows.ledger.row(Row::Duplicate).wire.total())
        .then(|| "the whole".to_string())
}
