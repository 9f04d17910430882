//! AES-CBC with HMAC (RFC 5246, section 6.2.3.2), with the MAC inside or, where so agreed, outside the encryption (RFC 7366).

use aes::{Aes128, Aes256};
use aws_lc_rs::hmac;
use cbc::Decryptor;
use cbc::cipher::{
    Block, BlockCipherDecrypt, BlockModeDecrypt as _, InnerIvInit as _, KeyInit as _,
};

use super::prf::Keys;
use super::suite::{Cipher, Mac};

/// Bytes of a block, and of the IV in front of a record.
pub(super) const BLOCK: usize = 16;

/// Bytes of a record's header, from which the MAC takes the version.
const HEADER_LEN: usize = 5;

/// The keys of one direction.
pub(super) struct Cbc {
    key: Key,
    mac_key: hmac::Key,
    mac: Mac,
    encrypt_then_mac: bool,
}

enum Key {
    Aes128(Box<Aes128>),
    Aes256(Box<Aes256>),
}

impl Cbc {
    /// The keys; none where the cipher is another one.
    pub(super) fn new(cipher: Cipher, keys: Keys<'_>, encrypt_then_mac: bool) -> Option<Self> {
        let mac = cipher.mac()?;
        let algorithm = match mac {
            Mac::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Mac::Sha256 => hmac::HMAC_SHA256,
            Mac::Sha384 => hmac::HMAC_SHA384,
        };
        let key = match cipher {
            Cipher::Aes128Cbc(_) => Key::Aes128(Box::new(Aes128::new_from_slice(keys.key).ok()?)),
            _ => Key::Aes256(Box::new(Aes256::new_from_slice(keys.key).ok()?)),
        };
        Some(Self {
            key,
            mac_key: hmac::Key::new(algorithm, keys.mac_key),
            mac,
            encrypt_then_mac,
        })
    }

    /// Opens a record, whose first bytes are its header, into `out`; says how long its content is, where the MAC is right.
    pub(super) fn open(&self, sequence: u64, record: &[u8], out: &mut [u8]) -> Option<usize> {
        let (header, fragment) = record.split_at_checked(HEADER_LEN)?;
        let (iv, rest) = fragment.split_first_chunk::<BLOCK>()?;
        if self.encrypt_then_mac {
            let (ciphertext, mac) =
                rest.split_at_checked(rest.len().checked_sub(self.mac.len())?)?;
            if !self.is_mac(sequence, header, &[iv, ciphertext], mac) {
                return None;
            }
            let plain = self.decrypt(*iv, ciphertext, out)?;
            return without_padding(plain);
        }
        let plain = self.decrypt(*iv, rest, out)?;
        let (content, mac) = {
            let len = without_padding(plain)?.checked_sub(self.mac.len())?;
            let (content, rest) = plain.split_at_checked(len)?;
            (content, rest.get(..self.mac.len())?)
        };
        self.is_mac(sequence, header, &[content], mac)
            .then_some(content.len())
    }

    fn decrypt<'a>(&self, iv: [u8; BLOCK], from: &[u8], out: &'a mut [u8]) -> Option<&'a [u8]> {
        if from.is_empty() || !from.len().is_multiple_of(BLOCK) {
            return None;
        }
        let out = out.get_mut(..from.len())?;
        out.copy_from_slice(from);
        match &self.key {
            Key::Aes128(key) => decrypt_blocks(&**key, iv, out),
            Key::Aes256(key) => decrypt_blocks(&**key, iv, out),
        }
        Some(out)
    }

    fn is_mac(&self, sequence: u64, header: &[u8], content: &[&[u8]], mac: &[u8]) -> bool {
        let len: usize = content.iter().map(|part| part.len()).sum();
        let Ok(len) = u16::try_from(len) else {
            return false;
        };
        let mut context = hmac::Context::with_key(&self.mac_key);
        context.update(&sequence.to_be_bytes());
        context.update(header.get(..3).unwrap_or_default());
        context.update(&len.to_be_bytes());
        for part in content {
            context.update(part);
        }
        // Nobody waits for the answer, so that no time can leak.
        context.sign().as_ref() == mac
    }
}

fn decrypt_blocks<C: BlockCipherDecrypt + Clone>(key: &C, iv: [u8; BLOCK], bytes: &mut [u8])
where
    Decryptor<C>: cbc::cipher::BlockModeDecrypt + cbc::cipher::InnerIvInit<Inner = C>,
{
    let Ok(iv) = iv.as_slice().try_into() else {
        return;
    };
    let mut decryptor = Decryptor::<C>::inner_iv_init(key.clone(), iv);
    for block in bytes.chunks_exact_mut(BLOCK) {
        if let Ok(block) = <&mut Block<Decryptor<C>>>::try_from(block) {
            decryptor.decrypt_block(block);
        }
    }
}

/// How long the plaintext is without its padding (RFC 5246, section 6.2.3.2).
fn without_padding(plain: &[u8]) -> Option<usize> {
    let padding = *plain.last()?;
    let len = plain.len().checked_sub(usize::from(padding) + 1)?;
    plain
        .get(len..)?
        .iter()
        .all(|&byte| byte == padding)
        .then_some(len)
}
