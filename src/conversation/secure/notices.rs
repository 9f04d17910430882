//! What is said of a connection under TLS that is not read, or not wholly.

use super::Secure;
use crate::conversation::{Context, Conversation};
use crate::notice::{Kind, Notice};
use crate::tcp::Side;
use crate::tls::{Missing, Reason};

impl Secure {
    /// Says, once a connection, why a side of it is not opened.
    pub(super) fn notice_closed(
        &mut self,
        conversation: &Conversation,
        side: Side,
        reason: Reason,
        cx: &mut Context<'_>,
    ) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let to = match self.session.server_name() {
            Some(name) => format!(" to {name}"),
            None => String::new(),
        };
        let (kind, told) = match reason {
            Reason::NoKeys if cx.scratch.secure.keys.is_empty() => (
                Kind::NoKeys,
                format!("a TLS connection{to}; to read what is inside, give a key log with --keylog FILE or SSLKEYLOGFILE"),
            ),
            Reason::NoKeys => (
                Kind::NoKeys,
                format!("the key log has no secrets of this TLS connection{to}"),
            ),
            Reason::WrongKeys => (
                Kind::NoKeys,
                format!("the secrets that the key log has for this TLS connection{to} do not open it"),
            ),
            Reason::NoHello => (
                Kind::NoKeys,
                "the hellos of this TLS connection are not in the capture, so that no key can be found for it".to_string(),
            ),
            Reason::Unsupported {
                version,
                cipher_suite,
            } => (
                Kind::NotRead,
                format!("TLS version {version:04x} with cipher suite {cipher_suite:04x} is not read"),
            ),
            Reason::Lost => (
                Kind::Resync,
                "TLS records were lost, and those behind them could not be opened".to_string(),
            ),
        };
        notice(conversation, side, kind, &told, cx);
    }
}

/// Says what could not be opened before a record that could.
pub(super) fn notice_missing(
    conversation: &Conversation,
    side: Side,
    missing: Missing,
    cx: &mut Context<'_>,
) {
    let about = if missing.likely { "" } else { "at most " };
    let told = format!(
        "TLS records with {about}{} bytes could not be opened; the next record was found",
        missing.len
    );
    let offset = conversation.streams[side].pieces.offset();
    cx.tell(
        Notice::new(Kind::Resync, told)
            .sent_by(conversation.direction_of(side))
            .of_bytes(Some(offset), missing.len),
    );
}

/// Says something about a side of a connection.
pub(super) fn notice(
    conversation: &Conversation,
    side: Side,
    kind: Kind,
    explanation: &str,
    cx: &mut Context<'_>,
) {
    cx.tell(Notice::new(kind, explanation).sent_by(conversation.direction_of(side)));
}
