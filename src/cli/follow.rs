//! `wscope follow`: one connection as a transcript.

use super::FAILED;
use super::console::Console;
use super::launch;
use super::options::Options;
use crate::analysis::{self, Which};
use crate::report::{Follow, Form};

/// One connection as a transcript: who said what, and when
#[derive(Debug, clap::Args)]
#[command(
    after_help = EXAMPLES,
    mut_arg("format", |arg| arg.hide(true)),
    mut_arg("output", |arg| arg.help("Write the transcript to a file")),
    mut_arg("notices", |arg| arg.hide(true)),
)]
pub(super) struct Args {
    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "\
Examples:
  wscope follow --connection 1 traffic.pcap
  wscope follow --connection 1 --time utc --max-payload all traffic.pcap | less

A row leaves once all of it is known; its time is that of its first byte, of a response that of its last. So a message in many frames stands behind a Ping that was \
sent in between, and what came late, behind a lost packet or out of order, behind what the other side said meanwhile: its time is \
earlier then than that of the row above, and the last line counts such rows.";

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let Some(connection) = self.options.connection else {
            console.complain(
                "follow needs --connection N; `wscope connections CAPTURE` lists the numbers",
            );
            return FAILED;
        };
        if self.options.form() != Form::Table {
            console.complain(&format!(
                "a transcript has no records; `wscope messages --connection {connection}` has"
            ));
            return FAILED;
        }
        let keep = analysis::Options {
            // Control frames hold at most 125 bytes; of data frames without a message a line is enough.
            keep_frames: self.options.max_payload.unwrap_or(256),
            keep_messages: self.options.message_payload(),
            ledgers: Which::None,
            settled: Which::None,
            ..analysis::Options::default()
        };
        let mut follow = Follow::new(connection);
        launch::run(&self.options, keep, &mut follow, console)
    }
}
