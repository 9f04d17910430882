//! Cost: how many packets and bytes a walk accounts for.

/// What the bytes under decoding cost: those of a packet, or of all the fragments of a datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// How many packets they are.
    pub(super) packets: u16,
    /// The sum of their original lengths.
    pub(super) total: u32,
    /// What of that is no part of the outermost IP packets, once one is met.
    pub(super) link: Option<u32>,
}
