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
    let captures = files_in(path, &mut |file, hidden| {
        begins_capture(file) || !hidden && is_named_as_capture(file)
    })?;
    if captures.is_empty() {
        return Err(Error::EmptyDirectory { path: path.into() });
    }
    Ok(captures)
}

/// The files in a folder and in the folders below it that are `wanted`, which is told whether they are hidden, sorted by name. Hidden folders
/// and links to folders are passed over.
///
/// # Errors
/// Where a folder cannot be read.
pub(crate) fn files_in(
    path: &Path,
    wanted: &mut dyn FnMut(&Path, bool) -> bool,
) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    add(path, DEPTH, wanted, &mut files).map_err(|(path, source)| Error::Io { path, source })?;
    files.sort();
    Ok(files)
}

fn add(
    path: &Path,
    depth: usize,
    wanted: &mut dyn FnMut(&Path, bool) -> bool,
    files: &mut Vec<PathBuf>,
) -> Result<(), (PathBuf, io::Error)> {
    let failed = |source| (path.to_path_buf(), source);
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let entry_type = entry.file_type().map_err(failed)?;
        let file = entry.path();
        if entry_type.is_dir() {
            if !hidden && depth > 0 {
                add(&file, depth - 1, wanted, files)?;
            }
        } else if file.is_file() && wanted(&file, hidden) {
            files.push(file);
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
