//! A whole capture, from its file to events.

use std::path::Path;
use std::sync::Arc;

use super::{Analysis, Options};
use crate::capture::{Capture, Item};
use crate::error::Error;
use crate::event::Event;
use crate::tls::Keys;

/// Reads a capture from its first packet to its last and gives its events as they become known.
///
/// ```
/// use wscope::{analysis::Options, event::Event};
///
/// let mut texts = Vec::new();
/// let options = Options { keep_messages: 1024, ..Options::default() };
/// wscope::read("fixtures/seed-both/seed-both.pcap", options, &mut |event| {
///     if let Event::Message(message) = event { texts.push(format!("{:?}", message.payload)) }
/// })?;
/// assert_eq!(texts.len(), 6);
/// # Ok::<(), wscope::error::Error>(())
/// ```
///
/// # Errors
/// Where the file cannot be opened, is no capture, or the system fails to read on. What was read before has been given. A capture that
/// is damaged or ends early is no error: a [notice](Event::Notice) says so.
pub fn read(
    capture: impl AsRef<Path>,
    options: Options,
    out: &mut dyn FnMut(&Event<'_>),
) -> Result<(), Error> {
    let mut capture = Capture::open(capture.as_ref())?;
    let keys = Keys::new(Arc::default(), capture.may_hold_secrets());
    let mut analysis = Analysis::new(options).with_keys(keys);
    let result = loop {
        match capture.next_item() {
            Ok(Some(Item::Packet(packet))) => analysis.push(&packet, out),
            Ok(Some(Item::Secrets(secrets))) => {
                analysis.secrets("the secrets in the capture", 0, secrets, out);
            }
            Ok(Some(Item::Notice(notice))) => analysis.notice(&notice, out),
            Ok(Some(Item::Pause)) => {}
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    analysis.finish(out);
    result
}
