//! How fast wscope is: whole captures from end to end, and the parts that every byte goes through.
//!
//! ```text
//! cargo bench                          all, with medians of the time that one unit takes
//! cargo bench -- frames utf8           those whose names hold one of the words
//! cargo bench -- --tls 500 1048576 1448
//!                                      a capture of 500 MB of messages of 1 MiB under TLS 1.3 in segments of 1,448 bytes, beside what opening
//!                                      its records alone costs
//! cargo bench -- --threads 500 1048576 1448 4
//!                                      the same on four connections, with one thread and with two
//! cargo bench -- --memory NAME SIZE    how far a worst case makes the program's memory grow
//! benches/instructions.sh              instructions counted by callgrind, held against benches/instructions.txt
//! ```
//!
//! Time is this thread's and this machine's; instruction counts are the same on every quiet and every busy machine, so it is they that are
//! kept and compared.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a measurement that fails may panic"
)]

mod parts;
mod random;
mod tls;
mod traffic;
mod worst;

use std::hint::black_box;
use std::time::{Duration, Instant};

use self::parts::Part;

/// How often each part is measured.
const ROUNDS: usize = 15;

/// How long a round should last at least.
const ROUND: Duration = Duration::from_millis(20);

fn main() {
    // `cargo bench` passes `--bench`; `cargo test --benches` passes nothing, and a measurement is no test.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (options, words): (Vec<_>, Vec<_>) = arguments
        .into_iter()
        .partition(|word| word.starts_with("--"));
    let has = |name: &str| options.iter().any(|option| option == name);
    if has("--list") {
        parts::all().for_each(|part| println!("{}", part.name));
    } else if has("--once") {
        // Prepared first, so that a counter can begin behind that: see `instructions.sh`.
        for part in chosen(&words) {
            let work = (part.prepare)();
            counted(work);
        }
    } else if has("--list-worst") {
        for worst in worst::ALL {
            println!("{}", worst.name);
        }
    } else if let (true, [name, size]) = (has("--worst"), words.as_slice()) {
        let worst = worst::ALL.iter().find(|worst| worst.name == name);
        counted(worst.unwrap().prepare(size.parse().unwrap()));
    } else if let (true, [name, size]) = (has("--memory"), words.as_slice()) {
        let worst = worst::ALL.iter().find(|worst| worst.name == name);
        let work = worst.unwrap().prepare(size.parse().unwrap());
        println!("{} KiB", grown(work));
    } else if let (true, [megabytes, message, segment]) = (has("--tls"), words.as_slice()) {
        let [megabytes, message, segment] =
            [megabytes, message, segment].map(|word| word.parse().unwrap());
        tls::measure(megabytes, message, segment, ROUNDS);
    } else if let (true, [megabytes, message, segment, connections]) =
        (has("--threads"), words.as_slice())
    {
        let [megabytes, message, segment] =
            [megabytes, message, segment].map(|word| word.parse().unwrap());
        tls::share(
            megabytes,
            message,
            segment,
            connections.parse().unwrap(),
            ROUNDS,
        );
    } else if has("--bench") {
        for part in chosen(&words) {
            measure(&part);
        }
    }
}

/// The parts whose names hold one of the words; all where there is no word.
fn chosen(words: &[String]) -> impl Iterator<Item = Part> {
    parts::all().filter(|part| {
        words.is_empty() || words.iter().any(|word| part.name.contains(word.as_str()))
    })
}

/// What callgrind counts.
#[inline(never)]
fn counted(mut work: Box<dyn FnMut() -> u64>) {
    black_box(work());
}

/// How far the work makes this program's memory grow at most, in KiB, beside its input. Linux alone tells that.
fn grown(work: Box<dyn FnMut() -> u64>) -> u64 {
    let status = |name: &str| -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    // The highest so far is forgotten.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS");
    counted(work);
    status("VmHWM").saturating_sub(before)
}

fn measure(part: &Part) {
    let mut work = (part.prepare)();
    let units = black_box(work());
    let once = timed(&mut work, 1);
    let times = (ROUND.as_nanos() / once.as_nanos().max(1)).clamp(1, 1 << 20) as u32;
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| timed(&mut work, times).as_nanos() as f64 / f64::from(times) / units as f64)
        .collect();
    rounds.sort_unstable_by(f64::total_cmp);
    let (least, median) = (rounds[0], rounds[ROUNDS / 2]);
    println!(
        "{:<28} {median:>9.2} ns/{:<8} (least {least:.2}, {units} in a round of {times})",
        part.name, part.unit
    );
}

fn timed(work: &mut Box<dyn FnMut() -> u64>, times: u32) -> Duration {
    let begin = Instant::now();
    for _ in 0..times {
        black_box(work());
    }
    begin.elapsed()
}
