//! Fuzzing: bytes that nobody thought of, against laws that hold for all.
//!
//! With the other tests each law is tried on its seeds and for about a second on what is made of them. To look longer:
//!
//! ```sh
//! cargo install cargo-bolero --no-default-features
//! cargo test seeds_are_written -- --ignored
//! cargo bolero test --toolchain nightly --sanitizer NONE fuzz::pipeline::any_bytes_of_a_conversation --time 5m
//! ```
//!
//! The seeds are made of the fixtures and of generated conversations; where one of them stands for a fault that was found, it is kept in
//! `FOUND` of its module.

mod files;
mod pipeline;
mod readers;
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Tries a law on seeds, then on what the fuzzer makes.
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
