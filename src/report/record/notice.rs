//! `notice`: what the capture does not show.

use super::sender;
use crate::notice::{Kind, Notice};
use crate::report::fields::{Fields, Record};

impl Record for Notice {
    const TYPE: &'static str = "notice";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        // New kinds may come with any version, so the schema leaves the set open.
        fields.text("kind", Some(self.kind.name()));
        fields.integer("connection", self.connection);
        sender(fields, "sender", self.sender);
        fields.integer("packet", self.packet);
        fields.integer("stream_offset", self.stream_offset);
        fields.integer("length", self.length);
        fields.text("explanation", Some(&self.explanation));
    }

    fn blank() -> Self {
        Self::new(Kind::Gap, "")
    }
}
