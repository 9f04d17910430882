//! Output: records in one form, gathered into large writes.

use std::io::{self, Write};

use super::fields::Record;
use super::line::Scratch;
use super::{csv, json, markdown};

/// How much is gathered before it is written.
const CHUNK: usize = 64 * 1024;

/// The forms of output.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Form {
    /// Tables and pages for a person.
    #[default]
    Table,
    /// One JSON array.
    Json,
    /// A JSON object a line.
    Ndjson,
    /// Comma-separated values.
    Csv,
    /// A Markdown table.
    Markdown,
    /// Suites and cases of `JUnit`'s XML.
    Junit,
    /// Results of SARIF 2.1.0.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// The Test Anything Protocol.
    Tap,
}

/// Takes records and pages, and gives them to a writer.
///
/// A writer that fails is not tried again: [`failed`](Self::failed) says so, and [`finish`](Self::finish) says why.
pub struct Output<'w> {
    writer: Box<dyn Write + 'w>,
    form: Form,
    buffer: Vec<u8>,
    /// What is gathered behind the buffer.
    scratch: Scratch,
    /// Whether what stands before the first record is written.
    begun: bool,
    records: u64,
    error: Option<io::Error>,
}

impl<'w> Output<'w> {
    /// Output in a form to a writer.
    pub fn new(form: Form, writer: Box<dyn Write + 'w>) -> Self {
        Self {
            writer,
            form,
            buffer: Vec::with_capacity(2 * CHUNK),
            scratch: Scratch::default(),
            begun: false,
            records: 0,
            error: None,
        }
    }

    /// The form.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Writes what stands before the first record, whether one comes or not.
    #[inline]
    pub fn begin<R: Record>(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            self.open::<R>();
        }
    }

    #[cold]
    fn open<R: Record>(&mut self) {
        match self.form {
            Form::Json => self.buffer.push(b'['),
            Form::Csv => csv::header::<R>(&mut self.buffer),
            Form::Markdown => markdown::header::<R>(&mut self.buffer),
            _ => {}
        }
    }

    /// Writes a record in any form but a table.
    pub fn record<R: Record>(&mut self, capture: &str, record: &R) {
        self.begin::<R>();
        let (out, scratch) = (&mut self.buffer, &mut self.scratch);
        match self.form {
            Form::Json => {
                let first = self.records == 0;
                scratch.write(out, |line| {
                    if first {
                        line.fixed(b"\n");
                    } else {
                        line.fixed(b",\n");
                    }
                });
                json::write(out, scratch, capture, record);
            }
            Form::Ndjson => {
                json::write(out, scratch, capture, record);
                scratch.write(out, |line| line.fixed(b"\n"));
            }
            Form::Csv => csv::write(out, scratch, capture, record),
            Form::Markdown => markdown::write(out, scratch, capture, record),
            _ => {}
        }
        self.records += 1;
        self.drain();
    }

    /// Writes a record that stands alone; in Markdown as a table of its columns.
    pub fn single<R: Record>(&mut self, capture: &str, record: &R) {
        if self.form == Form::Markdown {
            if std::mem::replace(&mut self.begun, true) {
                self.buffer.push(b'\n');
            }
            markdown::sheet(&mut self.buffer, &mut self.scratch, capture, record);
            self.drain();
        } else {
            self.record(capture, record);
        }
    }

    /// Lets a page write itself.
    pub fn page(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.scratch.spill(&mut self.buffer);
        write(&mut self.buffer);
        self.drain();
    }

    /// Writes what is gathered.
    pub fn flush(&mut self) {
        self.scratch.spill(&mut self.buffer);
        if self.error.is_none() && !self.buffer.is_empty() {
            let written = self.writer.write_all(&self.buffer);
            self.error = written.and_then(|()| self.writer.flush()).err();
        }
        self.buffer.clear();
    }

    /// Whether the writer failed, so that there is no use in going on.
    pub fn failed(&self) -> bool {
        self.error.is_some()
    }

    /// Writes what stands behind the last record, and all that is gathered.
    pub fn finish(mut self) -> io::Result<()> {
        if self.form == Form::Json {
            let close: &[u8] = match (self.begun, self.records) {
                (false, _) => b"[]\n",
                (true, 0) => b"]\n",
                (true, _) => b"\n]\n",
            };
            self.scratch.spill(&mut self.buffer);
            self.buffer.extend_from_slice(close);
        }
        self.flush();
        self.error.map_or(Ok(()), Err)
    }

    fn drain(&mut self) {
        if self.buffer.len() >= CHUNK {
            self.flush();
        }
    }
}
