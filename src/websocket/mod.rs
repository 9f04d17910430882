//! WebSocket (RFC 6455): frames, messages, and the opening handshake.

mod close;
mod frame;
mod mask;
pub mod resync;
mod utf8;

pub use close::{CloseCode, close_body};
pub use frame::{FrameEvent, FrameReader, Header, Opcode};
pub use mask::{unmask, unmask_in_place};
pub use utf8::Utf8;
