//! `wscope frames`: WebSocket frames, field by field.

use super::console::Console;
use super::launch;
use super::options::Options;
use crate::analysis::{self, Wanted, Which};
use crate::report::{Kind, Listing};

/// WebSocket frames, field by field
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "\
Examples:
  wscope frames traffic.pcap
  wscope frames --packets 10-40 traffic.pcap
  wscope frames -o frames.csv traffic.pcap";

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let keep = analysis::Options {
            keep_frames: self.options.frame_payload(),
            max_inflate: 0,
            ledgers: Which::None,
            settled: Which::None,
            wanted: Wanted {
                frames: true,
                ..Wanted::NONE
            },
            ..analysis::Options::default()
        };
        let mut listing = Listing::new(Kind::Frames).with_notices(self.options.notices);
        launch::run(&self.options, keep, &mut listing, console)
    }
}
