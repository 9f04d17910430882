//! Conversations to try the laws on: what two programs could say to each other, small enough to print when a law fails.

use proptest::prelude::*;
use wscope::direction::Direction::{self, ToClient, ToServer};
use wscope::event::MessageKind;

use crate::traffic::{Body, Http, Rng, Traffic};

/// A conversation on one connection: some HTTP, then perhaps a WebSocket.
#[derive(Clone, Debug)]
pub struct Conversation {
    pub seed: u64,
    pub http: Vec<HttpStep>,
    pub websocket: Option<(Vec<Step>, Close)>,
    /// The last response ends with the connection; only where no WebSocket follows.
    pub until_close: bool,
}

#[derive(Clone, Debug)]
pub enum HttpStep {
    One(Asked),
    Pipelined(Vec<Asked>),
}

/// A request and its answer, as numbers.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: &'static str,
    pub status: u16,
    pub request: Framed,
    pub response: Framed,
    pub expects_continue: bool,
}

/// How a body of arbitrary bytes is framed.
#[derive(Clone, Debug)]
pub enum Framed {
    Nothing,
    Length(usize),
    Chunks(Vec<usize>),
}

#[derive(Clone, Debug)]
pub enum Step {
    Message {
        sender: Direction,
        text: bool,
        len: usize,
        /// Where the message is cut, in parts of 1000; 1000 makes an empty last frame.
        cuts: Vec<usize>,
        controls: Vec<u8>,
    },
    Ping(Direction, usize),
    Pong(Direction, usize),
}

#[derive(Clone, Copy, Debug)]
pub enum Close {
    Handshake(u16),
    OnlyFin,
    LeftOpen,
}

impl Conversation {
    pub fn traffic(&self) -> Traffic {
        let mut rng = Rng(self.seed ^ 0x5eed);
        let mut traffic = Traffic::new(self.seed);
        for step in &self.http {
            traffic = match step {
                HttpStep::One(asked) => traffic.http(&asked.http(&mut rng)),
                HttpStep::Pipelined(many) => {
                    let https: Vec<Http> = many.iter().map(|asked| asked.http(&mut rng)).collect();
                    traffic.pipelined(&https)
                }
            };
        }
        let Some((steps, close)) = &self.websocket else {
            return if self.until_close {
                traffic.http(&Http {
                    method: "GET",
                    target: "/until-close".into(),
                    status: 200,
                    request_body: Body::None,
                    response_body: Body::UntilClose(rng.bytes(700)),
                    expects_continue: false,
                })
            } else {
                traffic
            };
        };
        traffic = traffic.handshake();
        for step in steps {
            traffic = step.add_to(traffic, &mut rng);
        }
        match close {
            Close::Handshake(code) => traffic.close(*code),
            Close::OnlyFin => traffic,
            Close::LeftOpen => traffic.left_open(),
        }
    }
}

impl Asked {
    fn http(&self, rng: &mut Rng) -> Http {
        Http {
            method: self.method,
            target: format!("/{}?q={}", self.status, rng.below(1000)),
            status: self.status,
            request_body: self.request.body(rng),
            response_body: self.response.body(rng),
            expects_continue: self.expects_continue,
        }
    }
}

impl Framed {
    fn body(&self, rng: &mut Rng) -> Body {
        match self {
            Self::Nothing => Body::None,
            Self::Length(len) => Body::Length(rng.bytes(*len)),
            Self::Chunks(lens) => Body::Chunked(lens.iter().map(|&len| rng.bytes(len)).collect()),
        }
    }
}

impl Step {
    fn add_to(&self, traffic: Traffic, rng: &mut Rng) -> Traffic {
        match self {
            Self::Message {
                sender,
                text,
                len,
                cuts,
                controls,
            } => {
                let (kind, payload) = if *text {
                    (MessageKind::Text, words(*len, rng))
                } else {
                    (MessageKind::Binary, rng.bytes(*len))
                };
                let mut cuts: Vec<usize> =
                    cuts.iter().map(|cut| cut * payload.len() / 1000).collect();
                cuts.sort_unstable();
                traffic.fragmented(*sender, kind, &payload, &cuts, controls)
            }
            Self::Ping(sender, len) => traffic.ping(*sender, &rng.bytes(*len)),
            Self::Pong(sender, len) => traffic.pong(*sender, &rng.bytes(*len)),
        }
    }
}

/// Text of at least `len` bytes, in several scripts.
fn words(len: usize, rng: &mut Rng) -> Vec<u8> {
    const WORDS: [&str; 8] = [
        "Yo!",
        "こんにちは",
        "é",
        "👩‍🚀",
        "{\"n\":1}",
        " ",
        "\n",
        "ß≠ss",
    ];
    let mut text = String::new();
    while text.len() < len {
        text.push_str(WORDS[rng.below(WORDS.len())]);
    }
    text.into_bytes()
}

pub fn sender() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(ToServer), Just(ToClient)]
}

/// Payload lengths, mostly small, with the borders of the forms of a length among them.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        8 => 0usize..40,
        2 => 0usize..3000,
        2 => prop::sample::select(vec![0usize, 1, 125, 126, 127]),
        1 => prop::sample::select(vec![65_535usize, 65_536, 70_000]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let cuts = prop_oneof![
        4 => Just(vec![]),
        2 => Just(vec![1000]),
        2 => prop::collection::vec(0usize..=1000, 1..5),
    ];
    let controls = prop::collection::vec(9u8..=10, 0..3);
    let message = (sender(), any::<bool>(), length(), cuts, controls).prop_map(
        |(sender, text, len, cuts, controls)| Step::Message {
            sender,
            text,
            len,
            cuts,
            controls,
        },
    );
    prop_oneof![
        6 => message,
        1 => (sender(), 0usize..=125).prop_map(|(sender, len)| Step::Ping(sender, len)),
        1 => (sender(), 0usize..=125).prop_map(|(sender, len)| Step::Pong(sender, len)),
    ]
}

fn framed() -> impl Strategy<Value = Framed> {
    prop_oneof![
        (0usize..2000).prop_map(Framed::Length),
        prop::collection::vec(0usize..300, 0..5).prop_map(Framed::Chunks),
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    let get =
        (prop::sample::select(vec![200u16, 404, 503]), framed()).prop_map(|(status, response)| {
            Asked {
                method: "GET",
                status,
                request: Framed::Nothing,
                response,
                expects_continue: false,
            }
        });
    let post = (framed(), framed(), any::<bool>()).prop_map(|(request, response, wait)| Asked {
        method: "POST",
        status: 200,
        request,
        response,
        expects_continue: wait,
    });
    let head = framed().prop_map(|response| Asked {
        method: "HEAD",
        status: 200,
        request: Framed::Nothing,
        response,
        expects_continue: false,
    });
    let bodiless = prop::sample::select(vec![204u16, 304]).prop_map(|status| Asked {
        method: "GET",
        status,
        request: Framed::Nothing,
        response: Framed::Nothing,
        expects_continue: false,
    });
    prop_oneof![3 => get, 2 => post, 1 => head, 1 => bodiless]
}

fn http_step() -> impl Strategy<Value = HttpStep> {
    let unhurried = asked().prop_map(|asked| Asked {
        expects_continue: false,
        ..asked
    });
    prop_oneof![
        3 => asked().prop_map(HttpStep::One),
        1 => prop::collection::vec(unhurried, 2..4).prop_map(HttpStep::Pipelined),
    ]
}

/// A conversation; `websocket` says that one must come to a WebSocket.
pub fn conversation() -> impl Strategy<Value = Conversation> {
    let close = prop_oneof![
        4 => prop::sample::select(vec![1000u16, 1001, 4000]).prop_map(Close::Handshake),
        1 => Just(Close::OnlyFin),
        1 => Just(Close::LeftOpen),
    ];
    let websocket = prop::option::weighted(0.9, (prop::collection::vec(step(), 0..8), close));
    (
        any::<u64>(),
        prop::collection::vec(http_step(), 0..3),
        websocket,
        any::<bool>(),
    )
        .prop_map(|(seed, http, websocket, until_close)| Conversation {
            seed,
            http,
            websocket,
            until_close,
        })
}
