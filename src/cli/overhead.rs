//! `wscope overhead`: where every byte went, and what HTTP costs beside WebSocket.

use clap::ValueEnum;

use super::console::Console;
use super::launch;
use super::options::Options;
use crate::analysis::{self, Texts, Wanted, Which};
use crate::compare::{self, Deflate};
use crate::report::{Form, OverheadReport, Part};

/// Where every byte went, what HTTP costs beside WebSocket, and what the same messages would cost otherwise
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Only this type of record; csv and markdown have one type, ledger unless told
    #[arg(long, value_enum, value_name = "TYPE", help_heading = "Output")]
    record: Option<Only>,

    /// Model HTTP with request heads of so many bytes [default: the median of the capture's, else 500]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(..=1 << 20), help_heading = "Model")]
    http_request_bytes: Option<u64>,

    /// Model HTTP with response heads of so many bytes [default: the median of the capture's, else 300]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(..=1 << 20), help_heading = "Model")]
    http_response_bytes: Option<u64>,

    /// Add what a medium adds that no capture shows: preambles, check sequences, gaps, padding
    #[arg(long, value_enum, value_name = "MEDIUM", help_heading = "Model")]
    medium: Option<Medium>,

    /// Which messages are deflated, to see what permessage-deflate would save
    #[arg(
        long,
        value_enum,
        value_name = "WHICH",
        default_value = "sample",
        help_heading = "Model"
    )]
    deflate: Deflated,

    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "\
Examples:
  wscope overhead traffic.pcap
  wscope overhead --connection 3 traffic.pcap
  wscope overhead -o ledger.csv traffic.pcap   a line for each row of each ledger
  wscope overhead --record what_if --format csv traffic.pcap
  wscope overhead --http-request-bytes 900 --http-response-bytes 400 traffic.pcap

In csv a ledger is a line a row. Lines without connection are the capture's, without sender both sides'; choose one level before \
you sum. missing is of the whole ledger, the same in each of its lines.

--since, --until and --packets choose connections and messages; ledgers are always whole: a connection's of all its packets, the capture's of all that was read, which is left \
out with --connection. --limit counts connections. Messages longer than --max-payload are left out where they would be deflated.";

/// A type of record by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Only {
    /// Where the bytes went
    Ledger,
    /// What an answer costs over HTTP and over WebSocket
    Comparison,
    /// When a WebSocket has paid for its handshake
    BreakEven,
    /// What the messages would have cost otherwise
    WhatIf,
    /// Where the capture is not what the network carried
    Artefact,
    /// What the medium adds (with --medium)
    Medium,
}

/// Which messages are deflated.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Deflated {
    /// All where they are few, else those of senders chosen by a fixed rule; said with the result
    Sample,
    /// Every one, which takes some thirty times as long as all the rest
    All,
    /// None
    None,
}

/// What carries packets.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Medium {
    /// Ethernet
    Ethernet,
}

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let only = self.record.map(|only| match only {
            Only::Ledger => Part::Ledger,
            Only::Comparison => Part::Comparison,
            Only::BreakEven => Part::BreakEven,
            Only::WhatIf => Part::WhatIf,
            Only::Artefact => Part::Artefact,
            Only::Medium => Part::Medium,
        });
        // A page shows one connection's ledger at most; all others only need to be known until their connections are over.
        let lists =
            self.options.form() != Form::Table && only.is_none_or(|only| only == Part::Ledger);
        let shows = if lists { Which::All } else { Which::None };
        let keep = analysis::Options {
            ledgers: self.options.connection.map_or(Which::All, Which::Only),
            settled: self.options.settled(shows),
            keep_messages: self.options.message_payload(),
            decode_bodies: true,
            wanted: Wanted {
                texts: Texts::OfHandshakes(0),
                // Of these all of the payload is there, however much of it is to be kept.
                singles: self.options.max_payload.is_none(),
                ..Wanted::ALL
            },
            ..analysis::Options::default()
        };
        let model = compare::Options {
            request_head: self.http_request_bytes,
            response_head: self.http_response_bytes,
            deflate: match self.deflate {
                Deflated::Sample => Deflate::Sample,
                Deflated::All => Deflate::All,
                Deflated::None => Deflate::None,
            },
        };
        let mut report = OverheadReport::new(model)
            .only(only)
            .of_connection(self.options.connection)
            .on_ethernet(matches!(self.medium, Some(Medium::Ethernet)))
            .with_notices(self.options.notices);
        launch::run(&self.options, keep, &mut report, console)
    }
}
