//! Cut: packets that the capture holds only the beginning of, and what to do about it.

use super::text;
use crate::capture::Packet;

/// How many packets the snapshot length cut, and where.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cut {
    /// How many.
    pub packets: u64,
    /// The most that the capture holds of one of them: the snapshot length, where all were cut by the same.
    pub longest: u64,
}

impl Cut {
    /// Takes a packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        let captured = packet.bytes.len() as u64;
        if captured < u64::from(packet.original_len) {
            self.packets += 1;
            self.longest = self.longest.max(captured);
        }
    }

    /// What a person should know of it; nothing where no packet is cut.
    pub(super) fn say(&self) -> Option<String> {
        (self.packets > 0).then(|| {
            let packets = text::count(self.packets, "packet was", "packets were");
            let longest = text::count(self.longest, "byte", "bytes");
            format!("{packets} cut to at most {longest}, and what was cut off cannot be read; `tcpdump -s 0` captures packets whole")
        })
    }
}
