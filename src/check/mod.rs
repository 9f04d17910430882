//! Checks: what a peer did that the standards forbid.
//!
//! A check answers only where all its evidence is in the capture. What the capture lacks accuses nobody.

mod across;
mod answers;
mod close;
mod closing;
mod deflate;
mod finding;
mod frames;
mod http;
mod key;
mod masks;
mod messages;
mod offers;
mod opening;
mod performance;
mod pings;
mod policy;
mod refusal;
mod request;
mod response;
mod rule;
mod security;
mod transport;

pub use finding::{Cause, Finding, Severity, Unjudged};
pub use opening::{HandshakeFacts, Judgement, judge};
pub use policy::{Level, Policy};
pub use rule::{Fault, RULES, Rule, Subject, rule};
