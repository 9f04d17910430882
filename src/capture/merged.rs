//! Several captures as pieces of one recording: packets in the order of their times.

use std::collections::VecDeque;

use super::packet::Packet;
use super::{Capture, Item};
use crate::error::Error;
use crate::notice::Notice;

/// Captures that are read together. A capture alone is read as it is, without a copy.
#[derive(Debug)]
pub struct Merged {
    pieces: Vec<Piece>,
    packets: u64,
    /// The piece whose packet was given last, and is to be read on.
    given: Option<usize>,
    pending: VecDeque<Pending>,
    secrets: Vec<u8>,
}

#[derive(Debug)]
struct Piece {
    capture: Capture,
    /// The next packet, copied: its bytes, and the rest of it.
    next: Vec<u8>,
    head: Option<Packet<'static>>,
    started: bool,
}

#[derive(Debug)]
enum Pending {
    Secrets(Vec<u8>),
    Notice(Box<Notice>),
}

impl Merged {
    /// Reads captures together.
    pub fn new(captures: Vec<Capture>) -> Self {
        let pieces = captures
            .into_iter()
            .map(|capture| Piece {
                capture,
                next: Vec::new(),
                head: None,
                started: false,
            })
            .collect();
        Self {
            pieces,
            packets: 0,
            given: None,
            pending: VecDeque::new(),
            secrets: Vec::new(),
        }
    }

    /// The captures, in the order in which they were given; a packet's `file` counts them.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        self.pieces.iter().map(|piece| &piece.capture)
    }

    /// The next item; none at the end.
    ///
    /// # Errors
    /// Where the system fails to read one of the captures on.
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>, Error> {
        if self.pieces.len() == 1 {
            return self
                .pieces
                .first_mut()
                .map_or(Ok(None), |piece| piece.capture.next_item());
        }
        for index in 0..self.pieces.len() {
            let unread = self.pieces.get(index).is_some_and(|piece| !piece.started);
            if unread || self.given == Some(index) {
                self.advance(index)?;
            }
        }
        self.given = None;
        match self.pending.pop_front() {
            Some(Pending::Notice(notice)) => return Ok(Some(Item::Notice(notice))),
            Some(Pending::Secrets(secrets)) => {
                self.secrets = secrets;
                return Ok(Some(Item::Secrets(&self.secrets)));
            }
            None => {}
        }
        let next = self
            .pieces
            .iter()
            .enumerate()
            .filter_map(|(index, piece)| Some((piece.head.as_ref()?.time, index)))
            .min();
        let Some((_, index)) = next else {
            return Ok(None);
        };
        self.given = Some(index);
        self.packets += 1;
        let number = self.packets;
        Ok(self.pieces.get(index).and_then(|piece| {
            let head = piece.head?;
            Some(Item::Packet(Packet {
                number,
                bytes: &piece.next,
                file: u16::try_from(index).unwrap_or(u16::MAX),
                ..head
            }))
        }))
    }

    /// Reads a piece's next packet into its room.
    fn advance(&mut self, index: usize) -> Result<(), Error> {
        let Some(piece) = self.pieces.get_mut(index) else {
            return Ok(());
        };
        piece.started = true;
        piece.head = None;
        loop {
            match piece.capture.next_item()? {
                Some(Item::Packet(packet)) => {
                    piece.next.clear();
                    piece.next.extend_from_slice(packet.bytes);
                    piece.head = Some(Packet {
                        bytes: &[],
                        ..packet
                    });
                    return Ok(());
                }
                Some(Item::Notice(notice)) => self.pending.push_back(Pending::Notice(notice)),
                Some(Item::Secrets(secrets)) => {
                    self.pending.push_back(Pending::Secrets(secrets.to_vec()));
                }
                Some(Item::Pause) => {}
                None => return Ok(()),
            }
        }
    }
}
