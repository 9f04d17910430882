//! The messages of one direction, inflated.
//!
//! What a message refers to may be missing in the capture. Its length never depends on that, so two streams are then inflated side
//! by side, behind windows that differ in every byte: where both give the same byte it is known, where they differ it
//! is a copy of something that is missing.

use super::earlier::Earlier;
use super::history::WINDOW;
use super::stream::{Step, Stream};
use super::workshop::{Window, Workshop};
use super::{Agreed, Failure, Inflated, Limit, farthest_distance};
use crate::private::Private;

/// What the sender removed from the end of each message (RFC 7692, section 7.2.1).
pub(super) const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// An empty block with fixed codes and an empty stored block: nothing where a block may begin, an error or output elsewhere.
const PROBE: [u8; 6] = [0x02, 0x00, 0x00, 0x00, 0xff, 0xff];

/// Both.
const TAIL_AND_PROBE: [u8; 10] = [0x00, 0x00, 0xff, 0xff, 0x02, 0x00, 0x00, 0x00, 0xff, 0xff];

/// How much of a message is kept to measure its distances, where they are measured: eight times the widest window. Longer messages
/// are not measured; the window that a sender uses shows in its other messages as well.
const MEASURED: usize = 256 << 10;

/// How much of that room is kept from one message to the next: what most messages need. Every compressed direction that is alive has it.
const MEASURED_KEPT: usize = 4 << 10;

/// A piece of what a message inflates to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Plain<'a> {
    /// These bytes.
    Known(&'a [u8]),
    /// So many bytes that are copies of what is missing in the capture.
    Unknown(usize),
}

/// Inflates the compressed messages of one direction.
#[derive(Debug)]
pub struct Inflater {
    agreed: Agreed,
    /// How much a message may inflate to.
    most: u64,
    window: Option<Window>,
    /// The same behind another window, while history is not known.
    twin: Option<Window>,
    /// Whether everything was seen that the next message may refer to.
    history_known: bool,
    /// How many known bytes stand at the end of what was inflated.
    known_run: usize,
    /// The compressed bytes of the message, where its distances are to be measured.
    measured: Option<Private<Vec<u8>>>,
    /// What a message may wrongly refer to; kept where no context takeover was agreed.
    earlier: Option<Earlier>,
    message: Open,
}

/// The message that is open.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    coded: u64,
    length: u64,
    unknown: u64,
    last: Private<[u8; 4]>,
    /// Whether nothing came behind a final block.
    at_final_block: bool,
    final_block: bool,
    failure: Option<(Failure, u64)>,
    /// Where it refers to an earlier message although it may not, and how that showed.
    beyond: Option<(Failure, u64)>,
    limit: Option<Limit>,
}

impl Inflater {
    /// For messages about which this was agreed, each of which may inflate to `most` bytes. With `history_known` nothing precedes
    /// the first message. With `measure` the distances are measured where the window is smaller than the widest.
    pub fn new(agreed: Agreed, most: u64, history_known: bool, measure: bool) -> Self {
        let smaller = agreed.window() < u32::try_from(WINDOW).unwrap_or(u32::MAX);
        Self {
            agreed,
            most,
            window: None,
            twin: None,
            history_known: history_known || !agreed.takeover,
            known_run: 0,
            measured: (measure && smaller).then(Private::default),
            earlier: (!agreed.takeover).then(Earlier::default),
            message: Open::default(),
        }
    }

    /// A compressed message begins.
    pub fn begin(&mut self, workshop: &mut Workshop) {
        self.message = Open::default();
        if let Some(measured) = &mut self.measured {
            measured.clear();
        }
        if let Some(earlier) = &mut self.earlier {
            earlier.begin();
        }
        if self.window.is_some() {
            return;
        }
        self.window = workshop.window();
        if !self.history_known {
            self.twin = workshop.window();
            self.known_run = 0;
            for (window, byte) in [(&mut self.window, 0x00), (&mut self.twin, 0xff)] {
                if let Some(window) = window {
                    window.stream.reset_behind(byte);
                }
            }
        }
        if self.window.is_none() || !self.history_known && self.twin.is_none() {
            self.message.limit = Some(Limit::Windows);
            self.lose(workshop);
        }
    }

    /// Takes the next piece of its payload, without masking.
    pub fn push(&mut self, coded: &[u8], workshop: &mut Workshop, mut give: impl FnMut(Plain<'_>)) {
        if coded.is_empty() {
            return;
        }
        self.message.remember_last(coded);
        if let Some(measured) = &mut self.measured
            && measured.len() <= MEASURED
        {
            measured.extend_from_slice(coded);
        }
        if let Some(earlier) = &mut self.earlier {
            earlier.push(coded);
        }
        if self.goes_on() {
            self.message.at_final_block = false;
            self.inflate(coded, workshop, &mut give);
        }
        self.message.coded += coded.len() as u64;
    }

    /// The message is over.
    pub fn end(&mut self, workshop: &mut Workshop) -> Inflated {
        let tail_left_in = self.message.coded >= 4 && *self.message.last == TAIL;
        let mut whole = self.goes_on();
        let mut ends_early = false;
        // A message without a byte changes nothing here, though it leaves a receiver's decompressor inside a block.
        if whole && self.message.coded > 0 {
            ends_early = tail_left_in || self.message.at_final_block;
            let rest: &[u8] = if ends_early { &PROBE } else { &TAIL_AND_PROBE };
            whole = self.gives_nothing_for(rest, workshop);
        }
        if whole && ends_early || !whole && self.goes_on() {
            self.message.failure = Some((Failure::Unfinished, self.message.coded));
        }
        if self.message.failure.is_some() {
            // Behind the earlier messages it is no better, so they may not be what it refers to.
            self.message.failure = self.message.beyond.take().or(self.message.failure);
        }
        let inflated = self.inflated(tail_left_in, whole);
        if let Some(measured) = &mut self.measured {
            measured.clear();
            measured.shrink_to(MEASURED_KEPT);
        }
        if !whole {
            self.lose(workshop);
        } else if let Some(earlier) = &mut self.earlier {
            if let Some(window) = &self.window {
                earlier.end(&window.stream, self.message.beyond.is_none());
            }
            self.put_down(workshop);
        } else if self.known_run >= WINDOW {
            self.history_known = true;
            if let Some(twin) = self.twin.take() {
                workshop.take_back(twin);
            }
        }
        inflated
    }

    /// Whether the stream stands where a block may begin, if these bytes bring it there.
    fn gives_nothing_for(&mut self, rest: &[u8], workshop: &mut Workshop) -> bool {
        let before = self.message;
        // There is nothing left to read a second time.
        self.message
            .beyond
            .get_or_insert((Failure::Takeover, before.coded));
        self.inflate(rest, workshop, &mut |_| {});
        let nothing = self.message.length == before.length && self.goes_on();
        self.message = before;
        nothing
    }

    /// Something of this direction is missing, or a message will never be whole.
    pub fn lose(&mut self, workshop: &mut Workshop) {
        self.put_down(workshop);
        self.history_known = !self.agreed.takeover;
        self.known_run = 0;
        if let Some(earlier) = &mut self.earlier {
            earlier.forget();
        }
    }

    /// Gives its windows back.
    fn put_down(&mut self, workshop: &mut Workshop) {
        for window in [self.window.take(), self.twin.take()].into_iter().flatten() {
            workshop.take_back(window);
        }
    }

    fn goes_on(&self) -> bool {
        self.message.failure.is_none() && self.message.limit.is_none() && self.window.is_some()
    }

    fn inflated(&self, tail_left_in: bool, whole: bool) -> Inflated {
        let message = self.message;
        let beyond = message.beyond.map(|(_, at)| (Failure::Takeover, at));
        let failure = message.failure.or(beyond);
        Inflated {
            agreed: self.agreed,
            length: whole.then_some(message.length),
            failure: failure.map(|(failure, _)| failure),
            failed_at: failure.map(|(_, at)| at),
            final_block: message.final_block,
            tail_left_in,
            history_known: self.history_known,
            unknown: message.unknown,
            farthest_distance: self
                .measured
                .as_ref()
                .filter(|coded| coded.len() <= MEASURED)
                .and_then(|coded| farthest_distance(coded)),
            limit: message.limit,
        }
    }

    /// The message cannot be inflated as it should be; perhaps as it should not.
    fn fail(
        &mut self,
        failure: Failure,
        at: u64,
        workshop: &mut Workshop,
        give: &mut dyn FnMut(Plain<'_>),
    ) {
        let again = match (&mut self.earlier, &mut self.window) {
            (Some(earlier), Some(window))
                if failure == Failure::Reference && self.message.beyond.is_none() =>
            {
                earlier.reread(&mut window.stream)
            }
            _ => None,
        };
        let Some(coded) = again else {
            self.message.failure = Some((failure, at));
            return;
        };
        let first = self.message;
        self.message = Open {
            beyond: Some((failure, at)),
            last: first.last,
            ..Open::default()
        };
        // What the first reading gave is not given again.
        let mut skip = usize::try_from(first.length).unwrap_or(usize::MAX);
        self.inflate(&coded, workshop, &mut |plain| {
            if let Plain::Known(plain) = plain {
                let new = behind(plain, skip);
                skip = skip.saturating_sub(plain.len());
                give(Plain::Known(new));
            }
        });
        self.message.coded = first.coded;
    }

    fn inflate(
        &mut self,
        mut coded: &[u8],
        workshop: &mut Workshop,
        give: &mut dyn FnMut(Plain<'_>),
    ) {
        let at = self.message.coded;
        let whole = coded.len();
        loop {
            let step = match (&mut self.window, &mut self.twin) {
                (Some(window), None) => {
                    step_alone(&mut window.stream, coded, &mut workshop.plain, give)
                }
                (Some(window), Some(twin)) => {
                    let (one, other) = workshop.pair_of_rooms();
                    let pair = [(&mut *window.stream, one), (&mut *twin.stream, other)];
                    step_pair(
                        pair,
                        coded,
                        &mut self.known_run,
                        &mut self.message.unknown,
                        give,
                    )
                }
                _ => return,
            };
            let full = workshop.plain.len();
            coded = coded.get(step.taken..).unwrap_or_default();
            self.message.length += step.given as u64;
            if step.final_block {
                self.message.final_block = true;
                self.message.at_final_block = coded.is_empty();
            }
            if self.message.length > self.most {
                self.message.limit = Some(Limit::Message);
                return;
            }
            if let Some(failure) = step.failure {
                let taken = at + (whole - coded.len()) as u64;
                return self.fail(failure, taken.saturating_sub(1), workshop, give);
            }
            let stuck = step.taken == 0 && step.given == 0 && !step.final_block;
            if stuck || coded.is_empty() && step.given < full {
                return;
            }
        }
    }
}

fn step_alone(
    stream: &mut Stream,
    coded: &[u8],
    plain: &mut [u8],
    give: &mut dyn FnMut(Plain<'_>),
) -> Step {
    let step = stream.step(coded, plain);
    if step.given > 0 {
        give(Plain::Known(plain.get(..step.given).unwrap_or_default()));
    }
    step
}

/// A step of two streams that are the same but for what is missing.
fn step_pair(
    [(stream, plain), (twin, other)]: [(&mut Stream, &mut [u8]); 2],
    coded: &[u8],
    known_run: &mut usize,
    unknown: &mut u64,
    give: &mut dyn FnMut(Plain<'_>),
) -> Step {
    let step = stream.step(coded, plain);
    // How far each gets depends on the compressed bytes alone.
    twin.step(coded, other);
    let mut plain = plain.get(..step.given).unwrap_or_default();
    let mut other = other.get(..step.given).unwrap_or_default();
    while !plain.is_empty() {
        let same = run(plain, other, |a, b| a == b);
        if same > 0 {
            *known_run = known_run.saturating_add(same);
            give(Plain::Known(plain.get(..same).unwrap_or_default()));
        }
        (plain, other) = (behind(plain, same), behind(other, same));
        let different = run(plain, other, |a, b| a != b);
        if different > 0 {
            *known_run = 0;
            *unknown += different as u64;
            give(Plain::Unknown(different));
        }
        (plain, other) = (behind(plain, different), behind(other, different));
    }
    step
}

fn run(one: &[u8], other: &[u8], holds: impl Fn(u8, u8) -> bool) -> usize {
    one.iter()
        .zip(other)
        .take_while(|(a, b)| holds(**a, **b))
        .count()
}

fn behind(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(len..).unwrap_or_default()
}

impl Open {
    /// Keeps the last four bytes of the payload.
    fn remember_last(&mut self, coded: &[u8]) {
        if let Some(last) = coded.last_chunk::<4>() {
            *self.last = *last;
        } else {
            for &byte in coded {
                let [_, b, c, d] = *self.last;
                *self.last = [b, c, d, byte];
            }
        }
    }
}
