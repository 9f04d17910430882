//! The built program, run as its user runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The program in a folder, with nothing of the environment that changes what it prints, and with the keys that are in the folder.
pub fn wscope(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wscope"));
    command.current_dir(folder);
    for variable in ["SSLKEYLOGFILE", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(variable);
    }
    if let Some(keys) = keys_in(folder) {
        command.env("SSLKEYLOGFILE", keys);
    }
    command
}

/// The key log in a folder.
pub fn keys_in(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "keys"))
}

/// What it printed as lines of JSON; a complaint where it did not end well.
pub fn ndjson(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let run = wscope(folder)
        .args(arguments)
        .args(["--format", "ndjson"])
        .output()
        .unwrap();
    if run.status.code() == Some(0) {
        Ok(String::from_utf8(run.stdout).unwrap())
    } else {
        Err(format!(
            "wscope {}: {}\n{}",
            arguments.join(" "),
            run.status,
            stderr(&run)
        ))
    }
}

/// The same, read.
pub fn records(folder: &Path, arguments: &[&str]) -> Result<Vec<Value>, String> {
    let text = ndjson(folder, arguments)?;
    let read = |line| serde_json::from_str(line).map_err(|error| format!("{error}: {line}"));
    text.lines().map(read).collect()
}

pub fn stderr(run: &Output) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned()
}
