//! The exchanges of a connection that are not over, in the order in which they began.

use std::collections::VecDeque;

use super::open::Open;

/// The exchanges that are not over. Hardly a client sends a request before the response to the last is there, so that there is mostly
/// one, which needs no list.
#[derive(Debug, Default)]
pub(super) struct Queue {
    first: Option<Box<Open>>,
    more: VecDeque<Box<Open>>,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.more.len()
    }

    /// The first that is not over.
    pub(super) fn front(&self) -> Option<&Open> {
        self.first.as_deref()
    }

    /// The last.
    pub(super) fn back(&self) -> Option<&Open> {
        self.more.back().or(self.first.as_ref()).map(|open| &**open)
    }

    /// The last.
    pub(super) fn back_mut(&mut self) -> Option<&mut Open> {
        let last = self.more.back_mut().or(self.first.as_mut());
        last.map(|open| &mut **open)
    }

    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Open> {
        let all = self.first.iter_mut().chain(&mut self.more);
        all.map(|open| &mut **open)
    }

    /// Adds one behind the others.
    pub(super) fn push(&mut self, open: Open) -> &mut Open {
        let open = Box::new(open);
        if self.first.is_none() {
            return self.first.insert(open);
        }
        self.more.push_back(open);
        self.more.back_mut().expect("it was just added")
    }

    /// Takes the first.
    pub(super) fn pop(&mut self) -> Option<Box<Open>> {
        let open = self.first.take()?;
        self.first = self.more.pop_front();
        Some(open)
    }

    /// Takes the first if that holds of it.
    pub(super) fn pop_if(&mut self, holds: impl FnOnce(&Open) -> bool) -> Option<Box<Open>> {
        self.front().is_some_and(holds).then(|| self.pop())?
    }

    /// Takes the last if that holds of it.
    pub(super) fn pop_back_if(&mut self, holds: impl FnOnce(&Open) -> bool) -> Option<Box<Open>> {
        let holds = self.back().is_some_and(holds);
        holds.then(|| self.more.pop_back().or_else(|| self.first.take()))?
    }
}
