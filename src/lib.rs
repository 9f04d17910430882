//! Understand, price and judge the WebSocket connections in a packet capture.
//!
//! ```text
//! capture file -> Packet -> Segment -> Delivery -> Exchange, Frame, Message -> Finding, Ledger -> report
//!                 capture   decode     tcp         http, websocket             check, ledger      report
//! ```
//!
//! Bytes go down this line once, and the modules stand in the order in which a byte meets them.

pub mod analysis;
pub mod capture;
pub mod cli;
pub mod decode;
pub mod direction;
pub mod error;
pub mod event;
pub mod ledger;
pub mod notice;
pub mod reader;
pub mod report;
pub mod span;
pub mod time;
pub mod websocket;
pub mod wire;
