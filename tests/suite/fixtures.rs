//! The folders of `fixtures/`: one a case, with a capture, a README and what the tests hold it against.

use std::fs;
use std::path::{Path, PathBuf};

/// Captures that are none: what wscope says about them is asked in `cli_files.rs`.
const NOT_CAPTURES: [&str; 2] = ["file-empty", "file-garbage"];

const ENDINGS: [&str; 2] = [".pcap", ".pcapng"];
const COMPRESSIONS: [&str; 4] = ["", ".gz", ".zst", ".lz4"];

/// A case.
#[derive(Clone, Debug)]
pub struct Fixture {
    pub name: String,
    pub folder: PathBuf,
    /// The capture's name in the folder.
    pub capture: Option<String>,
}

impl Fixture {
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Every case, by name.
pub fn all() -> Vec<Fixture> {
    let entries = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.into_iter().map(fixture).collect()
}

/// Every case whose capture can be read.
pub fn readable() -> Vec<Fixture> {
    let mut cases = all();
    cases.retain(|case| case.capture.is_some() && !NOT_CAPTURES.contains(&case.name.as_str()));
    assert!(!cases.is_empty(), "no fixtures in {}", root().display());
    cases
}

fn fixture(folder: PathBuf) -> Fixture {
    let entries = fs::read_dir(&folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| is_capture(name))
        .collect();
    names.sort();
    assert!(
        names.len() < 2,
        "{}: more than one capture",
        folder.display()
    );
    Fixture {
        name: folder.file_name().unwrap().to_str().unwrap().into(),
        capture: names.pop(),
        folder,
    }
}

fn is_capture(name: &str) -> bool {
    ENDINGS.iter().any(|ending| {
        COMPRESSIONS
            .iter()
            .any(|compression| name.ends_with(&format!("{ending}{compression}")))
    })
}

/// Runs `check` for each case on as many threads as there are cores; its answers are complaints, given in the order of the cases.
pub fn complaints(
    cases: &[Fixture],
    check: impl Fn(&Fixture) -> Vec<String> + Sync,
) -> Vec<String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let part = cases.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = cases
            .chunks(part)
            .map(|cases| scope.spawn(|| cases.iter().flat_map(&check).collect::<Vec<_>>()))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    })
}

#[test]
fn every_fixture_has_a_capture_and_a_readme() {
    let mut missing = Vec::new();
    for case in all() {
        if case.capture.is_none() {
            missing.push(format!("{}: no capture", case.name));
        }
        let readme = fs::read_to_string(case.path("README.md")).unwrap_or_default();
        if !readme.starts_with(&format!("# {}\n", case.name)) {
            missing.push(format!(
                "{}: no README.md that begins with its name",
                case.name
            ));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_fixture_stands_in_the_table_of_fixtures() {
    let table = fs::read_to_string(root().join("README.md")).unwrap();
    let absent: Vec<String> = all()
        .into_iter()
        .map(|case| case.name)
        .filter(|name| !table.contains(&format!("| [{name}]({name}/) |")))
        .collect();
    assert!(absent.is_empty(), "not in fixtures/README.md: {absent:?}");
}
