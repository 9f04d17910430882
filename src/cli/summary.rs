//! `wscope summary`: a capture on one page.

use super::console::Console;
use super::launch;
use super::options::Options;
use crate::analysis::{self, Wanted, Which};
use crate::report::{Form, SummaryReport};

/// What is in a capture, on one page; what wscope does without a command
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "\
Examples:
  wscope traffic.pcap
  wscope monday.pcap tuesday.pcap
  wscope --merge ring_00001.pcap ring_00002.pcap
  wscope summary --format json traffic.pcap | jq '.[0].handshakes'

With --connection, --since, --until and --packets the events of that part are counted; packets, bytes and the ledger, and so the head and the line of bytes, are always the \
whole capture's. --limit counts connections.";

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let mut report = SummaryReport::new(self.options.notices);
        let keep = analysis::Options {
            ledgers: Which::None,
            settled: self.options.settled(Which::First(SummaryReport::SHOWN)),
            // A page tells of broken handshakes; a record counts all findings.
            check: matches!(self.options.form(), Form::Json | Form::Ndjson),
            wanted: Wanted {
                singles: true,
                texts: self.options.texts(SummaryReport::DETAILED),
                ..Wanted::ALL
            },
            ..analysis::Options::default()
        };
        launch::run(&self.options, keep, &mut report, console)
    }
}
