//! Hellos (RFC 8446, sections 4.1 and 4.3.1; RFC 5246, section 7.4.1): what the two sides agree on, in the clear.

use nom::bytes::complete::take;
use nom::combinator::{map, rest};
use nom::multi::{length_data, many0};
use nom::number::complete::{be_u8, be_u16};
use nom::sequence::pair;
use nom::{IResult, Parser as _};

/// Bytes of a random.
pub(super) const RANDOM_LEN: usize = 32;

/// What stands where a `ServerHello` has its random, in one that asks for another `ClientHello` (RFC 8446, section 4.1.3).
const RETRY: [u8; RANDOM_LEN] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The latest versions (RFC 8446, section 4.1.2).
pub(super) const TLS_1_2: u16 = 0x0303;
pub(super) const TLS_1_3: u16 = 0x0304;

/// Extensions that are read.
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const ENCRYPT_THEN_MAC: u16 = 22;
const EXTENDED_MASTER_SECRET: u16 = 23;
const PRE_SHARED_KEY: u16 = 41;
const EARLY_DATA: u16 = 42;
const SUPPORTED_VERSIONS: u16 = 43;

/// What a `ClientHello` says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct ClientHello {
    pub(super) random: [u8; RANDOM_LEN],
    /// The host that is asked for (RFC 6066, section 3).
    pub(super) server_name: Option<Box<str>>,
    /// Whether data follows before the handshake is over (RFC 8446, section 4.2.10).
    pub(super) early_data: bool,
}

/// What a `ServerHello` says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct ServerHello {
    pub(super) random: [u8; RANDOM_LEN],
    pub(super) version: u16,
    pub(super) cipher_suite: u16,
    pub(super) encrypt_then_mac: bool,
    /// Whether the master secret hangs on all messages before it (RFC 7627).
    pub(super) extended_master_secret: bool,
    /// Whether a session is resumed with a key that both sides had (RFC 8446, section 4.2.11).
    pub(super) pre_shared_key: bool,
    /// The protocol that was chosen (RFC 7301), where it stands in the clear.
    pub(super) alpn: Option<Box<str>>,
}

/// What `EncryptedExtensions` say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct EncryptedExtensions {
    pub(super) early_data: bool,
    pub(super) alpn: Option<Box<str>>,
}

impl ServerHello {
    /// Whether it only asks for another `ClientHello`.
    pub(super) fn is_retry(&self) -> bool {
        self.random == RETRY
    }
}

/// Reads the body of a `ClientHello`.
pub(super) fn client_hello(body: &[u8]) -> Option<ClientHello> {
    let session_id = length_data(be_u8);
    let cipher_suites = length_data(be_u16);
    let compression_methods = length_data(be_u8);
    let (_, (_, random, _, _, _, extensions)) = (
        be_u16,
        random,
        session_id,
        cipher_suites,
        compression_methods,
        extensions,
    )
        .parse(body)
        .ok()?;
    let mut hello = ClientHello {
        random,
        ..ClientHello::default()
    };
    for (kind, data) in extensions {
        match kind {
            SERVER_NAME => hello.server_name = server_name(data),
            EARLY_DATA => hello.early_data = true,
            _ => {}
        }
    }
    Some(hello)
}

/// Reads the body of a `ServerHello`.
pub(super) fn server_hello(body: &[u8]) -> Option<ServerHello> {
    let (_, (version, random, _, cipher_suite, _, extensions)) = (
        be_u16,
        random,
        length_data(be_u8),
        be_u16,
        be_u8,
        extensions,
    )
        .parse(body)
        .ok()?;
    let mut hello = ServerHello {
        random,
        version,
        cipher_suite,
        ..ServerHello::default()
    };
    for (kind, data) in extensions {
        match kind {
            SUPPORTED_VERSIONS => {
                hello.version = be_number(data).unwrap_or(version);
            }
            ENCRYPT_THEN_MAC => hello.encrypt_then_mac = true,
            EXTENDED_MASTER_SECRET => hello.extended_master_secret = true,
            PRE_SHARED_KEY => hello.pre_shared_key = true,
            ALPN => hello.alpn = first_protocol(data),
            _ => {}
        }
    }
    Some(hello)
}

/// Reads the body of `EncryptedExtensions`.
pub(super) fn encrypted_extensions(body: &[u8]) -> Option<EncryptedExtensions> {
    let (_, list) = extensions(body).ok()?;
    let mut read = EncryptedExtensions::default();
    for (kind, data) in list {
        match kind {
            EARLY_DATA => read.early_data = true,
            ALPN => read.alpn = first_protocol(data),
            _ => {}
        }
    }
    Some(read)
}

fn random(input: &[u8]) -> IResult<&[u8], [u8; RANDOM_LEN]> {
    map(take(RANDOM_LEN), |bytes: &[u8]| {
        bytes.first_chunk().copied().unwrap_or_default()
    })
    .parse(input)
}

/// A list of extensions; a hello of an old version may end before it.
fn extensions(input: &[u8]) -> IResult<&[u8], Vec<(u16, &[u8])>> {
    if input.is_empty() {
        return Ok((input, Vec::new()));
    }
    let (input, list) = length_data(be_u16).parse(input)?;
    let (_, list) = many0(pair(be_u16, length_data(be_u16))).parse(list)?;
    Ok((input, list))
}

fn server_name(data: &[u8]) -> Option<Box<str>> {
    let name = |input| -> IResult<_, _> { pair(be_u8, length_data(be_u16)).parse(input) };
    let (_, list) = length_data::<_, nom::error::Error<_>, _>(be_u16)
        .parse(data)
        .ok()?;
    let (_, (kind, host)) = name(list).ok()?;
    // A name of the DNS, and nothing that would do something where it is printed.
    let is_name = host
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(byte));
    (kind == 0 && is_name).then(|| text(host)).flatten()
}

fn first_protocol(data: &[u8]) -> Option<Box<str>> {
    let (_, list) = length_data::<_, nom::error::Error<_>, _>(be_u16)
        .parse(data)
        .ok()?;
    let (_, name) = length_data::<_, nom::error::Error<_>, _>(be_u8)
        .parse(list)
        .ok()?;
    text(name)
}

fn be_number(data: &[u8]) -> Option<u16> {
    let (_, (number, _)) = pair(be_u16::<_, nom::error::Error<_>>, rest)
        .parse(data)
        .ok()?;
    Some(number)
}

fn text(bytes: &[u8]) -> Option<Box<str>> {
    std::str::from_utf8(bytes).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
        let len = u16::try_from(data.len()).expect("a short extension");
        [&kind.to_be_bytes()[..], &len.to_be_bytes(), data].concat()
    }

    fn hello(middle: &[u8], extensions: &[u8]) -> Vec<u8> {
        let len = u16::try_from(extensions.len()).expect("short extensions");
        let random = [7; RANDOM_LEN];
        [
            &[3, 3][..],
            &random,
            &[0],
            middle,
            &len.to_be_bytes(),
            extensions,
        ]
        .concat()
    }

    #[test]
    fn a_client_hello_tells_its_host_and_its_early_data() {
        let name = extension(0, b"\x00\x0e\x00\x00\x0bexample.com");
        let body = hello(
            &[0, 2, 0x13, 0x01, 1, 0],
            &[name, extension(42, b"")].concat(),
        );
        let read = client_hello(&body).expect("a hello");
        assert_eq!(read.random, [7; RANDOM_LEN]);
        assert_eq!(read.server_name.as_deref(), Some("example.com"));
        assert!(read.early_data);
        for len in 0..body.len() {
            // However it is cut, it is read to the end or not at all.
            let _ = client_hello(body.get(..len).unwrap_or_default());
        }
    }

    #[test]
    fn a_server_hello_tells_version_suite_and_extensions() {
        let list = [
            extension(43, &[3, 4]),
            extension(41, &[0, 0]),
            extension(22, b""),
            extension(16, b"\x00\x09\x08http/1.1"),
        ]
        .concat();
        let read = server_hello(&hello(&[0x13, 0x02, 0], &list)).expect("a hello");
        assert_eq!((read.version, read.cipher_suite), (TLS_1_3, 0x1302));
        assert!(read.pre_shared_key && read.encrypt_then_mac && !read.is_retry());
        assert_eq!(read.alpn.as_deref(), Some("http/1.1"));
        let bare = hello(&[0xc0, 0x2f, 0], b"");
        let old = server_hello(bare.get(..bare.len() - 2).unwrap_or_default()).expect("a hello");
        assert_eq!(old.version, TLS_1_2);
    }
}
