//! TCP (RFC 9293): from segments to the bytes that were delivered, in order, and what could not be.

mod assembler;
mod connection;
mod duplicates;
mod plain;
mod side;
mod table;

pub use assembler::{Assembler, Owner, Ready, Run};
pub use connection::{Class, Half, Numbers, State};
pub use duplicates::Duplicates;
pub use side::{Side, Sides};
pub use table::{KeptKey, Key, Place, Table};

use crate::reader::Piece;

/// The golden ratio's digits: a number multiplied by them differs in its highest bits where it differed in few.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a direction of a connection brings next.
#[derive(Clone, Copy, Debug)]
pub enum Delivery<'a> {
    /// Bytes in the order of the stream.
    Bytes(&'a [u8], Piece),
    /// Bytes that cannot be shown.
    Gap {
        /// How many.
        len: u64,
        /// The packet that carried them, where the snapshot length cut them off; none where no packet did.
        cut: Option<Piece>,
        /// The packet that brought what stands behind it; none where nothing does.
        behind: Option<u64>,
    },
    /// Nothing more will come.
    End(Ending),
}

/// How a direction ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// With FIN.
    Fin,
    /// With RST, from either side.
    Reset,
    /// With the capture, or with the connection's place in it.
    Capture,
}
