//! The command line: arguments in, a report out, an exit status back.
//!
//! One file a command. What they share stands in `options` (what is asked for), `source` (where packets come from), `window` (which
//! records are shown), `launch` (from the one to the other) and `drive` (the one loop over packets).

mod check;
mod completions;
mod config;
mod connections;
mod console;
mod demo;
mod destination;
mod drive;
mod expected;
mod explain;
mod follow;
mod frames;
mod handshakes;
mod http;
mod keys;
mod launch;
mod man;
mod messages;
mod near;
mod options;
mod overhead;
mod parse;
mod rules;

mod schema;
mod source;
mod summary;
mod window;

use std::ffi::OsString;
use std::path::Path;

use clap::{CommandFactory as _, Parser, Subcommand};

pub use console::Console;

use crate::report::shown;

/// All was done.
pub const DONE: u8 = 0;
/// A check found what fails it.
pub const FOUND: u8 = 1;
/// What was asked for could not be done.
pub const FAILED: u8 = 2;

/// Understand, price and judge the WebSocket connections in a packet capture.
#[derive(Debug, Parser)]
#[command(
    name = "wscope",
    version,
    about,
    override_usage = "wscope CAPTURE...\n       wscope COMMAND [OPTIONS] CAPTURE...",
    disable_help_subcommand = true,
    arg_required_else_help = true,
    subcommand_help_heading = "Commands",
    after_help = EXAMPLES
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
A capture is a file, a directory of files, or - for standard input. Without a command, wscope shows the summary.

Examples:
  wscope demo                                 see it at work on a small capture that comes with it
  wscope traffic.pcap                         what is in this capture, on one page
  wscope frames traffic.pcap                  every WebSocket frame
  wscope messages -o messages.csv traffic.pcap
  tcpdump -i lo -U -w - port 8080 | wscope messages -
                                              messages as they come
  wscope handshakes --verdict invalid *.pcap  only the opening handshakes that break a rule
  wscope check fixtures/                      what breaks a rule, for a person or for CI

Exit status: 0 done, 1 check found something, 2 something that was asked for could not be done.";

#[derive(Debug, Subcommand)]
enum Command {
    Summary(summary::Args),
    Connections(connections::Args),
    Handshakes(handshakes::Args),
    Messages(messages::Args),
    Frames(frames::Args),
    Http(http::Args),
    Overhead(overhead::Args),
    Follow(follow::Args),
    Check(check::Args),
    Rules(rules::Args),
    Explain(explain::Args),
    Demo(demo::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Does what the arguments say (the first is the program's own name) and returns the exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>, console: &mut Console<'_>) -> u8 {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(complaint) = complete(&mut arguments) {
        console.complain(&complaint);
        return FAILED;
    }
    match parsed(&arguments) {
        Ok(cli) => match cli.command {
            Command::Summary(args) => args.run(console),
            Command::Connections(args) => args.run(console),
            Command::Handshakes(args) => args.run(console),
            Command::Messages(args) => args.run(console),
            Command::Frames(args) => args.run(console),
            Command::Http(args) => args.run(console),
            Command::Overhead(args) => args.run(console),
            Command::Follow(args) => args.run(console),
            Command::Check(args) => args.run(console),
            Command::Rules(args) => args.run(console),
            Command::Explain(args) => args.run(console),
            Command::Demo(args) => args.run(console),
            Command::Schema(args) => args.run(console),
            Command::Completions(args) => args.run(console),
            Command::Man(args) => args.run(console),
        },
        Err(error) => console.usage(&error),
    }
}

/// The arguments; or what is wrong with them, in which nothing that a terminal would obey is quoted, nor a line begun.
fn parsed(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(arguments).map_err(|error| {
        let shown = arguments.iter().map(|text| shown(&text.to_string_lossy()));
        Cli::try_parse_from(shown).err().unwrap_or(error)
    })
}

/// Puts `summary` where no command is named, and says what is wrong where one seems to be mistyped.
fn complete(arguments: &mut Vec<OsString>) -> Option<String> {
    let first = arguments.get(1)?.clone();
    if first == "help" && !Path::new(&first).exists() {
        // `help COMMAND` is what many programs know.
        arguments.remove(1);
        arguments.truncate(2);
        arguments.push("--help".into());
        return None;
    }
    let first_text = first.to_string_lossy();
    let command = Cli::command();
    let names: Vec<&str> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    if names.contains(&first_text.as_ref()) {
        return None;
    }
    if first_text.starts_with('-') && first_text != "-" {
        let about = ["-h", "--help", "-V", "--version"];
        if !about.contains(&first_text.as_ref()) {
            // Options may stand before the command too.
            let named = arguments.iter().skip(2).position(|argument| {
                names.contains(&argument.to_string_lossy().as_ref())
                    && !Path::new(argument).exists()
            });
            let command = match named {
                Some(at) => arguments.remove(at + 2),
                None => "summary".into(),
            };
            arguments.insert(1, command);
        }
        return None;
    }
    if !Path::new(&first).exists()
        && let Some(near) = near::nearest(&first_text, &names)
    {
        return Some(format!(
            "there is no command '{first_text}', and no such file; did you mean 'wscope {near}'?"
        ));
    }
    arguments.insert(1, "summary".into());
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_capture_without_a_command_is_summarised() {
        let mut arguments = ["wscope", "no-such-file.pcap"].map(OsString::from).to_vec();
        assert_eq!(complete(&mut arguments), None);
        assert_eq!(arguments, ["wscope", "summary", "no-such-file.pcap"]);
        let mut arguments = ["wscope", "--format", "json", "-"]
            .map(OsString::from)
            .to_vec();
        assert_eq!(complete(&mut arguments), None);
        assert_eq!(arguments, ["wscope", "summary", "--format", "json", "-"]);
    }

    #[test]
    fn options_may_stand_before_the_command() {
        let mut arguments = ["wscope", "--format", "json", "frames", "x.pcap"]
            .map(OsString::from)
            .to_vec();
        assert_eq!(complete(&mut arguments), None);
        assert_eq!(
            arguments,
            ["wscope", "frames", "--format", "json", "x.pcap"]
        );
    }

    #[test]
    fn a_mistyped_command_is_answered_with_the_near_one() {
        let mut arguments = ["wscope", "frmaes", "x.pcap"].map(OsString::from).to_vec();
        let complaint = complete(&mut arguments).unwrap_or_default();
        assert!(complaint.contains("'wscope frames'"), "{complaint}");
    }
}
