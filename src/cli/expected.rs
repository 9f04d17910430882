//! Expected: which files of expectations belong to which captures of a run.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use crate::expect::{beside, files_in};

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

/// Files of expectations, in folders that are checked and below them, whose captures are not among those of a run.
///
/// # Errors
/// Where a folder cannot be read.
pub(super) fn without_capture(
    folders: &[&Path],
    captures: &[PathBuf],
) -> Result<Vec<PathBuf>, String> {
    let known: HashSet<PathBuf> = captures.iter().map(|path| place(&beside(path))).collect();
    let mut found = Vec::new();
    for folder in folders {
        found.extend(files_in(folder).map_err(|error| error.to_string())?);
    }
    // A folder may be named twice, and one that stands in another too.
    let mut told = HashSet::new();
    found.retain(|path| {
        let place = place(path);
        !known.contains(&place) && told.insert(place)
    });
    Ok(found)
}

/// One path for all the ways in which a file can be named, whether it is there or not.
pub(super) fn place(path: &Path) -> PathBuf {
    let here = Path::new(".");
    let of_folder = path.ancestors().find_map(|folder| {
        let there = if folder == Path::new("") {
            here
        } else {
            folder
        };
        Some((there.canonicalize().ok()?, path.strip_prefix(folder).ok()?))
    });
    let Some((mut place, rest)) = of_folder else {
        return path.to_path_buf();
    };
    for part in rest.components() {
        match part {
            Component::ParentDir => drop(place.pop()),
            Component::Normal(name) => place.push(name),
            _ => {}
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_place_however_it_is_named() {
        let here = Path::new(".").canonicalize().unwrap();
        for (name, expected) in [
            ("src", here.join("src")),
            ("src/../src/.", here.join("src")),
            ("no/such/../file", here.join("no/file")),
            ("./no.pcap", here.join("no.pcap")),
            ("no.pcap", here.join("no.pcap")),
            ("/no/such", "/no/such".into()),
        ] {
            assert_eq!(place(Path::new(name)), expected, "{name}");
        }
        let deep = "a/".repeat(20_000) + "x.pcap";
        assert_eq!(place(Path::new(&deep)), here.join(&deep));
    }
}
