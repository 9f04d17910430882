//! Error: why the program cannot go on.

use std::io;
use std::path::PathBuf;

/// Why a capture cannot be read at all. What is wrong inside a capture that can be read is a
/// [`Notice`](crate::notice::Notice), never an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file as it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not a capture in any form that is understood.
    #[error("{path}: not a capture: {reason}", path = path.display())]
    NotACapture {
        /// The file as it was named.
        path: PathBuf,
        /// What was found instead, and what to do.
        reason: String,
    },
    /// A folder without a capture in it or below it.
    #[error("{path}: no captures in this folder or below it", path = path.display())]
    EmptyDirectory {
        /// The directory as it was named.
        path: PathBuf,
    },
}
