//! TLS (RFC 8446): recognised, and its records counted. What is inside them is not read.

mod record;

pub use record::{ContentType, RecordEvent, RecordReader, begins_record};
