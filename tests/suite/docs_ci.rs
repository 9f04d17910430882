//! The page about CI: its script really runs, and prints what the page shows.
//!
//! `UPDATE_DOCS=1 cargo test docs_ci` writes the outputs anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use wscope::expect::{Expectation, from_toml};

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md")
}

/// Two tests may write the page anew: one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The blocks in a language, in their order.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let behind = page.split(&begin).skip(1);
    behind
        .map(|text| text.split("```").next().unwrap().to_string())
        .collect()
}

#[test]
#[cfg(unix)]
fn the_script_prints_what_the_page_shows() {
    let _alone = alone();
    let page_text = fs::read_to_string(page()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let script = &blocks(&page_text, "sh")[0];
    fs::write(folder.path().join("check-captures.sh"), script).unwrap();
    let fixtures = crate::fixtures::root();
    std::os::unix::fs::symlink(fixtures, folder.path().join("fixtures")).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_wscope")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut updated = page_text.clone();
    let mut statuses = Vec::new();
    for block in blocks(&page_text, "console") {
        let command = block.lines().next().unwrap();
        let Some(arguments) = command.strip_prefix("$ sh check-captures.sh ") else {
            continue;
        };
        let run = Command::new("sh")
            .args(["check-captures.sh", arguments])
            .current_dir(folder.path())
            .env("PATH", &path)
            .output()
            .unwrap();
        let status = run.status.code().unwrap();
        let printed = String::from_utf8(run.stdout).unwrap();
        let notices = String::from_utf8(run.stderr).unwrap();
        statuses.push(status);
        let now = format!("{command}\n{notices}{printed}$ echo $?\n{status}\n");
        updated = updated.replace(
            &format!("```console\n{block}"),
            &format!("```console\n{now}"),
        );
        let report = fs::read_to_string(folder.path().join("wscope.xml")).unwrap();
        junit_parser::from_reader(report.as_bytes()).unwrap();
    }
    assert_eq!(statuses, [0, 1], "one good run, and one bad");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(page(), updated).unwrap();
    } else {
        assert_eq!(updated, page_text, "UPDATE_DOCS=1 writes it anew");
    }
}

#[test]
fn what_is_blessed_is_what_the_page_shows() {
    let _alone = alone();
    let page_text = fs::read_to_string(page()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let captures = folder.path().join("captures");
    fs::create_dir(&captures).unwrap();
    fs::copy(
        crate::fixtures::root().join("stack-tornado/stack-tornado.pcap"),
        captures.join("stack-tornado.pcap"),
    )
    .unwrap();
    let shown = blocks(&page_text, "console");
    let shown = shown
        .iter()
        .find(|block| block.contains("--bless"))
        .unwrap();
    let command = shown.lines().next().unwrap();
    let arguments = command.strip_prefix("$ wscope ").unwrap();
    let run = crate::program::wscope(folder.path())
        .args(arguments.split(' '))
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(0));
    let printed = String::from_utf8(run.stdout.clone()).unwrap();
    let now = format!("{command}\n{printed}{}", crate::program::stderr(&run));
    let written = fs::read_to_string(captures.join("stack-tornado.expect.toml")).unwrap();
    let before = &blocks(&page_text, "toml")[0];
    let updated = page_text
        .replace(
            &format!("```console\n{shown}"),
            &format!("```console\n{now}"),
        )
        .replace(
            &format!("```toml\n{before}```"),
            &format!("```toml\n{written}```"),
        );
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(page(), updated).unwrap();
    } else {
        assert_eq!(updated, page_text, "UPDATE_DOCS=1 writes it anew");
    }
}

#[test]
fn the_settings_and_expectations_of_the_page_are_understood() {
    let page = fs::read_to_string(page()).unwrap();
    let blocks = blocks(&page, "toml");
    let expectation: Expectation = from_toml(Path::new("docs/ci.md"), &blocks[1]).unwrap();
    assert_eq!(expectation.connection.len(), 1);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("wscope.toml"), &blocks[2]).unwrap();
    let run = crate::program::wscope(folder.path())
        .args(["check", "--config", "wscope.toml"])
        .arg(crate::fixtures::root().join("stack-tornado/stack-tornado.pcap"))
        .output()
        .unwrap();
    let said = crate::program::stderr(&run);
    assert_eq!(run.status.code(), Some(0), "{said}");
}
