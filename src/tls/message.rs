//! Handshake messages (RFC 8446, section 4): a type, a length, and so many bytes, across records as they come.

use super::hello::{
    ClientHello, EncryptedExtensions, ServerHello, client_hello, encrypted_extensions, server_hello,
};

/// Bytes of a message's type and length.
const HEADER_LEN: usize = 4;

/// The longest message that is read. A `ClientHello` with post-quantum key shares has about 2 KiB, and a ticket adds at most 64 KiB.
const LONGEST: usize = 68 << 10;

/// A whole message.
#[derive(Debug)]
pub(super) struct Handshake {
    pub(super) kind: u8,
    /// All its bytes, header and body; none where nobody asked for them, or they are too many.
    pub(super) bytes: Option<Vec<u8>>,
}

/// A message that changes how records are read.
#[derive(Debug)]
pub(super) enum Message {
    ClientHello(ClientHello),
    ServerHello(ServerHello),
    EncryptedExtensions(EncryptedExtensions),
    EndOfEarlyData,
    Finished,
    KeyUpdate,
}

/// Bytes of handshake records in, messages out.
#[derive(Debug, Default)]
pub(super) struct Messages {
    open: Option<Open>,
    /// The first bytes of a header that is cut.
    header: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    left: usize,
    message: Handshake,
}

impl Messages {
    /// Takes the content of a handshake record, and gives the messages that end in it. `keeps_all`: also the bytes of those that are
    /// not looked at here.
    pub(super) fn read(
        &mut self,
        mut bytes: &[u8],
        keeps_all: bool,
        mut give: impl FnMut(&Handshake),
    ) {
        loop {
            let mut open = if let Some(open) = self.open.take() {
                open
            } else {
                let missing = HEADER_LEN - self.header.len();
                let (start, rest) = bytes.split_at(missing.min(bytes.len()));
                self.header.extend_from_slice(start);
                bytes = rest;
                let Some(open) = Open::of(&self.header, keeps_all) else {
                    return;
                };
                self.header.clear();
                open
            };
            let (part, rest) = bytes.split_at(open.left.min(bytes.len()));
            bytes = rest;
            open.left -= part.len();
            if let Some(kept) = &mut open.message.bytes {
                kept.extend_from_slice(part);
            }
            if open.left > 0 {
                self.open = Some(open);
                return;
            }
            give(&open.message);
        }
    }

    /// Forgets what is open: bytes of it are lost.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Open {
    /// The message that a whole header begins.
    fn of(header: &[u8], keeps_all: bool) -> Option<Self> {
        let &[kind, high, middle, low] = header else {
            return None;
        };
        let len = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        let is_read = (keeps_all || matches!(kind, 1 | 2 | 8)) && len <= LONGEST;
        Some(Self {
            left: len,
            message: Handshake {
                kind,
                bytes: is_read.then(|| header.to_vec()),
            },
        })
    }
}

impl Handshake {
    /// What stands behind the header.
    pub(super) fn body(&self) -> &[u8] {
        let bytes = self.bytes.as_deref().unwrap_or_default();
        bytes.get(HEADER_LEN..).unwrap_or_default()
    }

    /// What it says, where that changes how records are read.
    pub(super) fn read(&self) -> Option<Message> {
        match self.kind {
            1 => client_hello(self.body()).map(Message::ClientHello),
            2 => server_hello(self.body()).map(Message::ServerHello),
            5 => Some(Message::EndOfEarlyData),
            8 => encrypted_extensions(self.body()).map(Message::EncryptedExtensions),
            20 => Some(Message::Finished),
            24 => Some(Message::KeyUpdate),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_the_same_however_records_cut_them() {
        let bytes = [
            &[11, 0, 0, 3, 1, 2, 3][..],
            &[8, 0, 0, 2, 0, 0],
            &[20, 0, 0, 1, 9],
            &[24, 0, 0, 1, 0],
            &[5, 0, 0, 0],
        ]
        .concat();
        for size in 1..=bytes.len() {
            let mut messages = Messages::default();
            let mut names = Vec::new();
            for record in bytes.chunks(size) {
                messages.read(record, false, |message| {
                    names.extend(message.read().map(|message| format!("{message:?}")));
                });
            }
            assert_eq!(
                names.join(" "),
                "EncryptedExtensions(EncryptedExtensions { early_data: false, alpn: None }) Finished KeyUpdate EndOfEarlyData"
            );
        }
    }
}
