//! Options: what an analysis keeps, and what it does beside reading.

/// What is kept beside lengths and counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Options {
    /// How many bytes of each frame's payload are kept.
    pub keep_frames: u64,
    /// How many bytes of each message's payload are kept.
    pub keep_messages: u64,
    /// How many bytes of each HTTP body are kept.
    pub keep_bodies: u64,
    /// How many bytes a compressed message may inflate to; what is larger is read and not inflated to its end. With zero
    /// nothing is inflated.
    pub max_inflate: u64,
    /// Whether HTTP content is decoded (RFC 9110, section 8.4), up to `max_inflate` bytes; it is also where bodies are kept.
    pub decode_bodies: bool,
    /// Whether distances are measured, where a smaller window than 32 KiB was agreed (RFC 7692, section 7.1.2).
    pub measure_distances: bool,
    /// Whether the rules are judged.
    pub check: bool,
    /// Whether what the rules cannot judge is told too.
    pub unjudged: bool,
    /// Which connections have ledgers of their own.
    pub ledgers: Which,
    /// Which events are wanted, beside notices and findings.
    pub wanted: Wanted,
    /// Which connections' records wait until no late packet can change them; these have ledgers too. Of the others nothing but a
    /// tombstone is remembered, and their late packets are charged to the whole capture alone.
    pub settled: Which,
}

impl Default for Options {
    /// Keeps nothing, and inflates messages of up to 64 MiB: far more than most servers accept, and little enough
    /// that a bomb costs a tenth of a second.
    fn default() -> Self {
        Self {
            keep_frames: 0,
            keep_messages: 0,
            keep_bodies: 0,
            max_inflate: 64 << 20,
            decode_bodies: false,
            measure_distances: false,
            check: false,
            unjudged: false,
            ledgers: Which::All,
            wanted: Wanted::ALL,
            settled: Which::All,
        }
    }
}

impl Options {
    /// Whether the connection of this number has ledgers of its own.
    pub(crate) fn has_ledgers(&self, number: u64) -> bool {
        self.ledgers.includes(number) || self.settled.includes(number)
    }
}

/// Which events are wanted. What only the others need is not worked out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// Exchanges.
    pub exchanges: bool,
    /// Opening handshakes.
    pub handshakes: bool,
    /// Frames.
    pub frames: bool,
    /// Messages.
    pub messages: bool,
    /// Whether a data message that came whole in one frame may be told as a [`Single`](crate::event::Single), in place of its frame and
    /// its message. Where rules are judged it is told as those.
    pub singles: bool,
    /// Connections.
    pub connections: bool,
    /// Which exchanges and handshakes have their texts.
    pub texts: Texts,
}

impl Wanted {
    /// All of them, each as what it is.
    pub const ALL: Self = Self {
        exchanges: true,
        handshakes: true,
        frames: true,
        messages: true,
        singles: false,
        connections: true,
        texts: Texts::All,
    };

    /// None of them.
    pub const NONE: Self = Self {
        exchanges: false,
        handshakes: false,
        frames: false,
        messages: false,
        singles: false,
        connections: false,
        texts: Texts::OfHandshakes(0),
    };
}

/// Which exchanges and handshakes have the texts of their heads: method, target, and the values of fields but for an exchange's
/// Content-Encoding.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Texts {
    /// All.
    All,
    /// No exchange, and so many handshakes, the first that are given.
    OfHandshakes(u64),
}

/// Some of the connections. Of the others there is less to be remembered; the whole capture's ledger counts all of their packets all
/// the same.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// None.
    None,
    /// So many, by number.
    First(u64),
    /// The one of this number.
    Only(u64),
}

impl Which {
    /// Whether the connection of this number is one of them.
    pub(crate) fn includes(self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::First(count) => number < count,
            Self::Only(one) => number == one,
        }
    }
}
