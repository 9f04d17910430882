//! Next: who reads a connection's bytes behind what was read.

use crate::websocket::Compression;

/// Who reads the connection's bytes from here on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// Still HTTP.
    Same,
    /// WebSocket.
    WebSocket {
        /// What was agreed on compression.
        compression: Compression,
        /// Whether the request is in the capture: without it, nothing tells where the client's frames begin.
        asked: bool,
    },
    /// Whatever goes through a tunnel.
    Tunnel,
    /// A protocol that is not read.
    Other,
    /// The place was lost; what follows may be anything.
    Lost,
}
