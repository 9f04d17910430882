//! Shared: what the connections of an analysis have in common.

use crate::conversation::{Ledgers, Scratch};
use crate::options::Options;

/// What is handed to the connection whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// What is kept.
    pub(super) options: Options,
    /// What connections without ledgers of their own are charged to.
    pub(super) ledgers: Ledgers,
    /// What the others are charged to while it is their turn; blank between turns.
    pub(super) page: Ledgers,
    /// Room to work in.
    pub(super) scratch: Scratch,
}
