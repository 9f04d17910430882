//! Destination: where a report is written.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::options::Options;

/// A file's name, or standard output.
#[derive(Clone, Debug)]
pub(super) struct Destination {
    path: Option<PathBuf>,
}

impl Destination {
    /// What the options ask for; refused where it is one of the captures.
    pub(super) fn new(options: &Options, captures: &[PathBuf]) -> Result<Self, String> {
        let path = options.output.clone().filter(|path| path != Path::new("-"));
        if let Some(path) = &path
            && let Ok(file) = path.canonicalize()
            && captures
                .iter()
                .any(|capture| capture.canonicalize().is_ok_and(|other| other == file))
        {
            return Err(format!(
                "{} is one of the captures; it is not written over",
                path.display()
            ));
        }
        Ok(Self { path })
    }

    /// Opens it.
    pub(super) fn open<'w>(
        &self,
        standard: &'w mut (dyn Write + '_),
    ) -> Result<Box<dyn Write + 'w>, String> {
        match &self.path {
            None => Ok(Box::new(standard)),
            Some(path) => match File::create(path) {
                Ok(file) => Ok(Box::new(file)),
                Err(error) => Err(self.complaint(&error)),
            },
        }
    }

    /// What to say when it cannot be written.
    pub(super) fn complaint(&self, error: &std::io::Error) -> String {
        match &self.path {
            None => format!("cannot write standard output: {error}"),
            Some(path) => format!("cannot write {}: {error}", path.display()),
        }
    }
}
