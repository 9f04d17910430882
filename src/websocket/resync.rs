//! A lost boundary, found again: where frames begin in bytes that follow a hole.
//!
//! Every offset that could begin a frame is followed from header to header. The true boundaries form one long chain; what merely
//! looks like a header soon leads nowhere. Chains are computed backwards, so the cost is linear in the bytes.

use super::frame::{Header, Opcode};

/// The longest payload that a header may announce to be believed after a loss.
const LONGEST_BELIEVED: u64 = 16 << 20;

/// How many whole frames a chain must have.
const DEPTH: u32 = 3;

/// How many, where the chain does not begin where a packet begins.
const DEPTH_ANYWHERE: u32 = 5;

/// How many, where the chain ends exactly with the stream.
const DEPTH_TO_THE_END: u32 = 2;

/// What is known of the frames that are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Whether they are masked; none where the roles are not known.
    pub masked: Option<bool>,
    /// Whether RSV1 may be set: an extension that uses it is agreed, or may be.
    pub rsv1: bool,
    /// Whether the stream ends behind these bytes.
    pub at_end: bool,
}

/// A boundary that is believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Found {
    /// Where the first frame begins.
    pub offset: usize,
    /// How many whole frames follow each other from there.
    pub frames: u32,
}

/// Looks for frames anywhere in `bytes`; `begins_packet` tells where packets' payloads begin, which is where most frames do.
pub fn find(
    bytes: &[u8],
    expected: Expected,
    begins_packet: impl Fn(usize) -> bool,
) -> Option<Found> {
    let chains = Chains::of(bytes, expected);
    chains
        .best(bytes, &begins_packet, DEPTH, expected)
        .or_else(|| {
            let found = chains.best(bytes, &|_| true, DEPTH_ANYWHERE, expected)?;
            // The first frame of a chain that begins anywhere may be a false start that happens to lead to a true boundary.
            let first = plausible(bytes.get(found.offset..)?, expected)?;
            Some(Found {
                offset: found.offset + frame_len(&first)?,
                frames: found.frames - 1,
            })
        })
}

/// How many starts of packets are tried for a chain that ends with a packet: what waits before a cut packet is short.
const STARTS: usize = 64;

/// The first of the `starts` from which frames follow each other so that the last ends exactly at `end`, which is where a packet
/// that was cut by the snapshot length ended on the wire.
pub fn ends_with_packet(
    bytes: &[u8],
    end: u64,
    expected: Expected,
    starts: &[usize],
) -> Option<usize> {
    starts
        .iter()
        .copied()
        .take(STARTS)
        .find(|&start| chain_end(bytes, start, expected) == Some(end))
}

/// Where the first frame ends that reaches beyond the bytes, in a chain from `start`.
fn chain_end(bytes: &[u8], start: usize, expected: Expected) -> Option<u64> {
    let mut at = start;
    loop {
        let header = plausible(bytes.get(at..)?, expected)?;
        let next = at.checked_add(frame_len(&header)?)?;
        if next > bytes.len() {
            return u64::try_from(next).ok();
        }
        at = next;
    }
}

/// Follows the chain of frames from the first byte: how many are whole, and whether it reaches the end without a contradiction.
pub fn chain_from_start(bytes: &[u8], expected: Expected) -> Option<Chain> {
    let mut chain = Chain::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        match plausible(rest, expected) {
            Some(header) => {
                chain.masked.get_or_insert(header.masking_key.is_some());
                if chain.masked != Some(header.masking_key.is_some()) {
                    return None;
                }
                match frame_len(&header).and_then(|len| rest.get(len..)) {
                    Some(behind) => {
                        chain.frames += 1;
                        chain.whole_messages +=
                            u32::from(header.fin && header.opcode != Opcode::Continuation);
                        if header.opcode == Opcode::Close && !behind.is_empty() {
                            return None;
                        }
                        rest = behind;
                    }
                    None => break,
                }
            }
            None if is_plausible_start(rest, expected) => break,
            None => return None,
        }
    }
    Some(chain)
}

/// What a chain shows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Chain {
    /// Whole frames.
    pub frames: u32,
    /// Those with FIN that are no continuation.
    pub whole_messages: u32,
    /// Whether they are masked, all alike; none where there is no frame.
    pub masked: Option<bool>,
}

/// For each offset, how many whole frames follow each other from there, and where the last begins.
struct Chains {
    depth: Vec<u32>,
    last: Vec<u32>,
}

const DEAD: u32 = u32::MAX;

impl Chains {
    fn of(bytes: &[u8], expected: Expected) -> Self {
        let mut chains = Self {
            depth: vec![DEAD; bytes.len()],
            last: vec![DEAD; bytes.len()],
        };
        for at in (0..bytes.len()).rev() {
            if let Some((depth, last)) = chains.step(bytes, at, expected)
                && let (Some(depth_at), Some(last_at)) =
                    (chains.depth.get_mut(at), chains.last.get_mut(at))
            {
                (*depth_at, *last_at) = (depth, last);
            }
        }
        chains
    }

    fn step(&self, bytes: &[u8], at: usize, expected: Expected) -> Option<(u32, u32)> {
        let rest = bytes.get(at..)?;
        let place = u32::try_from(at).ok()?;
        let Some(header) = plausible(rest, expected) else {
            return (!expected.at_end && is_plausible_start(rest, expected)).then_some((0, place));
        };
        let next = at.checked_add(frame_len(&header)?)?;
        if next > bytes.len() {
            return (!expected.at_end).then_some((0, place));
        }
        if next == bytes.len() {
            return Some((1, place));
        }
        let (&depth, &last) = (self.depth.get(next)?, self.last.get(next)?);
        (depth != DEAD && header.opcode != Opcode::Close).then(|| (depth + 1, last))
    }

    /// The deepest chain among the offsets that are allowed, if nothing else comes near it.
    fn best(
        &self,
        bytes: &[u8],
        allowed: &dyn Fn(usize) -> bool,
        depth: u32,
        expected: Expected,
    ) -> Option<Found> {
        let mut best: Option<(u32, u32, usize)> = None;
        let mut rival = 0;
        for (at, (&frames, &last)) in self
            .depth
            .iter()
            .zip(&self.last)
            .enumerate()
            .filter(|(_, (depth, _))| **depth != DEAD)
        {
            if !allowed(at) {
                continue;
            }
            match best {
                Some((most, of, _)) if frames > most => {
                    if of != last {
                        rival = rival.max(most);
                    }
                    best = Some((frames, last, at));
                }
                Some((_, of, _)) if of == last => {}
                Some(_) => rival = rival.max(frames),
                None => best = Some((frames, last, at)),
            }
        }
        let (frames, _, offset) = best?;
        let enough = if expected.at_end {
            DEPTH_TO_THE_END.min(depth)
        } else {
            depth
        };
        (frames >= enough && rival * 2 <= frames && is_legal_order(bytes.get(offset..)?, expected))
            .then_some(Found { offset, frames })
    }
}

/// Whether the frames of a chain can follow each other (RFC 6455, section 5.4), and one of them is a whole message or a control frame.
fn is_legal_order(mut bytes: &[u8], expected: Expected) -> bool {
    let mut open: Option<bool> = None;
    let mut confirmed = false;
    while let Some(header) = plausible(bytes, expected) {
        match (header.opcode, open) {
            (Opcode::Continuation, Some(false)) | (Opcode::Text | Opcode::Binary, Some(true)) => {
                return false;
            }
            (Opcode::Continuation | Opcode::Text | Opcode::Binary, _) => open = Some(!header.fin),
            _ => {}
        }
        confirmed |= header.fin && header.opcode != Opcode::Continuation;
        match frame_len(&header).and_then(|len| bytes.get(len..)) {
            Some(rest) => bytes = rest,
            None => break,
        }
    }
    confirmed
}

/// The length of a frame on the wire, where this machine can address it.
fn frame_len(header: &Header) -> Option<usize> {
    usize::try_from(header.payload_len)
        .ok()?
        .checked_add(usize::from(header.header_len))
}

/// What bytes begin with, where each may come alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Begins {
    /// A header that a careful sender could have written.
    Frame(Header),
    /// Perhaps one: more bytes must tell.
    More,
    /// None.
    Nothing,
}

/// Whether bytes begin with a header that a careful sender could have written.
pub fn begins_frame(bytes: &[u8], expected: Expected) -> Begins {
    match plausible(bytes, expected) {
        Some(header) => Begins::Frame(header),
        None if Header::parse(bytes).is_err()
            && (bytes.is_empty() || is_plausible_start(bytes, expected)) =>
        {
            Begins::More
        }
        None => Begins::Nothing,
    }
}

/// A header, if a careful sender could have written it.
fn plausible(bytes: &[u8], expected: Expected) -> Option<Header> {
    if !is_plausible_start(bytes, expected) {
        return None;
    }
    let (_, header) = Header::parse(bytes).ok()?;
    let length_form = header.header_len - if header.masking_key.is_some() { 4 } else { 0 };
    let shortest = match header.payload_len {
        0..=125 => 2,
        126..=65535 => 4,
        _ => 10,
    };
    // Runs of zeros would look like empty continuations without end.
    let says_nothing =
        header.opcode == Opcode::Continuation && !header.fin && header.payload_len == 0;
    let broken_close = header.opcode == Opcode::Close && header.payload_len == 1;
    (length_form == shortest
        && header.payload_len < LONGEST_BELIEVED
        && !says_nothing
        && !broken_close)
        .then_some(header)
}

/// Whether the first bytes can begin a header, as far as there are any.
fn is_plausible_start(bytes: &[u8], expected: Expected) -> bool {
    let Some((&first, rest)) = bytes.split_first() else {
        return false;
    };
    let (opcode, fin, rsv) = (Opcode::from(first), first & 0x80 != 0, first & 0x70);
    let known = !matches!(opcode, Opcode::Reserved(_));
    let data_start = matches!(opcode, Opcode::Text | Opcode::Binary);
    let rsv_allowed = rsv == 0 || rsv == 0x40 && expected.rsv1 && data_start;
    let second_allowed = rest.first().is_none_or(|second| {
        let masked = second & 0x80 != 0;
        expected.masked.is_none_or(|expected| expected == masked)
            && (!opcode.is_control() || second & 0x7f <= 125)
    });
    known && rsv_allowed && (!opcode.is_control() || fin) && second_allowed
}
