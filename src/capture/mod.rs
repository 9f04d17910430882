//! Captures: from a file, a pipe or a compressed file to packets.

mod packet;

pub use packet::{LinkType, Packet};
