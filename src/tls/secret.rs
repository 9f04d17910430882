//! Secret: what opens a connection. It is never printed, and wiped when it is dropped.

use std::fmt;

use zeroize::Zeroize as _;

/// The longest secret: a master secret (RFC 5246, section 8.1), or the output of SHA-384.
pub(super) const LONGEST: usize = 48;

/// A secret of a connection.
#[derive(Clone)]
pub(super) struct Secret {
    len: u8,
    bytes: [u8; LONGEST],
}

impl Secret {
    /// A secret of these bytes; none where there are more than any secret has.
    pub(super) fn new(secret: &[u8]) -> Option<Self> {
        let mut bytes = [0; LONGEST];
        bytes.get_mut(..secret.len())?.copy_from_slice(secret);
        Some(Self {
            len: u8::try_from(secret.len()).ok()?,
            bytes,
        })
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new(&[0xab; 32]).expect("32 bytes are a secret");
        assert_eq!(format!("{secret:?}"), "Secret");
        assert!(Secret::new(&[0; LONGEST + 1]).is_none());
    }
}
