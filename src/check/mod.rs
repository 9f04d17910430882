//! Checks: what a peer did that the standards forbid.
//!
//! ```text
//! readers -> Checks (facts of one connection) -> RULES -> Finding, Unjudged
//!                                      Closed -> Across -> Finding
//! ```
//!
//! A rule is one row in the table of its subject and one function, which sees facts and answers. It accuses only where all its
//! evidence is in the capture: what the capture lacks accuses nobody. Facts are gathered once and do not grow with the connection.

mod across;
mod agreement;
mod answers;
mod catalogue;
mod channel;
mod checks;
mod close;
mod closing;
mod collector;
mod deflate;
mod finding;
mod frames;
mod handshake;
mod http;
mod key;
mod line;
mod masks;
mod messages;
mod offers;
mod ordinary;
mod outcome;
mod performance;
mod pings;
mod plain;
mod policy;
mod refusal;
mod request;
mod response;
mod rule;
mod security;
mod transport;
mod tunnel;

pub(crate) use across::{Across, Closed, Poll};
pub(crate) use agreement::Agreement;
pub use catalogue::{RULES, rule};
pub(crate) use checks::Checks;
pub use finding::{Cause, Finding, Severity, Unjudged};
pub(crate) use frames::FrameFacts;
pub use handshake::{Early, HandshakeFacts, Judgement, Reach, judge};
pub(crate) use http::HeadFacts;
pub(crate) use line::{Line, Small};
pub(crate) use messages::{MessageFacts, Shape};
pub(crate) use outcome::Spot;
pub(crate) use performance::LONG;
pub use policy::{Level, Policy};
pub use rule::{Fault, Rule, Subject};
pub(crate) use transport::Unanswered;
pub(crate) use tunnel::Tunnel;
