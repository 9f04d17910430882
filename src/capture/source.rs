//! The source: bytes as they are, or decompressed where they begin as a compressed stream does.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::ahead::{Ahead, Pieces};

/// Bytes that are sure to be there before a decision.
const MAGIC_LEN: usize = 4;

type Source = Box<dyn Read + Send>;

/// The source without its compression, and the compression's name. `ahead`: decompressed on a thread of its own.
pub(super) fn decompressed(
    mut source: Source,
    ahead: bool,
) -> io::Result<(Source, Option<&'static str>)> {
    let mut magic = Vec::with_capacity(MAGIC_LEN);
    source
        .by_ref()
        .take(MAGIC_LEN as u64)
        .read_to_end(&mut magic)?;
    let whole = |magic: Vec<u8>| Cursor::new(magic).chain(source);
    let (source, compression): (Source, _) = match magic.as_slice() {
        [0x1f, 0x8b, ..] => (
            Box::new(Gzip {
                inner: MultiGzDecoder::new(whole(magic)),
                read: 0,
            }),
            "gzip",
        ),
        [0x28, 0xb5, 0x2f, 0xfd] => (Box::new(zstd::Decoder::new(whole(magic))?), "zstd"),
        [0x04, 0x22, 0x4d, 0x18] => (
            Box::new(Lz4 {
                inner: Some(lz4_flex::frame::FrameDecoder::new(Box::new(whole(magic)))),
            }),
            "lz4",
        ),
        _ => return Ok((Box::new(whole(magic)), None)),
    };
    let source: Source = if ahead {
        Box::new(Ahead::new(source)?)
    } else {
        Box::new(Pieces::new(source))
    };
    Ok((source, Some(compression)))
}

/// All members of a gzip file. What stands behind the last is padding of tapes and file systems, and no error.
struct Gzip<R> {
    inner: MultiGzDecoder<R>,
    read: u64,
}

impl<R: Read> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(out) {
            Err(error) if self.read > 0 && error.to_string().contains("invalid gzip header") => {
                Ok(0)
            }
            result => {
                self.read += result.as_ref().map_or(0, |read| *read as u64);
                result
            }
        }
    }
}

/// All frames of an lz4 file: the decoder stops behind each.
struct Lz4 {
    inner: Option<lz4_flex::frame::FrameDecoder<Source>>,
}

impl Read for Lz4 {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(decoder) = &mut self.inner else {
                return Ok(0);
            };
            let read = decoder.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            let mut source = self
                .inner
                .take()
                .map(lz4_flex::frame::FrameDecoder::into_inner)
                .expect("it is there");
            let mut next = [0];
            if source.read(&mut next)? == 0 {
                return Ok(0);
            }
            self.inner = Some(lz4_flex::frame::FrameDecoder::new(Box::new(
                Cursor::new(next.to_vec()).chain(source),
            )));
        }
    }
}
