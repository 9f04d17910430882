//! Decoding: from a packet to a TCP segment.

mod segment;

pub use segment::{Decoded, Endpoint, Flags, Other, Segment};
