//! A packet: one record of a capture.

use crate::time::Timestamp;

/// One captured packet, borrowed from the reader's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'cap> {
    /// Its number, from 1, counting packets only.
    pub number: u64,
    /// When it was captured.
    pub time: Timestamp,
    /// What its first header is.
    pub link: LinkType,
    /// How many bytes of frame check sequence stand at its end, as the capture's header says; 0 where it says nothing.
    pub fcs_len: u8,
    /// The captured bytes.
    pub bytes: &'cap [u8],
    /// How long the packet was on the wire, in bytes; never less than `bytes.len()`.
    pub original_len: u32,
    /// Which file of several it stands in, from 0.
    pub file: u16,
}

/// A link type as the registry of `LINKTYPE_` values numbers them; unknown values are kept.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkType(pub u16);

#[allow(missing_docs, reason = "the names are the registry's")]
impl LinkType {
    pub const NULL: Self = Self(0);
    pub const ETHERNET: Self = Self(1);
    pub const PPP: Self = Self(9);
    pub const PPP_HDLC: Self = Self(50);
    pub const PPP_ETHER: Self = Self(51);
    pub const RAW: Self = Self(101);
    pub const LOOP: Self = Self(108);
    pub const LINUX_SLL: Self = Self(113);
    pub const IPV4: Self = Self(228);
    pub const IPV6: Self = Self(229);
    pub const LINUX_SLL2: Self = Self(276);

    /// Its name for a person; `link type N` where it is not one of those that are decoded.
    pub fn name(self) -> String {
        let name = match self {
            Self::NULL => "BSD loopback",
            Self::ETHERNET => "Ethernet",
            Self::PPP | Self::PPP_HDLC => "PPP",
            Self::PPP_ETHER => "PPPoE",
            Self::RAW => "raw IP",
            Self::LOOP => "OpenBSD loopback",
            Self::LINUX_SLL => "Linux cooked v1",
            Self::IPV4 => "raw IPv4",
            Self::IPV6 => "raw IPv6",
            Self::LINUX_SLL2 => "Linux cooked v2",
            Self(number) => return format!("link type {number}"),
        };
        name.to_string()
    }
}
