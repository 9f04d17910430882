//! Way: how messages may be sent.

/// Another way to send the same messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// Each in one frame.
    OneFrame,
    /// In one frame each, with permessage-deflate that takes its context over.
    Deflate,
    /// In one frame each, with permessage-deflate that begins anew for each.
    DeflateNoTakeover,
    /// In TLS 1.3 records.
    Tls13,
    /// Those that follow each other soon in one segment.
    Batching,
    /// HTTP/1.1, asked for one by one on a connection that stays.
    PollingKept,
    /// HTTP/1.1, asked for one by one on a new connection each.
    PollingNew,
    /// HTTP/1.1, with a request that waits for each message of the server.
    LongPolling,
    /// HTTP/1.1, the server's messages in one endless response.
    ServerSentEvents,
}

impl Way {
    /// Every way, in the order of reports.
    pub const ALL: [Self; 9] = [
        Self::OneFrame,
        Self::Deflate,
        Self::DeflateNoTakeover,
        Self::Tls13,
        Self::Batching,
        Self::PollingKept,
        Self::PollingNew,
        Self::LongPolling,
        Self::ServerSentEvents,
    ];

    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneFrame => "one_frame",
            Self::Deflate => "deflate",
            Self::DeflateNoTakeover => "deflate_no_takeover",
            Self::Tls13 => "tls13",
            Self::Batching => "batching",
            Self::PollingKept => "polling_kept",
            Self::PollingNew => "polling_new",
            Self::LongPolling => "long_polling",
            Self::ServerSentEvents => "server_sent_events",
        }
    }
}
