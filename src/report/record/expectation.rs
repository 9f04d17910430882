//! `expectation`: what a capture must show, beside what it does.

use crate::expect::Compared;
use crate::report::fields::{Fields, Record};

impl Record for Compared {
    const TYPE: &'static str = "expectation";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        fields.integer("connection", self.connection);
        fields.text("what", Some(&self.what));
        fields.text("expected", Some(&self.expected));
        fields.text("seen", Some(&self.seen));
        fields.boolean("met", Some(self.met));
    }

    fn blank() -> Self {
        Self {
            connection: None,
            what: String::new(),
            expected: String::new(),
            seen: String::new(),
            met: true,
        }
    }
}
