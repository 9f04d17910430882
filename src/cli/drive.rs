//! Drive: the one loop over packets.
//!
//! Comes in: captures and a report. Goes out: the report's rows, notices on standard error, an exit status.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::destination::Destination;
use super::keys::Keys;
use super::options::Options;
use super::source::{self, Source, is_live, is_read_once};
use super::window::Window;
use super::{DONE, FAILED};
use crate::analysis::{self, Analysis};
use crate::capture::{Capture, Item, Packet};
use crate::error::Error;
use crate::event::Event;
use crate::notice::{Kind, Notice};
use crate::report::{Context, Files, Form, Look, Notices, Output, Report, count, shown};
use crate::time::Timestamp;
use crate::tls;

/// A report on its way through captures.
pub(super) struct Drive<'r> {
    pub(super) report: &'r mut dyn Report,
    pub(super) keep: analysis::Options,
    pub(super) keys: Keys,
    /// How many threads may work.
    pub(super) threads: usize,
    pub(super) window: Window,
    /// The options that ask for a part of the capture, until something of it was seen.
    pub(super) part: Option<String>,
    pub(super) look: Look,
    pub(super) limit: Option<u64>,
    /// Whether not every event is shown, or some are looked for.
    pub(super) bounded: bool,
    /// Whether there was more than --limit lets through.
    pub(super) left_out: bool,
    /// The connection that is asked for, until it was seen.
    pub(super) connection: Option<u64>,
    /// The key log that the command line names.
    pub(super) key_log: Option<String>,
    pub(super) quiet: bool,
    pub(super) several: bool,
    pub(super) rows: u64,
    /// Captures that could not be opened, by name.
    pub(super) unreadable: Vec<(String, Error)>,
    pub(super) status: u8,
    pub(super) err: &'r mut dyn Write,
}

impl Drive<'_> {
    /// What was asked for and is in no capture.
    fn not_found(&self) -> Vec<String> {
        if self.status != DONE || self.full() {
            return Vec::new();
        }
        let connection = self.connection.map(|number| {
            format!(
                "there is no connection {number}; `wscope connections CAPTURE` lists the numbers"
            )
        });
        let part = self.part.as_ref().map(|options| {
            format!(
                "nothing lies in the part that {options} asked for; `wscope CAPTURE` says how many packets there are, and how long they took"
            )
        });
        connection.into_iter().chain(part).collect()
    }

    pub(super) fn captures(
        &mut self,
        options: &Options,
        paths: &[PathBuf],
        form: Form,
        destination: &Destination,
        standard: &mut (dyn Write + '_),
    ) {
        if options.merge {
            return match self.merged(paths) {
                Some(source) => self.each(Some(source), &[], form, destination, standard),
                None => self.none(form, destination, standard),
            };
        }
        // The first that can be read is opened before anything is written.
        let mut left = paths;
        while let [path, rest @ ..] = left {
            left = rest;
            if let Some(first) = self.open(path) {
                return self.each(Some(first), left, form, destination, standard);
            }
        }
        self.none(form, destination, standard);
    }

    /// Nothing can be read: a report that is kept beside others says so too, and nothing else is written.
    fn none(&mut self, form: Form, destination: &Destination, standard: &mut (dyn Write + '_)) {
        if self.report.tells_of_unreadable(form) {
            self.each(None, &[], form, destination, standard);
        }
    }

    fn each(
        &mut self,
        first: Option<Source>,
        left: &[PathBuf],
        form: Form,
        destination: &Destination,
        standard: &mut (dyn Write + '_),
    ) {
        let mut output = match destination.open(standard) {
            Ok(writer) => Output::new(form, writer),
            Err(complaint) => return self.complain(&complaint),
        };
        if let Some(first) = first {
            self.source(first, &mut output);
        }
        for path in left {
            if output.failed() || self.full() {
                break;
            }
            if let Some(source) = self.open(path) {
                self.source(source, &mut output);
            }
        }
        self.unreadable(&mut output);
        let missed = self.not_found();
        for complaint in &missed {
            self.report.missed(complaint);
        }
        self.report.finish(&mut output);
        match output.finish() {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                self.complain(&destination.complaint(&error));
            }
            _ => {}
        }
        for complaint in missed {
            self.complain(&complaint);
        }
    }

    fn open(&mut self, path: &Path) -> Option<Source> {
        match Source::open(path, self.threads) {
            Ok(source) => Some(source),
            Err(error) => {
                self.complain(&error.to_string());
                let name = path.to_string_lossy().into_owned();
                self.unreadable.push((name, error));
                None
            }
        }
    }

    /// Tells the report which captures could not be read at all.
    fn unreadable(&mut self, output: &mut Output<'_>) {
        for (name, error) in std::mem::take(&mut self.unreadable) {
            let files = Files::new(vec![name]);
            let context = self.context(&files, None);
            self.report.unreadable(&context, &error, output);
        }
    }

    fn merged(&mut self, paths: &[PathBuf]) -> Option<Source> {
        let mut captures = Vec::new();
        for (busy, path) in paths.iter().enumerate() {
            match source::open(path, self.threads.saturating_sub(busy)) {
                Ok(capture) => captures.push(capture),
                Err(error) => {
                    self.complain(&error.to_string());
                    let name = path.to_string_lossy().into_owned();
                    self.unreadable.push((name, error));
                }
            }
        }
        let live = paths.iter().any(|path| is_live(path));
        let read_once = paths.iter().any(|path| is_read_once(path));
        (!captures.is_empty()).then(|| Source::merged(captures, live, read_once))
    }

    /// Reads on in the key log.
    fn more_secrets(
        &mut self,
        analysis: &mut Analysis,
        context: &Context<'_>,
        notices: &mut Notices,
        output: &mut Output<'_>,
    ) {
        let Some(more) = self.keys.more() else {
            return;
        };
        analysis.secrets(&more.name, more.behind, &more.text, &mut |event| {
            self.event(context, event, notices, output);
        });
    }

    /// Reads one capture to its end, or until there are rows enough.
    pub(super) fn source(&mut self, mut source: Source, output: &mut Output<'_>) {
        let key_log = self.key_log.clone();
        let read_once = key_log
            .as_deref()
            .is_some_and(|name| is_read_once(name.as_ref()));
        source.files = source.files.with_key_log(key_log).read_once(read_once);
        let may_come = source.live || source.may_hold_secrets();
        let keys = tls::Keys::new(self.keys.log.clone(), may_come);
        let mut analysis = Analysis::new(self.keep)
            .with_keys(keys)
            .with_threads(self.threads_of_analysis(source.live));
        let mut notices = Notices::default();
        let mut start = None;
        self.report
            .begin(&self.context(&source.files, None), output);
        let live = source.live;
        for notice in std::mem::take(&mut self.keys.notices) {
            let context = self.context(&source.files, None);
            self.event(&context, &Event::Notice(&notice), &mut notices, output);
        }
        while !output.failed() && !self.full() {
            if let (Some(start), Some((capture, files))) = (start, source.one()) {
                let context = self.context(files, Some(start));
                self.packets(capture, &context, &mut analysis, &mut notices, output);
                if output.failed() || self.full() {
                    break;
                }
            }
            let (item, files) = match source.next_item() {
                Ok((Some(item), files)) => (item, files),
                Ok((None, _)) => break,
                Err(error) => {
                    let context = self.context(&source.files, start);
                    analysis.catch_up(&mut |event| {
                        self.event(&context, event, &mut notices, output);
                    });
                    self.complain(&error.to_string());
                    self.report.broken(&error);
                    break;
                }
            };
            if let Item::Packet(packet) = &item {
                files.packet(packet.number, packet.file);
                start.get_or_insert(packet.time);
            }
            let context = self.context(files, start);
            match item {
                Item::Packet(packet) => {
                    self.look_for(&packet, &context);
                    self.report.packet(&packet);
                    analysis.push(&packet, &mut |event| {
                        self.event(&context, event, &mut notices, output);
                    });
                }
                Item::Notice(notice) => {
                    analysis.notice(&notice, &mut |event| {
                        self.event(&context, event, &mut notices, output);
                    });
                }
                Item::Pause if live => {
                    analysis.catch_up(&mut |event| {
                        self.event(&context, event, &mut notices, output);
                    });
                    self.report.settle(output);
                    output.flush();
                    self.more_secrets(&mut analysis, &context, &mut notices, output);
                }
                Item::Secrets(text) => {
                    analysis.secrets("the secrets in the capture", 0, text, &mut |event| {
                        self.event(&context, event, &mut notices, output);
                    });
                }
                Item::Pause => {}
            }
        }
        let context = self.context(&source.files, start);
        if live {
            // What was logged while the last packets came.
            self.keys.end();
            self.more_secrets(&mut analysis, &context, &mut notices, output);
        }
        self.left_out |= self.full();
        if !self.full() || self.report.totals() {
            analysis.finish(&mut |event| self.event(&context, event, &mut notices, output));
        }
        if self.left_out {
            let rows = count(self.rows, "row", "rows");
            let stopped = Notice::new(
                Kind::Stopped,
                format!("reading ended after {rows}, as --limit asked"),
            );
            // The bound is on rows, and this is what says that it was reached.
            notices.add(&stopped);
            self.report
                .event(&context, &Event::Notice(&stopped), output);
        }
        self.report.end(&context, analysis.ledger(), output);
        if !self.quiet && !output.failed() {
            // What was written before stands before its notices.
            output.flush();
            let lines = notices.lines(&context.title());
            let _ = self.err.write_all(lines.as_bytes());
        }
    }

    /// How many threads may read connections. What stops at a row stops there with one; and what comes while it is read comes in pieces
    /// too small to be shared.
    fn threads_of_analysis(&self, live: bool) -> usize {
        if live || self.limit.is_some() {
            1
        } else {
            self.threads
        }
    }

    /// Reads the packets of a capture that are in memory already, behind its first.
    fn packets(
        &mut self,
        capture: &mut Capture,
        context: &Context<'_>,
        analysis: &mut Analysis,
        notices: &mut Notices,
        output: &mut Output<'_>,
    ) {
        if analysis.is_shared() {
            analysis.set_buffer(capture.share());
        }
        while !output.failed()
            && !self.full()
            && let Some(packet) = capture.next_packet()
        {
            self.look_for(&packet, context);
            self.report.packet(&packet);
            analysis.push(&packet, &mut |event| {
                self.event(context, event, notices, output);
            });
        }
        analysis.set_buffer(None);
    }

    /// Takes note of a packet of the part that was asked for.
    fn look_for(&mut self, packet: &Packet<'_>, context: &Context<'_>) {
        if self.part.is_some() && self.window.holds(packet.number, packet.time, context.start) {
            self.part = None;
        }
    }

    /// What a report is told beside an event; `start` is the time of the first packet, once one was read.
    fn context<'f>(&self, files: &'f Files, start: Option<Timestamp>) -> Context<'f> {
        Context {
            files,
            start: start.unwrap_or_default(),
            look: self.look,
            several: self.several,
        }
    }

    fn event(
        &mut self,
        context: &Context<'_>,
        event: &Event<'_>,
        notices: &mut Notices,
        output: &mut Output<'_>,
    ) {
        if !(self.bounded || matches!(event, Event::Notice(_))) {
            self.rows += self.report.event(context, event, output);
            return;
        }
        if let (Some(number), Event::Connection(connection)) = (self.connection, event)
            && connection.number == number
        {
            self.connection = None;
        }
        if !self.window.shows(event, context.start) {
            self.report.beside(event);
            return;
        }
        if !matches!(event, Event::Notice(_) | Event::Unjudged(_)) {
            self.part = None;
        }
        if self.full() {
            self.left_out = true;
            // Totals are of all that was read; a finding that is too many is none of them.
            if self.report.totals() && !matches!(event, Event::Finding(_)) {
                self.report.event(context, event, output);
            }
            return;
        }
        if let Event::Notice(notice) = event {
            notices.add(notice);
        }
        self.rows += self.report.event(context, event, output);
    }

    fn full(&self) -> bool {
        self.limit.is_some_and(|limit| self.rows >= limit)
    }

    pub(super) fn complain(&mut self, complaint: &str) {
        let line = format!("wscope: {}\n", shown(complaint));
        let _ = self.err.write_all(line.as_bytes());
        self.status = FAILED;
    }
}
