//! Sparse: the cells of a ledger that belongs to one of many connections. It holds only rows that have anything, and cells in 32 bits while
//! they fit.

use smallvec::SmallVec;

use super::{Entry, Ledger, Row};
use crate::wire::Wire;

/// Packets, and bytes by layer.
type Cells = [u32; 7];

/// The rows of a ledger.
#[derive(Debug, Default)]
pub(crate) struct Sparse {
    /// Those that most packets are charged to, and most connections have.
    message: Cells,
    ack: Cells,
    /// The others, in the order in which they were first charged. A side of a connection has some four of them.
    rows: SmallVec<[(Row, Cells); 4]>,
    /// What no longer fits.
    large: Option<Box<Ledger>>,
}

impl Sparse {
    /// Takes what was charged to a ledger, which is blank again then.
    pub(crate) fn take_from(&mut self, ledger: &mut Ledger) {
        let mut touched = std::mem::take(&mut ledger.touched.0);
        while touched != 0 {
            let at = touched.trailing_zeros() as usize;
            touched &= touched - 1;
            if let (Some(row), Some(entry)) = (Row::ALL.get(at), ledger.entries.get_mut(at)) {
                self.add(*row, std::mem::take(entry));
            }
        }
        (ledger.packets, ledger.missing) = (0, 0);
    }

    /// Charges what a packet was for, as [`Ledger::charge_whole`]; `fits` says that all that was ever charged here is below 4 GiB.
    #[inline]
    pub(crate) fn charge_whole(&mut self, row: Row, packets: u64, wire: Wire, fits: bool) {
        let more = Entry { packets, wire };
        let cells = match row {
            Row::Message if fits => &mut self.message,
            Row::Ack if fits => &mut self.ack,
            _ => return self.add(row, more),
        };
        for (cell, more) in cells.iter_mut().zip(more.cells()) {
            *cell += u32::try_from(more).unwrap_or(u32::MAX);
        }
    }

    fn add(&mut self, row: Row, more: Entry) {
        let Some(cells) = self.cells(row) else {
            return;
        };
        let wide = more.cells();
        // While both are so small no sum leaves its cell.
        let bits = wide.iter().fold(0, |bits, wide| bits | wide);
        let held = cells.iter().fold(0, |bits, cell| bits | cell);
        if (bits | u64::from(held)) < 1 << 31 {
            for (cell, wide) in cells.iter_mut().zip(wide) {
                *cell += u32::try_from(wide).unwrap_or(u32::MAX);
            }
            return;
        }
        let before = Entry::of(std::mem::take(cells).map(u64::from));
        let entry = self.large.get_or_insert_default().entry(row);
        *entry += &before;
        *entry += &more;
    }

    fn cells(&mut self, row: Row) -> Option<&mut Cells> {
        match row {
            Row::Message => return Some(&mut self.message),
            Row::Ack => return Some(&mut self.ack),
            _ => {}
        }
        let place = self.rows.iter().position(|(known, _)| *known == row);
        let place = place.unwrap_or_else(|| {
            self.rows.push((row, [0; 7]));
            self.rows.len() - 1
        });
        self.rows.get_mut(place).map(|(_, cells)| cells)
    }

    /// The whole ledger, of so many packets and missing bytes.
    pub(crate) fn ledger(&self, packets: u64, missing: u64) -> Ledger {
        let mut ledger = self.large.as_deref().copied().unwrap_or_default();
        let usual = [(Row::Message, self.message), (Row::Ack, self.ack)];
        for (row, cells) in usual.iter().chain(&self.rows) {
            *ledger.entry(*row) += &Entry::of(cells.map(u64::from));
        }
        (ledger.packets, ledger.missing) = (packets, missing);
        ledger
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_ledger_holds(
            turns: Vec<Vec<(prop::sample::Index, u64, [u32; 6], bool)>>, packets: u64, missing: u64,
        ) {
            let (mut whole, mut desk, mut sparse) = (Ledger::default(), Ledger::default(), Sparse::default());
            for turn in turns {
                for (row, packet, cells, large) in turn {
                    let [link, network, transport, tls, head, payload] =
                        cells.map(|cell| u64::from(cell) << if large { 20 } else { 0 });
                    let wire = Wire { link, network, transport, tls, head, payload };
                    let row = Row::ALL[row.index(Row::ALL.len())];
                    whole.charge(row, packet, 1, wire);
                    desk.charge(row, packet, 1, wire);
                }
                sparse.take_from(&mut desk);
                prop_assert_eq!(desk.total(), 0);
            }
            (whole.packets, whole.missing) = (packets, missing);
            let held = sparse.ledger(packets, missing);
            prop_assert_eq!(held.rows().collect::<Vec<_>>(), whole.rows().collect::<Vec<_>>());
            prop_assert_eq!((held.packets, held.missing), (packets, missing));
        }
    }

    #[test]
    fn what_is_charged_whole_is_held_whether_it_is_known_to_fit_or_not() {
        let wire = |payload| Wire {
            link: 14,
            network: 20,
            transport: 32,
            payload,
            ..Wire::default()
        };
        let (mut whole, mut sparse) = (Ledger::default(), Sparse::default());
        let mut charged = 0;
        for payload in [5, 1 << 31, 1 << 31, 7, 1 << 33, 9] {
            for row in [Row::Message, Row::Ack, Row::Control] {
                charged += wire(payload).total();
                whole.charge_whole(row, 1, wire(payload));
                sparse.charge_whole(row, 1, wire(payload), charged < 1 << 32);
            }
        }
        let held = sparse.ledger(0, 0);
        assert_eq!(
            held.rows().collect::<Vec<_>>(),
            whole.rows().collect::<Vec<_>>()
        );
    }
}
