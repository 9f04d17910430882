//! Step: what a session makes of the bytes before it.

use super::decryptor::Missing;

/// What the bytes before the session turned out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Not before so many bytes wait, with those that do, or no more come.
    Incomplete(usize),
    /// Not before the other side's hello comes, or keys do.
    Held(Need),
    /// This direction cannot be opened from here on.
    Closed(Reason),
    /// So many bytes are not understood: the place is lost.
    Skip(usize),
    /// A record of so many bytes.
    Record(usize, Content),
}

/// What a record holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Content {
    /// So many bytes of application data, and what was lost before them.
    Application(usize, Option<Missing>),
    /// What only TLS needs: handshake, tickets, alerts, changes of keys.
    Own,
    /// Something that does not open.
    Unread,
}

/// What a record waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Need {
    /// What the other side sent before.
    OtherSide,
    /// Keys.
    Keys,
}

/// Why a direction cannot be opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// The hellos are not in the capture, or not whole.
    NoHello,
    /// There are no keys for this connection.
    NoKeys,
    /// The keys do not open it.
    WrongKeys,
    /// Its version or its cipher suite is not read.
    Unsupported {
        /// As the server chose it.
        version: u16,
        /// As the server chose it.
        cipher_suite: u16,
    },
    /// The place was lost and not found again.
    Lost,
}
