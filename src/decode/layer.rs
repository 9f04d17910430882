//! Layer: what a header is read as.

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Layer {
    Ethernet,
    /// The family word of a BSD loopback device.
    Family,
    Ppp,
    Pppoe,
    /// Linux cooked capture.
    Cooked,
    /// Linux cooked capture, version 2.
    Cooked2,
    /// What an Ethernet type stands for.
    EtherType(u16),
    Mpls,
    /// IP of the version that its first four bits tell.
    Ip,
    /// What an IP protocol number stands for.
    Protocol(u8),
}
