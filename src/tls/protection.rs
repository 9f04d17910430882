//! Record protection (RFC 8446, section 5.2; RFC 5246, section 6.2.3): from a whole record to its content.

use super::aead::Aead;
use super::cbc::{BLOCK, Cbc};
use super::prf::Keys;
use super::record::{ContentType, HEADER_LEN};
use super::schedule::{IV_LEN, traffic_key};
use super::secret::Secret;
use super::suite::{Cipher, Suite};

/// Bytes of the nonce that AES-GCM and AES-CCM put into each record of TLS 1.2 (RFC 5288, section 3).
const EXPLICIT_NONCE: usize = 8;

/// How the records of one direction are protected, from one change of keys to the next.
pub(super) struct Protection {
    form: Form,
    tag_len: usize,
}

enum Form {
    /// TLS 1.3: the content's type stands inside, behind the content, and padding behind that.
    Tls13 { key: Aead, iv: [u8; IV_LEN] },
    /// AES-GCM and AES-CCM in TLS 1.2: half of the nonce stands in the record.
    Explicit { key: Aead, iv: [u8; 4] },
    /// ChaCha20-Poly1305 in TLS 1.2 (RFC 7905).
    Implicit { key: Aead, iv: [u8; IV_LEN] },
    /// AES-CBC in TLS 1.2.
    Cbc(Box<Cbc>),
}

/// What was inside a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Opened {
    pub(super) content_type: ContentType,
    /// Bytes of content.
    pub(super) len: usize,
    /// Whether padding stood behind it, beyond what the cipher needs.
    pub(super) padded: bool,
}

impl Protection {
    /// By a traffic secret of TLS 1.3.
    pub(super) fn of_secret(suite: Suite, secret: &Secret) -> Option<Self> {
        let (key, iv) = traffic_key(suite, secret)?;
        let key = Aead::new(suite.cipher, key.bytes())?;
        Some(Self {
            form: Form::Tls13 { key, iv },
            tag_len: suite.cipher.tag_len(),
        })
    }

    /// By the keys of TLS 1.2.
    pub(super) fn of_keys(suite: Suite, keys: Keys<'_>, encrypt_then_mac: bool) -> Option<Self> {
        let form = match suite.cipher {
            cipher @ (Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_)) => {
                Form::Cbc(Box::new(Cbc::new(cipher, keys, encrypt_then_mac)?))
            }
            cipher @ Cipher::ChaCha20Poly1305 => Form::Implicit {
                key: Aead::new(cipher, keys.key)?,
                iv: keys.iv.try_into().ok()?,
            },
            cipher => Form::Explicit {
                key: Aead::new(cipher, keys.key)?,
                iv: keys.iv.try_into().ok()?,
            },
        };
        Some(Self {
            form,
            tag_len: suite.cipher.tag_len(),
        })
    }

    /// Bytes of a record beside its content; none where that depends on the content.
    pub(super) fn expansion(&self) -> Option<u64> {
        let beside = match self.form {
            Form::Tls13 { .. } => 1,
            Form::Explicit { .. } => EXPLICIT_NONCE,
            Form::Implicit { .. } => 0,
            Form::Cbc(_) => return None,
        };
        Some((HEADER_LEN + beside + self.tag_len) as u64)
    }

    /// The shortest record.
    pub(super) fn shortest(&self) -> u64 {
        self.expansion().unwrap_or((HEADER_LEN + 2 * BLOCK) as u64)
    }

    /// Opens a whole record, the `sequence`th from 0, into the first bytes of `out`; none where its tag or MAC is wrong.
    pub(super) fn open(&self, sequence: u64, record: &[u8], out: &mut Vec<u8>) -> Option<Opened> {
        if out.len() < record.len() {
            out.resize(record.len(), 0);
        }
        let (header, fragment) = record.split_at_checked(HEADER_LEN)?;
        let outer = ContentType(*header.first()?);
        match &self.form {
            Form::Tls13 { key, iv } => {
                let (ciphertext, tag) = self.without_tag(fragment)?;
                let out = out.get_mut(..ciphertext.len())?;
                if !key.open(counted(*iv, sequence), header, ciphertext, tag, out) {
                    return None;
                }
                let inner = out.iter().rposition(|&byte| byte != 0)?;
                Some(Opened {
                    content_type: ContentType(*out.get(inner)?),
                    len: inner,
                    padded: inner + 1 < out.len(),
                })
            }
            Form::Explicit { key, iv } => {
                let (explicit, rest) = fragment.split_first_chunk::<EXPLICIT_NONCE>()?;
                let mut nonce = [0; IV_LEN];
                nonce.first_chunk_mut::<4>()?.copy_from_slice(iv);
                nonce
                    .last_chunk_mut::<EXPLICIT_NONCE>()?
                    .copy_from_slice(explicit);
                self.open_1_2(key, nonce, sequence, header, rest, out)
            }
            Form::Implicit { key, iv } => {
                self.open_1_2(key, counted(*iv, sequence), sequence, header, fragment, out)
            }
            Form::Cbc(cbc) => {
                let len = cbc.open(sequence, record, out)?;
                Some(Opened {
                    content_type: outer,
                    len,
                    padded: false,
                })
            }
        }
    }

    fn open_1_2(
        &self,
        key: &Aead,
        nonce: [u8; IV_LEN],
        sequence: u64,
        header: &[u8],
        fragment: &[u8],
        out: &mut [u8],
    ) -> Option<Opened> {
        let (ciphertext, tag) = self.without_tag(fragment)?;
        let len = ciphertext.len();
        let mut associated = [0; 13];
        associated
            .first_chunk_mut::<8>()?
            .copy_from_slice(&sequence.to_be_bytes());
        associated.get_mut(8..11)?.copy_from_slice(header.get(..3)?);
        associated
            .last_chunk_mut::<2>()?
            .copy_from_slice(&u16::try_from(len).ok()?.to_be_bytes());
        key.open(nonce, &associated, ciphertext, tag, out.get_mut(..len)?)
            .then_some(Opened {
                content_type: ContentType(*header.first()?),
                len,
                padded: false,
            })
    }

    fn without_tag<'a>(&self, fragment: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        fragment.split_at_checked(fragment.len().checked_sub(self.tag_len)?)
    }
}

/// The IV with a sequence number in its last bytes (RFC 8446, section 5.3).
fn counted(mut iv: [u8; IV_LEN], sequence: u64) -> [u8; IV_LEN] {
    for (byte, counter) in iv.iter_mut().rev().zip(sequence.to_le_bytes()) {
        *byte ^= counter;
    }
    iv
}
