//! `artefact`: where a capture is not what the network carried.

use crate::artefact::{Artefact, Kind};
use crate::report::fields::{Fields, Record};

impl Record for Artefact {
    const TYPE: &'static str = "artefact";

    fn walk<F: Fields + ?Sized>(&self, fields: &mut F) {
        fields.choice("kind", Some(self.kind.name()), &Kind::ALL.map(Kind::name));
        fields.integer("packets", Some(self.packets));
        fields.integer("connections", self.connections);
        fields.integer("estimated_segments", self.estimated_segments);
        fields.text("explanation", Some(self.kind.explanation()));
    }

    fn blank() -> Self {
        Self {
            kind: Kind::Loopback,
            packets: 0,
            connections: None,
            estimated_segments: None,
        }
    }
}
