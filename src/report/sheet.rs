//! Sheet: what the one-page reports are made of: titles, lines, tables without lines, numbers as people read them.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::context::Context;
use super::look::BOLD;
use super::text;

/// A table without lines; the columns of these numbers stand right.
pub(super) fn sheet(context: &Context<'_>, titles: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty();
    if context.look.color {
        table.enforce_styling();
    }
    if let Some(width) = context.look.width {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    let cells = titles.iter().enumerate().map(|(index, title)| {
        let cell = Cell::new(title);
        let cell = if title.is_empty() {
            cell
        } else {
            cell.add_attribute(comfy_table::Attribute::Bold)
        };
        if right.contains(&index) {
            cell.set_alignment(CellAlignment::Right)
        } else {
            cell
        }
    });
    table.set_header(cells.collect::<Vec<_>>());
    table
}

/// Writes a table, with the columns of these numbers at their right.
pub(super) fn place(out: &mut Vec<u8>, table: &mut Table, right: &[usize]) {
    for (index, column) in table.column_iter_mut().enumerate() {
        let left = u16::from(index == 0 && right.contains(&0));
        column.set_padding((left, 2));
        if right.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    line(out, &table.trim_fmt());
}

/// A table like that of [`sheet`], whose cells are never wrapped: its columns are chosen to fit.
pub(super) fn fitted(context: &Context<'_>, titles: &[&str], right: &[usize]) -> Table {
    let mut table = sheet(context, titles, right);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// How many columns of the terminal are left beside a table, or many in a pipe; none where it does not fit.
pub(super) fn room(context: &Context<'_>, titles: &[&str], rows: &[Vec<String>]) -> Option<usize> {
    let Some(width) = context.look.width else {
        return Some(usize::MAX);
    };
    let taken: usize = titles
        .iter()
        .enumerate()
        .map(|(index, title)| {
            let cells = rows.iter().filter_map(|row| row.get(index));
            let widest = cells.map(|cell| text::width(cell)).max().unwrap_or(0);
            widest.max(text::width(title)) + 2
        })
        .sum();
    width.checked_sub(taken)
}

/// Writes a title behind an empty line.
pub(super) fn title(out: &mut Vec<u8>, context: &Context<'_>, text: &str) {
    out.push(b'\n');
    context.look.paint(out, BOLD, text);
    out.push(b'\n');
}

/// Writes a line.
pub(super) fn line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}

/// Writes a sentence in as many lines as the terminal's width calls for, each indented.
pub(super) fn paragraph(out: &mut Vec<u8>, context: &Context<'_>, indent: usize, sentence: &str) {
    let room = context.look.width.unwrap_or(usize::MAX);
    let mut text = String::new();
    pad(&mut text, indent);
    for (index, word) in sentence.split(' ').enumerate() {
        let behind = text::width(&text) + 1 + text::width(word);
        if index > 0 && behind > room {
            line(out, &text);
            text.clear();
            pad(&mut text, indent);
        } else if index > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
    line(out, &text);
}

/// Fills a text with spaces up to a width.
pub(super) fn pad(text: &mut String, width: usize) {
    let missing = width.saturating_sub(text::width(text));
    text.extend(std::iter::repeat_n(' ', missing));
}

/// A bar whose length is a part of `columns`, to an eighth of a column; what is not nothing shows at least that.
pub(super) fn bar(part: u64, whole: u64, columns: usize) -> String {
    const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
    if part == 0 || whole == 0 {
        return String::new();
    }
    let eighths = u128::from(part) * 8 * columns as u128 / u128::from(whole);
    let eighths = usize::try_from(eighths)
        .unwrap_or(0)
        .clamp(columns.min(1), columns * 8);
    let mut bar = "█".repeat(eighths / 8);
    bar.extend(
        (eighths % 8)
            .checked_sub(1)
            .and_then(|index| EIGHTHS.get(index)),
    );
    bar
}

/// A share in percent with one digit, rounded.
pub(super) fn share(part: u64, whole: u64) -> String {
    let whole = u128::from(whole.max(1));
    let tenths = (u128::from(part) * 1000 + whole / 2) / whole;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// A mean with at most one digit behind the point, rounded.
pub(super) fn mean(sum: u64, count: u64) -> String {
    let count = u128::from(count.max(1));
    let tenths = (u128::from(sum) * 10 + count / 2) / count;
    let whole = text::grouped(u64::try_from(tenths / 10).unwrap_or(u64::MAX));
    match tenths % 10 {
        0 => whole,
        tenth => format!("{whole}.{tenth}"),
    }
}

/// A length of time, rounded to a few digits: two behind the point in seconds, none in all other units.
pub(super) fn duration(nanoseconds: i64) -> String {
    let nanoseconds = nanoseconds.unsigned_abs();
    let in_units_of = |unit: u64| (nanoseconds + unit / 2) / unit;
    // The unit is chosen by what is shown, so that 999.7 ms are 1.00 s.
    let (milliseconds, hundredths) = (in_units_of(1_000_000), in_units_of(10_000_000));
    let (seconds, minutes) = (in_units_of(1_000_000_000), in_units_of(60_000_000_000));
    if milliseconds < 1000 {
        format!("{milliseconds} ms")
    } else if hundredths < 6000 {
        format!("{}.{:02} s", hundredths / 100, hundredths % 100)
    } else if seconds < 3600 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {:02} min", text::grouped(minutes / 60), minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_rounded_to_a_tenth() {
        assert_eq!(mean(252, 3), "84");
        assert_eq!(mean(10, 3), "3.3");
        assert_eq!(mean(0, 0), "0");
        assert_eq!(mean(12_345, 1), "12,345");
    }

    #[test]
    fn bars_are_as_long_as_their_part() {
        assert_eq!(bar(0, 10, 8), "");
        assert_eq!(bar(10, 10, 4), "████");
        assert_eq!(bar(5, 10, 3), "█▌");
        assert_eq!(bar(1, 1_000_000, 8), "▏");
        assert_eq!(bar(1, 2, 0), "");
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(6_021_000_000), "6.02 s");
        assert_eq!(duration(999_000_000), "999 ms");
        assert_eq!(duration(61_000_000_000), "1 min 01 s");
        assert_eq!(duration(7_260_000_000_000), "2 h 01 min");
        assert_eq!(duration(0), "0 ms");
    }

    #[test]
    fn durations_are_rounded() {
        assert_eq!(duration(1_499_999), "1 ms");
        assert_eq!(duration(1_500_000), "2 ms");
        assert_eq!(duration(999_499_999), "999 ms");
        assert_eq!(duration(999_500_000), "1.00 s");
        assert_eq!(duration(6_029_000_000), "6.03 s");
        assert_eq!(duration(59_994_999_999), "59.99 s");
        assert_eq!(duration(59_995_000_000), "1 min 00 s");
        assert_eq!(duration(61_500_000_000), "1 min 02 s");
        assert_eq!(duration(3_599_500_000_000), "1 h 00 min");
        assert_eq!(duration(7_291_000_000_000), "2 h 02 min");
        assert_eq!(duration(i64::MIN), "2,562,047 h 47 min");
    }
}
