//! Understand, price and judge the WebSocket connections in a packet capture.
//!
//! ```text
//! capture file -> Packet -> Segment -> Delivery -> Exchange, Frame, Message -> Finding, Ledger -> report
//!                 capture   decode     tcp         http, websocket             check, ledger      report
//! ```
//!
//! Bytes go down this line once, and the modules stand in the order in which a byte meets them.

pub mod direction;
pub mod error;
pub mod notice;
pub mod span;
pub mod time;
pub mod wire;

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

pub mod report;

pub mod cli;

pub use expect::expect;
