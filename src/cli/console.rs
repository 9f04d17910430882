//! Console: where the program writes, and what is known of it.

use std::io::Write;

use crate::report::shown;

/// The two streams of the program; only `main` knows which they are.
pub struct Console<'w> {
    /// Where reports go.
    pub out: Box<dyn Write + 'w>,
    /// Where notices and complaints go.
    pub err: Box<dyn Write + 'w>,
    /// How many columns the terminal has that shows `out`; none where it is no terminal.
    pub width: Option<usize>,
    /// Whether colours are welcome on `out`.
    pub color: bool,
    /// The key log that the environment names (`SSLKEYLOGFILE`).
    pub key_log: Option<std::path::PathBuf>,
}

impl Console<'_> {
    /// Says in one line why something could not be done.
    pub fn complain(&mut self, complaint: &str) {
        self.note(&format!("wscope: {}\n", shown(complaint)));
    }

    /// Writes lines for a person. Nobody can be told if that fails.
    pub fn note(&mut self, lines: &str) {
        let _ = self.err.write_all(lines.as_bytes());
    }

    /// Writes a text that is the whole answer, and returns the exit status.
    pub fn answer(&mut self, text: &[u8]) -> u8 {
        let written = self.out.write_all(text).and_then(|()| self.out.flush());
        match written {
            Ok(()) => super::DONE,
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => super::DONE,
            Err(error) => {
                self.complain(&format!("cannot write standard output: {error}"));
                super::FAILED
            }
        }
    }

    /// Shows help or what is wrong with the arguments.
    pub(super) fn usage(&mut self, error: &clap::Error) -> u8 {
        let text = error.render();
        if error.use_stderr() {
            // It quotes what was typed, which may be the name of a file.
            let lines = text.to_string();
            let lines: Vec<String> = lines.lines().map(shown).collect();
            self.note(&(lines.join("\n") + "\n"));
            return super::FAILED;
        }
        let text = if self.color {
            text.ansi().to_string()
        } else {
            text.to_string()
        };
        self.answer(text.as_bytes())
    }
}
