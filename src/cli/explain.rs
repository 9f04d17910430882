//! `wscope explain`: one rule in full.

use super::FAILED;
use super::console::Console;
use super::near::nearest;
use crate::check::{self, RULES, Rule};
use crate::report::{Look, explain};

/// What a rule asks, why, and how to mend what breaks it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The rules' ids, as `wscope rules` lists them
    #[arg(value_name = "RULE", required = true)]
    rules: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  wscope explain ws-accept-mismatch
  wscope rules";

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let look = Look {
            width: console.width,
            color: console.color,
            ..Look::default()
        };
        let mut text = Vec::new();
        for id in &self.rules {
            match rule(id) {
                Ok(rule) => {
                    if !text.is_empty() {
                        text.push(b'\n');
                    }
                    explain(rule, look, &mut text);
                }
                Err(complaint) => {
                    console.complain(&complaint);
                    return FAILED;
                }
            }
        }
        console.answer(&text)
    }
}

/// The rule of an id; else a complaint that names the near one.
pub(super) fn rule(id: &str) -> Result<&'static Rule, String> {
    if let Some(rule) = check::rule(id) {
        return Ok(rule);
    }
    let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    Err(match nearest(id, &ids) {
        Some(near) => format!("there is no rule '{id}'; did you mean '{near}'?"),
        None => format!("there is no rule '{id}'; `wscope rules` lists them"),
    })
}
