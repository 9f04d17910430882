//! The PRF of TLS 1.2: the master secret from the premaster secret, and the keys from the master secret (RFC 5246, sections 8.1 and 6.3).

use aws_lc_rs::tls_prf::{Algorithm, P_SHA256, P_SHA384, Secret as Input};

use super::secret::{LONGEST, Secret};
use super::suite::{Hash, Suite};
use crate::direction::Both;

/// What protects one direction.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) mac_key: &'a [u8],
    pub(super) key: &'a [u8],
    pub(super) iv: &'a [u8],
}

/// The master secret, from the premaster secret (RFC 5246, section 8.1; RFC 7627, section 4).
pub(super) fn master(
    suite: Suite,
    premaster: &Secret,
    label: &[u8],
    seed: &[u8],
) -> Option<Secret> {
    let premaster = Input::new(algorithm(suite), premaster.bytes()).ok()?;
    Secret::new(premaster.derive(label, seed, LONGEST).ok()?.as_ref())
}

fn algorithm(suite: Suite) -> &'static Algorithm {
    match suite.hash {
        Hash::Sha256 => &P_SHA256,
        Hash::Sha384 => &P_SHA384,
    }
}

/// Hands the keys of both directions to `then`; none where the master secret is not one.
pub(super) fn with_keys<T>(
    suite: Suite,
    master: &Secret,
    client_random: &[u8],
    server_random: &[u8],
    then: impl FnOnce(Both<Keys<'_>>) -> Option<T>,
) -> Option<T> {
    let lens = [
        suite.cipher.mac().map_or(0, super::suite::Mac::len),
        suite.cipher.key_len(),
        suite.cipher.fixed_iv_len(),
    ];
    let seed: Vec<u8> = [server_random, client_random].concat();
    let block = Input::new(algorithm(suite), master.bytes())
        .and_then(|master| master.derive(b"key expansion", &seed, 2 * lens.iter().sum::<usize>()))
        .ok()?;
    let mut rest = block.as_ref();
    let mut parts: [&[u8]; 6] = [&[]; 6];
    for (part, len) in parts.iter_mut().zip(lens.iter().flat_map(|len| [len, len])) {
        (*part, rest) = rest.split_at_checked(*len)?;
    }
    let [
        client_mac,
        server_mac,
        client_key,
        server_key,
        client_iv,
        server_iv,
    ] = parts;
    then(Both {
        to_server: Keys {
            mac_key: client_mac,
            key: client_key,
            iv: client_iv,
        },
        to_client: Keys {
            mac_key: server_mac,
            key: server_key,
            iv: server_iv,
        },
    })
}
