//! Private: what people said, in memory; nothing that prints the state of the program shows it.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// Bytes of traffic. Under TLS they were decrypted, and belong in no log of errors.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub(crate) struct Private<T>(pub(crate) T);

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(private)")
    }
}

impl<T> Deref for Private<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Private<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_private_is_not_printed() {
        let said = Private(b"my password".to_vec());
        assert_eq!(format!("{said:?}"), "(private)");
        assert_eq!(said.len(), 11);
    }
}
