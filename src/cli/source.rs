//! Source: one capture, or several that are read as one.

use std::path::{Path, PathBuf};

use crate::capture::{Capture, Item, Merged, captures_in};
use crate::error::Error;
use crate::report::Files;

/// Where packets come from.
pub(super) struct Source {
    input: Input,
    /// The files, by index.
    pub(super) files: Files,
    /// Whether packets may still be on their way, so that rows must not wait for a full buffer.
    pub(super) live: bool,
}

enum Input {
    One(Box<Capture>),
    Merged(Box<Merged>),
}

impl Source {
    /// One capture; `threads` may be used to read it.
    pub(super) fn open(path: &Path, threads: usize) -> Result<Self, Error> {
        let capture = open(path, threads)?;
        Ok(Self {
            files: Files::new(vec![capture.name().to_string()]).read_once(is_read_once(path)),
            input: Input::One(Box::new(capture)),
            live: is_live(path),
        })
    }

    /// A capture that is part of the program.
    pub(super) fn built_in(name: &str, bytes: &'static [u8]) -> Result<Self, Error> {
        Ok(Self {
            input: Input::One(Box::new(Capture::from_reader(name, Box::new(bytes))?)),
            files: Files::built_in(name),
            live: false,
        })
    }

    /// Several captures as one.
    pub(super) fn merged(captures: Vec<Capture>, live: bool, read_once: bool) -> Self {
        let merged = Merged::new(captures);
        let names = merged
            .captures()
            .map(|capture| capture.name().to_string())
            .collect();
        Self {
            input: Input::Merged(Box::new(merged)),
            files: Files::new(names).read_once(read_once),
            live,
        }
    }

    /// Whether secrets may stand among the packets.
    pub(super) fn may_hold_secrets(&self) -> bool {
        match &self.input {
            Input::One(capture) => capture.may_hold_secrets(),
            Input::Merged(merged) => merged.captures().any(Capture::may_hold_secrets),
        }
    }

    /// The capture, where it is one, beside the files.
    pub(super) fn one(&mut self) -> Option<(&mut Capture, &Files)> {
        match &mut self.input {
            Input::One(capture) => Some((capture, &self.files)),
            Input::Merged(_) => None,
        }
    }

    /// The next item, beside the files.
    pub(super) fn next_item(&mut self) -> Result<(Option<Item<'_>>, &mut Files), Error> {
        let item = match &mut self.input {
            Input::One(capture) => capture.next_item(),
            Input::Merged(merged) => merged.next_item(),
        };
        Ok((item?, &mut self.files))
    }
}

/// Opens a capture. With more than one thread, what is compressed has a thread of its own.
pub(super) fn open(path: &Path, threads: usize) -> Result<Capture, Error> {
    if threads > 1 {
        Capture::open_ahead(path)
    } else {
        Capture::open(path)
    }
}

/// Whether a file is anything but a plain one: then its end may be a long time off.
pub(super) fn is_live(path: &Path) -> bool {
    path == Path::new("-") || std::fs::metadata(path).is_ok_and(|about| !about.is_file())
}

/// Whether a file can be read only once, by this program alone: what another would find under its name is not the same.
pub(super) fn is_read_once(path: &Path) -> bool {
    let own = ["/dev/fd", "/dev/stdin", "/proc/self/fd"];
    is_live(path) || own.iter().any(|own| path.starts_with(own))
}

/// The captures that a path names: itself, or those in the folder and below it.
pub(super) fn expand(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if is_folder(path) {
        captures_in(path)
    } else {
        Ok(vec![path.to_path_buf()])
    }
}

/// Whether a path names a folder of captures.
pub(super) fn is_folder(path: &Path) -> bool {
    path != Path::new("-") && path.is_dir()
}
