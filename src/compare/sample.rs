//! Sample: which messages are deflated, and what that says of all.
//!
//! Deflating costs thirty times what all the rest of the reading does, so it is done for a sample, by a fixed rule. The first
//! messages of each direction are all taken, while they are few: a small capture is told exactly. Past that it goes by senders, because
//! what a context taken over saves shows only where a sender is followed from its first message on: one sender in so many is, for
//! so long, and each stands for as many as it was chosen from. The more of them there are, the fewer are chosen, so that the work
//! grows with the logarithm of the capture.

use super::deflated::Encoder;
use super::quantiles::Quantiles;
use super::recast::Recast;
use super::said::Said;

/// What a message costs to deflate beside its bytes, as so many bytes more.
const EACH: u64 = 512;

/// So much of a direction is deflated whole: some 250 short messages, a few thousandths of a second's work.
const WHOLE: u64 = 128 << 10;

/// So much of a sender is deflated, once not all is: two windows where messages are long.
const FOLLOWED: u64 = 64 << 10;

/// Whenever so much more was deflated, half as many senders are chosen from then on.
const HALVES: u64 = 32 << 10;

/// Into how few senders the first choice is made: one in so many of a quarter of those that are there.
const CHOSEN: u64 = 4;

/// How many contexts are kept, where all is deflated and messages cannot wait for the end of their connection: some 350 MB.
const CONTEXTS: u64 = 1024;

/// What waits for being deflated, of one sender, where all is.
const WAITS: u64 = 64 << 10;

/// How much is deflated.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Deflate {
    /// A sample; all, where that is little.
    #[default]
    Sample,
    /// Every message.
    All,
    /// Nothing.
    None,
}

/// The senders of one direction, and what is known of their messages.
#[derive(Debug, Default)]
pub(super) struct Sample {
    how: Deflate,
    /// How many senders there were.
    senders: u64,
    /// One in so many is followed; zero and one: all.
    one_in: u64,
    spent: u64,
    /// How much may be spent before fewer are chosen.
    room: u64,
    contexts: u64,
    /// With a context that is taken over.
    pub(super) taken_over: Sums,
    /// Without.
    pub(super) alone: Sums,
}

/// What was computed, and what it stands for.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// How many messages it stands for.
    pub(super) count: u64,
    /// Their payload.
    pub(super) payload: u64,
    /// What they did cost.
    pub(super) actual: u64,
    /// How many are left out: nobody knows their payload, or what came before it.
    pub(super) left_out: u64,
    /// What those that were deflated would cost.
    pub(super) wires: Quantiles,
    /// The same, and what they did cost, each as often as it stands for.
    weighed: (u64, u64),
}

/// One sender of a connection. There are many of them, most of whom are not followed.
#[derive(Debug, Default)]
pub(super) struct Sender {
    followed: Option<Box<Followed>>,
    /// Whether it was decided whether it is followed.
    is_known: bool,
    /// Whether a message was left out, so that the context of what follows is not known.
    is_broken: bool,
}

#[derive(Debug)]
struct Followed {
    /// Its number among the senders of its direction.
    number: u64,
    /// For how many it stands.
    stands_for: u64,
    spent: u64,
    payloads: Vec<u8>,
    waiting: Vec<Waiting>,
    /// Where it cannot wait for the end.
    context: Option<Encoder>,
}

/// A message whose payload waits.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    len: usize,
    actual: u64,
    recast: Recast,
    is_broken: bool,
}

/// What deflates, for all.
#[derive(Debug, Default)]
pub(super) struct Encoders {
    taken_over: Encoder,
    alone: Encoder,
}

impl Sample {
    pub(super) fn new(how: Deflate) -> Self {
        Self {
            how,
            room: WHOLE,
            ..Self::default()
        }
    }

    /// Whether anything is deflated.
    pub(super) fn deflates(&self) -> bool {
        self.how != Deflate::None
    }

    /// Takes a message.
    pub(super) fn message(
        &mut self,
        sender: &mut Sender,
        message: &Said<'_>,
        recast: Recast,
        encoders: &mut Option<Box<Encoders>>,
    ) {
        if !message.has_payload() {
            return self.leave_out(sender);
        }
        let append = |payloads: &mut Vec<u8>| message.append_payload(payloads);
        let (len, actual) = (message.length, message.wire.total());
        self.payload(sender, (len, actual), append, recast, encoders);
    }

    /// Takes a message of so many bytes whose payload is known, and what it did cost.
    fn payload(
        &mut self,
        sender: &mut Sender,
        (len, actual): (u64, u64),
        append: impl FnOnce(&mut Vec<u8>),
        recast: Recast,
        encoders: &mut Option<Box<Encoders>>,
    ) {
        if self.how == Deflate::None {
            return;
        }
        self.alone.stand_for(len, actual);
        if sender.is_broken {
            self.taken_over.left_out += 1;
        } else {
            self.taken_over.stand_for(len, actual);
        }
        self.choose(sender);
        if let Some(followed) = &mut sender.followed {
            let work = len + EACH;
            self.spent += work;
            followed.spent += work;
            let before = followed.payloads.len();
            append(&mut followed.payloads);
            followed.waiting.push(Waiting {
                len: followed.payloads.len() - before,
                actual,
                recast,
                is_broken: sender.is_broken,
            });
            if self.how == Deflate::All && followed.payloads.len() as u64 >= WAITS {
                self.hurry(sender, encoders);
            }
        }
        self.look_for_room(sender, encoders);
    }

    /// Takes note of a message whose payload is not known: what follows it cannot be deflated with what came before.
    pub(super) fn leave_out(&mut self, sender: &mut Sender) {
        self.alone.left_out += 1;
        self.taken_over.left_out += 1;
        sender.is_broken = true;
    }

    /// The sender's connection is over.
    pub(super) fn end(&mut self, sender: &mut Sender, encoders: &mut Option<Box<Encoders>>) {
        if !sender.is_known {
            return;
        }
        self.choose(sender);
        if let Some(mut followed) = sender.followed.take() {
            self.contexts -= u64::from(followed.context.is_some());
            self.deflate(&mut followed, encoders);
        }
    }

    /// Decides of a sender at its first message, and again whenever fewer are followed. What was not deflated yet is lost for nothing,
    /// and what remains stands for it.
    fn choose(&mut self, sender: &mut Sender) {
        let one_in = self.one_in.max(1);
        if !sender.is_known {
            sender.is_known = true;
            let number = self.senders;
            self.senders += 1;
            sender.followed = number.is_multiple_of(one_in).then(|| {
                Box::new(Followed {
                    number,
                    stands_for: one_in,
                    spent: 0,
                    payloads: Vec::new(),
                    waiting: Vec::new(),
                    context: None,
                })
            });
            return;
        }
        if let Some(followed) = &mut sender.followed
            && followed.stands_for < one_in
        {
            followed.stands_for = one_in;
            if !followed.number.is_multiple_of(one_in) {
                self.spent -= followed.spent;
                sender.followed = None;
            }
        }
    }

    /// Lets go of a sender that was followed far enough, and chooses fewer from now on where enough was spent.
    fn look_for_room(&mut self, sender: &mut Sender, encoders: &mut Option<Box<Encoders>>) {
        if self.how == Deflate::All {
            return;
        }
        if self.spent >= self.room {
            self.one_in = match self.one_in {
                0 => (self.senders / CHOSEN + 1).next_power_of_two(),
                one_in => one_in.saturating_mul(2),
            };
            self.room = self.spent + HALVES;
        }
        let enough = |followed: &Followed| self.one_in > 0 && followed.spent >= FOLLOWED;
        if sender.followed.as_deref().is_some_and(enough) {
            self.end(sender, encoders);
        }
    }

    /// Deflates what waits of a sender that goes on.
    fn hurry(&mut self, sender: &mut Sender, encoders: &mut Option<Box<Encoders>>) {
        let Some(followed) = &mut sender.followed else {
            return;
        };
        if followed.context.is_none() && !sender.is_broken {
            if self.contexts < CONTEXTS {
                self.contexts += 1;
                followed.context = Some(Encoder::default());
            } else {
                sender.is_broken = true;
            }
        }
        self.deflate(followed, encoders);
    }

    fn deflate(&mut self, followed: &mut Followed, encoders: &mut Option<Box<Encoders>>) {
        let Encoders { taken_over, alone } = &mut **encoders.get_or_insert_default();
        let taken_over = followed.context.as_mut().unwrap_or_else(|| {
            taken_over.reset();
            taken_over
        });
        let mut rest = followed.payloads.as_slice();
        for message in followed.waiting.drain(..) {
            let (payload, behind) = rest.split_at(message.len.min(rest.len()));
            rest = behind;
            let times = followed.stands_for;
            let wire = message.recast.with(alone.alone(payload));
            self.alone.add(wire, message.actual, times);
            if !message.is_broken {
                let wire = message.recast.with(taken_over.message(payload));
                self.taken_over.add(wire, message.actual, times);
            }
        }
        followed.payloads.clear();
    }
}

impl Sums {
    fn stand_for(&mut self, payload: u64, actual: u64) {
        self.count += 1;
        self.payload += payload;
        self.actual += actual;
    }

    fn add(&mut self, wire: u64, actual: u64, times: u64) {
        self.wires.add(wire, ());
        let (wires, actuals) = &mut self.weighed;
        *wires = wires.saturating_add(wire.saturating_mul(times));
        *actuals = actuals.saturating_add(actual.saturating_mul(times));
    }

    /// How many messages were deflated, where that is not all.
    pub(super) fn sampled(&self) -> Option<u64> {
        Some(self.wires.count()).filter(|&count| count < self.count)
    }

    /// What all would cost: the sum, or what the sample says of all.
    pub(super) fn wire(&self) -> u64 {
        if self.sampled().is_none() {
            return self.wires.sum();
        }
        let (wires, actuals) = self.weighed;
        let of_all = u128::from(wires) * u128::from(self.actual);
        let half = u128::from(actuals) / 2;
        let all = (of_all + half).checked_div(u128::from(actuals));
        all.map_or(0, |all| u64::try_from(all).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::direction::Direction;

    fn recast() -> Recast {
        Recast::in_one_packet(Direction::ToClient, 66)
    }

    fn take(
        sample: &mut Sample,
        sender: &mut Sender,
        payload: Option<&[u8]>,
        actual: u64,
        encoders: &mut Option<Box<Encoders>>,
    ) {
        match payload {
            Some(payload) => {
                let cost = (payload.len() as u64, actual);
                let append = |payloads: &mut Vec<u8>| payloads.extend_from_slice(payload);
                sample.payload(sender, cost, append, recast(), encoders);
            }
            None => sample.leave_out(sender),
        }
    }

    fn quote(n: u64) -> String {
        let (price, volume) = (1000 + n * 7 % 101, n * n % 977);
        format!("{{\"symbol\":\"ACME\",\"price\":{price},\"volume\":{volume}}}")
    }

    /// So many connections, one after the other or all at once, each with so many messages.
    fn deflated(how: Deflate, connections: u64, messages: u64, at_once: bool) -> Sample {
        let mut sample = Sample::new(how);
        let mut encoders = None;
        let mut say = |sample: &mut Sample, sender: &mut Sender, n: u64| {
            let payload = quote(n);
            let actual = 68 + payload.len() as u64;
            take(
                sample,
                sender,
                Some(payload.as_bytes()),
                actual,
                &mut encoders,
            );
        };
        let mut senders: Vec<Sender> = (0..connections).map(|_| Sender::default()).collect();
        let mut ending = None;
        if at_once {
            for n in 0..messages {
                for (own, sender) in (0..).zip(&mut senders) {
                    say(&mut sample, sender, n * 31 + own);
                }
            }
            for sender in &mut senders {
                sample.end(sender, &mut ending);
            }
        } else {
            for (own, sender) in (0..).zip(&mut senders) {
                for n in 0..messages {
                    say(&mut sample, sender, n * 31 + own);
                }
                sample.end(sender, &mut ending);
            }
        }
        sample
    }

    fn is_near(found: &Sums, wanted: &Sums) {
        let (found, wanted) = (found.wire(), wanted.wire());
        assert!(
            found.abs_diff(wanted) * 20 <= wanted,
            "{found} for {wanted}"
        );
    }

    #[test]
    fn what_is_little_is_deflated_whole() {
        for at_once in [true, false] {
            let [sample, all] =
                [Deflate::Sample, Deflate::All].map(|how| deflated(how, 10, 20, at_once));
            assert_eq!(
                (sample.alone.sampled(), sample.taken_over.sampled()),
                (None, None)
            );
            assert_eq!(sample.alone.wire(), all.alone.wire());
            assert_eq!(sample.taken_over.wire(), all.taken_over.wire());
        }
    }

    #[test]
    fn a_sample_says_of_all_what_all_say() {
        for (connections, messages, at_once) in [
            (1, 20_000, false),
            (100, 200, true),
            (100, 200, false),
            (5_000, 4, true),
            (5_000, 4, false),
        ] {
            let [sample, all] = [Deflate::Sample, Deflate::All]
                .map(|how| deflated(how, connections, messages, at_once));
            assert_eq!((sample.alone.count, all.alone.sampled()), (20_000, None));
            assert_eq!(sample.taken_over.actual, all.taken_over.actual);
            let of = sample.taken_over.sampled().unwrap_or(u64::MAX);
            assert!(
                (100..1500).contains(&of),
                "{of} of {connections} x {messages}"
            );
            is_near(&sample.alone, &all.alone);
            is_near(&sample.taken_over, &all.taken_over);
        }
    }

    #[test]
    fn ten_times_as_much_costs_little_more() {
        let few = deflated(Deflate::Sample, 2_000, 10, false);
        let many = deflated(Deflate::Sample, 20_000, 10, false);
        assert!(many.alone.wires.count() < 2 * few.alone.wires.count());
    }

    #[test]
    fn what_is_not_known_breaks_the_context_and_nothing_else() {
        let (mut sample, mut sender, mut encoders) =
            (Sample::new(Deflate::Sample), Sender::default(), None);
        for payload in [Some(&b"Hello"[..]), None, Some(b"Hello")] {
            take(&mut sample, &mut sender, payload, 73, &mut encoders);
        }
        sample.end(&mut sender, &mut encoders);
        assert_eq!((sample.alone.count, sample.alone.left_out), (2, 1));
        assert_eq!(
            (sample.taken_over.count, sample.taken_over.left_out),
            (1, 2)
        );
        // "Hello" takes 7 bytes deflated (RFC 7692, section 7.2.3.1), in a frame of 9.
        assert_eq!((sample.alone.wire(), sample.taken_over.wire()), (150, 75));
    }

    #[test]
    fn contexts_have_a_bound_and_come_back() {
        let mut sample = Sample::new(Deflate::All);
        let mut encoders = None;
        let long = vec![b'x'; usize::try_from(WAITS).unwrap_or(0)];
        let mut senders: Vec<Sender> = (0..=CONTEXTS).map(|_| Sender::default()).collect();
        for sender in &mut senders {
            for _ in 0..2 {
                take(&mut sample, sender, Some(&long), 1, &mut encoders);
            }
        }
        assert_eq!((sample.contexts, sample.taken_over.left_out), (CONTEXTS, 1));
        for sender in &mut senders {
            sample.end(sender, &mut encoders);
        }
        assert_eq!(sample.contexts, 0);
    }
}
