//! Handshake messages (RFC 8446, section 4): a type, a length, and so many bytes, across records as they come.

use super::hello::{
    ClientHello, EncryptedExtensions, ServerHello, client_hello, encrypted_extensions, server_hello,
};

/// Bytes of a message's type and length.
const HEADER_LEN: usize = 4;

/// The longest hello that is read. A `ClientHello` with post-quantum key shares has about 2 KiB, and a ticket adds at most 64 KiB.
const LONGEST_HELLO: usize = 68 << 10;

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
    kind: u8,
    left: usize,
    /// The body, where it is looked at.
    body: Option<Vec<u8>>,
}

impl Messages {
    /// Takes the content of a handshake record, and gives the messages that end in it.
    pub(super) fn read(&mut self, mut bytes: &[u8], mut give: impl FnMut(Message)) {
        loop {
            let mut open = if let Some(open) = self.open.take() {
                open
            } else {
                let missing = HEADER_LEN - self.header.len();
                let (start, rest) = bytes.split_at(missing.min(bytes.len()));
                self.header.extend_from_slice(start);
                bytes = rest;
                let Some(open) = Open::of(&self.header) else {
                    return;
                };
                self.header.clear();
                open
            };
            let (part, rest) = bytes.split_at(open.left.min(bytes.len()));
            bytes = rest;
            open.left -= part.len();
            if let Some(body) = &mut open.body {
                body.extend_from_slice(part);
            }
            if open.left > 0 {
                self.open = Some(open);
                return;
            }
            if let Some(message) = open.into_message() {
                give(message);
            }
        }
    }

    /// Forgets what is open: bytes of it are lost.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

impl Open {
    /// The message that a whole header begins.
    fn of(header: &[u8]) -> Option<Self> {
        let &[kind, high, middle, low] = header else {
            return None;
        };
        let len = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        let is_read = matches!(kind, 1 | 2 | 8) && len <= LONGEST_HELLO;
        Some(Self {
            kind,
            left: len,
            body: is_read.then(Vec::new),
        })
    }

    fn into_message(self) -> Option<Message> {
        let body = self.body.unwrap_or_default();
        match self.kind {
            1 => client_hello(&body).map(Message::ClientHello),
            2 => server_hello(&body).map(Message::ServerHello),
            5 => Some(Message::EndOfEarlyData),
            8 => encrypted_extensions(&body).map(Message::EncryptedExtensions),
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
                messages.read(record, |message| {
                    names.push(format!("{message:?}"));
                });
            }
            assert_eq!(
                names.join(" "),
                "EncryptedExtensions(EncryptedExtensions { early_data: false, alpn: None }) Finished KeyUpdate EndOfEarlyData"
            );
        }
    }
}
