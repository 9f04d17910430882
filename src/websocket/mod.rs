//! WebSocket (RFC 6455): frames, messages, and the opening handshake.

mod frame;

pub use frame::{FrameEvent, FrameReader, Header, Opcode};
