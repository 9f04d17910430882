//! Captures: from a file, a pipe or a compressed file to packets.

mod packet;
mod plain;

pub use packet::{LinkType, Packet};
pub use plain::{Capture, Item, Merged, captures_in};
