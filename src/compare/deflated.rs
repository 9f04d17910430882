//! Deflated: what a payload would be with permessage-deflate (RFC 7692), by really deflating it.
//!
//! An encoder of zlib's default level, with the full window: another encoder or level gives somewhat other sizes.

use flate2::{Compress, Compression, FlushCompress};

/// Deflates messages, and tells only how long they become. About a third of a megabyte.
#[derive(Debug)]
pub(super) struct Encoder(Compress);

impl Default for Encoder {
    fn default() -> Self {
        Self(Compress::new(Compression::default(), false))
    }
}

impl Encoder {
    /// Forgets what came before.
    pub(super) fn reset(&mut self) {
        self.0.reset();
    }

    /// The length of a message, deflated with what came before: flushed, without the four bytes that a flush ends with (RFC 7692,
    /// section 7.2.1).
    pub(super) fn message(&mut self, payload: &[u8]) -> u64 {
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

    /// The length of a message, deflated anew.
    pub(super) fn alone(&mut self, payload: &[u8]) -> u64 {
        self.reset();
        self.message(payload)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    /// RFC 7692, section 7.2.3: "Hello" deflated, then again with and without what came before.
    #[test]
    fn the_specifications_examples_have_these_lengths() {
        let mut encoder = Encoder::default();
        assert_eq!(
            (encoder.message(b"Hello"), encoder.message(b"Hello")),
            (7, 5)
        );
        assert_eq!((encoder.alone(b"Hello"), encoder.alone(b"Hello")), (7, 7));
    }

    #[test]
    fn an_empty_message_is_one_byte() {
        assert_eq!(Encoder::default().message(b""), 1);
    }

    #[test]
    fn what_is_deflated_can_be_longer_than_a_buffer() {
        let noise: Vec<u8> = (0..100_000u32)
            .map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap())
            .collect();
        let mut whole = Vec::with_capacity(200_000);
        let mut encoder = Compress::new(Compression::default(), false);
        encoder
            .compress_vec(&noise, &mut whole, FlushCompress::Sync)
            .unwrap();
        assert_eq!(Encoder::default().message(&noise), whole.len() as u64 - 4);
    }

    /// zlib 1.2.13 makes 1,959 and 8,742 bytes of these (Python's `zlib.compressobj(6, zlib.DEFLATED, -15)` and `Z_SYNC_FLUSH`, less 4
    /// bytes each), with one object for all and with a new one for each. Encoders of one level differ by a few percent.
    #[test]
    fn another_encoder_makes_as_many_bytes_within_a_twentieth() {
        let (mut one, mut each) = (Encoder::default(), Encoder::default());
        let (mut alone, mut taken_over) = (0, 0);
        for n in 0..200 {
            let (price, volume) = (1000 + n * 7 % 101, n * n % 977);
            let message = format!("{{\"symbol\":\"ACME\",\"price\":{price},\"volume\":{volume}}}");
            alone += each.alone(message.as_bytes());
            taken_over += one.message(message.as_bytes());
        }
        let near = |found: u64, wanted: u64| found.abs_diff(wanted) * 20 <= wanted;
        assert!(near(taken_over, 1959), "{taken_over}");
        assert!(near(alone, 8742), "{alone}");
    }
}
