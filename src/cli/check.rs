//! `wscope check`: what breaks a rule, what is not as expected, and an exit status that says so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::config::{Config, read_expectation};
use super::console::Console;
use super::options::{Format, Options};
use super::source::{expand, is_folder};
use super::{DONE, FAILED, FOUND, expected, explain, launch};
use crate::analysis::{self, Which};
use crate::check::{Level, Policy, Severity};
use crate::expect::{Expectation, beside, bless};
use crate::report::{CheckReport, Form, shown};

/// Judge captures: rules that a peer breaks, expectations that are not met
#[derive(Debug, clap::Args)]
#[command(
    after_help = EXAMPLES,
    mut_arg("format", |arg| arg.value_parser(clap::value_parser!(Format))),
    mut_arg("output", |arg| arg.help(
        "Write the report to a file; .json, .ndjson, .csv, .md, .xml (junit), .sarif and .tap choose the format"
    )),
)]
pub(super) struct Args {
    /// Exit with status 1 from this severity on; a finding that is expected fails nothing [default: error]
    #[arg(long, value_enum, value_name = "SEVERITY", help_heading = "Judgement")]
    fail_on: Option<FailOn>,

    /// Count what breaks this rule, and do not show it
    #[arg(long, value_name = "RULE", help_heading = "Judgement")]
    allow: Vec<String>,

    /// Take what breaks this rule for an error, also where it is expected
    #[arg(long, value_name = "RULE", help_heading = "Judgement")]
    deny: Vec<String>,

    /// Fail also where a handshake's verdict is unknown, a capture cannot be read to its end or is gone, or there is nothing to judge
    #[arg(long, help_heading = "Judgement")]
    strict: bool,

    /// Tell what could not be judged, and why
    #[arg(long, help_heading = "Judgement")]
    unknown: bool,

    /// What every capture must show; without it, NAME.expect.toml beside a capture
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    expect: Option<PathBuf>,

    /// Write down what each capture shows now as what it must show
    #[arg(long, help_heading = "Judgement")]
    bless: bool,

    /// Settings; without it, wscope.toml in this folder or one above
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    config: Option<PathBuf>,

    #[command(flatten)]
    options: Options,
}

const EXAMPLES: &str = "\
Examples:
  wscope check traffic.pcap
  wscope check --fail-on warning --strict fixtures/
  wscope check --allow ws-ping-unanswered traffic.pcap
  wscope check --bless fixtures/chat.pcapng     writes fixtures/chat.expect.toml, which later checks hold it against
  wscope check -o report.xml fixtures/          JUnit, for CI; also --format sarif, github, tap, markdown

What says how a finding is taken, the strongest first: --allow and --deny, then the expectations of its capture, then --fail-on, \
then wscope.toml. A finding that the expectations name must be there, and so fails no check whatever --fail-on says; with \
--deny RULE it does.

Exit status: 0 fine, 1 something at or above --fail-on was found, an expectation is not met, or --strict could not judge, \
2 something that was asked for could not be done.";

/// Severities by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FailOn {
    /// A requirement is broken
    Error,
    /// A recommendation is not kept, or there is a risk
    Warning,
    /// Worth knowing
    Info,
}

impl Args {
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        match self.prepare() {
            Ok(report) => self.judge(report, console),
            Err(complaint) => {
                console.complain(&complaint);
                FAILED
            }
        }
    }

    /// Reads all that says how to judge, before any capture is read.
    fn prepare(&self) -> Result<CheckReport, String> {
        let form = self.options.check_form();
        if self.unknown && matches!(form, Form::Csv) {
            return Err("--unknown needs another format: csv holds one type of record".to_string());
        }
        let folder = std::env::current_dir().unwrap_or_default();
        let config =
            Config::find(self.config.as_deref(), &folder).map_err(|error| error.to_string())?;
        let mut policy = Policy {
            fail_on: config.fail_on.unwrap_or(Severity::Error),
            strict: self.strict || config.strict,
            levels: config.rules.clone(),
        };
        match self.fail_on {
            Some(FailOn::Error) => policy.fail_on = Severity::Error,
            Some(FailOn::Warning) => policy.fail_on = Severity::Warning,
            Some(FailOn::Info) => policy.fail_on = Severity::Info,
            None => {}
        }
        for (ids, level) in [
            (&self.allow, Level::Allow),
            (&self.deny, Level::As(Severity::Error)),
        ] {
            for id in ids {
                let rule = explain::rule(id)?;
                policy.levels.insert(rule.id.to_string(), level);
            }
        }
        let captures = self.captures();
        let mut report = CheckReport::new(policy)
            .denying(self.deny.iter().cloned())
            .with_unknown(self.unknown)
            .with_notices(self.options.notices);
        if self.bless {
            self.can_be_written(&captures)?;
            report = report.keeping_what_is_seen();
        } else {
            let (expectations, others) = self.expectations(&config, &captures)?;
            report = report
                .expecting(expectations, others)
                .missing(self.without_capture(&config, &captures, &folder)?);
        }
        Ok(report)
    }

    /// The captures that will be read. What cannot be found is left to the reading, which says so.
    fn captures(&self) -> Vec<PathBuf> {
        let paths = self.options.captures.iter();
        paths
            .flat_map(|path| expand(path).unwrap_or_default())
            .collect()
    }

    fn expectations(
        &self,
        config: &Config,
        captures: &[PathBuf],
    ) -> Result<(BTreeMap<String, Expectation>, Option<Expectation>), String> {
        let read = |path: &Path| read_expectation(path).map_err(|error| error.to_string());
        if let Some(path) = &self.expect {
            return Ok((BTreeMap::new(), Some(read(path)?)));
        }
        let mut expectations = BTreeMap::new();
        if self.options.merge {
            return Ok((expectations, None));
        }
        for capture in captures {
            let path = beside(capture);
            let expectation = if capture != Path::new("-") && path.is_file() {
                Some(read(&path)?)
            } else {
                config.expectation(capture).cloned()
            };
            let name = capture.to_string_lossy().into_owned();
            expectations.extend(expectation.map(|expectation| (name, expectation)));
        }
        Ok((expectations, None))
    }

    /// Files that expect something of captures that are not there, each with what it says. Only whoever checks a folder asks for all that
    /// belongs to it.
    fn without_capture(
        &self,
        config: &Config,
        captures: &[PathBuf],
        working: &Path,
    ) -> Result<Vec<(String, Vec<String>)>, String> {
        if self.expect.is_some() || self.options.merge {
            return Ok(Vec::new());
        }
        let named = self.options.captures.iter().map(PathBuf::as_path);
        let folders: Vec<&Path> = named.filter(|path| is_folder(path)).collect();
        let mut missing = Vec::new();
        for path in expected::without_capture(&folders, captures)? {
            let why = "the capture that it is for is not there".to_string();
            missing.push((path.to_string_lossy().into_owned(), vec![why]));
        }
        let (path, names) = config.without_capture(&folders, captures);
        let why = |name| {
            format!("[expect.\"{name}\"]: this capture is not among those that were checked")
        };
        if !names.is_empty() {
            let path = path.strip_prefix(working).unwrap_or(path);
            let whys = names.into_iter().map(why).collect();
            missing.push((path.to_string_lossy().into_owned(), whys));
        }
        Ok(missing)
    }

    /// Whether what each capture shows has a place of its own where it can be written.
    fn can_be_written(&self, captures: &[PathBuf]) -> Result<(), String> {
        if self.options.shows_a_part() || self.options.limit.is_some() {
            return Err("--bless writes what a whole capture shows, so --connection, --since, --until, --packets and --limit do not go with it".to_string());
        }
        let one = captures.len() == 1 || self.options.merge;
        match &self.expect {
            Some(_) if one => Ok(()),
            Some(_) => Err(
                "--bless writes one file for each capture, and --expect names only one".to_string(),
            ),
            None if self.options.merge => {
                Err("--bless with --merge needs --expect FILE to write to".to_string())
            }
            None if captures.iter().any(|path| path == Path::new("-")) => {
                Err("--bless with standard input needs --expect FILE to write to".to_string())
            }
            None => expected::each_has_its_own(captures),
        }
    }

    fn judge(&self, mut report: CheckReport, console: &mut Console<'_>) -> u8 {
        let keep = analysis::Options {
            ledgers: Which::None,
            settled: self.options.settled(Which::None),
            check: true,
            unjudged: true,
            measure_distances: true,
            wanted: report.wanted(),
            ..analysis::Options::default()
        };
        let form = self.options.check_form();
        let status = launch::run_as(&self.options, form, keep, &mut report, console);
        let on_screen = form == Form::Table && self.options.output.is_none();
        if report.has_judged() && !on_screen && !self.options.quiet {
            console.note(&report.last_lines());
        }
        if self.bless {
            return self.write_down(&report, status, console);
        }
        match status {
            DONE if report.failed() => FOUND,
            status => status,
        }
    }

    fn write_down(&self, report: &CheckReport, status: u8, console: &mut Console<'_>) -> u8 {
        let mut status = status;
        for (capture, seen) in report.what_is_seen() {
            let path = self
                .expect
                .clone()
                .unwrap_or_else(|| beside(Path::new(capture)));
            let name = Path::new(capture).file_name().unwrap_or_default();
            let text = bless(&shown(&name.to_string_lossy()), seen);
            match std::fs::write(&path, text) {
                Ok(()) => {
                    let path = shown(&path.to_string_lossy());
                    console.note(&format!("wrote {path}\n"));
                }
                Err(error) => {
                    console.complain(&format!("cannot write {}: {error}", path.display()));
                    status = FAILED;
                }
            }
        }
        status
    }
}
