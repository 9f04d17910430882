//! Notice: what the capture does not show.
//!
//! A notice accuses nobody. It says what was lost, cut, or not understood, so that a reader of the report knows what the
//! report cannot know.

use crate::direction::Direction;

/// Something that the capture does not show, or that this program did not look at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// What sort of thing it is.
    pub kind: Kind,
    /// The connection that it concerns.
    pub connection: Option<u64>,
    /// Whose bytes it concerns.
    pub sender: Option<Direction>,
    /// The packet at which it was noticed, from 1; of bytes that are missing, the one that brought what stands behind them, where one did.
    pub packet: Option<u64>,
    /// Where in its sender's byte stream it begins.
    pub stream_offset: Option<u64>,
    /// How many bytes it concerns.
    pub length: Option<u64>,
    /// A sentence for a person.
    pub explanation: String,
}

impl Notice {
    /// A notice about the capture as a whole; fill in the rest as it is known.
    pub fn new(kind: Kind, explanation: impl Into<String>) -> Self {
        Self {
            kind,
            connection: None,
            sender: None,
            packet: None,
            stream_offset: None,
            length: None,
            explanation: explanation.into(),
        }
    }

    /// The same, with the packet at which it was noticed.
    #[must_use]
    pub fn at_packet(mut self, packet: u64) -> Self {
        self.packet = Some(packet);
        self
    }

    /// The same, with the connection that it concerns.
    #[must_use]
    pub fn of_connection(mut self, number: u64) -> Self {
        self.connection = Some(number);
        self
    }

    /// The same, with whose bytes it concerns.
    #[must_use]
    pub fn sent_by(mut self, sender: Direction) -> Self {
        self.sender = Some(sender);
        self
    }

    /// The same, with how many bytes of its sender's stream it concerns, and where they begin.
    #[must_use]
    pub fn of_bytes(mut self, stream_offset: Option<u64>, length: u64) -> Self {
        (self.stream_offset, self.length) = (stream_offset, Some(length));
        self
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The sorts of notices.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every sort, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in records.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

kinds! {
    /// The capture file ends in the middle of a record, or its compressed stream does.
    CutFile = "cut-file",
    /// A record of the capture file makes no sense; reading went on at the next one that does.
    DamagedRecord = "damaged-record",
    /// A packet was cut by the capture's snapshot length.
    CutPacket = "cut-packet",
    /// A link type that cannot be decoded.
    UnknownLinkType = "unknown-link-type",
    /// Records do not stand in the order of their times.
    TimeOrder = "time-order",
    /// Bytes of a stream that no packet of the capture carries.
    Gap = "gap",
    /// A connection whose opening is not in the capture.
    Midstream = "midstream",
    /// A boundary was lost and found again.
    Resync = "resync",
    /// Two copies of the same bytes of a stream disagree; the first was taken.
    Overlap = "overlap-conflict",
    /// A TLS connection that cannot be read without keys.
    NoKeys = "no-keys",
    /// Messages are taken as compressed although no handshake says so.
    CompressionAssumed = "compression-assumed",
    /// A line of a key log that is none.
    KeyLog = "key-log",
    /// A TLS connection whose two sides agreed on new keys by another handshake.
    Renegotiation = "renegotiation",
    /// A protocol that is recognised and not read.
    NotRead = "not-read",
    /// IP fragments that never made a whole datagram.
    LostFragment = "lost-fragment",
    /// A stated bound of this program was reached.
    LimitReached = "limit-reached",
    /// Reading ended early because it was asked to.
    Stopped = "stopped",
}
