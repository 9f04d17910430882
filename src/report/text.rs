//! Text from the traffic, made fit for a terminal.
//!
//! Control characters become pictures and what would turn the line around becomes visible, so that no capture can move the
//! cursor, recolour the screen or show something else than it holds. Widths are those of the grid: two columns for Japanese,
//! one cluster at a time.

use std::fmt::Write as _;

use anstyle::Style;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::look::Look;

/// Appends text with nothing in it that a terminal would obey.
pub fn visible(out: &mut String, text: &str) {
    let plain = |byte: &u8| (0x20..0x7f).contains(byte);
    if text.as_bytes().iter().all(plain) {
        out.push_str(text);
        return;
    }
    for letter in text.chars() {
        match letter {
            '\u{00}'..='\u{1f}' => {
                let picture = char::from_u32(0x2400 + u32::from(letter));
                out.push(picture.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            '\u{7f}' => out.push('␡'),
            // C1 controls, direction marks and overrides, line separators, invisible spaces, tags of plane 14.
            '\u{80}'..='\u{9f}'
            | '\u{061c}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "<U+{:04X}>", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
}

/// A text with nothing in it that a terminal would obey.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    visible(&mut out, text);
    out
}

/// How many columns of a terminal a text takes.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(cluster_width).sum()
}

/// The longest beginning that fits so many columns, without cutting a cluster, and its width.
pub(super) fn beginning(text: &str, columns: usize) -> (&str, usize) {
    if text.is_ascii() {
        let end = text.len().min(columns);
        return (text.get(..end).unwrap_or(text), end);
    }
    let mut taken = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        let wide = cluster_width(cluster);
        if taken + wide > columns {
            return (text.get(..at).unwrap_or_default(), taken);
        }
        taken += wide;
    }
    (text, taken)
}

/// No cluster takes more than two columns, however many marks it piles up.
fn cluster_width(cluster: &str) -> usize {
    cluster.width().min(2)
}

/// Writes words, of which the first may be indented; where the terminal is too narrow they go on below, behind so many spaces.
pub(super) fn paragraph(out: &mut Vec<u8>, look: Look, style: Style, indent: usize, words: &str) {
    behind(out, look, style, (0, indent), words);
}

/// The same behind what stands on the line already: so many columns are used, and so many spaces stand before what goes on below.
pub(super) fn behind(
    out: &mut Vec<u8>,
    look: Look,
    style: Style,
    (used, indent): (usize, usize),
    words: &str,
) {
    // Where there is no room for words beside each other, the terminal breaks the line as it likes.
    let room = look.width.filter(|width| *width >= indent + 20);
    let mut line = String::new();
    let mut used = used;
    for word in words.split_inclusive(' ') {
        let end = used + width(&line) + width(word.trim_end());
        let full = room.is_some_and(|room| end > room);
        if full && !line.trim().is_empty() {
            look.paint(out, style, line.trim_end());
            out.push(b'\n');
            line = " ".repeat(indent);
            used = 0;
        }
        line.push_str(word);
    }
    look.paint(out, style, line.trim_end());
    out.push(b'\n');
}

/// Writes the line that says which commands come next, if any does; where the terminal is too narrow, those that do not fit stand below, each
/// whole, so that it can be copied.
pub(super) fn next(out: &mut Vec<u8>, look: Look, commands: &[String]) {
    const BEFORE: &str = "Next: ";
    if commands.is_empty() {
        return;
    }
    let mut text = String::new();
    let mut used = 0;
    for (index, command) in commands.iter().enumerate() {
        let own = width(command);
        let end = used + " · ".chars().count() + own;
        let (before, end) = match index {
            0 => (BEFORE.to_string(), BEFORE.len() + own),
            _ if look.width.is_some_and(|width| end > width) => {
                let before = format!("\n{}", " ".repeat(BEFORE.len()));
                (before, BEFORE.len() + own)
            }
            _ => (" · ".to_string(), end),
        };
        text.push_str(&before);
        text.push_str(command);
        used = end;
    }
    text.push('\n');
    look.paint(out, super::look::DIM, &text);
}

/// Bytes in hexadecimal, with spaces between them.
pub(super) fn hex(out: &mut String, bytes: &[u8]) {
    for (index, byte) in bytes.iter().enumerate() {
        let gap = if index == 0 { "" } else { " " };
        let _ = write!(out, "{gap}{byte:02x}");
    }
}

/// A number with its thousands set apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A sentence whose numbers of bytes have their thousands set apart.
pub(super) fn with_grouped_bytes(sentence: &str) -> String {
    let mut words = sentence.split(' ').peekable();
    let mut out = String::with_capacity(sentence.len() + 8);
    while let Some(word) = words.next() {
        let of_bytes = words.peek().is_some_and(|next| next.starts_with("byte"));
        match word.parse() {
            Ok(number) if of_bytes => out.push_str(&grouped(number)),
            _ => out.push_str(word),
        }
        if words.peek().is_some() {
            out.push(' ');
        }
    }
    out
}

/// A number with its noun: `1 frame`, `2 frames`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number),
        if number == 1 { one } else { many }
    )
}

/// Seconds with six digits, from nanoseconds.
pub(super) fn seconds(out: &mut String, nanoseconds: i64) {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let microseconds = nanoseconds.unsigned_abs() / 1000;
    let (whole, part) = (microseconds / 1_000_000, microseconds % 1_000_000);
    let _ = write!(out, "{sign}{whole}.{part:06}");
}

/// A file's name as a shell takes it, and a program for no option. With what a terminal would obey in it, it is one for bash and zsh.
pub fn shell(name: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./+,:@%=".contains(letter);
    // A hyphen would begin an option, and an equals sign a command's place in zsh.
    let here = if name.len() > 1 && name.starts_with(['-', '=']) {
        "./"
    } else {
        ""
    };
    if shown(name) != name {
        format!("$'{here}{}'", escaped(name))
    } else if !name.is_empty() && name.chars().all(plain) {
        format!("{here}{name}")
    } else {
        format!("'{here}{}'", name.replace('\'', "'\\''"))
    }
}

/// A text between `$'` and `'`, with nothing in it that a terminal would obey.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        let code = u32::from(letter);
        // Writing to a string cannot fail.
        let _ = match letter {
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\u{1b}' => out.write_str("\\e"),
            '\\' | '\'' => write!(out, "\\{letter}"),
            '\0'..='\u{1f}' | '\u{7f}' => write!(out, "\\x{code:02x}"),
            letter if shown(letter.encode_utf8(&mut [0; 4])) == letter.to_string() => {
                write!(out, "{letter}")
            }
            // Byte by byte: what shells make of a character's number depends on the locale.
            letter => (letter.encode_utf8(&mut [0; 4]).bytes())
                .try_for_each(|byte| write!(out, "\\x{byte:02x}")),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_pictures() {
        assert_eq!(shown("\"Hi!\"\n"), "\"Hi!\"␊");
        assert_eq!(shown("\u{1b}[2J\0\u{7f}"), "␛[2J␀␡");
    }

    #[test]
    fn nothing_turns_a_line_around() {
        assert_eq!(shown("a\u{202e}b\u{9b}c"), "a<U+202E>b<U+009B>c");
    }

    #[test]
    fn japanese_and_emoji_take_two_columns() {
        assert_eq!(width("こんにちは"), 10);
        assert_eq!(width("👩‍👩‍👧‍👦"), 2);
        assert_eq!(width("🇯🇵 ok"), 5);
    }

    #[test]
    fn a_beginning_never_cuts_a_cluster() {
        assert_eq!(beginning("こんにちは", 5), ("こん", 4));
        assert_eq!(beginning("a👩‍👩‍👧‍👦b", 2), ("a", 1));
        assert_eq!(beginning("plain", 9), ("plain", 5));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(3842), "3,842");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn bytes_in_a_sentence_have_their_thousands_set_apart() {
        assert_eq!(
            with_grouped_bytes("connection 1234: 2578 bytes of  5000, 12345 bytes"),
            "connection 1234: 2,578 bytes of  5000, 12,345 bytes"
        );
        assert_eq!(with_grouped_bytes(""), "");
    }

    #[test]
    fn times_before_the_start_are_negative() {
        let mut out = String::new();
        seconds(&mut out, -1_500_000);
        assert_eq!(out, "-0.001500");
    }

    #[test]
    fn a_name_with_a_space_is_quoted() {
        assert_eq!(shell("a b.pcap"), "'a b.pcap'");
        assert_eq!(shell("it's"), "'it'\\''s'");
        assert_eq!(shell("dir/a-1.pcap"), "dir/a-1.pcap");
    }

    #[test]
    fn a_name_that_a_terminal_would_obey_is_escaped() {
        assert_eq!(shell("a\nb.pcap"), "$'a\\nb.pcap'");
        assert_eq!(
            shell("-\u{1b}[31m\u{202e}\u{9b}\u{e0041}\u{7f}\r\t"),
            "$'./-\\e[31m\\xe2\\x80\\xae\\xc2\\x9b\\xf3\\xa0\\x81\\x81\\x7f\\r\\t'"
        );
        assert_eq!(shell("it's \\ü\n"), "$'it\\'s \\\\ü\\n'");
        assert_eq!(shell("a\\b"), "'a\\b'");
    }

    #[test]
    fn a_name_that_begins_like_an_option_is_no_option() {
        assert_eq!(shell("-a.pcap"), "./-a.pcap");
        assert_eq!(shell("-a b.pcap"), "'./-a b.pcap'");
        assert_eq!(shell("-"), "-");
    }

    #[test]
    fn the_next_commands_stand_below_each_other_where_the_terminal_ends() {
        let commands = ["wscope a b", "wscope ü", "wscope c"].map(str::to_string);
        let written = |width| {
            let mut out = Vec::new();
            let look = Look {
                width,
                ..Look::default()
            };
            next(&mut out, look, &commands);
            String::from_utf8(out).expect("text")
        };
        let line = "Next: wscope a b · wscope ü · wscope c\n";
        assert_eq!(written(None), line);
        assert_eq!(written(Some(38)), line);
        assert_eq!(
            written(Some(37)),
            "Next: wscope a b · wscope ü\n      wscope c\n"
        );
        let below = "Next: wscope a b\n      wscope ü\n      wscope c\n";
        assert_eq!(written(Some(20)), below);
        assert_eq!(written(Some(5)), below, "a command is never cut");
    }

    #[test]
    fn words_go_on_below_where_the_terminal_ends() {
        let look = |width| Look {
            width,
            ..Look::default()
        };
        let written = |width, used, indent, words: &str| {
            let mut out = Vec::new();
            behind(&mut out, look(width), Style::new(), (used, indent), words);
            String::from_utf8(out).expect("text")
        };
        let words = "one two three four five six";
        assert_eq!(written(None, 0, 2, words), format!("{words}\n"));
        assert_eq!(
            written(Some(22), 0, 2, words),
            "one two three four\n  five six\n"
        );
        assert_eq!(
            written(Some(22), 10, 2, words),
            "one two\n  three four five six\n"
        );
        assert_eq!(written(Some(22), 0, 2, "    one"), "    one\n");
        assert_eq!(
            written(Some(10), 0, 2, words),
            format!("{words}\n"),
            "no room"
        );
    }
}
