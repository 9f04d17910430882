//! Decompressing in pieces of one size, in place or ahead on a thread of its own: what comes out of a damaged stream before its end then does
//! not depend on who asks for how much.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// How much a decompressor is asked for at a time.
const PIECE: usize = 16 << 10;

/// How much is handed over at a time, and how many of these wait: enough that neither side waits for the other's next step.
const CHUNK: usize = 256 << 10;
const WAITING: usize = 4;

type Source = Box<dyn Read + Send>;

/// A decompressor that is asked for pieces of one size.
pub(super) struct Pieces {
    source: Source,
    piece: Vec<u8>,
    at: usize,
}

impl Pieces {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            piece: Vec::new(),
            at: 0,
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            (self.at, self.piece) = (0, std::mem::take(&mut self.piece));
            self.piece.clear();
            append(&mut self.source, &mut self.piece)?;
        }
        Ok(copy(&self.piece, &mut self.at, out))
    }
}

/// A decompressor on a thread of its own.
pub(super) struct Ahead {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Ahead {
    /// Starts the thread. It ends with the source, or with the first chunk that nobody takes any more.
    pub(super) fn new(source: Source) -> io::Result<Self> {
        let (sender, chunks) = sync_channel(WAITING);
        std::thread::Builder::new()
            .name("decompress".to_string())
            .spawn(move || decompress(source, &sender))?;
        Ok(Self {
            chunks,
            chunk: Vec::new(),
            at: 0,
            ended: false,
        })
    }
}

impl Read for Ahead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len() {
            if self.ended {
                return Ok(0);
            }
            let gone = |_| io::Error::other("the thread that decompresses is gone");
            let chunk = self.chunks.recv().map_err(gone).flatten();
            // Nothing comes behind a failure, or an empty chunk.
            self.ended = !matches!(&chunk, Ok(chunk) if !chunk.is_empty());
            (self.at, self.chunk) = (0, chunk?);
        }
        Ok(copy(&self.chunk, &mut self.at, out))
    }
}

fn decompress(mut source: Source, chunks: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        // A piece that is not full was all that is there for now: a pipe's packets are seen as they come.
        let last = loop {
            match append(&mut source, &mut chunk) {
                Ok(PIECE) if chunk.len() + PIECE <= CHUNK => {}
                other => break other,
            }
        };
        if !chunk.is_empty() && chunks.send(Ok(chunk)).is_err() {
            return;
        }
        let end = match last {
            Ok(0) => Ok(Vec::new()),
            Ok(_) => continue,
            Err(error) => Err(error),
        };
        // Who does not take it has no use for it.
        let _ = chunks.send(end);
        return;
    }
}

/// Appends the next piece; says how long it is.
fn append(source: &mut Source, out: &mut Vec<u8>) -> io::Result<usize> {
    let before = out.len();
    out.resize(before + PIECE, 0);
    let read = loop {
        match source.read(out.get_mut(before..).unwrap_or_default()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => break other,
        }
    };
    out.truncate(before + read.as_ref().map_or(0, |read| *read));
    read
}

fn copy(from: &[u8], at: &mut usize, out: &mut [u8]) -> usize {
    let rest = from.get(*at..).unwrap_or_default();
    let len = rest.len().min(out.len());
    if let (Some(out), Some(rest)) = (out.get_mut(..len), rest.get(..len)) {
        out.copy_from_slice(rest);
    }
    *at += len;
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many bytes, a few at a time, then fails. Tells when it is dropped.
    struct Failing(usize, Option<SyncSender<()>>);

    impl Drop for Failing {
        fn drop(&mut self) {
            if let Some(dropped) = &self.1 {
                dropped.send(()).unwrap();
            }
        }
    }

    impl Read for Failing {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let len = out.len().min(self.0).min(10_000);
            self.0 -= len;
            out[..len].fill(7);
            if len == 0 {
                return Err(io::Error::other("damaged"));
            }
            Ok(len)
        }
    }

    #[test]
    fn all_that_comes_before_a_failure_is_read() {
        for len in [0, 1, 9_999, 123_456, 2 << 20] {
            let pieces: Source = Box::new(Pieces::new(Box::new(Failing(len, None))));
            let ahead: Source = Box::new(Ahead::new(Box::new(Failing(len, None))).unwrap());
            for mut source in [pieces, ahead] {
                let mut read = Vec::new();
                let error = source.read_to_end(&mut read).unwrap_err();
                assert_eq!((read.len(), error.to_string().as_str()), (len, "damaged"));
            }
        }
    }

    #[test]
    fn a_source_that_nobody_reads_on_is_given_up() {
        let (dropped, drops) = sync_channel(1);
        let mut ahead = Ahead::new(Box::new(Failing(usize::MAX, Some(dropped)))).unwrap();
        let mut some = [0; 100];
        ahead.read_exact(&mut some).unwrap();
        assert_eq!(some, [7; 100]);
        drop(ahead);
        drops
            .recv_timeout(std::time::Duration::from_mins(1))
            .expect("the thread gives it up");
    }

    #[test]
    fn the_end_is_told_as_often_as_it_is_asked_for() {
        let mut ahead = Ahead::new(Box::new(io::Cursor::new(vec![1; 100_000]))).unwrap();
        let mut read = Vec::new();
        ahead.read_to_end(&mut read).unwrap();
        assert_eq!(read.len(), 100_000);
        assert_eq!(ahead.read(&mut [0; 10]).unwrap(), 0);
    }
}
