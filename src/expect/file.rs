//! TOML files: read with an error that names file, line and column.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::capture;
use crate::error::Error;

/// How files of expectations end.
const ENDING: &str = ".expect.toml";

/// Why a file of settings or expectations cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What it says makes no sense.
    #[error("{path}:{line}:{column}: {reason}", path = path.display())]
    Content {
        /// The file as it was named.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in characters.
        column: usize,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

impl FileError {
    /// Something wrong at a byte of the file's text.
    pub fn at(path: &Path, text: &str, offset: usize, reason: impl Into<String>) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self::Content {
            path: path.into(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            reason: reason.into(),
        }
    }
}

/// Reads a file of TOML; its text comes along, so that what is found wrong later can name its line too.
///
/// # Errors
/// Where the file cannot be read, or is no such TOML.
pub fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<(T, String), FileError> {
    let text = std::fs::read_to_string(path).map_err(|source| FileError::Io {
        path: path.into(),
        source,
    })?;
    Ok((from_toml(path, &text)?, text))
}

/// Reads TOML; `path` is how errors call it.
///
/// # Errors
/// Where it is no such TOML.
pub fn from_toml<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let offset = error.span().map_or(0, |span| span.start);
        let reason = error.message().lines().collect::<Vec<_>>().join("; ");
        FileError::at(path, text, offset, reason)
    })
}

/// The file of expectations that stands beside a capture: `chat.expect.toml` beside `chat.pcap`, `chat.pcapng` or `chat.pcap.gz`.
pub fn beside(capture: &Path) -> PathBuf {
    let name = capture.file_name().unwrap_or_default().to_string_lossy();
    let mut stem = name.as_ref();
    for endings in [&[".gz", ".zst", ".lz4"][..], &[".pcapng", ".pcap", ".cap"]] {
        stem = endings
            .iter()
            .find_map(|ending| stem.strip_suffix(ending))
            .unwrap_or(stem);
    }
    capture.with_file_name(format!("{stem}{ENDING}"))
}

/// The files of expectations in a folder and in the folders below it, sorted by name.
///
/// # Errors
/// Where a folder cannot be read.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    capture::files_in(folder, &mut |file, hidden| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        !hidden && name.ends_with(ENDING)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_file_line_and_column() {
        let text = "[a]\nb = 1\nc = \"é\" x\n";
        let error = from_toml::<toml::Table>(Path::new("x.toml"), text).expect_err("broken");
        assert!(error.to_string().starts_with("x.toml:3:9: "), "{error}");
    }

    #[test]
    fn expectations_stand_beside_their_capture() {
        for (capture, expected) in [
            ("chat.pcap", "chat.expect.toml"),
            ("a/chat.pcapng", "a/chat.expect.toml"),
            ("a.b/chat.v2.pcap.gz", "a.b/chat.v2.expect.toml"),
            ("noending", "noending.expect.toml"),
        ] {
            assert_eq!(beside(Path::new(capture)), Path::new(expected));
        }
    }
}
