//! The page about records: it names whatever a record may hold.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use wscope::notice::Kind;

#[test]
fn the_page_names_every_column_and_every_kind() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/records.md");
    let page = fs::read_to_string(page).unwrap();
    let named = |name: &str| page.contains(&format!("`{name}`"));
    let schema = Command::new(env!("CARGO_BIN_EXE_wscope"))
        .arg("schema")
        .output()
        .unwrap();
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    let records = schema["$defs"].as_object().unwrap();
    assert!(records.len() > 10);
    let mut lacking: Vec<String> = Vec::new();
    for (record, form) in records {
        let section = page
            .lines()
            .any(|line| line.starts_with(['#', '-']) && line.contains(&format!("`{record}`")));
        if !section {
            lacking.push(format!("a section on {record}"));
        }
        for (column, form) in form["properties"].as_object().unwrap() {
            if !named(column) {
                lacking.push(format!("{record}.{column}"));
            }
            let values = form["enum"].as_array().into_iter().flatten();
            // What only other programs write, and the names of ways, which have a page of their own.
            let named_elsewhere = ["way", "handshake", "opcode_name", "transport"];
            for value in values.filter_map(Value::as_str) {
                if !named_elsewhere.contains(&column.as_str()) && !named(value) {
                    lacking.push(format!("{record}.{column} = {value}"));
                }
            }
        }
    }
    let kinds = Kind::ALL.iter().map(|kind| kind.name());
    lacking.extend(kinds.filter(|kind| !named(kind)).map(str::to_string));
    assert_eq!(lacking, Vec::<String>::new());
}
