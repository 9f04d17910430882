//! How the inflation of a message went.

use super::Agreed;

/// What was found while a compressed message was inflated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Inflated {
    /// What holds for messages that go this way.
    pub agreed: Agreed,
    /// What the application sees, in bytes; none where that could not be found out.
    pub length: Option<u64>,
    /// Why it is no message as RFC 7692, section 7.2.2 asks for. `length` may be known all the same: where only the end is wrong,
    /// the rest is read.
    pub failure: Option<Failure>,
    /// The payload byte, from 0, that shows the failure; the length of the payload where that is its end.
    pub failed_at: Option<u64>,
    /// Whether a block was marked as the last one (BFINAL; RFC 7692, section 7.2.3.4). What follows it is read as if it were not.
    pub final_block: bool,
    /// Whether the payload ends with the four bytes that its sender had to remove (section 7.2.1).
    pub tail_left_in: bool,
    /// Whether everything that it may refer to is known. Where it is not, a distance is no evidence against its sender.
    pub history_known: bool,
    /// How many of its bytes could not be known, because they are copies of what the capture lacks.
    pub unknown: u64,
    /// The farthest back that it refers, in bytes; found out only where a smaller window than 32 KiB was agreed and
    /// the analysis was asked to measure distances.
    pub farthest_distance: Option<u32>,
    /// The bound of this program that ended the inflation.
    pub limit: Option<Limit>,
}

impl Inflated {
    /// Whether all of its bytes are known.
    pub fn is_whole(&self) -> bool {
        self.length.is_some() && self.unknown == 0
    }

    /// Whether it refers to an earlier message although no context takeover was agreed (RFC 7692, section 7.1.1).
    pub fn violates_takeover(&self) -> bool {
        self.agreed.certain && !self.agreed.takeover && self.failure == Some(Failure::Takeover)
    }
}

/// Why compressed data is not valid.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Failure {
    /// A block of the reserved type (RFC 1951, section 3.2.3).
    BlockType,
    /// A stored block whose length and its complement disagree (section 3.2.4).
    StoredLength,
    /// Code lengths that make no Huffman code (section 3.2.7).
    Codes,
    /// A length or distance symbol that is never used (section 3.2.6).
    Symbol,
    /// A reference back to an earlier message, where no context takeover was agreed (RFC 7692, section 7.1.1).
    Takeover,
    /// A symbol that is never used, or a reference back to before the beginning: the decompressor does not always say which.
    Reference,
    /// It ends inside a block (RFC 7692, section 7.2.1).
    Unfinished,
}

impl Failure {
    /// The reason in words, to stand behind "the message cannot be inflated:".
    pub fn reason(self) -> &'static str {
        match self {
            Self::BlockType => "a block of the reserved type",
            Self::StoredLength => "a stored block whose length and its complement disagree",
            Self::Codes => "code lengths that make no Huffman code",
            Self::Symbol => "a symbol that is never used",
            Self::Takeover => "a reference to an earlier message",
            Self::Reference => {
                "a symbol that is never used, or a reference to before its beginning"
            }
            Self::Unfinished => "it ends inside a block",
        }
    }

    /// From the words of the decompressor, which stood behind a whole window or not.
    ///
    /// How it words a wrong reference hangs on how many bytes were at hand, so its words are not taken for that.
    pub(super) fn from_message(message: Option<&str>, behind_whole_window: bool) -> Self {
        let message = message.unwrap_or_default();
        let words = ["too far back", "bad state", "distance code", "length code"];
        if words.iter().any(|words| message.ends_with(words)) {
            if behind_whole_window {
                Self::Symbol
            } else {
                Self::Reference
            }
        } else if message.contains("block type") {
            Self::BlockType
        } else if message.contains("stored block") {
            Self::StoredLength
        } else {
            Self::Codes
        }
    }
}

/// A bound of this program at which inflation ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Limit {
    /// The message inflates to more than it may.
    Message,
    /// Too many windows were alive.
    Windows,
}
