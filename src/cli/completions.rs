//! `wscope completions`: what a shell needs to complete a command line.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;
use super::console::Console;

/// What a shell needs to complete command lines
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  wscope completions bash > ~/.local/share/bash-completion/completions/wscope
  wscope completions fish > ~/.config/fish/completions/wscope.fish";

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "wscope", &mut text);
        console.answer(&text)
    }
}
