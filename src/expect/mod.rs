//! Expectations: what a capture must show, held against what it does show.
//!
//! A capture without a violation can still be the wrong one. [`Seen`] counts what a capture holds, an [`Expectation`] says what it must
//! hold (in Rust, or in a TOML file beside the capture), and [`Expectation::compare`] answers line by line. [`expect`] is the same for
//! tests written in Rust.

mod assert;
mod bless;
mod compare;
mod expectation;
mod file;
mod seen;

pub use assert::{Expect, expect};
pub use bless::bless;
pub use compare::Compared;
pub use expectation::{
    BySender, Ceilings, CeilingsBySender, Expectation, ExpectedFinding, Frames, Handshakes,
    Messages,
};
pub use file::{FileError, beside, files_in, from_toml, read_toml};
pub use seen::{Seen, SeenFinding, Shown, Tally};
