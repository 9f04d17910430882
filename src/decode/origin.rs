//! Origin: where what a walk has come to is from.

use std::net::IpAddr;

/// What the IP headers passed so far leave behind for the layers above.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// The identification of the innermost IPv4 header.
    pub(super) identification: u16,
    /// See [`Segment::network`].
    pub(super) network: u32,
    /// How many IP headers were passed.
    pub(super) depth: u8,
}
