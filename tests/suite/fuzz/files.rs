//! Files: whatever they hold, they are read the same however they come, and every byte of their packets is charged.

use std::collections::VecDeque;
use std::io::{self, Read};

use wscope::analysis::{Analysis, Options, Which};
use wscope::capture::{Capture, Item};
use wscope::event::Event;
use wscope::tls::KeyLog;

use super::{cuts, fuzz, pieces};

/// A source that gives what it has in pieces.
struct Pieces(VecDeque<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(mut piece) = self.0.pop_front() else {
            return Ok(0);
        };
        let len = piece.len().min(buffer.len());
        buffer[..len].copy_from_slice(&piece[..len]);
        if len < piece.len() {
            self.0.push_front(piece.split_off(len));
        }
        Ok(len)
    }
}

/// What a capture holds, told in words; it ends where reading does.
fn told(bytes: &[u8], lens: impl Iterator<Item = usize>) -> Vec<String> {
    let pieces = pieces(bytes, lens);
    let source = Pieces(pieces.into_iter().map(<[u8]>::to_vec).collect());
    let mut told = Vec::new();
    let mut capture = match Capture::from_reader("fuzz", Box::new(source)) {
        Ok(capture) => capture,
        Err(error) => return vec![error.to_string()],
    };
    loop {
        match capture.next_item() {
            Ok(Some(Item::Pause)) => {}
            Ok(Some(item)) => told.push(format!("{item:?}")),
            Ok(None) => return told,
            Err(error) => {
                told.push(error.to_string());
                return told;
            }
        }
    }
}

#[test]
fn any_file_is_read_the_same_however_it_comes() {
    fuzz!("file", |input: &[u8]| {
        let (lens, file) = cuts(input);
        // How much a decompressor gives before damage depends on how much it has got.
        if matches!(
            file,
            [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x04, 0x22, 0x4d, 0x18, ..]
        ) {
            return;
        }
        let (parts, whole) = (told(file, lens), told(file, std::iter::empty()));
        // Behind damage, where reading goes on depends on how much is at hand to judge a place by.
        if parts
            .iter()
            .chain(&whole)
            .any(|told| told.contains("DamagedRecord"))
        {
            return;
        }
        for (part, whole) in parts.iter().zip(&whole) {
            assert_eq!(part, whole);
        }
        assert_eq!(parts.len(), whole.len());
    });
}

/// All that an analysis tells of a capture, in words, with so many threads.
fn analysed(file: &[u8], threads: usize, check: bool) -> Option<Vec<String>> {
    let source = Box::new(io::Cursor::new(file.to_vec()));
    let mut capture = Capture::from_reader("fuzz", source).ok()?;
    let options = Options {
        check,
        unjudged: check,
        settled: Which::First(1),
        ..Options::default()
    };
    let mut analysis = Analysis::new(options)
        .with_threads(threads)
        .sharing_behind(2);
    let mut told = Vec::new();
    let mut keep = |event: &Event<'_>| told.push(format!("{event:?}"));
    while let Ok(Some(item)) = capture.next_item() {
        match item {
            Item::Packet(packet) => analysis.push(&packet, &mut keep),
            Item::Secrets(text) => analysis.secrets("fuzz", 0, text, &mut keep),
            Item::Notice(notice) => analysis.notice(&notice, &mut keep),
            Item::Pause => {}
        }
    }
    analysis.finish(&mut keep);
    told.push(format!("{:?}", analysis.ledger()));
    Some(told)
}

#[test]
fn several_threads_tell_of_any_file_what_one_does() {
    fuzz!("file", |input: &[u8]| {
        for check in [false, true] {
            assert_eq!(analysed(input, 1, check), analysed(input, 3, check));
        }
    });
}

#[test]
fn every_byte_of_any_file_is_charged() {
    fuzz!("file", |input: &[u8]| {
        let (_, file) = cuts(input);
        let source = io::Cursor::new(file.to_vec());
        let Ok(mut capture) = Capture::from_reader("fuzz", Box::new(source)) else {
            return;
        };
        let mut analysis = Analysis::new(Options {
            check: true,
            keep_messages: 1 << 10,
            ..Options::default()
        });
        let mut captured = 0;
        while let Ok(Some(item)) = capture.next_item() {
            match item {
                Item::Packet(packet) => {
                    captured += u64::from(packet.original_len);
                    analysis.push(&packet, &mut |_| {});
                }
                Item::Secrets(secrets) => analysis.secrets("fuzz", 0, secrets, &mut |_| {}),
                Item::Notice(_) | Item::Pause => {}
            }
        }
        analysis.finish(&mut |_| {});
        assert_eq!(analysis.ledger().total(), captured);
    });
}

/// Cut between lines, a key log is the same; and no line's content is in what is said about it.
#[test]
fn any_key_log_is_read_line_by_line() {
    fuzz!("key_log", |input: &[u8]| {
        let mut whole = KeyLog::default();
        let said = whole.read(input, 0);
        let mut log = KeyLog::default();
        let (mut count, mut secrets, mut bad_lines) = (0, 0, Vec::new());
        for (behind, line) in (0..).zip(input.split_inclusive(|&byte| byte == b'\n')) {
            let said = log.read(line, behind);
            count += said.count;
            secrets += said.secrets;
            bad_lines.extend(said.bad_lines);
        }
        assert_eq!((said.count, said.secrets), (count, secrets));
        bad_lines.truncate(said.bad_lines.len());
        assert_eq!(said.bad_lines, bad_lines);
        assert_eq!(whole.is_empty(), log.is_empty());
    });
}
