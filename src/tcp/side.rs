//! Side: all that TCP can tell of the two ends of a connection.

use std::ops::{Index, IndexMut};

/// A side of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// Who sent SYN, or where no SYN was seen, the first packet.
    Opener,
    /// The other.
    Other,
}

impl Side {
    /// Both sides.
    pub const ALL: [Self; 2] = [Self::Opener, Self::Other];

    /// The opposite side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Opener => Self::Other,
            Self::Other => Self::Opener,
        }
    }
}

/// One value for each side, indexed by it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Sides<T> {
    opener: T,
    other: T,
}

impl<T> Sides<T> {
    /// A value of the opener, and one of the other side.
    pub fn new(opener: T, other: T) -> Self {
        Self { opener, other }
    }

    /// Both values, the opener's first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        [&self.opener, &self.other].into_iter()
    }

    /// Both values, the opener's first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        [&mut self.opener, &mut self.other].into_iter()
    }
}

impl<T> Index<Side> for Sides<T> {
    type Output = T;

    fn index(&self, side: Side) -> &T {
        match side {
            Side::Opener => &self.opener,
            Side::Other => &self.other,
        }
    }
}

impl<T> IndexMut<Side> for Sides<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Opener => &mut self.opener,
            Side::Other => &mut self.other,
        }
    }
}
