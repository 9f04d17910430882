//! Catalogue: all rules, by subject.

use super::rule::Rule;
use super::{
    across, answers, close, closing, deflate, frames, http, key, masks, messages, offers,
    performance, pings, refusal, request, response, security, transport,
};

/// The rules by subject, in the order in which a connection meets them.
const SUBJECTS: [&[Rule]; 18] = [
    request::RULES,
    key::RULES,
    offers::RULES,
    response::RULES,
    answers::RULES,
    refusal::RULES,
    http::RULES,
    frames::RULES,
    masks::RULES,
    messages::RULES,
    deflate::RULES,
    close::RULES,
    closing::RULES,
    pings::RULES,
    security::RULES,
    performance::RULES,
    transport::RULES,
    across::RULES,
];

#[expect(clippy::indexing_slicing, reason = "the compiler runs it")]
const COUNT: usize = {
    let (mut count, mut at) = (0, 0);
    while at < SUBJECTS.len() {
        count += SUBJECTS[at].len();
        at += 1;
    }
    count
};

#[expect(clippy::indexing_slicing, reason = "the compiler runs it")]
static TABLE: [Rule; COUNT] = {
    let mut table = [request::RULES[0]; COUNT];
    let (mut filled, mut subject) = (0, 0);
    while subject < SUBJECTS.len() {
        let mut at = 0;
        while at < SUBJECTS[subject].len() {
            table[filled] = SUBJECTS[subject][at];
            filled += 1;
            at += 1;
        }
        subject += 1;
    }
    table
};

/// Every rule, by subject.
pub static RULES: &[Rule] = &TABLE;

/// The rule with an id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_an_id_of_its_own_and_says_what_it_is_about() {
        for (index, rule) in RULES.iter().enumerate() {
            assert!(
                RULES
                    .iter()
                    .skip(index + 1)
                    .all(|other| other.id != rule.id)
            );
            assert!(rule.summary.ends_with('.') && rule.why.ends_with('.'));
            assert!(!rule.help.is_empty() && !rule.source.is_empty());
            assert!((1..=3).contains(&rule.tier), "{}", rule.id);
        }
    }

    #[test]
    fn a_rule_is_found_by_its_id() {
        assert_eq!(
            rule("ws-mask-zero").map(|rule| rule.id),
            Some("ws-mask-zero")
        );
        assert!(rule("ws-mask").is_none());
    }
}
