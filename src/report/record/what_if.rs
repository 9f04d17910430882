//! `what_if`: what the same messages would have cost, sent otherwise.

use super::sender;
use crate::compare::{Way, WhatIf};
use crate::report::fields::{Fields, Record};

impl Record for WhatIf {
    const TYPE: &'static str = "what_if";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        fields.choice("way", Some(self.way.name()), &Way::ALL.map(Way::name));
        sender(fields, "sender", self.sender);
        let basis = match self.sampled {
            None => "computed",
            Some(_) => "sampled",
        };
        fields.choice("basis", Some(basis), &["computed", "sampled"]);
        fields.integer("count", Some(self.count));
        fields.integer("left_out", Some(self.left_out));
        fields.integer("payload_bytes", Some(self.payload_bytes));
        fields.integer("actual_bytes", Some(self.actual_bytes));
        fields.integer("wire_bytes", Some(self.wire_bytes));
        fields.integer("wire_median", self.wire_median);
        fields.text("assumes", Some(&self.assumes));
        fields.integer("sampled", self.sampled);
    }

    fn blank() -> Self {
        Self {
            way: Way::OneFrame,
            sender: None,
            count: 0,
            left_out: 0,
            sampled: None,
            payload_bytes: 0,
            actual_bytes: 0,
            wire_bytes: 0,
            wire_median: None,
            assumes: String::new(),
        }
    }
}
