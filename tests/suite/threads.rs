//! Several threads tell what one does, in the same order.

mod mixed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wscope::analysis::{Analysis, Options, Texts, Wanted, Which};
use wscope::capture::{Capture, Item, Merged};
use wscope::error::Error;
use wscope::ledger::Ledger;
use wscope::tls::Keys;

use wscope::direction::Direction::{ToClient, ToServer};

use crate::fixtures::{self, Fixture};
use crate::program;
use crate::traffic::Traffic;

/// What reports ask for.
fn wishes() -> [Options; 9] {
    let kept = Options {
        keep_frames: 100,
        keep_messages: 10_000,
        keep_bodies: 100,
        decode_bodies: true,
        ..Options::default()
    };
    let part = |settled, ledgers| Options {
        settled,
        ledgers,
        ..Options::default()
    };
    let in_short = Options {
        wanted: Wanted {
            singles: true,
            texts: Texts::OfHandshakes(0),
            ..Wanted::ALL
        },
        ..part(Which::First(3), Which::None)
    };
    let check = Options {
        check: true,
        unjudged: true,
        ..part(Which::None, Which::None)
    };
    [
        kept,
        in_short,
        check,
        part(Which::First(2), Which::All),
        part(Which::Only(1), Which::Only(1)),
        part(Which::None, Which::Only(4)),
        Options {
            wanted: Wanted {
                texts: Texts::OfHandshakes(3),
                ..Wanted::ALL
            },
            ..part(Which::None, Which::None)
        },
        Options {
            wanted: Wanted::NONE,
            ..part(Which::First(2), Which::Only(3))
        },
        Options {
            wanted: Wanted::NONE,
            ..part(Which::None, Which::None)
        },
    ]
}

/// All that is told, and the ledger.
#[derive(PartialEq)]
struct All {
    told: Vec<String>,
    ledger: Ledger,
}

/// Reads to the end, with so many threads that begin behind so many packets.
fn read(
    mut next: impl FnMut(&mut dyn FnMut(Item<'_>)) -> bool,
    log: Option<&[u8]>,
    options: Options,
    (threads, behind): (usize, u64),
) -> All {
    let keys = Keys::new(Arc::default(), true);
    let mut analysis = Analysis::new(options)
        .with_keys(keys)
        .with_threads(threads)
        .sharing_behind(behind);
    let mut told = Vec::new();
    let mut keep = |event: &wscope::event::Event<'_>| told.push(format!("{event:?}"));
    let mut packets = 0;
    let mut take = |item: Item<'_>| match item {
        Item::Packet(packet) => {
            packets += 1;
            // The keys come late, and some lines are none.
            if let Some(log) = log.filter(|_| packets == 20) {
                analysis.secrets("a log", 0, b"no secret\n", &mut keep);
                analysis.secrets("a log", 1, log, &mut keep);
            }
            analysis.push(&packet, &mut keep);
            if packets % 1000 == 0 {
                analysis.catch_up(&mut keep);
            }
        }
        Item::Secrets(text) => analysis.secrets("the capture", 0, text, &mut keep),
        Item::Notice(notice) => analysis.notice(&notice, &mut keep),
        Item::Pause => {}
    };
    while next(&mut take) {}
    analysis.finish(&mut keep);
    All {
        ledger: *analysis.ledger(),
        told,
    }
}

fn read_one(
    path: &std::path::Path,
    log: Option<&[u8]>,
    options: Options,
    how: (usize, u64),
) -> All {
    let mut capture = Capture::open(path).unwrap();
    let next = |take: &mut dyn FnMut(Item<'_>)| more(capture.next_item(), take);
    read(next, log, options, how)
}

fn more(item: Result<Option<Item<'_>>, Error>, take: &mut dyn FnMut(Item<'_>)) -> bool {
    let item = item.unwrap();
    let is_there = item.is_some();
    item.into_iter().for_each(take);
    is_there
}

/// How two readings differ.
fn difference(one: &All, several: &All) -> Option<String> {
    if one == several {
        return None;
    }
    let at = one.told.iter().zip(&several.told).position(|(a, b)| a != b);
    Some(match at {
        Some(at) => format!("event {at}: {}\n  and {}", one.told[at], several.told[at]),
        None if one.told.len() != several.told.len() => {
            format!("{} and {} events", one.told.len(), several.told.len())
        }
        None => format!("ledgers {:?}\n  and {:?}", one.ledger, several.ledger),
    })
}

fn key_log(case: &Fixture) -> Option<Vec<u8>> {
    std::fs::read(case.path(&format!("{}.keys", case.name))).ok()
}

#[test]
fn several_threads_tell_of_a_fixture_what_one_does() {
    let keys = AtomicUsize::new(0);
    let complaints = fixtures::complaints(&fixtures::readable(), |case| {
        let path = case.path(case.capture.as_deref().unwrap());
        let log = key_log(case);
        keys.fetch_add(usize::from(log.is_some()), Ordering::Relaxed);
        let mut complaints = Vec::new();
        for (wish, options) in wishes().into_iter().enumerate() {
            let one = read_one(&path, log.as_deref(), options, (1, 1));
            for how in [(2, 1), (3, 7)] {
                let several = read_one(&path, log.as_deref(), options, how);
                if let Some(difference) = difference(&one, &several) {
                    complaints.push(format!("{}, wish {wish}, {how:?}: {difference}", case.name));
                }
            }
        }
        complaints
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(keys.into_inner() > 5, "hardly any fixture has keys");
}

#[test]
fn several_threads_tell_of_all_fixtures_at_once_what_one_does() {
    let cases = fixtures::readable();
    for (wish, options) in wishes().into_iter().enumerate() {
        let read = |how| {
            let captures = cases
                .iter()
                .map(|case| Capture::open(&case.path(case.capture.as_deref().unwrap())).unwrap());
            let mut merged = Merged::new(captures.collect());
            let next = |take: &mut dyn FnMut(Item<'_>)| more(merged.next_item(), take);
            read(next, None, options, how)
        };
        let one = read((1, 1));
        assert!(one.told.len() > 200 || wish >= 7, "{}", one.told.len());
        for how in [(2, 1), (5, 300), (64, 3)] {
            let difference = difference(&one, &read(how));
            assert_eq!(difference, None, "wish {wish}, {how:?}");
        }
    }
}

/// Long enough that the program starts threads: buffers of packets are handed over, and others used in their turn.
#[test]
fn the_program_writes_the_same_with_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let said = (0..1000).fold(Traffic::new(3).handshake(), |traffic, number| {
        let sender = [ToServer, ToClient][number % 2];
        traffic.binary(sender, 10 + number * number % 9001)
    });
    let (secret, log) = said.clone().under_tls(5);
    std::fs::write(folder.path().join("log"), log).unwrap();
    for (name, traffic) in [("clear.pcap", &said), ("tls.pcap", &secret)] {
        let mut recording = traffic.segmented(1400).recording();
        // The same again, between other ports.
        recording.packets = recording
            .packets
            .into_iter()
            .flat_map(|packet| {
                let mut other = packet.clone();
                other.bytes[35] ^= 1;
                other.bytes[37] ^= 1;
                [packet, other]
            })
            .collect();
        let packets = recording.packets().count();
        assert!(packets > 3000, "{packets}");
        std::fs::write(folder.path().join(name), recording.pcap()).unwrap();
    }
    let write = |arguments: &[&str], threads: &str| {
        let run = program::wscope(folder.path())
            .args(arguments)
            .args(["--keylog", "log", "--threads", threads])
            .output()
            .unwrap();
        [run.stdout, run.stderr].concat()
    };
    for arguments in [
        ["check", "clear.pcap", "--format", "ndjson"],
        ["check", "tls.pcap", "--format", "ndjson"],
        ["messages", "tls.pcap", "--format", "ndjson"],
        ["frames", "tls.pcap", "--format", "csv"],
    ] {
        let one = write(&arguments, "1");
        for threads in ["2", "7"] {
            assert!(
                one == write(&arguments, threads),
                "{arguments:?}, {threads} threads"
            );
        }
        assert!(
            arguments[0] == "check" || one.len() > 60_000,
            "{}",
            one.len()
        );
    }
}
