//! Deflated: what a payload would be with permessage-deflate (RFC 7692), by really deflating it.
//!
//! An encoder of zlib's default level, with the full window: another encoder or level gives somewhat other sizes.

use flate2::{Compress, Compression, FlushCompress};

/// How many contexts of context takeover may be alive, one for each sender of a connection: about a quarter of a megabyte each.
/// Senders beyond are left out, and said to be.
const CONTEXTS: usize = 64;

/// How much is deflated in all, each way of taking over: a few seconds' work. What comes later is left out, and said to be.
const MESSAGES: u64 = 200_000;
const BYTES: u64 = 128 << 20;

/// Gives contexts, and says when there is enough.
#[derive(Debug, Default)]
pub(super) struct Deflater {
    alone: Option<Encoder>,
    contexts: usize,
    messages: u64,
    bytes: u64,
}

/// The context of one sender of a connection.
#[derive(Debug, Default)]
pub(super) enum ContextTakeover {
    /// Nothing was sent yet.
    #[default]
    New,
    /// Its past messages.
    Kept(Box<Encoder>),
    /// It was left out once, so that its past is not known.
    LeftOut,
}

/// The length of a payload, deflated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Deflated {
    /// Without what came before.
    pub(super) alone: u64,
    /// With it; none where no context could be kept.
    pub(super) taken_over: Option<u64>,
}

impl Deflater {
    /// Deflates a payload; none once enough was deflated.
    pub(super) fn deflate(
        &mut self,
        payload: &[u8],
        context: &mut ContextTakeover,
    ) -> Option<Deflated> {
        if self.messages >= MESSAGES || self.bytes >= BYTES {
            self.leave_out(context);
            return None;
        }
        self.messages += 1;
        self.bytes += payload.len() as u64;
        if matches!(context, ContextTakeover::New) {
            *context = if self.contexts < CONTEXTS {
                self.contexts += 1;
                ContextTakeover::Kept(Box::default())
            } else {
                ContextTakeover::LeftOut
            };
        }
        let alone = self.alone.get_or_insert_default();
        alone.0.reset();
        Some(Deflated {
            alone: alone.message(payload),
            taken_over: match context {
                ContextTakeover::Kept(encoder) => Some(encoder.message(payload)),
                _ => None,
            },
        })
    }

    /// Takes note of a payload that is not there: what follows it cannot be deflated with what came before.
    pub(super) fn leave_out(&mut self, context: &mut ContextTakeover) {
        self.end(context);
        *context = ContextTakeover::LeftOut;
    }

    /// The connection is over.
    pub(super) fn end(&mut self, context: &ContextTakeover) {
        if matches!(context, ContextTakeover::Kept(_)) {
            self.contexts -= 1;
        }
    }
}

#[derive(Debug)]
pub(super) struct Encoder(Compress);

impl Default for Encoder {
    fn default() -> Self {
        Self(Compress::new(Compression::default(), false))
    }
}

impl Encoder {
    /// The length of a message: deflated, flushed, without the four bytes that a flush ends with (RFC 7692, section 7.2.1).
    fn message(&mut self, payload: &[u8]) -> u64 {
        if payload.is_empty() {
            // A single empty block (RFC 7692, section 7.2.3.6).
            return 1;
        }
        let mut out = [0; 4096];
        let (start, before) = (self.0.total_in(), self.0.total_out());
        loop {
            let taken = usize::try_from(self.0.total_in() - start).unwrap_or(usize::MAX);
            let rest = payload.get(taken..).unwrap_or_default();
            let written = self.0.total_out();
            let deflated = self.0.compress(rest, &mut out, FlushCompress::Sync);
            let written = self.0.total_out() - written;
            // A flush is over when there was room left behind it.
            if deflated.is_err() || written < out.len() as u64 {
                return (self.0.total_out() - before).saturating_sub(4);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    /// RFC 7692, section 7.2.3: "Hello" deflated, then again with and without what came before.
    #[test]
    fn the_specifications_examples_have_these_lengths() {
        let mut deflater = Deflater::default();
        let mut context = ContextTakeover::default();
        let mut hello = || deflater.deflate(b"Hello", &mut context).unwrap();
        assert_eq!(
            hello(),
            Deflated {
                alone: 7,
                taken_over: Some(7)
            }
        );
        assert_eq!(
            hello(),
            Deflated {
                alone: 7,
                taken_over: Some(5)
            }
        );
    }

    #[test]
    fn an_empty_message_is_one_byte() {
        let mut context = ContextTakeover::default();
        let empty = Deflater::default().deflate(b"", &mut context).unwrap();
        assert_eq!(empty.alone, 1);
    }

    #[test]
    fn what_is_deflated_can_be_longer_than_a_buffer() {
        let noise: Vec<u8> = (0..100_000u32)
            .map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap())
            .collect();
        let mut context = ContextTakeover::default();
        let alone = Deflater::default()
            .deflate(&noise, &mut context)
            .unwrap()
            .alone;
        let mut whole = Vec::with_capacity(200_000);
        let mut encoder = Compress::new(Compression::default(), false);
        encoder
            .compress_vec(&noise, &mut whole, FlushCompress::Sync)
            .unwrap();
        assert_eq!(alone, whole.len() as u64 - 4);
    }

    /// zlib 1.2.13 makes 1,959 and 8,742 bytes of these (Python's `zlib.compressobj(6, zlib.DEFLATED, -15)` and `Z_SYNC_FLUSH`, less 4
    /// bytes each), with one object for all and with a new one for each. Encoders of one level differ by a few percent.
    #[test]
    fn another_encoder_makes_as_many_bytes_within_a_twentieth() {
        let mut deflater = Deflater::default();
        let mut context = ContextTakeover::default();
        let (mut alone, mut taken_over) = (0, 0);
        for n in 0..200 {
            let (price, volume) = (1000 + n * 7 % 101, n * n % 977);
            let message = format!("{{\"symbol\":\"ACME\",\"price\":{price},\"volume\":{volume}}}");
            let deflated = deflater.deflate(message.as_bytes(), &mut context).unwrap();
            alone += deflated.alone;
            taken_over += deflated.taken_over.unwrap();
        }
        let near = |found: u64, wanted: u64| found.abs_diff(wanted) * 20 <= wanted;
        assert!(near(taken_over, 1959), "{taken_over}");
        assert!(near(alone, 8742), "{alone}");
    }

    #[test]
    fn contexts_have_a_bound_and_come_back() {
        let mut deflater = Deflater::default();
        let mut contexts: Vec<ContextTakeover> = Vec::new();
        for _ in 0..=CONTEXTS {
            let mut context = ContextTakeover::default();
            deflater.deflate(b"x", &mut context).unwrap();
            contexts.push(context);
        }
        assert!(matches!(contexts.last(), Some(ContextTakeover::LeftOut)));
        deflater.end(contexts.first().unwrap());
        let mut context = ContextTakeover::default();
        let deflated = deflater.deflate(b"x", &mut context).unwrap();
        assert!(deflated.taken_over.is_some());
    }
}
