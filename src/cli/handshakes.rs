//! `wscope handshakes`: opening handshakes and what can be said of them.

use clap::ValueEnum;

use super::console::Console;
use super::launch;
use super::options::Options;
use crate::analysis::{self, Texts, Wanted, Which};
use crate::event::Verdict;
use crate::report::{Kind, Listing};

/// Opening handshakes, and whether they are valid
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Only handshakes of this verdict
    #[arg(long, value_enum, value_name = "VERDICT", help_heading = "Selection")]
    verdict: Option<Only>,

    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "\
Examples:
  wscope handshakes traffic.pcap
  wscope handshakes --verdict invalid captures/
  wscope handshakes --format json traffic.pcap | jq '.[] | {connection, verdict, reasons}'";

/// A verdict by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Only {
    /// Answered with 101, and every requirement that can be seen is kept
    Valid,
    /// Answered with 101, and a requirement is broken
    Invalid,
    /// Answered otherwise
    Refused,
    /// The capture lacks what is needed to say
    Unknown,
}

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let verdict = self.verdict.map(|only| match only {
            Only::Valid => Verdict::Valid,
            Only::Invalid => Verdict::Invalid,
            Only::Refused => Verdict::Refused,
            Only::Unknown => Verdict::Unknown,
        });
        let mut listing = Listing::new(Kind::Handshakes)
            .of_verdict(verdict)
            .with_notices(self.options.notices);
        let keep = analysis::Options {
            max_inflate: 0,
            ledgers: Which::None,
            settled: Which::None,
            wanted: Wanted {
                handshakes: true,
                texts: Texts::All,
                ..Wanted::NONE
            },
            ..analysis::Options::default()
        };
        launch::run(&self.options, keep, &mut listing, console)
    }
}
