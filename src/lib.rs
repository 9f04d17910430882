//! Understand, price and judge the WebSocket connections in a packet capture.
//!
//! ```text
//! capture file -> Packet -> Segment -> Delivery -> (plaintext) -> Exchange, Frame, Message -> Finding, Ledger -> report
//!                 capture   decode     tcp          tls            http, websocket            check, ledger      report
//! ```
//!
//! Bytes go down this line once, nothing calls back up, and the modules stand below in the order in which a byte meets them.
//! [`read`] does all of it for a file, [`analysis::Analysis`] for packets from anywhere, [`expect`](expect()) for tests.
//!
//! What holds for every capture:
//!
//! - Any bytes at all are read without a panic, in memory that is bounded by the connections that are alive and by stated limits.
//! - Every captured byte is charged to exactly one cell of a [`ledger::Ledger`], and its cells sum to the capture's size.
//! - What the capture lacks accuses nobody: it is a [`notice::Notice`], and what cannot be said without it is `unknown`.

pub mod direction;
pub mod time;
pub mod wire;

pub mod notice;
pub mod span;

pub mod error;

mod bound;
mod options;
mod private;

pub mod ledger;

pub mod reader;

pub mod capture;

pub mod decode;

pub mod tcp;

pub mod tls;

pub mod http;

pub mod websocket;

pub mod event;

pub mod check;

mod conversation;

pub mod analysis;

pub mod expect;

pub mod compare;

pub mod artefact;

pub mod medium;

pub mod report;

pub mod cli;

pub use analysis::read;
pub use expect::expect;
