//! The key log that captures are read with: named by an option or by the environment, and read on while a capture is live.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::console::Console;
use super::options::Options;
use super::source::is_live;
use crate::notice::{Kind, Notice};
use crate::tls::KeyLog;

/// What `--keylog` wants.
const WANTED: &str = "--keylog names a file of TLS secrets, as SSLKEYLOGFILE makes browsers, curl and others write it";

/// A key log that was read, and may grow.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// What was in it.
    pub(super) log: Arc<KeyLog>,
    /// What was wrong with it.
    pub(super) notices: Vec<Notice>,
    file: Option<KeyFile>,
}

#[derive(Debug)]
struct KeyFile {
    path: PathBuf,
    /// How many bytes were read.
    read: u64,
    /// How many lines that is.
    lines: u64,
    /// Whether it may still be written, so that its last line counts only once it is whole.
    grows: bool,
}

/// A part that was added to a key log.
pub(super) struct More {
    /// How notices call the log.
    pub(super) name: String,
    /// How many lines stand before the part.
    pub(super) behind: u64,
    /// Its lines.
    pub(super) text: Zeroizing<Vec<u8>>,
}

impl Keys {
    /// Reads the key log that is asked for. One that `--keylog` names must be there; one that only the environment names (browsers read
    /// it too, and nobody may have written it yet) is noticed where it is not.
    pub(super) fn load(options: &Options, console: &Console<'_>) -> Result<Self, String> {
        let (path, asked) = match (&options.keylog, &console.key_log) {
            (Some(path), _) => (path, true),
            (None, Some(path)) => (path, false),
            (None, None) => return Ok(Self::default()),
        };
        let mut file = KeyFile {
            path: path.clone(),
            read: 0,
            lines: 0,
            grows: options.captures.iter().any(|path| is_live(path)),
        };
        let text = match file.read() {
            Ok(text) => text,
            Err(error) if asked => {
                return Err(format!("{}: {error}; {WANTED}", path.display()));
            }
            Err(error) => {
                let told = format!(
                    "{}, which SSLKEYLOGFILE names, cannot be read ({error}); TLS is read without it",
                    path.display()
                );
                return Ok(Self {
                    notices: vec![Notice::new(Kind::KeyLog, told)],
                    ..Self::default()
                });
            }
        };
        let mut log = KeyLog::default();
        let complaints = log.read(&text, 0);
        let is_none = complaints.secrets == 0 && complaints.count > 0;
        let notices = match (is_none, asked) {
            (true, true) => {
                return Err(format!(
                    "{}: not a key log: no line of it is a secret; {WANTED}",
                    path.display()
                ));
            }
            (true, false) => {
                let told = format!(
                    "{}, which SSLKEYLOGFILE names, is no key log: no line of it is a secret; TLS is read without it",
                    path.display()
                );
                vec![Notice::new(Kind::KeyLog, told)]
            }
            (false, _) => complaints.notices(&path.display().to_string()),
        };
        Ok(Self {
            log: Arc::new(log),
            notices,
            file: Some(file),
        })
    }

    /// The captures end, and so does the log: its last line counts also where nothing ends it.
    pub(super) fn end(&mut self) {
        if let Some(file) = &mut self.file {
            file.grows = false;
        }
    }

    /// What was added to the log since it was read.
    pub(super) fn more(&mut self) -> Option<More> {
        let file = self.file.as_mut()?;
        let len = std::fs::metadata(&file.path).ok()?.len();
        if len <= file.read {
            return None;
        }
        let behind = file.lines;
        let text = file.read().ok()?;
        Some(More {
            name: file.path.display().to_string(),
            behind,
            text,
        })
    }
}

impl KeyFile {
    /// Reads on: all, or of a log that grows up to the end of the last line that is whole.
    fn read(&mut self) -> std::io::Result<Zeroizing<Vec<u8>>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.read))?;
        // Room for all at once: what grows leaves copies behind that nobody wipes.
        let len = file.metadata()?.len().saturating_sub(self.read);
        let room = usize::try_from(len).unwrap_or(0).saturating_add(1 << 10);
        let mut text = Zeroizing::new(Vec::with_capacity(room));
        file.read_to_end(&mut text)?;
        let whole = memchr::memrchr(b'\n', &text).map_or(0, |end| end + 1);
        if self.grows {
            text.truncate(whole);
        }
        self.read += whole as u64;
        self.lines += memchr::memchr_iter(b'\n', &text).count() as u64;
        Ok(text)
    }
}
