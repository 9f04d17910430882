//! HTTP/1 (RFC 9110, RFC 9112): heads, fields and bodies of one direction at a time.

mod chunked;
mod coding;
mod fields;
mod framing;
mod head;
mod index;
mod members;
mod message;
mod method;
mod recognise;

pub use coding::{Broken, Coding, Decoder, Step as DecodingStep, is_coded};
pub(crate) use fields::is_token;
pub use fields::{Field, Fields};
pub use framing::Framing;
pub use head::{RequestHead, ResponseHead};
pub(crate) use members::split_unquoted;
pub use message::{HttpEvent, MessageReader};
pub use method::Method;
pub use recognise::{Likely, begins_request, begins_response, is_http2_preface};
