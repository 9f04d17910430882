//! AEAD: what opens a record that carries a tag (RFC 5116).

use aes::{Aes128, Aes256};
use aws_lc_rs::aead::{
    AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
};
use ccm::Ccm;
use ccm::aead::{AeadInOut, inout::InOutBuf};
use ccm::consts::{U8, U12, U16};

use super::schedule::IV_LEN;
use super::suite::Cipher;

/// A key of an AEAD.
pub(super) enum Aead {
    /// AES-GCM and ChaCha20-Poly1305.
    Plain(Box<LessSafeKey>),
    Aes128Ccm(Box<Ccm<Aes128, U16, U12>>),
    Aes128Ccm8(Box<Ccm<Aes128, U8, U12>>),
    Aes256Ccm(Box<Ccm<Aes256, U16, U12>>),
    Aes256Ccm8(Box<Ccm<Aes256, U8, U12>>),
}

impl Aead {
    /// A key; none where the cipher is no AEAD or the key has not its length.
    pub(super) fn new(cipher: Cipher, key: &[u8]) -> Option<Self> {
        let plain = |algorithm: &'static Algorithm| {
            let key = UnboundKey::new(algorithm, key).ok()?;
            Some(Self::Plain(Box::new(LessSafeKey::new(key))))
        };
        match cipher {
            Cipher::Aes128Gcm => plain(&AES_128_GCM),
            Cipher::Aes256Gcm => plain(&AES_256_GCM),
            Cipher::ChaCha20Poly1305 => plain(&CHACHA20_POLY1305),
            Cipher::Aes128Ccm(16) => boxed(key).map(Self::Aes128Ccm),
            Cipher::Aes128Ccm(_) => boxed(key).map(Self::Aes128Ccm8),
            Cipher::Aes256Ccm(16) => boxed(key).map(Self::Aes256Ccm),
            Cipher::Aes256Ccm(_) => boxed(key).map(Self::Aes256Ccm8),
            Cipher::Aes128Cbc(_) | Cipher::Aes256Cbc(_) => None,
        }
    }

    /// Opens into `out`, which has the length of the ciphertext; false where the tag is wrong.
    pub(super) fn open(
        &self,
        nonce: [u8; IV_LEN],
        associated: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> bool {
        match self {
            Self::Plain(key) => key
                .open_separate_gather(
                    Nonce::assume_unique_for_key(nonce),
                    Aad::from(associated),
                    ciphertext,
                    tag,
                    out,
                )
                .is_ok(),
            Self::Aes128Ccm(key) => open_ccm(&**key, nonce, associated, ciphertext, tag, out),
            Self::Aes128Ccm8(key) => open_ccm(&**key, nonce, associated, ciphertext, tag, out),
            Self::Aes256Ccm(key) => open_ccm(&**key, nonce, associated, ciphertext, tag, out),
            Self::Aes256Ccm8(key) => open_ccm(&**key, nonce, associated, ciphertext, tag, out),
        }
    }
}

fn boxed<K: ccm::aead::KeyInit>(key: &[u8]) -> Option<Box<K>> {
    K::new_from_slice(key).ok().map(Box::new)
}

fn open_ccm<A: AeadInOut>(
    key: &A,
    nonce: [u8; IV_LEN],
    associated: &[u8],
    ciphertext: &[u8],
    tag: &[u8],
    out: &mut [u8],
) -> bool {
    let (Ok(nonce), Ok(tag), Ok(buffer)) = (
        nonce.as_slice().try_into(),
        tag.try_into(),
        InOutBuf::new(ciphertext, out),
    ) else {
        return false;
    };
    key.decrypt_inout_detached(nonce, associated, buffer, tag)
        .is_ok()
}
