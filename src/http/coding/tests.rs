//! Content of each coding, in any pieces.

use std::io::Write as _;

use super::*;

const TEXT: &str = "Yo! Yo! Yo! what is said again and again costs little";

/// What Brotli's own encoder makes of the text.
const BROTLI: &str =
    "1b3400e88d94aed6420d92f536a743c2c8d2c0069c5940521b0d1b709e62986c63b045ff1eef60587746";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn raw(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn brotli() -> Vec<u8> {
    let digits = BROTLI.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// What comes out of pieces of `cut` bytes, with room for as many; none where they are broken or not the whole.
fn decoded(coding: Coding, coded: &[u8], cut: usize) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(coding).unwrap();
    let mut room = vec![0; cut];
    let mut plain = Vec::new();
    for mut piece in coded.chunks(cut) {
        loop {
            let step = decoder.step(piece, &mut room).ok()?;
            piece = &piece[step.taken..];
            plain.extend_from_slice(&room[..step.given]);
            if piece.is_empty() && step.given < room.len() {
                break;
            }
        }
    }
    decoder.is_finished().then_some(plain)
}

fn each() -> [(Coding, Vec<u8>); 5] {
    let text = TEXT.as_bytes();
    [
        (Coding::Gzip, gzip(text)),
        (Coding::Deflate, zlib(text)),
        (Coding::Deflate, raw(text)),
        (Coding::Brotli, brotli()),
        (Coding::Zstandard, zstd::encode_all(text, 19).unwrap()),
    ]
}

#[test]
fn any_cut_of_any_coding_is_decoded() {
    for (coding, coded) in each() {
        for cut in [1, 2, 3, 7, 1000] {
            let plain = decoded(coding, &coded, cut);
            assert_eq!(
                plain.as_deref(),
                Some(TEXT.as_bytes()),
                "{coding:?} by {cut}"
            );
        }
    }
}

#[test]
fn what_follows_on_itself_is_decoded_where_the_coding_allows_it() {
    for (coding, coded) in each() {
        let twice = decoded(coding, &coded.repeat(2), 5);
        let wanted = matches!(coding, Coding::Gzip | Coding::Zstandard).then(|| TEXT.repeat(2));
        assert_eq!(twice, wanted.map(String::into_bytes), "{coding:?}");
    }
}

#[test]
fn what_is_cut_short_or_broken_is_not_taken_for_whole() {
    for (coding, coded) in each() {
        assert_eq!(
            decoded(coding, &coded[..coded.len() - 1], 4),
            None,
            "{coding:?}"
        );
        let mut broken = coded.clone();
        broken[3] ^= 0xff;
        assert_ne!(
            decoded(coding, &broken, 4).as_deref(),
            Some(TEXT.as_bytes()),
            "{coding:?}"
        );
    }
}

fn fields(lines: &str) -> Fields {
    let head = format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
    let head = super::super::ResponseHead::parse(head.as_bytes()).unwrap();
    head.fields().clone()
}

#[test]
fn codings_are_known_by_their_names() {
    for (lines, coding) in [
        ("Content-Encoding: gzip\r\n", Some(Coding::Gzip)),
        ("Content-Encoding: X-GZIP\r\n", Some(Coding::Gzip)),
        ("content-encoding: identity, br\r\n", Some(Coding::Brotli)),
        ("Content-Encoding: zstd\r\n", Some(Coding::Zstandard)),
        (
            "Content-Encoding: deflate\r\nContent-Encoding: gzip\r\n",
            None,
        ),
        ("Content-Encoding: compress\r\n", None),
        ("Content-Encoding: identity\r\n", None),
        ("", None),
    ] {
        assert_eq!(Coding::of(&fields(lines)), coding, "{lines}");
    }
    assert!(is_coded(&fields("Content-Encoding: compress\r\n")));
    assert!(!is_coded(&fields("Content-Encoding: identity\r\n")));
}
