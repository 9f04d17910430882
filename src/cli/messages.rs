//! `wscope messages`: WebSocket messages, with what they say and what they cost.

use super::console::Console;
use super::launch;
use super::options::Options;
use crate::analysis::{self, Wanted, Which};
use crate::report::{Kind, Listing};

/// WebSocket messages, with what they say and what they cost
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "\
Examples:
  wscope messages traffic.pcap
  wscope messages --connection 1 --since 2.5 --until 10 traffic.pcap
  wscope messages --max-payload all -o messages.ndjson traffic.pcap
  tcpdump -i lo -U -w - port 8080 | wscope messages -";

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let keep = analysis::Options {
            keep_messages: self.options.message_payload(),
            ledgers: Which::None,
            settled: Which::None,
            wanted: Wanted {
                messages: true,
                ..Wanted::NONE
            },
            ..analysis::Options::default()
        };
        let mut listing = Listing::new(Kind::Messages).with_notices(self.options.notices);
        launch::run(&self.options, keep, &mut listing, console)
    }
}
