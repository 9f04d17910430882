//! Launch: from what the command line says to a report that is written, and an exit status.

use std::io::ErrorKind;

use super::console::Console;
use super::destination::Destination;
use super::drive::Drive;
use super::keys::Keys;
use super::options::Options;
use super::source::{Source, expand};
use super::window::Window;
use super::{DONE, FAILED};
use crate::analysis;
use crate::report::{Form, Look, Output, Report};

/// Reads every capture, gives the report what it needs and returns the exit status.
pub(super) fn run(
    options: &Options,
    keep: analysis::Options,
    report: &mut dyn Report,
    console: &mut Console<'_>,
) -> u8 {
    run_as(options, options.form(), keep, report, console)
}

/// The same, in a form that the command has chosen.
pub(super) fn run_as(
    options: &Options,
    form: Form,
    keep: analysis::Options,
    report: &mut dyn Report,
    console: &mut Console<'_>,
) -> u8 {
    if let Some(complaint) = options.foreign_ending(form) {
        console.complain(&complaint);
        return FAILED;
    }
    if options.notices && !matches!(form, Form::Json | Form::Ndjson) {
        console.complain("--notices puts notices among the records of --format json or ndjson");
        return FAILED;
    }
    let look = options.look(console);
    let mut status = DONE;
    let (mut paths, mut unreadable) = (Vec::new(), Vec::new());
    for path in &options.captures {
        match expand(path) {
            Ok(found) => paths.extend(found),
            Err(error) => {
                console.complain(&error.to_string());
                status = FAILED;
                unreadable.push((path.to_string_lossy().into_owned(), error));
            }
        }
    }
    let destination = match Destination::new(options, &paths) {
        Ok(destination) => destination,
        Err(complaint) => {
            console.complain(&complaint);
            return FAILED;
        }
    };
    let keys = match Keys::load(options, console) {
        Ok(keys) => keys,
        Err(complaint) => {
            console.complain(&complaint);
            return FAILED;
        }
    };
    let Console { out, err, .. } = console;
    let window = Window::new(options);
    let mut drive = Drive {
        report,
        keep: options.bound(keep),
        keys,
        window,
        part: window.part(),
        threads: options.threads(),
        look,
        limit: options.limit,
        bounded: options.limit.is_some() || options.shows_a_part(),
        left_out: false,
        connection: options.connection,
        key_log: (options.keylog.as_ref()).map(|path| path.to_string_lossy().into_owned()),
        quiet: options.quiet || options.notices,
        several: !options.merge && paths.len() > 1,
        rows: 0,
        unreadable,
        status,
        err: err.as_mut(),
    };
    drive.captures(options, &paths, form, &destination, out.as_mut());
    drive.status
}

/// Reads the capture that is part of the program.
pub(super) fn run_built_in(
    source: Source,
    keep: analysis::Options,
    report: &mut dyn Report,
    look: Look,
    console: &mut Console<'_>,
) -> u8 {
    let Console { out, err, .. } = console;
    let mut drive = Drive {
        report,
        keep,
        keys: Keys::default(),
        window: Window::default(),
        part: None,
        threads: 1,
        look,
        limit: None,
        bounded: false,
        left_out: false,
        connection: None,
        key_log: None,
        quiet: true,
        several: false,
        rows: 0,
        unreadable: Vec::new(),
        status: DONE,
        err: err.as_mut(),
    };
    let mut output = Output::new(Form::Table, Box::new(out.as_mut()));
    drive.source(source, &mut output);
    match output.finish() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            drive.complain(&format!("cannot write standard output: {error}"));
        }
        _ => {}
    }
    drive.status
}
