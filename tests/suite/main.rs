//! The test suite: one binary, a module for each way of asking whether wscope is right.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::print_stderr,
    reason = "a test that panics has found something"
)]
#![allow(
    missing_docs,
    unreachable_pub,
    reason = "nobody reads a test suite's documentation as a library's"
)]

mod balance;
mod begun;
mod bounds;
mod check;
mod cli_files;
mod collect;
mod conversations;
mod deflate;
mod docs_ci;
mod docs_records;
mod files;
mod fixtures;
mod fuzz;
mod golden;
mod laws;
mod overhead;
mod pages;
mod private;
mod program;
mod said;
mod singles;
mod snaplen;
mod threads;
mod tls;
mod traffic;
mod tshark;
mod verdict;
mod verdict_formats;
