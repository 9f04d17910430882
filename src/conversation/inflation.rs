//! The compressed messages of one direction: inflated as it was agreed, and what is to be said about that.

use super::Context;
use crate::check::Cause;
use crate::direction::Direction;
use crate::notice::{Kind, Notice};
use crate::websocket::deflate::{Agreed, Inflated, Inflater, Limit, Plain, Workshop};
use crate::websocket::{Compression, Header};

/// How many messages must inflate before a connection without a handshake is said to be compressed.
const EVIDENCE: u32 = 3;

/// Inflates one direction, if anything in it is compressed.
#[derive(Debug, Default)]
pub(super) struct Inflation(Option<Box<Agreement>>);

/// What holds for a direction in which something may be compressed.
#[derive(Debug)]
struct Agreement {
    agreed: Agreed,
    /// Made for the first compressed message.
    inflater: Option<Box<Inflater>>,
    /// Why bytes that a message may refer to are missing; none where none are.
    lost: Option<Cause>,
    told_of_windows: bool,
    /// How many messages were inflated to their ends.
    inflated: u32,
}

impl Inflation {
    /// Of a direction; `from_the_start`: no message before the first that is read is missing.
    pub(super) fn new(
        compression: Compression,
        direction: Direction,
        from_the_start: bool,
    ) -> Self {
        let agreement = compression.towards(direction).map(|agreed| Agreement {
            agreed,
            inflater: None,
            lost: (compression == Compression::Unknown || !from_the_start).then_some(Cause::Gap),
            told_of_windows: false,
            inflated: 0,
        });
        Self(agreement.map(Box::new))
    }

    /// Whether a message whose first frame has this header is compressed (RFC 7692, section 6).
    #[inline]
    pub(super) fn compresses(&self, first: &Header) -> bool {
        first.rsv1() && self.may_compress()
    }

    /// Whether a message may be compressed whose first frame is not known.
    pub(super) fn may_compress(&self) -> bool {
        self.0.is_some()
    }

    /// Whether compression was agreed on in a handshake that the capture has.
    pub(super) fn is_certain(&self) -> bool {
        self.0.as_ref().is_some_and(|state| state.agreed.certain)
    }

    /// A compressed message begins.
    pub(super) fn begin(&mut self, cx: &mut Context<'_>) {
        let Some(state) = self.0.as_mut().filter(|_| cx.options.max_inflate > 0) else {
            return;
        };
        let (agreed, known) = (state.agreed, state.lost.is_none());
        let inflater = state.inflater.get_or_insert_with(|| {
            let (most, measure) = (cx.options.max_inflate, cx.options.measure_distances);
            Box::new(Inflater::new(agreed, most, known, measure))
        });
        inflater.begin(&mut cx.scratch.workshop);
    }

    /// Takes the next piece of its payload.
    pub(super) fn push(
        &mut self,
        coded: &[u8],
        workshop: &mut Workshop,
        take: impl FnMut(Plain<'_>),
    ) {
        if let Some(inflater) = self.0.as_mut().and_then(|state| state.inflater.as_mut()) {
            inflater.push(coded, workshop, take);
        }
    }

    /// The message is whole.
    pub(super) fn end(&mut self, direction: Direction, cx: &mut Context<'_>) -> Option<Inflated> {
        let state = self.0.as_mut()?;
        let inflated = state.inflater.as_mut()?.end(&mut cx.scratch.workshop);
        match inflated.limit {
            Some(Limit::Windows) if !state.told_of_windows => {
                state.told_of_windows = true;
                notice(
                    direction,
                    Kind::LimitReached,
                    "too many compressed connections are alive to inflate this one",
                    cx,
                );
            }
            Some(Limit::Message) => {
                let most = cx.options.max_inflate;
                notice(
                    direction,
                    Kind::LimitReached,
                    format!(
                        "a message inflates to more than {most} bytes; the rest of it was not inflated"
                    ),
                    cx,
                );
            }
            _ => {}
        }
        let counts = inflated.length.is_some() && !inflated.agreed.certain;
        state.inflated = state.inflated.saturating_add(u32::from(counts));
        if counts && state.inflated == EVIDENCE {
            notice(
                direction,
                Kind::CompressionAssumed,
                "its handshake is not in the capture; its messages that are marked as compressed can be inflated, so permessage-deflate is taken as agreed",
                cx,
            );
        }
        Some(inflated)
    }

    /// Why bytes that a message may refer to were missing last; none where none ever were.
    pub(super) fn lost(&self) -> Option<Cause> {
        self.0.as_ref()?.lost
    }

    /// Bytes are missing that a message may refer to.
    pub(super) fn lose(&mut self, cause: Cause, workshop: &mut Workshop) {
        if let Some(state) = &mut self.0 {
            state.lost = Some(cause);
            if let Some(inflater) = &mut state.inflater {
                inflater.lose(workshop);
            }
        }
    }

    /// The direction has ended: its windows are not needed any more. What comes all the same may refer to them.
    pub(super) fn close(&mut self) {
        if let Some(state) = &mut self.0
            && state.inflater.take().is_some()
        {
            state.lost.get_or_insert(Cause::Gap);
        }
    }
}

fn notice(direction: Direction, kind: Kind, explanation: impl Into<String>, cx: &mut Context<'_>) {
    cx.tell(Notice::new(kind, explanation).sent_by(direction));
}
