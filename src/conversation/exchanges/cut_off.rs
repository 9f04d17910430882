//! Cut off: what is there of an exchange's heads that the snapshot length cut off.

use crate::conversation::next::Next;
use crate::http::{RequestHead, ResponseHead};
use crate::websocket::{Compression, asks_for_websocket};

/// The heads of an exchange that the snapshot length cut off, as far as they are there.
#[derive(Debug, Default)]
pub(super) struct CutOff {
    /// Its request line is there, and some of its fields may be.
    pub(super) request: Option<RequestHead>,
    /// Its status is there, and some of its fields may be.
    pub(super) response: Option<ResponseHead>,
}

impl CutOff {
    /// How many bytes of the request's head are kept.
    pub(super) fn request_head_length(&self) -> u64 {
        let head = self.request.as_ref();
        head.map_or(0, |head| head.fields().head().len() as u64)
    }

    /// Whether the request, as far as it is there, may ask for WebSocket.
    fn may_ask(&self) -> bool {
        self.request.as_ref().is_none_or(|head| {
            let asks_elsewhere = head.fields().members("Upgrade").next().is_some();
            head.method() == b"GET" && (asks_for_websocket(head) || !asks_elsewhere)
        })
    }

    /// Whether a 101 to the request switches to WebSocket, as far as the two are there.
    pub(super) fn may_switch(&self, response: &ResponseHead) -> bool {
        response.status() == 101 && self.may_ask() && !response.switches_elsewhere()
    }

    /// Who reads behind the response, in an exchange that is an opening handshake or is not.
    pub(super) fn next(&self, is_handshake: bool, asked: bool) -> Next {
        match &self.response {
            // What it agreed to is not known, that frames follow is.
            Some(response) if response.status() == 101 => {
                if is_handshake && !response.switches_elsewhere() {
                    Next::WebSocket {
                        compression: Compression::Unknown,
                        asked,
                    }
                } else {
                    Next::Other
                }
            }
            _ => Next::Same,
        }
    }
}
