//! The key schedule of TLS 1.3 (RFC 8446, section 7), from the traffic secrets on: a key log has those.

use aws_lc_rs::hkdf::{self, HKDF_SHA256, HKDF_SHA384, Prk};
use zeroize::Zeroizing;

use super::secret::{LONGEST, Secret};
use super::suite::{Hash, Suite};

/// The longest key of a suite of TLS 1.3.
const KEY_LEN: usize = 32;

/// Bytes of a nonce, and so of the IV (RFC 8446, section 5.3).
pub(super) const IV_LEN: usize = 12;

/// The key and the IV of a traffic secret (RFC 8446, section 7.3); none where the secret has not the hash's length.
pub(super) fn traffic_key(suite: Suite, secret: &Secret) -> Option<(Key, [u8; IV_LEN])> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    let len = suite.cipher.key_len();
    expand_label(suite.hash, secret, b"key", key.get_mut(..len)?)?;
    let mut iv = [0; IV_LEN];
    expand_label(suite.hash, secret, b"iv", &mut iv)?;
    Some((Key { bytes: key, len }, iv))
}

/// A key, wiped when it is dropped.
pub(super) struct Key {
    bytes: Zeroizing<[u8; KEY_LEN]>,
    len: usize,
}

impl Key {
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The traffic secret behind a `KeyUpdate` (RFC 8446, section 7.2).
pub(super) fn next_secret(suite: Suite, secret: &Secret) -> Option<Secret> {
    let mut next = Zeroizing::new([0; LONGEST]);
    let next = next.get_mut(..suite.hash.len())?;
    expand_label(suite.hash, secret, b"traffic upd", next)?;
    Secret::new(next)
}

struct Len(usize);

impl hkdf::KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

/// `HKDF-Expand-Label` with an empty context (RFC 8446, section 7.1).
fn expand_label(hash: Hash, secret: &Secret, label: &[u8], out: &mut [u8]) -> Option<()> {
    if secret.bytes().len() != hash.len() {
        return None;
    }
    let algorithm = match hash {
        Hash::Sha256 => HKDF_SHA256,
        Hash::Sha384 => HKDF_SHA384,
    };
    let len = u16::try_from(out.len()).ok()?.to_be_bytes();
    let label_len = [u8::try_from(label.len() + 6).ok()?];
    let info: [&[u8]; 5] = [&len, &label_len, b"tls13 ", label, &[0]];
    Prk::new_less_safe(algorithm, secret.bytes())
        .expand(&info, Len(out.len()))
        .ok()?
        .fill(out)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(|digit| *digit != b' ').collect();
        digits
            .chunks(2)
            .map(|pair| {
                let text = std::str::from_utf8(pair).expect("digits are text");
                u8::from_str_radix(text, 16).expect("hexadecimal digits")
            })
            .collect()
    }

    /// RFC 8448, section 3: the server's application traffic.
    #[test]
    fn the_keys_of_rfc_8448_come_out() {
        let suite = Suite::of(0x1301).expect("a suite of TLS 1.3");
        let secret = Secret::new(&bytes(
            "a1 1a f9 f0 55 31 f8 56 ad 47 11 6b 45 a9 50 32 82 04 b4 f4 4b fb 6b 3a 4b 4f 1f 3f cb 63 16 43",
        ))
        .expect("a secret");
        let (key, iv) = traffic_key(suite, &secret).expect("keys");
        assert_eq!(
            key.bytes(),
            bytes("9f 02 28 3b 6c 9c 07 ef c2 6b b9 f2 ac 92 e3 56")
        );
        assert_eq!(iv.to_vec(), bytes("cf 78 2b 88 dd 83 54 9a ad f1 e9 84"));
    }

    #[test]
    fn a_secret_of_another_hash_gives_no_keys() {
        let suite = Suite::of(0x1302).expect("a suite of TLS 1.3");
        let secret = Secret::new(&[7; 32]).expect("a secret");
        assert!(traffic_key(suite, &secret).is_none());
        assert!(next_secret(suite, &secret).is_none());
    }
}
