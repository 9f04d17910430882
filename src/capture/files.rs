//! Files: what a name on the command line stands for.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::pcap::Pcap;
use super::source;
use crate::error::Error;

/// The captures that a path stands for: itself, or where it is a directory, the captures in it, sorted by name. They are
/// recognised by what they begin with.
///
/// # Errors
/// Where a directory cannot be read or holds no capture.
pub fn captures_in(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.into()]);
    }
    let failed = |source| Error::Io {
        path: path.into(),
        source,
    };
    let mut captures = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.is_file() && begins_capture(&file) {
            captures.push(file);
        }
    }
    captures.sort();
    if captures.is_empty() {
        return Err(Error::EmptyDirectory { path: path.into() });
    }
    Ok(captures)
}

fn begins_capture(path: &Path) -> bool {
    let Ok(file) = std::fs::File::open(path) else {
        return false;
    };
    let Ok((source, _)) = source::decompressed(Box::new(file)) else {
        return false;
    };
    let mut begin = Vec::new();
    // What is broken after a few bytes is a capture all the same, and reading it says so.
    let _ = source.take(24).read_to_end(&mut begin);
    begin.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) || Pcap::read_header(&begin).is_some()
}
