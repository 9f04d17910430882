//! Expected: which files of expectations belong to which captures of a run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::expect::beside;

/// Says which two captures of a run have the same file of expectations beside them, so that what one shows would be written over what the
/// other does.
///
/// # Errors
/// Where there are such.
pub(super) fn each_has_its_own(captures: &[PathBuf]) -> Result<(), String> {
    let mut owners: HashMap<PathBuf, &Path> = HashMap::new();
    for capture in captures {
        let path = beside(capture);
        let Some(owner) = owners.insert(place(&path), capture) else {
            continue;
        };
        if place(owner) != place(capture) {
            return Err(format!(
                "{} and {} would both be written down in {}, the one over the other; rename one of them, or bless each alone with --expect FILE",
                owner.display(),
                capture.display(),
                path.display()
            ));
        }
    }
    Ok(())
}

/// One path for all the ways in which a file can be named, whether it is there or not.
fn place(path: &Path) -> PathBuf {
    if let Ok(place) = path.canonicalize() {
        return place;
    }
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) if folder == Path::new("") => place(Path::new(".")).join(name),
        (Some(folder), Some(name)) => place(folder).join(name),
        _ => path.to_path_buf(),
    }
}
