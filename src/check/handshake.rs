//! The opening handshake, judged (RFC 6455, section 4; RFC 7692, section 7): the same code says its verdict and its findings.

use std::sync::LazyLock;

use smallvec::SmallVec;

use super::catalogue::RULES;
use super::finding::{Cause, Severity};
use super::ordinary::{is_ordinary, negotiates};
use super::outcome::Outcome;
use super::rule::{Judge, Rule, Subject};
use super::{answers, offers};
use crate::event::Verdict;
use crate::http::{RequestHead, ResponseHead};
use crate::websocket::{ACCEPT_LEN, asks_for_websocket};

/// What the capture shows of an opening handshake.
#[derive(Clone, Copy, Debug)]
pub struct HandshakeFacts<'a> {
    /// The request's head, where all of it is in the capture and it surely is one.
    pub request: Option<&'a RequestHead>,
    /// The head of the final response, likewise.
    pub response: Option<&'a ResponseHead>,
    /// Whether the response surely answers the request.
    pub paired: bool,
    /// Why a head is not there, or what makes it unsure.
    pub missing: Cause,
    /// What the client sent before it could have seen the response.
    pub early: Option<Early>,
    /// How far the connection reaches.
    pub reach: Reach,
    /// Whether the bytes were under TLS.
    pub encrypted: bool,
    /// Whether the request was asked all that its verdict depends on, and broke nothing of it.
    pub request_is_right: bool,
    /// The Sec-WebSocket-Accept that the request's first key calls for.
    pub expected: Option<[u8; ACCEPT_LEN]>,
    /// Nanoseconds from the request's last byte to the response's first.
    pub waited: Option<i64>,
}

/// Bytes that the client sent behind its request before it could have seen the response: how many, at least.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Early {
    /// How many bytes.
    pub len: u64,
    /// Whether they begin like a request.
    pub is_request: bool,
}

/// How far a connection reaches, from its addresses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reach {
    /// Within one machine.
    #[default]
    Loopback,
    /// Within a private network.
    Private,
    /// Anywhere.
    Public,
}

/// A verdict with its reasons.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What can be said of the handshake.
    pub verdict: Verdict,
    /// The rules that were broken and count for the verdict: first the client's, then the server's.
    pub reasons: SmallVec<[&'static str; 4]>,
    /// Every answer but a pass.
    pub(crate) answers: SmallVec<[(&'static Rule, Outcome); 2]>,
}

/// Judges an opening handshake: by all rules, or only by those that its verdict needs.
pub fn judge(facts: &HandshakeFacts<'_>, all: bool) -> Judgement {
    let keeps = |rule: &&Rule| ask(rule, facts).says_nothing();
    if !is_ordinary(facts) || negotiates(facts) && !NEGOTIATION.iter().all(keeps) {
        return judge_by_rules(facts, all);
    }
    let others: &[&Rule] = if all { &OTHERS } else { &[] };
    Judgement {
        verdict: Verdict::Valid,
        reasons: SmallVec::new(),
        answers: (others.iter())
            .map(|&rule| (rule, ask(rule, facts)))
            .filter(|(_, outcome)| !outcome.says_nothing())
            .collect(),
    }
}

/// The same, by asking every rule.
pub(super) fn judge_by_rules(facts: &HandshakeFacts<'_>, all: bool) -> Judgement {
    let mut answers: SmallVec<[(&'static Rule, Outcome); 2]> = SmallVec::new();
    let mut facts = *facts;
    for &rule in if all { &*ASKED } else { &*DECIDING } {
        // The rules on requests stand before those on responses, of which one asks what the request broke.
        if rule.subject == Subject::Response && answers.is_empty() {
            facts.request_is_right = true;
        }
        let outcome = ask(rule, &facts);
        if !outcome.says_nothing() {
            answers.push((rule, outcome));
        }
    }
    let status = facts.answer().map(|(_, response)| response.status());
    let is_reason =
        |rule: &Rule| decides(rule) && (rule.subject == Subject::Request || status == Some(101));
    let reasons: SmallVec<[&'static str; 4]> = answers
        .iter()
        .filter(|(rule, outcome)| matches!(outcome, Outcome::Fail(..)) && is_reason(rule))
        .map(|(rule, _)| rule.id)
        .collect();
    let verdict = match status {
        None => Verdict::Unknown,
        Some(101) if reasons.is_empty() => Verdict::Valid,
        Some(101) => Verdict::Invalid,
        Some(_) => Verdict::Refused,
    };
    Judgement {
        verdict,
        reasons,
        answers,
    }
}

fn ask(rule: &Rule, facts: &HandshakeFacts<'_>) -> Outcome {
    match rule.judge {
        Judge::Request(_) if facts.request.is_none() => Outcome::Unknown(facts.missing),
        Judge::Response(_) if facts.response.is_none() => Outcome::Unknown(facts.missing),
        Judge::Request(judge) | Judge::Response(judge) => judge(facts),
        _ => Outcome::NotApplicable,
    }
}

/// The rules on the heads of an opening handshake.
static ASKED: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let asked = |rule: &&Rule| rule.judges_handshakes();
    RULES.iter().filter(asked).collect()
});

/// Those of them that its verdict needs.
static DECIDING: LazyLock<Vec<&'static Rule>> =
    LazyLock::new(|| ASKED.iter().copied().filter(|rule| decides(rule)).collect());

/// Those of them that it does not need.
static OTHERS: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    ASKED
        .iter()
        .copied()
        .filter(|rule| !decides(rule))
        .collect()
});

/// Those that it needs that are about extensions and subprotocols.
static NEGOTIATION: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let names = || offers::RULES.iter().chain(answers::RULES);
    let is_one = |rule: &&Rule| names().any(|one| one.id == rule.id);
    DECIDING.iter().copied().filter(is_one).collect()
});

/// Whether a rule is one of the requirements that make a handshake valid. A version that is not 13 is no error of the client's, but
/// a server must not accept it.
fn decides(rule: &Rule) -> bool {
    matches!(rule.subject, Subject::Request | Subject::Response)
        && (rule.severity == Severity::Error || rule.id == "ws-req-version-unsupported")
}

impl<'a> HandshakeFacts<'a> {
    /// The request and its response, where they surely belong together.
    pub(crate) fn answer(&self) -> Option<(&'a RequestHead, &'a ResponseHead)> {
        self.request.zip(self.response).filter(|_| self.paired)
    }

    /// The response, where it switches protocols.
    pub(super) fn switching(&self) -> Option<&'a ResponseHead> {
        self.response.filter(|response| response.status() == 101)
    }

    /// The request and the 101 that answers it.
    pub(super) fn switched(&self) -> Option<(&'a RequestHead, &'a ResponseHead)> {
        self.answer()
            .filter(|(_, response)| response.status() == 101)
    }

    /// The request of a handshake and a final answer that refuses it.
    pub(super) fn refused(&self) -> Option<(&'a RequestHead, &'a ResponseHead)> {
        self.answer()
            .filter(|(request, response)| response.status() != 101 && asks_for_websocket(request))
    }

    /// What a rule answers that needs both heads, where they are not sure to belong together.
    pub(super) fn unpaired(&self) -> Outcome {
        match (self.request, self.response) {
            (Some(_), Some(_)) if self.paired => Outcome::NotApplicable,
            (Some(_), Some(_)) => Outcome::Unknown(Cause::Gap),
            _ => Outcome::Unknown(self.missing),
        }
    }
}
