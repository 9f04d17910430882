//! `medium`: what the packets take on the wire, with what no capture shows.

use crate::medium::Ethernet;
use crate::report::fields::{Fields, Record};

impl Record for Ethernet {
    const TYPE: &'static str = "medium";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        fields.choice("medium", Some("ethernet"), &["ethernet"]);
        fields.integer("packets", Some(self.packets));
        fields.integer("left_out", Some(self.left_out));
        fields.integer("captured_bytes", Some(self.captured_bytes));
        fields.integer("frames", Some(self.frames));
        fields.integer("frame_bytes", Some(self.frame_bytes));
        fields.integer("padding", Some(self.padding));
        fields.integer("fcs", Some(self.fcs()));
        fields.integer("preamble", Some(self.preamble()));
        fields.integer("gap", Some(self.gap()));
        fields.integer("total", Some(self.total()));
    }

    fn blank() -> Self {
        Self::default()
    }
}
