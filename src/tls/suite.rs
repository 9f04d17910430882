//! Cipher suites (RFC 8446, appendix B.4; RFC 5246, appendix A.5 and its successors): how records are protected, and by which hash keys are derived.
//!
//! How the key was exchanged does not matter to who has the secrets, so a row here serves all suites that differ only in that.

/// How records are protected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cipher {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
    /// AES-CCM with the length of its tag.
    Aes128Ccm(u8),
    Aes256Ccm(u8),
    /// AES-CBC with HMAC.
    Aes128Cbc(Mac),
    Aes256Cbc(Mac),
}

/// The hash of an HMAC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mac {
    Sha1,
    Sha256,
    Sha384,
}

/// The hash by which keys are derived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
}

/// A cipher suite.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Suite {
    pub(super) cipher: Cipher,
    pub(super) hash: Hash,
}

impl Cipher {
    /// Bytes of its key.
    pub(super) fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Ccm(_) | Self::Aes128Cbc(_) => 16,
            Self::Aes256Gcm | Self::Aes256Ccm(_) | Self::Aes256Cbc(_) | Self::ChaCha20Poly1305 => {
                32
            }
        }
    }

    /// Bytes of the IV that TLS 1.2 derives.
    pub(super) fn fixed_iv_len(self) -> usize {
        match self {
            Self::ChaCha20Poly1305 => 12,
            Self::Aes128Cbc(_) | Self::Aes256Cbc(_) => 0,
            _ => 4,
        }
    }

    /// The hash of the records' HMAC, where they have one.
    pub(super) fn mac(self) -> Option<Mac> {
        match self {
            Self::Aes128Cbc(mac) | Self::Aes256Cbc(mac) => Some(mac),
            _ => None,
        }
    }

    /// Bytes of the tag that an AEAD adds.
    pub(super) fn tag_len(self) -> usize {
        match self {
            Self::Aes128Ccm(tag) | Self::Aes256Ccm(tag) => usize::from(tag),
            _ => 16,
        }
    }
}

impl Mac {
    /// Bytes of its key, and of what it computes.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

impl Hash {
    /// Bytes of what it computes.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

impl Suite {
    /// Whether it is one of TLS 1.3.
    pub(super) fn is_of_1_3(id: u16) -> bool {
        (0x1301..=0x1305).contains(&id)
    }

    /// The suite with this number, where it can be read.
    pub(super) fn of(id: u16) -> Option<Self> {
        use Cipher::{
            Aes128Cbc, Aes128Ccm, Aes128Gcm, Aes256Cbc, Aes256Ccm, Aes256Gcm, ChaCha20Poly1305,
        };
        let (cipher, hash) = match id {
            // AES-GCM: of TLS 1.3 first, as in each row; then RFC 5288, RFC 5289, RFC 5487 and RFC 8442.
            0x1301 | 0x009c | 0x009e | 0x00a0 | 0x00a2 | 0x00a4 | 0x00a6 | 0x00a8 | 0x00aa
            | 0x00ac | 0xc02b | 0xc02d | 0xc02f | 0xc031 | 0xd001 => (Aes128Gcm, Hash::Sha256),
            0x1302 | 0x009d | 0x009f | 0x00a1 | 0x00a3 | 0x00a5 | 0x00a7 | 0x00a9 | 0x00ab
            | 0x00ad | 0xc02c | 0xc02e | 0xc030 | 0xc032 | 0xd002 => (Aes256Gcm, Hash::Sha384),
            // ChaCha20-Poly1305 (RFC 7905).
            0x1303 | 0xcca8..=0xccae => (ChaCha20Poly1305, Hash::Sha256),
            // AES-CCM (RFC 6655, RFC 7251).
            0x1304 | 0xc09c | 0xc09e | 0xc0a4 | 0xc0a6 | 0xc0ac | 0xd005 => {
                (Aes128Ccm(16), Hash::Sha256)
            }
            0xc09d | 0xc09f | 0xc0a5 | 0xc0a7 | 0xc0ad => (Aes256Ccm(16), Hash::Sha256),
            0x1305 | 0xc0a0 | 0xc0a2 | 0xc0a8 | 0xc0aa | 0xc0ae | 0xd003 => {
                (Aes128Ccm(8), Hash::Sha256)
            }
            0xc0a1 | 0xc0a3 | 0xc0a9 | 0xc0ab | 0xc0af => (Aes256Ccm(8), Hash::Sha256),
            // AES-CBC with HMAC-SHA-1 (RFC 5246, RFC 8422, RFC 4279).
            0x002f..=0x0034
            | 0x008c
            | 0x0090
            | 0x0094
            | 0xc004
            | 0xc009
            | 0xc00e
            | 0xc013
            | 0xc018
            | 0xc035 => (Aes128Cbc(Mac::Sha1), Hash::Sha256),
            0x0035..=0x003a
            | 0x008d
            | 0x0091
            | 0x0095
            | 0xc005
            | 0xc00a
            | 0xc00f
            | 0xc014
            | 0xc019
            | 0xc036 => (Aes256Cbc(Mac::Sha1), Hash::Sha256),
            // AES-CBC with HMAC-SHA-256 and -384 (RFC 5246, RFC 5289, RFC 5487).
            0x003c
            | 0x003e..=0x0040
            | 0x0067
            | 0x006c
            | 0x00ae
            | 0x00b2
            | 0x00b6
            | 0xc023
            | 0xc025
            | 0xc027
            | 0xc029
            | 0xc037 => (Aes128Cbc(Mac::Sha256), Hash::Sha256),
            0x003d | 0x0068..=0x006b | 0x006d => (Aes256Cbc(Mac::Sha256), Hash::Sha256),
            0x00af | 0x00b3 | 0x00b7 | 0xc024 | 0xc026 | 0xc028 | 0xc02a | 0xc038 => {
                (Aes256Cbc(Mac::Sha384), Hash::Sha384)
            }
            _ => return None,
        };
        Some(Self { cipher, hash })
    }
}
