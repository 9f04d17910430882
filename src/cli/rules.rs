//! `wscope rules`: every rule that a check holds captures against.

use clap::ValueEnum;
use serde_json::json;

use super::FAILED;
use super::console::Console;
use super::near::nearest;
use crate::check::{RULES, Rule};
use crate::report::{Look, list};

/// List the rules that captures are held against
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Only rules whose id holds this word
    #[arg(value_name = "WORD")]
    word: Option<String>,

    /// How the list is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  wscope rules
  wscope rules close
  wscope rules --format json | jq -r '.[] | select(.severity == \"error\") | .rule'";

/// The forms of the list by name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Format {
    /// For a person
    Table,
    /// One JSON array, with why and how to mend
    Json,
    /// A Markdown table
    Markdown,
}

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let word = self.word.as_deref().unwrap_or_default();
        let rules: Vec<&Rule> = RULES.iter().filter(|rule| rule.id.contains(word)).collect();
        if rules.is_empty() {
            let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
            let near = nearest(word, &ids).map(|near| format!("; did you mean '{near}'?"));
            let near = near.unwrap_or_default();
            console.complain(&format!("no rule's id holds '{word}'{near}"));
            return FAILED;
        }
        let mut text = Vec::new();
        match self.format {
            Format::Table => {
                let look = Look {
                    width: console.width,
                    color: console.color,
                    ..Look::default()
                };
                list(&rules, look, &mut text);
                if word.is_empty() {
                    let count = rules.len();
                    let first = rules.first().map_or("", |rule| rule.id);
                    let last = format!("\n{count} rules\nNext: wscope explain {first}\n");
                    text.extend_from_slice(last.as_bytes());
                }
            }
            Format::Json => {
                let rules: Vec<_> = rules.iter().map(|rule| record(rule)).collect();
                text = format!("{:#}\n", json!(rules)).into_bytes();
            }
            Format::Markdown => markdown(&rules, &mut text),
        }
        console.answer(&text)
    }
}

fn record(rule: &Rule) -> serde_json::Value {
    json!({
        "type": "rule",
        "rule": rule.id,
        "subject": rule.subject.name(),
        "severity": rule.severity.name(),
        "fault": rule.fault.name(),
        "source": rule.source,
        "summary": rule.summary,
        "why": rule.why,
        "help": rule.help,
        "example": rule.example,
    })
}

fn markdown(rules: &[&Rule], out: &mut Vec<u8>) {
    use std::io::Write as _;
    out.extend_from_slice(
        b"| rule | severity | at fault | clause | what |\n| --- | --- | --- | --- | --- |\n",
    );
    for rule in rules {
        let summary = rule.summary.replace('|', "\\|");
        // Writing to a buffer cannot fail.
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {summary} |",
            rule.id,
            rule.severity.name(),
            rule.fault.name(),
            rule.source
        );
    }
}
