//! Checks: what is found, and above all what is not.

mod alone;
mod cuts;
mod fixtures;
mod losses;
mod near;
mod script;
mod unknown;
mod vectors;

use std::collections::BTreeSet;
use std::path::Path;

use wscope::analysis::{Analysis, Options};
use wscope::capture::{Capture, Item, Packet};
use wscope::check::{Finding, Severity};
use wscope::event::Event;

/// Everything that is found in packets.
pub fn found<'cap>(packets: impl IntoIterator<Item = Packet<'cap>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut keep = |event: &Event<'_>| {
        if let Event::Finding(finding) = event {
            findings.push((*finding).clone());
        }
    };
    let mut analysis = Analysis::new(Options {
        check: true,
        ..Options::default()
    });
    for packet in packets {
        analysis.push(&packet, &mut keep);
    }
    analysis.finish(&mut keep);
    findings
}

/// A packet that is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    packet: Packet<'static>,
    bytes: Vec<u8>,
}

impl Kept {
    fn packet(&self) -> Packet<'_> {
        Packet {
            bytes: &self.bytes,
            ..self.packet
        }
    }
}

/// All packets of a capture.
pub fn packets(path: &Path) -> Vec<Kept> {
    let mut capture = Capture::open(path).unwrap();
    let mut kept = Vec::new();
    while let Ok(Some(item)) = capture.next_item() {
        let Item::Packet(packet) = item else { continue };
        kept.push(Kept {
            packet: Packet {
                bytes: &[],
                ..packet
            },
            bytes: packet.bytes.to_vec(),
        });
    }
    kept
}

/// The ids of what was found, from a severity on.
pub fn ids(findings: &[Finding], from: Severity) -> BTreeSet<&'static str> {
    let severe = findings.iter().filter(|finding| finding.severity >= from);
    severe.map(|finding| finding.rule.id).collect()
}
