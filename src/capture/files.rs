//! Files: what a name on the command line stands for.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::pcap::Pcap;
use super::source;
use crate::error::Error;

/// How deep folders are followed: deeper than any tree that a person keeps, and an end to those that a fault made endless.
const DEPTH: usize = 32;

/// The captures in a folder and in the folders below it, sorted by name: files that begin as captures do, and those that are named as
/// captures, so that reading one that is none says so. Hidden folders, links to folders, and hidden files that are named as captures and
/// are none, are passed over.
///
/// # Errors
/// Where a folder cannot be read, or there is no capture in it.
pub fn captures_in(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut captures = Vec::new();
    add(path, DEPTH, &mut captures).map_err(|(path, source)| Error::Io { path, source })?;
    captures.sort();
    if captures.is_empty() {
        return Err(Error::EmptyDirectory { path: path.into() });
    }
    Ok(captures)
}

fn add(path: &Path, depth: usize, captures: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    let failed = |source| (path.to_path_buf(), source);
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let entry_type = entry.file_type().map_err(failed)?;
        let file = entry.path();
        if entry_type.is_dir() {
            if !hidden && depth > 0 {
                add(&file, depth - 1, captures)?;
            }
        } else if file.is_file() && (begins_capture(&file) || !hidden && is_named_as_capture(&file))
        {
            captures.push(file);
        }
    }
    Ok(())
}

fn is_named_as_capture(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    [".pcap", ".pcapng", ".cap"].iter().any(|ending| {
        ["", ".gz", ".zst", ".lz4"]
            .iter()
            .any(|compression| name.ends_with(&format!("{ending}{compression}")))
    })
}

fn begins_capture(path: &Path) -> bool {
    let Ok(file) = std::fs::File::open(path) else {
        return false;
    };
    let Ok((source, _)) = source::decompressed(Box::new(file), false) else {
        return false;
    };
    let mut begin = Vec::new();
    // What is broken after a few bytes is a capture all the same, and reading it says so.
    let _ = source.take(24).read_to_end(&mut begin);
    begin.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) || Pcap::read_header(&begin).is_some()
}
