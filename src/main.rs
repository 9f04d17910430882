//! The command line: arguments in, exit code out.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use wscope::cli::{self, Console};

fn main() -> ExitCode {
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let mut console = Console {
        width: terminal
            .then(|| terminal_size::terminal_size_of(&stdout))
            .flatten()
            .map(|(width, _)| usize::from(width.0)),
        color: terminal && color_is_welcome(),
        key_log: std::env::var_os("SSLKEYLOGFILE")
            .filter(|name| !name.is_empty())
            .map(Into::into),
        out: Box::new(stdout.lock()),
        err: Box::new(io::stderr()),
    };
    ExitCode::from(cli::run(std::env::args_os(), &mut console))
}

/// Unless the environment says otherwise: `NO_COLOR` (any value but an empty one), or a terminal that cannot.
fn color_is_welcome() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
