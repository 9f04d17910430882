//! Fuzzing: bytes that nobody thought of, against laws that hold for all.
//!
//! With the other tests each law is tried on its seeds, on a few hundred inputs that are made of them by small changes, and on some of
//! bolero's own. To look longer:
//!
//! ```sh
//! FUZZ_INPUTS=1000000 cargo test --test suite fuzz::
//! ```
//!
//! What breaks a law is printed, with the seed of the search; `FUZZ_SEED` makes the same search again.
//!
//! The seeds are made of the fixtures and of generated conversations.

mod files;
mod pipeline;
mod readers;
mod seeds;

use crate::traffic::Rng;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Tries a law on seeds, on what is made of them, then on what the fuzzer makes.
macro_rules! fuzz {
    ($name:literal, $law:expr) => {{
        crate::fuzz::try_seeds($name, $law);
        bolero::check!()
            .with_iterations(300)
            .with_max_len(4096)
            .for_each(|input: &[u8]| $law(input))
    }};
}
use fuzz;

/// Tries the law on the seeds of this target, and says which of them broke it.
fn try_seeds(target: &str, law: impl Fn(&[u8])) {
    let seeds = seeds::of(target);
    assert!(!seeds.is_empty(), "{target} has no seeds");
    for (number, seed) in seeds.iter().enumerate() {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| law(seed))) {
            eprintln!(
                "seed {number} of {target} ({} bytes) breaks the law",
                seed.len()
            );
            resume_unwind(panic);
        }
    }
    let inputs = std::env::var("FUZZ_INPUTS").ok();
    let inputs = inputs
        .and_then(|inputs| inputs.parse().ok())
        .unwrap_or(INPUTS);
    // Another search each time it is long, the same each time it is short.
    let seed = std::env::var("FUZZ_SEED").ok();
    let seed = seed.and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(if inputs == INPUTS {
        1
    } else {
        u64::from(std::process::id())
    });
    let mut rng = Rng(seed);
    for _ in 0..inputs {
        let mut input = seeds[rng.below(seeds.len())].clone();
        let other = &seeds[rng.below(seeds.len())];
        for _ in 0..=rng.below(6) {
            change(&mut input, other, &mut rng);
        }
        input.truncate(LONGEST);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| law(&input))) {
            eprintln!("seed {seed}: this input of {target} breaks the law: {input:02x?}");
            resume_unwind(panic);
        }
    }
}

/// How many inputs are made of the seeds, unless `FUZZ_INPUTS` tells otherwise.
const INPUTS: usize = 200;
/// An input is no longer than this.
const LONGEST: usize = 16 << 10;

/// A small change: of a bit, to a value at an edge or any, bytes taken out, doubled, or taken from another seed.
fn change(input: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    if input.is_empty() {
        input.extend_from_slice(other);
        return;
    }
    let at = rng.below(input.len());
    let until = (at + 1 + rng.below(32)).min(input.len());
    match rng.below(7) {
        0 => input[at] ^= 1 << rng.below(8),
        1 => input[at] = [0, 1, 0x7d, 0x7e, 0x7f, 0x80, 0xfe, 0xff][rng.below(8)],
        2 => input[at] = rng.bytes(1)[0],
        3 => drop(input.drain(at..until)),
        4 => {
            let again = input[at..until].to_vec();
            input.splice(at..at, again);
        }
        5 if !other.is_empty() => {
            let from = rng.below(other.len());
            let to = (from + 1 + rng.below(200)).min(other.len());
            input.splice(at..at, other[from..to].iter().copied());
        }
        _ => input.truncate(at),
    }
}

/// The lengths that the first bytes of an input ask for, and the rest of it: how it is to be cut.
fn cuts(input: &[u8]) -> (impl Iterator<Item = usize> + Clone + '_, &[u8]) {
    let (lens, rest) = input.split_at(input.len().min(4));
    (lens.iter().map(|&len| usize::from(len) + 1).cycle(), rest)
}

/// The bytes in pieces of these lengths; in one where there are none.
fn pieces(mut bytes: &[u8], mut lens: impl Iterator<Item = usize>) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let len = lens.next().unwrap_or(bytes.len()).clamp(1, bytes.len());
        let (piece, rest) = bytes.split_at(len);
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}
