//! The options that every command over captures takes.

use std::num::NonZero;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::console::Console;
use super::parse::{self, Moment};
use crate::analysis::{self, Texts, Which};
use crate::report::{Form, Look, Times};

/// More threads than these wait for the one that reads packets.
const USEFUL_THREADS: usize = 8;

/// Which captures are read, what of them is shown, and how.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    /// Captures: files, directories, or - for standard input
    #[arg(value_name = "CAPTURE", required = true)]
    pub captures: Vec<PathBuf>,

    /// Read all captures as pieces of one recording, in time order; packets are numbered in that order
    #[arg(long, help_heading = "Selection")]
    pub merge: bool,

    /// Show only this connection (its number, as in Wireshark's tcp.stream)
    #[arg(long, value_name = "N", value_parser = parse::connection, help_heading = "Selection")]
    pub connection: Option<u64>,

    /// Show only what ends at or after a time: RFC 3339, or seconds from the first packet
    #[arg(long, value_name = "TIME", value_parser = parse::moment, help_heading = "Selection")]
    pub since: Option<Moment>,

    /// Show only what begins at or before a time: RFC 3339, or seconds from the first packet
    #[arg(long, value_name = "TIME", value_parser = parse::moment, help_heading = "Selection")]
    pub until: Option<Moment>,

    /// Show only what touches these packets: 10-20, 10- or 10
    #[arg(long, value_name = "A-B", value_parser = parse::packets, help_heading = "Selection")]
    pub packets: Option<(u64, u64)>,

    /// Stop reading after so many rows
    #[arg(long, value_name = "N", value_parser = parse::count, help_heading = "Selection")]
    pub limit: Option<u64>,

    /// Open TLS with the secrets of this key log, as SSLKEYLOGFILE makes programs write it
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Selection",
        long_help = "Open TLS with the secrets of this key log, as SSLKEYLOGFILE makes programs write it. \
            Without it the log that SSLKEYLOGFILE names is read, and secrets that a pcapng file holds always are"
    )]
    pub keylog: Option<PathBuf>,

    /// How the report is written [default: table, or what the ending of -o says]
    #[arg(long, value_parser = records(), value_name = "FORMAT", help_heading = "Output")]
    pub format: Option<Format>,

    /// Write the report to a file; .json, .ndjson, .csv and .md choose the format
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,

    /// How much payload is kept for each record: bytes (64K, 1M), all or none
    #[arg(long, value_name = "BYTES", value_parser = parse::size, help_heading = "Output",
        long_help = "How much payload is kept for each record: bytes (64K, 1M), all or none. \
            Without it 64K of a message, and of a frame 256 bytes in tables and none elsewhere")]
    pub max_payload: Option<u64>,

    /// How much a compressed message may inflate to: bytes (64K, 1M), all or none [default: 64M]
    #[arg(long, value_name = "BYTES", value_parser = parse::size, help_heading = "Output",
        long_help = "How much a compressed message may inflate to: bytes (64K, 1M), all or none. \
            Without it 64M: a few megabytes can inflate to a thousand times as many")]
    pub max_inflate: Option<u64>,

    /// How many threads may work [default: as many as the machine has, up to 8]
    #[arg(long, value_name = "N", value_parser = parse::count, help_heading = "Output",
        long_help = "How many threads may work on connections; as many as the machine has, up to 8, unless told. With two or more, \
            packets are read on a thread of their own, and so is a compressed capture decompressed. With one, that one does \
            all, as it does with what comes through a pipe. The output is the same for any number")]
    pub threads: Option<u64>,

    /// Times in tables: seconds from the first packet, or UTC. Records always have UTC
    #[arg(
        long,
        value_enum,
        value_name = "TIMES",
        default_value = "relative",
        help_heading = "Output"
    )]
    pub time: Time,

    /// Colours in tables
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Output"
    )]
    pub color: Color,

    /// Say nothing of what the captures do not show
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,

    /// Put notices among the records (json and ndjson) instead of on standard error
    #[arg(long, help_heading = "Output")]
    pub notices: bool,
}

/// The forms of output by name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Format {
    /// For a person
    Table,
    /// One JSON array
    Json,
    /// A JSON object a line
    #[value(alias = "jsonl")]
    Ndjson,
    /// Comma-separated values, with a header
    Csv,
    /// A Markdown table
    Markdown,
    #[value(help = "JUnit: a suite for each capture")]
    Junit,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// The Test Anything Protocol, version 14
    Tap,
}

/// The formats that every command has.
fn records() -> impl TypedValueParser<Value = Format> {
    let all = Format::value_variants().iter();
    let of_records = all.take_while(|format| **format != Format::Junit);
    let names = of_records.filter_map(ValueEnum::to_possible_value);
    PossibleValuesParser::new(names).map(|name| {
        // The parser lets only names of formats through.
        Format::from_str(&name, false).unwrap_or(Format::Table)
    })
}

/// How times are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Time {
    /// Seconds from the first packet
    Relative,
    /// RFC 3339
    Utc,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Options {
    /// The form that is asked for, by name or by the output's ending.
    pub(super) fn form(&self) -> Form {
        match (self.format, self.ending().as_str()) {
            (Some(Format::Json), _) | (None, "json") => Form::Json,
            (Some(Format::Ndjson), _) | (None, "ndjson" | "jsonl") => Form::Ndjson,
            (Some(Format::Csv), _) | (None, "csv") => Form::Csv,
            (Some(Format::Markdown), _) | (None, "md" | "markdown") => Form::Markdown,
            (Some(Format::Junit), _) => Form::Junit,
            (Some(Format::Sarif), _) => Form::Sarif,
            (Some(Format::Github), _) => Form::Github,
            (Some(Format::Tap), _) => Form::Tap,
            (Some(Format::Table) | None, _) => Form::Table,
        }
    }

    /// How many threads may work.
    pub(super) fn threads(&self) -> usize {
        let told = self
            .threads
            .map(|threads| usize::try_from(threads).unwrap_or(usize::MAX));
        told.unwrap_or_else(|| {
            let machine = std::thread::available_parallelism().map_or(1, NonZero::get);
            machine.min(USEFUL_THREADS)
        })
    }

    /// The same for a check, which has formats of its own.
    pub(super) fn check_form(&self) -> Form {
        match (self.format, self.ending().as_str()) {
            (None, "xml") => Form::Junit,
            (None, "sarif") => Form::Sarif,
            (None, "tap") => Form::Tap,
            _ => self.form(),
        }
    }

    /// What is wrong with the output's ending, where it is that of a format in which this command does not write.
    pub(super) fn foreign_ending(&self, form: Form) -> Option<String> {
        const KNOWN: &[&str] = &["xml", "sarif", "tap", "html", "xlsx", "parquet", "yaml"];
        let ending = self.ending();
        (self.format.is_none() && form == Form::Table && KNOWN.contains(&ending.as_str())).then(|| {
            format!(
                "no report of this command is written as .{ending}; .json, .ndjson, .csv and .md choose a format, and --format table writes a page to any file"
            )
        })
    }

    fn ending(&self) -> String {
        let ending = self.output.as_deref().and_then(|path| path.extension());
        ending.unwrap_or_default().to_string_lossy().to_lowercase()
    }

    /// Of which connections a page must know the late packets: of those that it `shows`, and where it is of a part of the capture, of
    /// all, because it may be a late packet that belongs to the part.
    pub(super) fn settled(&self, shows: Which) -> Which {
        let part = self.since.is_some() || self.until.is_some() || self.packets.is_some();
        match self.connection {
            _ if part => Which::All,
            Some(number) => Which::Only(number),
            None => shows,
        }
    }

    /// Of which heads a page must know the texts that shows those of the first few handshakes: where it is of a part of the capture, it
    /// is not known before which these are.
    pub(super) fn texts(&self, shown: u64) -> Texts {
        if self.shows_a_part() {
            Texts::All
        } else {
            Texts::OfHandshakes(shown)
        }
    }

    /// How pages look: a file is no terminal.
    pub(super) fn look(&self, console: &Console<'_>) -> Look {
        let terminal = self.output.is_none();
        Look {
            width: console.width.filter(|_| terminal),
            color: match self.color {
                Color::Auto => console.color && terminal,
                Color::Always => true,
                Color::Never => false,
            },
            times: match self.time {
                Time::Relative => Times::Relative,
                Time::Utc => Times::Utc,
            },
        }
    }

    /// Whether only a part of the capture is shown.
    pub(super) fn shows_a_part(&self) -> bool {
        self.connection.is_some()
            || self.since.is_some()
            || self.until.is_some()
            || self.packets.is_some()
    }

    /// What is kept and inflated, of what a command needs.
    pub(super) fn bound(&self, needed: analysis::Options) -> analysis::Options {
        let max_inflate = match self.max_inflate {
            Some(most) if needed.max_inflate > 0 => most,
            _ => needed.max_inflate,
        };
        let mut wanted = needed.wanted;
        // Whether there is such a connection is seen by its record.
        wanted.connections |= self.connection.is_some();
        analysis::Options {
            max_inflate,
            wanted,
            ..needed
        }
    }

    /// How much of a message is kept.
    pub(super) fn message_payload(&self) -> u64 {
        self.max_payload.unwrap_or(64 << 10)
    }

    /// How much of a frame is kept: a table shows a line of it.
    pub(super) fn frame_payload(&self) -> u64 {
        let unless_told = match self.form() {
            Form::Table => 256,
            _ => 0,
        };
        self.max_payload.unwrap_or(unless_told)
    }
}
