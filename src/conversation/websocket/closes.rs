//! Closes: what the Close frames of a WebSocket say together.

use crate::direction::{Both, Direction};

/// The Close frames of both senders. Their packets decide which was first, not which was read first: the client's frames may have to
/// wait until the response to its handshake is whole.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::conversation) struct Closes {
    /// Where the first one begins.
    packet: u64,
    /// Each sender's first code.
    codes: Both<Option<u16>>,
    /// Which senders have sent one.
    seen: Both<bool>,
    /// Who sent the first.
    first: Option<Direction>,
}

impl Closes {
    /// A Close frame that begins in a packet; with its code, where it has one that is known.
    pub(super) fn note(&mut self, direction: Direction, packet: u64, code: Option<u16>) {
        if !std::mem::replace(&mut self.seen[direction], true) {
            let before = match direction {
                Direction::ToServer => packet <= self.packet,
                Direction::ToClient => packet < self.packet,
            };
            if before || self.first.is_none() {
                (self.first, self.packet) = (Some(direction), packet);
            }
        }
        let known = &mut self.codes[direction];
        *known = known.or(code);
    }

    /// Code of the first Close frame that has one, and who sent the first.
    pub(in crate::conversation) fn outcome(&self) -> (Option<u16>, Option<Direction>) {
        let Both {
            to_server: client,
            to_client: server,
        } = self.codes;
        match self.first {
            None => (None, None),
            Some(Direction::ToServer) => (client.or(server), self.first),
            Some(Direction::ToClient) => (server.or(client), self.first),
        }
    }

    /// Whether there was one.
    pub(in crate::conversation) fn are_some(&self) -> bool {
        self.first.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packet_decides_who_closed_first_and_in_the_same_packet_the_client_did() {
        use Direction::{ToClient, ToServer};
        for (server, client, first, code) in [
            (5, 6, ToClient, 1001),
            (6, 5, ToServer, 1000),
            (5, 5, ToServer, 1000),
        ] {
            let notes = [(ToClient, server, 1001), (ToServer, client, 1000)];
            for order in [[0, 1], [1, 0]] {
                let mut closes = Closes::default();
                for (direction, packet, code) in
                    order.map(|at| if at == 0 { notes[0] } else { notes[1] })
                {
                    closes.note(direction, packet, Some(code));
                    closes.note(direction, packet + 9, Some(3000));
                }
                assert_eq!(closes.outcome(), (Some(code), Some(first)));
            }
        }
    }

    #[test]
    fn a_code_may_come_with_the_second_close() {
        let mut closes = Closes::default();
        assert!(!closes.are_some());
        closes.note(Direction::ToServer, 1, None);
        closes.note(Direction::ToClient, 2, Some(1000));
        assert_eq!(closes.outcome(), (Some(1000), Some(Direction::ToServer)));
    }
}
