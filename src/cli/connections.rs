//! `wscope connections`: TCP connections, what they speak and how they closed.

use super::console::Console;
use super::launch;
use super::options::Options;
use crate::analysis::{self, Wanted};
use crate::report::{Kind, Listing};

/// TCP connections, what they speak and how they closed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "\
Examples:
  wscope connections traffic.pcap
  wscope connections --format json traffic.pcap | jq '.[] | select(.protocol == \"websocket\")'";

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let keep = analysis::Options {
            max_inflate: 0,
            wanted: Wanted {
                connections: true,
                ..Wanted::NONE
            },
            ..analysis::Options::default()
        };
        let mut listing = Listing::new(Kind::Connections).with_notices(self.options.notices);
        launch::run(&self.options, keep, &mut listing, console)
    }
}
