//! `wscope schema`: the form of the records.

use super::console::Console;
use crate::report;

/// The form of the records, as JSON Schema
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command runs alike")]
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        console.answer(format!("{:#}\n", report::schema()).as_bytes())
    }
}
