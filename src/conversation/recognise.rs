//! What a connection speaks, by its first bytes.

use super::{Conversation, Ledgers, RECOGNISED_WITHIN, Reading};
use crate::conversation::Context;
use crate::direction::Direction;
use crate::event::{Protocol, Roles};
use crate::http::{self, Likely};
use crate::ledger::Row;
use crate::notice::{Kind, Notice};
use crate::reader::Layer;
use crate::tcp::Side;
use crate::tls;

impl Conversation {
    /// Decides from the first bytes who reads; says how many were taken.
    pub(super) fn recognise(
        &mut self,
        side: Side,
        bytes: &[u8],
        ledgers: &mut Ledgers,
        cx: &mut Context<'_>,
    ) -> usize {
        if bytes.is_empty() {
            return 0;
        }
        if let Some(len) = proxy_line(bytes) {
            self.streams[side].pieces.take(
                len as u64,
                Layer::Payload,
                Row::Unread,
                &mut ledgers[side],
            );
            return len;
        }
        if http::is_http2_preface(bytes) {
            self.sent_by(side, true);
            self.protocol = Protocol::Http2;
            self.reading = Reading::Opaque;
            let explanation = "HTTP/2 is recognised, and its streams are not read";
            cx.tell(Notice::new(Kind::NotRead, explanation));
            return 0;
        }
        if tls::begins_record(bytes) && bytes.len() >= 6 && self.secure.is_none() {
            let hello = match bytes {
                &[22, _, _, _, _, kind @ (1 | 2), ..] => Some(kind),
                _ => None,
            };
            if let Some(kind) = hello {
                self.sent_by(side, kind == 1);
            }
            self.protocol = Protocol::Tls;
            self.reading = Reading::Tls {
                from_hello: hello.is_some(),
            };
            return 0;
        }
        let direction = self.direction_of(side);
        let request = if self.client.is_some() && direction == Direction::ToClient {
            Likely::No
        } else {
            http::begins_request(bytes)
        };
        let response = if self.client.is_some() && direction == Direction::ToServer {
            Likely::No
        } else {
            http::begins_response(bytes)
        };
        match (request, response) {
            (Likely::Yes, _) | (_, Likely::Yes) => {
                self.sent_by(side, request == Likely::Yes);
                self.begin_http();
            }
            (Likely::More, _) | (_, Likely::More) if bytes.len() < RECOGNISED_WITHIN => {}
            _ if tls::begins_record(bytes) && bytes.len() < 6 => {}
            // Either side may speak first in a protocol that is not read; a beginning that is there and not understood stays so.
            _ if self.from_the_start => self.reading = Reading::Opaque,
            _ => self.begin_search(),
        }
        0
    }

    /// What a side sends is what a client sends, or what a server does.
    fn sent_by(&mut self, side: Side, client: bool) {
        self.decide(if client { side } else { side.other() }, Roles::Inferred);
    }
}

/// The line or header that a proxy puts before what it forwards (the PROXY protocol, versions 1 and 2): its length, where it is whole.
fn proxy_line(bytes: &[u8]) -> Option<usize> {
    const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
    if bytes.starts_with(b"PROXY ") {
        let line = bytes.get(..bytes.len().min(107))?;
        return memchr::memmem::find(line, b"\r\n").map(|end| end + 2);
    }
    let rest = bytes.strip_prefix(SIGNATURE)?;
    let len = usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?])) + SIGNATURE.len() + 4;
    (bytes.len() >= len).then_some(len)
}
