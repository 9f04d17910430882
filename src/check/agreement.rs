//! Agreement: what an opening handshake agreed to, as far as frames depend on it.

use crate::http::ResponseHead;
use crate::websocket::Extension;

/// What was agreed in the opening handshake, as far as frames depend on it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Agreement {
    /// Whether the handshake is in the capture, and surely belongs to this channel.
    pub(crate) seen: bool,
    /// Whether permessage-deflate was agreed.
    pub(crate) deflate: bool,
    /// Whether it was, and messages of one side must not refer to earlier ones.
    pub(crate) no_takeover: bool,
    /// Whether an extension was agreed that is not known here.
    pub(crate) other: bool,
}

impl Agreement {
    /// What a 101 agrees to, as far as frames depend on it.
    pub(super) fn of(response: &ResponseHead) -> Self {
        let extensions = Extension::all(response.fields());
        let deflate = |extension: &Extension| extension.is_deflate();
        Self {
            seen: true,
            deflate: extensions.iter().flatten().any(deflate),
            other: extensions
                .iter()
                .any(|extension| !extension.as_ref().is_some_and(deflate)),
            no_takeover: extensions
                .iter()
                .flatten()
                .flat_map(|extension| &extension.parameters)
                .any(|(name, _)| name.ends_with("_no_context_takeover")),
        }
    }
}
