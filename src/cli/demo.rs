//! `wscope demo`: a small capture that comes with the program, and what there is to see in it.

use super::console::Console;
use super::source::Source;
use super::{DONE, FAILED, launch};
use crate::analysis;
use crate::report::{Kind, Listing, Look, Report, SummaryReport};

/// See wscope at work on a small capture that comes with it
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

const CAPTURE: &[u8] = include_bytes!("../../fixtures/seed-both/seed-both.pcap");
const NAME: &str = "seed-both.pcap";

const OPENING: &str = "\
This capture comes with wscope: a client asks for three bytes, \"Yo!\", over HTTP and over WebSocket.
$ wscope seed-both.pcap

";

const MIDDLE: &str = "
$ wscope frames seed-both.pcap
";

const CLOSING: &str = "
What there is to see:
  - Connection 1 opens with a valid handshake: the accept key hc8j+fqUPST8qwAoHW/emOFa8xo= is what the key calls for.
  - The client says \"Hi!\" three times and the server answers \"Yo!\" each time. Every message takes two frames: the text
    with FIN 0, then an empty continuation with FIN 1 that says only that the message is over.
  - The client masks what it sends (6 bytes of head), the server must not (2 bytes).
  - The same three bytes cost 185 bytes on the wire as an HTTP response and 73 as a WebSocket message.
Now with a capture of yours: wscope CAPTURE
";

impl Args {
    #[allow(clippy::unused_self, reason = "every command runs alike")]
    pub(super) fn run(&self, console: &mut Console<'_>) -> u8 {
        let look = Look {
            width: console.width,
            color: console.color,
            ..Look::default()
        };
        let mut summary = SummaryReport::new(false);
        let mut frames = Listing::new(Kind::Frames);
        let parts: [(&str, &mut dyn Report); 2] = [(OPENING, &mut summary), (MIDDLE, &mut frames)];
        for (text, report) in parts {
            let status = console.answer(text.as_bytes());
            if status != DONE {
                return status;
            }
            let source = match Source::built_in(NAME, CAPTURE) {
                Ok(source) => source,
                Err(error) => {
                    console.complain(&error.to_string());
                    return FAILED;
                }
            };
            let keep = analysis::Options {
                keep_frames: 256,
                ..analysis::Options::default()
            };
            let status = launch::run_built_in(source, keep, report, look, console);
            if status != DONE {
                return status;
            }
        }
        console.answer(CLOSING.as_bytes())
    }
}
