//! WebSocket (RFC 6455): frames, messages, and the opening handshake.

mod close;
pub mod deflate;
mod extension;
mod frame;
mod handshake;
mod mask;
pub mod resync;
mod utf8;

pub use close::{CloseCode, close_body};
pub use deflate::{Compression, Deflate};
pub use extension::Extension;
pub use frame::{FrameEvent, FrameReader, Header, Opcode};
pub use handshake::{
    ACCEPT_LEN, accept_for, asks_for_websocket, list_members, upgrades_to_websocket,
};
pub use mask::{is_ascii, unmask, unmask_in_place};
pub use utf8::{Utf8, is_utf8};
