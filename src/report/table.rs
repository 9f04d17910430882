//! Table: rows for a person, while they come.
//!
//! Widths are fixed by the columns' types and the first hundred rows, then rows appear at once. In a pipe nothing is cut; on a
//! terminal the text columns and the last one are cut to its width, with `…`, and the table counts what it cut.

use std::fmt::{self, Write as _};

use anstyle::Style;

use super::look::{BOLD, Look, PLAIN};
use super::text;

/// How many rows are looked at before widths are fixed; a screen or two.
const FIRST_ROWS: usize = 100;
/// The least that a cut column keeps.
const LEAST: usize = 7;
/// The least that the last column is given.
const LAST: usize = 16;

/// A column. The last of a table is never padded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Its title.
    pub title: &'static str,
    /// Whether it is aligned at its right: numbers are.
    pub right: bool,
    /// Its least width.
    pub min: usize,
    /// Whether it may be cut.
    pub cut: bool,
    /// Whether it is left out where the terminal is too narrow: the highest leaves first, 0 never.
    pub leaves: u8,
    /// How much of it is shown, if there is so much, before others leave.
    pub keeps: usize,
}

impl Column {
    /// Numbers.
    pub(super) const fn number(title: &'static str, min: usize) -> Self {
        Self {
            title,
            right: true,
            min,
            cut: false,
            leaves: 0,
            keeps: LEAST,
        }
    }

    /// Names out of a set.
    pub(super) const fn name(title: &'static str, min: usize) -> Self {
        Self {
            title,
            right: false,
            min,
            cut: false,
            leaves: 0,
            keeps: LEAST,
        }
    }

    /// Any text.
    pub(super) const fn text(title: &'static str, min: usize) -> Self {
        Self {
            title,
            right: false,
            min,
            cut: true,
            leaves: 0,
            keeps: LEAST,
        }
    }

    /// The same, left out where the terminal is too narrow; the highest `rank` leaves first.
    pub(super) const fn leaving(self, rank: u8) -> Self {
        Self {
            leaves: rank,
            ..self
        }
    }

    /// The same, with so many columns of it that others leave first.
    pub(super) const fn keeping(self, keeps: usize) -> Self {
        Self { keeps, ..self }
    }

    /// The least that it takes of a line, where its cells are so wide.
    fn least(&self, width: usize) -> usize {
        if self.cut {
            width.min(self.keeps)
        } else {
            width
        }
    }
}

/// A row being filled, cell by cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    text: String,
    cells: Vec<Cell>,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    end: usize,
    width: usize,
    style: Style,
}

impl Row {
    /// Adds a cell of text that is known to be fit for a terminal.
    pub(super) fn put(&mut self, style: Style, text: fmt::Arguments<'_>) {
        let start = self.text.len();
        let _ = self.text.write_fmt(text);
        self.close(start, style);
    }

    /// Adds a cell that may hold text from the traffic.
    pub(super) fn text(&mut self, style: Style, text: &str) {
        self.write(style, |out| text::visible(out, text));
    }

    /// Adds a cell with a number, or a dash.
    pub(super) fn number(&mut self, number: Option<u64>) {
        match number {
            Some(number) => self.put(PLAIN, format_args!("{number}")),
            None => self.dash(),
        }
    }

    /// Adds a cell that says that nothing applies.
    pub(super) fn dash(&mut self) {
        self.put(PLAIN, format_args!("-"));
    }

    /// Adds a cell that `write` appends.
    pub(super) fn write(&mut self, style: Style, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        self.close(start, style);
    }

    fn close(&mut self, start: usize, style: Style) {
        let width = text::width(self.text.get(start..).unwrap_or_default());
        self.cells.push(Cell {
            end: self.text.len(),
            width,
            style,
        });
    }

    fn cells(&self) -> impl Iterator<Item = (&str, Cell)> {
        let mut start = 0;
        self.cells.iter().map(move |cell| {
            let text = self.text.get(start..cell.end).unwrap_or_default();
            start = cell.end;
            (text, *cell)
        })
    }
}

/// A table that prints its rows as they come.
#[derive(Debug)]
pub(super) struct Table {
    columns: &'static [Column],
    look: Look,
    /// The first rows, until widths are fixed.
    waiting: Vec<Row>,
    /// Empty until they are fixed; 0 for a column that is left out.
    widths: Vec<usize>,
    row: Row,
    /// How many cells were cut.
    cut: u64,
}

impl Table {
    /// A table without rows.
    pub(super) fn new(columns: &'static [Column], look: Look) -> Self {
        Self {
            columns,
            look,
            waiting: Vec::new(),
            widths: Vec::new(),
            row: Row::default(),
            cut: 0,
        }
    }

    /// Adds a row, which `fill` fills with a cell for each column.
    pub(super) fn row(&mut self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Row)) {
        if self.widths.is_empty() {
            let mut row = Row::default();
            fill(&mut row);
            self.waiting.push(row);
            if self.waiting.len() == FIRST_ROWS {
                self.settle(out);
            }
        } else {
            let mut row = std::mem::take(&mut self.row);
            row.text.clear();
            row.cells.clear();
            fill(&mut row);
            self.print(out, &row);
            self.row = row;
        }
    }

    /// Fixes the widths, if they are not yet, and prints what waited for that.
    pub(super) fn settle(&mut self, out: &mut Vec<u8>) {
        if !self.widths.is_empty() || self.waiting.is_empty() {
            return;
        }
        let rows = std::mem::take(&mut self.waiting);
        self.widths = self.fit(&rows);
        let mut titles = Row::default();
        for column in self.columns {
            titles.put(BOLD, format_args!("{}", column.title));
        }
        self.print(out, &titles);
        for row in &rows {
            self.print(out, row);
        }
    }

    /// What was left out to fit the terminal, in words; nothing where all is there.
    pub(super) fn left_out(&self) -> Option<String> {
        let left: Vec<&str> = self
            .columns
            .iter()
            .zip(&self.widths)
            .filter(|(_, width)| **width == 0)
            .map(|(column, _)| column.title)
            .collect();
        let columns = match left.as_slice() {
            [] => None,
            [one] => Some(format!("column {one} left out")),
            more => Some(format!("columns {} left out", more.join(", "))),
        };
        let cells =
            (self.cut > 0).then(|| format!("{} cut at …", text::count(self.cut, "cell", "cells")));
        let what: Vec<String> = cells.into_iter().chain(columns).collect();
        (!what.is_empty()).then(|| {
            format!(
                "{} to fit this terminal, whole in a pipe",
                what.join(" and ")
            )
        })
    }

    fn fit(&self, rows: &[Row]) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .map(|column| text::width(column.title).max(column.min))
            .collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(&row.cells) {
                *width = cell.width.max(*width);
            }
        }
        let Some(limit) = self.look.width else {
            return widths;
        };
        let last = widths.len().saturating_sub(1);
        self.leave_out(&mut widths, limit);
        let shown = widths.iter().filter(|width| **width > 0).count();
        let room = limit.saturating_sub(1 + 2 * shown.saturating_sub(1));
        // The widest text gives way until the last column has room.
        let want = widths.last().copied().unwrap_or(0);
        let want = want.min(
            self.columns
                .last()
                .map_or(LAST, |column| column.keeps.max(LAST)),
        );
        loop {
            let taken: usize = widths.iter().take(last).sum();
            if taken + want <= room {
                break;
            }
            let widest = widths
                .iter_mut()
                .zip(self.columns)
                .take(last)
                .filter(|(width, column)| column.cut && **width > LEAST)
                .max_by_key(|(width, _)| **width);
            match widest {
                Some((width, _)) => *width -= 1,
                None => break,
            }
        }
        let taken: usize = widths.iter().take(last).sum();
        if let Some(width) = widths.last_mut() {
            *width = room.saturating_sub(taken).max(LEAST);
        }
        widths
    }

    /// Leaves columns out until the least that the others need fits.
    fn leave_out(&self, widths: &mut [usize], limit: usize) {
        loop {
            let needed: usize = widths
                .iter()
                .zip(self.columns)
                .filter(|(width, _)| **width > 0)
                .map(|(width, column)| 2 + column.least(*width))
                .sum();
            let leaves = widths
                .iter_mut()
                .zip(self.columns)
                .filter(|(width, column)| **width > 0 && column.leaves > 0)
                .max_by_key(|(_, column)| column.leaves);
            match leaves {
                Some((width, _)) if needed > limit + 1 => *width = 0,
                _ => return,
            }
        }
    }

    fn print(&mut self, out: &mut Vec<u8>, row: &Row) {
        let last = self.columns.len().saturating_sub(1);
        let mut gap = 1;
        for (index, ((text, cell), (column, &width))) in row
            .cells()
            .zip(self.columns.iter().zip(&self.widths))
            .enumerate()
            .filter(|(_, (_, (_, width)))| **width > 0)
        {
            let may_cut = self.look.width.is_some() && (column.cut || index == last);
            let cut = may_cut && cell.width > width;
            let (shown, taken) = if cut {
                self.cut += 1;
                let (shown, taken) = text::beginning(text, width.saturating_sub(1));
                (shown, taken + 1)
            } else {
                (text, cell.width)
            };
            let padding = width.saturating_sub(taken);
            if !shown.is_empty() || cut {
                spaces(out, gap + if column.right { padding } else { 0 });
                gap = if column.right { 0 } else { padding };
                self.look.paint(out, cell.style, shown);
                if cut {
                    out.extend_from_slice("…".as_bytes());
                }
            } else {
                gap += width;
            }
            gap += 2;
        }
        out.push(b'\n');
    }
}

fn spaces(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len() + count, b' ');
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::number("n", 3),
        Column::text("host", 4),
        Column::text("text", 4),
    ];

    fn table(width: Option<usize>, rows: &[(&str, &str)]) -> (String, Option<String>) {
        let mut table = Table::new(
            COLUMNS,
            Look {
                width,
                ..Look::default()
            },
        );
        let mut out = Vec::new();
        for (index, (host, text)) in rows.iter().enumerate() {
            table.row(&mut out, |row| {
                row.number(Some(index as u64));
                row.text(PLAIN, host);
                row.text(PLAIN, text);
            });
        }
        table.settle(&mut out);
        (String::from_utf8(out).unwrap(), table.left_out())
    }

    #[test]
    fn numbers_stand_right_and_the_last_column_is_not_padded() {
        let (text, cut) = table(None, &[("a", "x"), ("long.example", "y\nz")]);
        assert_eq!(
            text,
            "   n  host          text\n   0  a             x\n   1  long.example  y␊z\n"
        );
        assert_eq!(cut, None);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let long = "こんにちは、世界！👩‍👩‍👧‍👦🇯🇵 — and more of it, ".repeat(8);
        for width in [40, 80, 140] {
            let (text, cut) = table(
                Some(width),
                &[("host.example.org", &long), ("ホスト", "短い")],
            );
            assert!(
                text.lines().all(|line| text::width(line) <= width),
                "{text}"
            );
            assert!(text.contains('…'), "{text}");
            assert!(cut.unwrap().starts_with("1 cell cut"));
        }
    }

    #[test]
    fn columns_leave_before_others_are_cut_short() {
        const COLUMNS: &[Column] = &[
            Column::number("bytes", 12).leaving(1),
            Column::text("target", 4).keeping(20),
        ];
        for (width, shown) in [(40, "bytes"), (30, "a/path/of/20/letters")] {
            let look = Look {
                width: Some(width),
                ..Look::default()
            };
            let mut table = Table::new(COLUMNS, look);
            let mut out = Vec::new();
            table.row(&mut out, |row| {
                row.number(Some(1));
                row.text(PLAIN, "a/path/of/20/letters");
            });
            table.settle(&mut out);
            let text = String::from_utf8(out).unwrap();
            assert!(
                text.contains(shown) && text.contains("a/path/of/20/letters"),
                "{text}"
            );
            assert_eq!(text.contains("bytes"), width == 40, "{text}");
        }
    }

    #[test]
    fn columns_leave_where_the_others_would_not_fit() {
        const WIDE: &[Column] = &[
            Column::number("packet", 12),
            Column::number("exchange", 12).leaving(1),
            Column::number("content", 12).leaving(2),
            Column::text("text", 4),
        ];
        for (width, left) in [
            (60, None),
            (40, Some("column content")),
            (30, Some("columns exchange, content")),
        ] {
            let look = Look {
                width: Some(width),
                ..Look::default()
            };
            let mut table = Table::new(WIDE, look);
            let mut out = Vec::new();
            table.row(&mut out, |row| {
                for number in 1..4 {
                    row.number(Some(number));
                }
                row.text(PLAIN, "x");
            });
            table.settle(&mut out);
            let said = table.left_out().unwrap_or_default();
            assert!(said.starts_with(left.unwrap_or_default()), "{said}");
            assert_eq!(said.is_empty(), left.is_none());
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text.contains("content"), width == 60, "{text}");
            assert!(
                text.lines().all(|line| text::width(line) <= width),
                "{text}"
            );
        }
    }

    #[test]
    fn a_pipe_cuts_nothing() {
        let long = "長".repeat(300);
        let (text, _) = table(None, &[("h", &long)]);
        assert!(text.contains(&long));
    }

    #[test]
    fn japanese_keeps_columns_aligned() {
        let (text, _) = table(None, &[("ホスト", "x"), ("abcdef", "y")]);
        let places: Vec<usize> = text
            .lines()
            .skip(1)
            .map(|line| text::width(line.get(..line.len() - 1).unwrap()))
            .collect();
        assert_eq!(places, [14, 14]);
    }

    fn lines(out: &[u8]) -> usize {
        std::str::from_utf8(out).unwrap().lines().count()
    }

    #[test]
    fn rows_appear_once_the_first_hundred_are_known() {
        let mut table = Table::new(COLUMNS, Look::default());
        let mut out = Vec::new();
        let fill = |row: &mut Row| {
            row.number(Some(1));
            row.text(PLAIN, "h");
            row.text(PLAIN, "t");
        };
        for _ in 0..99 {
            table.row(&mut out, fill);
        }
        assert!(out.is_empty());
        table.row(&mut out, fill);
        assert_eq!(lines(&out), 101);
        table.row(&mut out, fill);
        assert_eq!(lines(&out), 102);
    }
}
