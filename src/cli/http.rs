//! `wscope http`: HTTP requests and their responses.

use super::console::Console;
use super::launch;
use super::options::Options;
use crate::analysis::{self, Texts, Wanted, Which};
use crate::report::{Kind, Listing};

/// HTTP requests and their responses
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "\
Examples:
  wscope http traffic.pcap
  wscope http --format csv traffic.pcap > exchanges.csv";

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let keep = analysis::Options {
            decode_bodies: true,
            ledgers: Which::None,
            settled: Which::None,
            wanted: Wanted {
                exchanges: true,
                texts: Texts::All,
                ..Wanted::NONE
            },
            ..analysis::Options::default()
        };
        let mut listing = Listing::new(Kind::Exchanges).with_notices(self.options.notices);
        launch::run(&self.options, keep, &mut listing, console)
    }
}
