//! Ending: what is asked when a connection is over.

use std::sync::LazyLock;

use super::Checks;
use crate::check::catalogue::RULES;
use crate::check::channel::{Channel, EndFacts};
use crate::check::finding::Cause;
use crate::check::line::Line;
use crate::check::rule::{Judge, Rule, Subject};
use crate::check::transport::LineFacts;
use crate::direction::{Both, Direction};
use crate::event::{Event, Place};
use crate::tcp::Side;
use crate::time::Timestamp;

/// The rules about what is known when a connection ends.
static AT_THE_END: LazyLock<Vec<&Rule>> = LazyLock::new(|| {
    let at_the_end = |rule: &&Rule| matches!(rule.judge, Judge::End(_) | Judge::Line(_));
    RULES.iter().filter(at_the_end).collect()
});

impl Checks {
    /// Nothing of the connection could be read, because it is under TLS: only its transport is judged.
    pub(crate) fn unreadable(&mut self) {
        let readable = |rule: &&Rule| matches!(rule.judge, Judge::Line(_) | Judge::Across(_));
        for rule in RULES.iter().filter(|rule| !readable(rule)) {
            self.collector.unknown(rule, None, Cause::Encrypted);
        }
    }

    /// The connection has ended: what is known of it as a whole is judged, and everything leaves.
    pub(crate) fn finish(
        &mut self,
        client: Side,
        last: (u64, Timestamp),
        place: Place,
        out: &mut dyn FnMut(&Event<'_>),
    ) {
        let lines = Both {
            to_server: &self.lines[client],
            to_client: &self.lines[client.other()],
        };
        let facts = LineFacts {
            lines,
            channel: self.channel.as_deref(),
            http: &self.http,
        };
        let is_silent = (self.channel.as_deref()).is_none_or(Channel::is_silent);
        let is_smooth = self.lines.iter().all(Line::is_smooth);
        for direction in Direction::ALL {
            let end = self.channel.as_deref().map(|channel| EndFacts {
                channel,
                lines,
                last,
            });
            for rule in AT_THE_END.iter() {
                // Most connections leave nothing that these rules look at.
                let is_spared = match rule.subject {
                    Subject::Keepalive => is_silent,
                    Subject::Transport => is_smooth,
                    _ => false,
                };
                if is_spared && !cfg!(debug_assertions) {
                    continue;
                }
                let answer = match (rule.judge, &end) {
                    (Judge::Line(judge), _) => judge(&facts, direction),
                    (Judge::End(judge), Some(end)) => judge(end, direction),
                    _ => continue,
                };
                if !answer.outcome.says_nothing() {
                    debug_assert!(!is_spared, "{} has something to say", rule.id);
                    self.collector
                        .take(rule, answer.sender, answer.outcome, answer.spot);
                }
            }
            if let Some(end) = &end {
                self.closed.end(end, direction);
            }
        }
        self.collector.give(place, out);
    }
}
