//! permessage-deflate (RFC 7692): what was agreed, and the messages inflated as it was.
//!
//! Comes in: the unmasked payload of compressed messages, in pieces. Goes out: what the application sees, in pieces, and
//! [`Inflated`]: how it went. Which messages are compressed is not decided here.

mod distance;
mod earlier;
mod history;
mod inflated;
mod inflater;
mod parameters;
mod stream;
mod workshop;

#[cfg(test)]
mod tests;

pub use distance::farthest_distance;
pub use inflated::{Failure, Inflated, Limit};
pub use inflater::{Inflater, Plain};
pub use parameters::{Agreed, Compression, Deflate};
pub use workshop::Workshop;
