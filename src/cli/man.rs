//! `wscope man`: manual pages.

use clap::CommandFactory as _;

use super::console::Console;
use super::{Cli, FAILED};

/// The manual page of wscope or of one of its commands
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A command; without it, the page of wscope itself
    command: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  wscope man | man -l -
  wscope man frames > wscope-frames.1";

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let mut command = Cli::command();
        command.build();
        if let Some(name) = &self.command {
            let Some(found) = command.find_subcommand(name) else {
                console.complain(&format!("there is no command '{name}'"));
                return FAILED;
            };
            command = found.clone();
        }
        let mut text = Vec::new();
        match clap_mangen::Man::new(command).render(&mut text) {
            Ok(()) => console.answer(&text),
            Err(error) => {
                console.complain(&error.to_string());
                FAILED
            }
        }
    }
}
