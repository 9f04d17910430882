//! Checks: what a peer did that the standards forbid.
//!
//! A check answers only where all its evidence is in the capture. What the capture lacks accuses nobody.

mod opening;

pub use opening::{HandshakeFacts, Judgement, judge};
