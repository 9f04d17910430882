//! Context: what a report must know of the capture that is being read.

use std::fmt::Write as _;

use super::look::{Look, Times};
use super::text;
use crate::time::Timestamp;

/// How many changes between the files of a merged capture are remembered: 16 bytes each. Past that, names of files are those of
/// the last remembered change; only the `capture` column of connections and handshakes depends on it.
const CHANGES: usize = 1 << 20;

/// The files that a capture is read from: one, or several that were merged.
#[derive(Clone, Debug, Default)]
pub struct Files {
    names: Vec<String>,
    /// The first packet of each run of packets that stand in one file, and the file.
    runs: Vec<(u64, u16)>,
    /// Whether no command can name it: it is part of the program, or could be read only once.
    unnamed: bool,
    /// The key log that a command line names.
    key_log: Option<String>,
}

impl Files {
    /// A capture that is part of the program.
    pub fn built_in(name: &str) -> Self {
        Self {
            names: vec![name.to_string()],
            unnamed: true,
            ..Self::default()
        }
    }

    /// Files by name, in the order of their indices.
    pub fn new(names: Vec<String>) -> Self {
        Self {
            names,
            ..Self::default()
        }
    }

    /// The same, opened with a key log that the command line names.
    #[must_use]
    pub fn with_key_log(mut self, key_log: Option<String>) -> Self {
        self.key_log = key_log;
        self
    }

    /// The same; `once`: one of them, or what opens them, came from a pipe or the like, and cannot be read again.
    #[must_use]
    pub fn read_once(mut self, once: bool) -> Self {
        self.unnamed |= once;
        self
    }

    /// Takes note of a packet, in the order of numbers.
    pub fn packet(&mut self, number: u64, file: u16) {
        let same = self.runs.last().is_some_and(|&(_, last)| last == file);
        if !same && self.runs.len() < CHANGES {
            self.runs.push((number, file));
        }
    }

    /// The name of a file.
    pub fn name(&self, file: u16) -> &str {
        self.names.get(usize::from(file)).map_or("", String::as_str)
    }

    /// The name of the file in which a packet stands.
    pub fn of_packet(&self, number: u64) -> &str {
        let behind = self.runs.partition_point(|&(first, _)| first <= number);
        let run = self.runs.get(behind.saturating_sub(1));
        self.name(run.map_or(0, |&(_, file)| file))
    }

    /// Every name.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// What a report must know of the capture that is being read.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The files.
    pub files: &'a Files,
    /// The time of the first packet.
    pub start: Timestamp,
    /// How pages look.
    pub look: Look,
    /// Whether other captures stand in the same report.
    pub several: bool,
}

impl Context<'_> {
    /// The capture as a person names it.
    pub fn title(&self) -> String {
        let mut title = String::new();
        match self.files.names() {
            [name] if name == "-" => title.push_str("standard input"),
            [name] => text::visible(&mut title, name),
            names => {
                text::visible(&mut title, self.files.name(0));
                let _ = write!(title, " and {} more, merged", names.len().saturating_sub(1));
            }
        }
        title
    }

    /// The capture as a command line names it; none where it cannot be read again.
    pub fn arguments(&self) -> Option<String> {
        // What is no UTF-8 was replaced, and such a file is not there.
        let lost = |name: &String| name.contains(char::REPLACEMENT_CHARACTER);
        let files = self.files;
        if files.unnamed || files.names.iter().chain(&files.key_log).any(lost) {
            return None;
        }
        let captures = match files.names() {
            [name] if name == "-" => return None,
            [name] => text::shell(name),
            // A line of hints has room for two names.
            names @ [_, _] => {
                let names: Vec<String> = names.iter().map(|name| text::shell(name)).collect();
                format!("--merge {}", names.join(" "))
            }
            _ => return None,
        };
        Some(match &files.key_log {
            Some(key_log) => format!("--keylog {} {captures}", text::shell(key_log)),
            None => captures,
        })
    }

    /// Appends a time as tables show it.
    pub fn time(&self, out: &mut String, time: Timestamp) {
        match self.look.times {
            Times::Relative => text::seconds(out, time.since(self.start)),
            Times::Utc => {
                let _ = write!(out, "{time}");
            }
        }
    }

    /// Hints, which are commands without their capture, as a command line takes them; none where it cannot be read again.
    pub fn commands(&self, hints: &[String]) -> Vec<String> {
        let Some(arguments) = self.arguments() else {
            return Vec::new();
        };
        let command = |hint| format!("wscope {hint} {arguments}");
        hints.iter().map(command).collect()
    }

    /// The line that says what one would ask next; each hint is a command without its capture.
    pub fn next(&self, out: &mut Vec<u8>, hints: &[String]) {
        text::next(out, self.look, &self.commands(hints));
    }
}
