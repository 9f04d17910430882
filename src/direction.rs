//! Which way bytes travel.

use std::ops::{Index, IndexMut};

/// The way a byte stream of a connection flows, once it is known who serves.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Direction {
    /// From the client to the server.
    #[default]
    ToServer,
    /// From the server to the client.
    ToClient,
}

impl Direction {
    /// Both directions, the client's bytes first: the order in which they are read.
    pub const ALL: [Self; 2] = [Self::ToServer, Self::ToClient];

    /// The opposite direction.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }

    /// Who sends in this direction: `client` or `server`.
    pub fn sender(self) -> &'static str {
        match self {
            Self::ToServer => "client",
            Self::ToClient => "server",
        }
    }
}

/// One value for each direction, indexed by it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Both<T> {
    /// What belongs to the client's bytes.
    pub to_server: T,
    /// What belongs to the server's bytes.
    pub to_client: T,
}

impl<T> Index<Direction> for Both<T> {
    type Output = T;

    fn index(&self, direction: Direction) -> &T {
        match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }
}

impl<T> IndexMut<Direction> for Both<T> {
    fn index_mut(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}
