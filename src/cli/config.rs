//! `wscope.toml`: settings of a project, found upwards from the working directory or named by `--config`.
//!
//! ```toml
//! fail-on = "warning"            # error (unless said), warning or info
//! strict = true
//!
//! [rules]                        # allow, info, warning or error
//! ws-ping-unanswered = "allow"
//!
//! [expect."captures/chat.pcapng"]
//! handshake = "valid"            # the form of an expectation file; the path is seen from this file's folder
//! ```

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::expected::place;
use super::explain;
use crate::check::{Level, Severity};
use crate::expect::{Expectation, FileError, read_toml};

/// The name that is looked for.
const NAME: &str = "wscope.toml";

/// What a project has settled.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// The file that says so.
    path: PathBuf,
    /// From which severity on findings fail a check.
    pub fail_on: Option<Severity>,
    /// Whether a check also fails where it cannot judge.
    pub strict: bool,
    /// How severe rules are taken, by id.
    pub rules: BTreeMap<String, Level>,
    /// Expectations, by the capture's name in this file.
    expectations: Vec<(String, Expectation)>,
}

/// The file's form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Form {
    fail_on: Option<Spanned<String>>,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    rules: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    expect: BTreeMap<String, Expectation>,
}

impl Config {
    /// The settings of a named file; else of the nearest one above a folder; else none.
    ///
    /// # Errors
    /// Where the file cannot be read, or says something that makes no sense.
    pub(super) fn find(named: Option<&Path>, folder: &Path) -> Result<Self, FileError> {
        if let Some(path) = named {
            return Self::read(path);
        }
        let found = folder
            .ancestors()
            .map(|folder| folder.join(NAME))
            .find(|path| path.is_file());
        found.map_or(Ok(Self::default()), |path| Self::read(&path))
    }

    fn read(path: &Path) -> Result<Self, FileError> {
        let (form, text): (Form, String) = read_toml(path)?;
        let mut config = Self {
            path: path.to_path_buf(),
            strict: form.strict,
            ..Self::default()
        };
        let wrong = |at: &Spanned<String>, reason: String| {
            FileError::at(path, &text, at.span().start, reason)
        };
        if let Some(name) = &form.fail_on {
            let severity = severity(name.get_ref()).ok_or_else(|| {
                let reason = "fail-on is error, warning or info";
                wrong(name, reason.to_string())
            })?;
            config.fail_on = Some(severity);
        }
        for (id, name) in &form.rules {
            let rule = explain::rule(id.get_ref()).map_err(|reason| wrong(id, reason))?;
            let level = match name.get_ref().as_str() {
                "allow" => Some(Level::Allow),
                name => severity(name).map(Level::As),
            };
            let level = level.ok_or_else(|| {
                let reason = "a rule is set to allow, info, warning or error";
                wrong(name, reason.to_string())
            })?;
            config.rules.insert(rule.id.to_string(), level);
        }
        for (capture, expectation) in form.expect {
            expectation.verify(path, &text)?;
            check_rules(&expectation, path, &text)?;
            config.expectations.push((capture, expectation));
        }
        Ok(config)
    }

    /// What is expected of a capture.
    pub(super) fn expectation(&self, capture: &Path) -> Option<&Expectation> {
        let place = capture.canonicalize().ok()?;
        self.expectations
            .iter()
            .find(|(name, _)| {
                self.beside(name)
                    .canonicalize()
                    .is_ok_and(|path| path == place)
            })
            .map(|(_, expectation)| expectation)
    }

    /// This file, and the names in it of captures in folders that are checked, or below them, which are not among those of the run.
    pub(super) fn without_capture(
        &self,
        folders: &[&Path],
        captures: &[PathBuf],
    ) -> (&Path, Vec<&str>) {
        if folders.is_empty() {
            return (&self.path, Vec::new());
        }
        let folders: Vec<PathBuf> = folders.iter().map(|folder| place(folder)).collect();
        let captures: HashSet<PathBuf> = captures.iter().map(|path| place(path)).collect();
        let missing = |name: &&str| {
            let place = place(&self.beside(name));
            folders.iter().any(|folder| place.starts_with(folder)) && !captures.contains(&place)
        };
        let names = self.expectations.iter().map(|(name, _)| name.as_str());
        (&self.path, names.filter(missing).collect())
    }

    /// The place of a capture that this file names.
    fn beside(&self, name: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(name)
    }
}

/// Reads a file of expectations whose rules exist.
///
/// # Errors
/// Where it cannot be read, or says something that makes no sense.
pub(super) fn read_expectation(path: &Path) -> Result<Expectation, FileError> {
    let (expectation, text): (Expectation, String) = read_toml(path)?;
    expectation.verify(path, &text)?;
    check_rules(&expectation, path, &text)?;
    Ok(expectation)
}

fn check_rules(expectation: &Expectation, path: &Path, text: &str) -> Result<(), FileError> {
    let of_connections = expectation.connection.values();
    for finding in of_connections
        .flat_map(|own| &own.finding)
        .chain(&expectation.finding)
    {
        explain::rule(finding.rule.get_ref())
            .map_err(|reason| FileError::at(path, text, finding.rule.span().start, reason))?;
    }
    Ok(())
}

fn severity(name: &str) -> Option<Severity> {
    Severity::ALL
        .iter()
        .copied()
        .find(|severity| severity.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::RULES;

    fn read(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(NAME);
        std::fs::write(&path, text).expect("a file");
        Config::find(None, &folder.path().join("below/it")).map_err(|error| {
            let place = folder.path().display().to_string();
            error.to_string().replace(&format!("{place}/"), "")
        })
    }

    #[test]
    fn settings_are_found_above_the_folder() {
        let id = RULES.first().expect("a rule").id;
        let config = read(&format!(
            "fail-on = \"info\"\nstrict = true\n[rules]\n{id} = \"allow\"\n[expect.\"a.pcap\"]\nhandshake = \"valid\"\n"
        ))
        .expect("settings");
        assert_eq!(config.fail_on, Some(Severity::Info));
        assert!(config.strict);
        assert_eq!(config.rules.get(id), Some(&Level::Allow));
        assert_eq!(config.expectations.len(), 1);
    }

    #[test]
    fn what_makes_no_sense_is_named_with_its_line() {
        let id = RULES.first().expect("a rule").id;
        for (text, error) in [
            (
                "fail-on = \"bad\"\n".to_string(),
                "wscope.toml:1:11: fail-on is error",
            ),
            (
                "\nstrct = true\n".to_string(),
                "wscope.toml:2:1: unknown field `strct`",
            ),
            (
                format!("[rules]\n{id} = \"deny\"\n"),
                &*format!("wscope.toml:2:{}: a rule is set to", id.len() + 4),
            ),
            (
                format!("[rules]\n{id}x = \"allow\"\n"),
                &*format!("wscope.toml:2:1: there is no rule '{id}x'; did you mean '{id}'?"),
            ),
            (
                format!("[[expect.\"a.pcap\".finding]]\nrule = \"{id}x\"\n"),
                "wscope.toml:2:8: there is no rule",
            ),
        ] {
            let complaint = read(&text).expect_err(&text);
            assert!(complaint.starts_with(error), "{complaint}");
        }
    }
}
