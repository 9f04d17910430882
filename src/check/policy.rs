//! Policy: how severe a project takes each rule, and what fails its check.

use std::collections::BTreeMap;

use super::finding::Severity;

/// How a rule is taken, whatever its own severity.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    /// Its findings are counted and not shown.
    Allow,
    /// Its findings have this severity.
    As(Severity),
}

/// What a check holds findings against.
#[derive(Clone, Debug)]
pub struct Policy {
    /// From which severity on a finding fails the check.
    pub fail_on: Severity,
    /// Whether the check also fails where it could not judge.
    pub strict: bool,
    /// Rules that are not taken as they are, by id.
    pub levels: BTreeMap<String, Level>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            fail_on: Severity::Error,
            strict: false,
            levels: BTreeMap::new(),
        }
    }
}

impl Policy {
    /// How severe a finding is taken; none where its rule is allowed to be broken.
    pub fn severity(&self, rule: &str, severity: Severity) -> Option<Severity> {
        match self.levels.get(rule) {
            None => Some(severity),
            Some(Level::Allow) => None,
            Some(Level::As(severity)) => Some(*severity),
        }
    }

    /// How many rules are allowed to be broken.
    pub fn allowed(&self) -> usize {
        self.levels
            .values()
            .filter(|level| **level == Level::Allow)
            .count()
    }

    /// Whether a finding of this severity fails the check.
    pub fn fails(&self, severity: Severity) -> bool {
        severity >= self.fail_on
    }
}
