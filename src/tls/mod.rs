//! TLS 1.2 (RFC 5246) and 1.3 (RFC 8446): records in, what the application said out, where a key log has the secrets.
//!
//! [`RecordReader`] only tells records apart and needs no keys; [`Session`] opens them.

mod aead;
mod agreement;
mod cbc;
mod decryptor;
mod exchange;
mod hello;
mod keylog;
mod keys;
mod message;
mod negotiation;
mod prf;
mod protection;
mod record;
mod schedule;
mod search;
mod secret;
mod session;
mod step;
mod suite;

pub use decryptor::Missing;
pub use keylog::{Complaints, KeyLog};
pub use keys::Keys;
pub use record::{ContentType, RecordEvent, RecordReader, begins_record};
pub use session::Session;
pub use step::{Content, Need, Reason, Step};
