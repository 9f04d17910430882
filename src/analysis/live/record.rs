//! The record of a connection that has ended.

use super::Live;
use super::account::Count;
use crate::direction::Both;
use crate::event::{Closing, Connection, Opening};
use crate::tcp::Key;

impl Live {
    /// The connection's record.
    pub(in crate::analysis) fn record(&self) -> Connection {
        let (client, roles) = self.conversation.client();
        let server = client.other();
        let (client_half, server_half) = (self.tcp.half(client), self.tcp.half(server));
        let (close_code, closed_by) = self.conversation.closed();
        let ends = Key::from(&self.key).ends(self.opener_is_lower);
        let counted = |count: fn(&Count) -> u64| Both {
            to_server: count(&self.account.sides[client]),
            to_client: count(&self.account.sides[server]),
        };
        let loss = self.account.loss();
        let ledgers = self.account.ledger(client).zip(self.account.ledger(server));
        let ledgers = ledgers.map(|(to_server, to_client)| {
            Box::new(Both {
                to_server,
                to_client,
            })
        });
        Connection {
            number: self.number,
            client: ends[client],
            server: ends[server],
            roles,
            protocol: self.conversation.protocol(),
            encrypted: self.conversation.is_encrypted(),
            opening: match (client_half.syn(), server_half.syn()) {
                (Some(_), Some(_)) => Opening::Seen,
                (None, None) => Opening::Midstream,
                _ => Opening::Partly,
            },
            closing: if self.tcp.is_reset() {
                Closing::Reset
            } else if client_half.fin && server_half.fin {
                Closing::Fin
            } else {
                Closing::Open
            },
            refused: self.tcp.is_refused(client),
            fin: Both {
                to_server: client_half.fin,
                to_client: server_half.fin,
            },
            time: self.time,
            end_time: self.end_time,
            first_packet: self.first_packet,
            last_packet: self.last_packet,
            packets: counted(|count| count.packets),
            bytes: counted(|count| count.bytes),
            retransmitted_bytes: loss.retransmitted,
            opening_acks: match self.conversation.frames() {
                0 => u64::from(self.account.acks.syn),
                _ => u64::from(self.account.acks.syn) + u64::from(self.account.acks.before_frames),
            },
            closing_acks: u64::from(self.account.acks.closing),
            missing_bytes: Both {
                to_server: loss.missing[client],
                to_client: loss.missing[server],
            },
            exchanges: self.conversation.exchanges(),
            handshake: self.conversation.handshake(),
            frames: self.conversation.frames(),
            messages: self.conversation.messages(),
            close_code,
            closed_by,
            ledgers,
        }
    }
}
