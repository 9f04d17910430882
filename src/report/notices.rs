//! Notices: grouped by kind, for a person.

use std::fmt::Write as _;

use super::text;
use crate::notice::{Kind, Notice};

/// How many lines they may take.
const LINES: usize = 10;

/// Notices of one capture, counted by kind.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    /// In the order of their first; there are no more than kinds.
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    count: u64,
    /// Bytes concerned, where that is known.
    length: u64,
    first: Notice,
}

impl Notices {
    /// Counts a notice.
    pub fn add(&mut self, notice: &Notice) {
        let length = notice.length.unwrap_or(0);
        match self
            .groups
            .iter_mut()
            .find(|group| group.first.kind == notice.kind)
        {
            Some(group) => {
                group.count += 1;
                group.length = group.length.saturating_add(length);
            }
            None => self.groups.push(Group {
                count: 1,
                length,
                first: notice.clone(),
            }),
        }
    }

    /// The lines, each with its end; nothing where there is no notice.
    pub fn lines(&self, title: &str) -> String {
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by_key(|group| Kind::ALL.iter().position(|kind| *kind == group.first.kind));
        let mut out = String::new();
        let all = groups.len() <= LINES;
        let shown = if all { groups.len() } else { LINES - 1 };
        for group in groups.iter().take(shown) {
            line(&mut out, title, group);
        }
        if !all {
            let left = groups.len() - shown;
            let _ = writeln!(
                out,
                "{title}: {left} more kinds of notices: --notices shows all"
            );
        }
        out
    }
}

/// The first of a kind stands for all of them, so that a person can go and look.
fn line(out: &mut String, title: &str, group: &Group) {
    let first = &group.first;
    let _ = write!(out, "{title}: {}", first.kind.name());
    if group.count > 1 {
        let _ = write!(out, ", {} times", text::grouped(group.count));
        if group.length > 0 {
            let _ = write!(out, ", {} bytes", text::grouped(group.length));
        }
        out.push_str(", first");
    }
    if let Some(packet) = first.packet {
        let _ = write!(out, " at packet {packet}");
    }
    if let Some(connection) = first.connection {
        let _ = write!(out, " of connection {connection}");
    }
    out.push_str(": ");
    let told = text::with_grouped_bytes(behind_name(&first.explanation, title));
    text::visible(out, &told);
    out.push('\n');
}

/// What is told of a capture, without the capture's name where the line has it already.
pub(super) fn behind_name<'a>(told: &'a str, name: &str) -> &'a str {
    let rest = told.strip_prefix(name).or_else(|| told.strip_prefix('-'));
    rest.and_then(|rest| rest.strip_prefix(": "))
        .unwrap_or(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_of_a_kind_share_a_line() {
        let mut notices = Notices::default();
        for packet in [7, 9, 30] {
            let mut notice = Notice::new(Kind::Gap, "bytes are missing").at_packet(packet);
            notice.length = Some(1000);
            notices.add(&notice);
        }
        notices.add(&Notice::new(
            Kind::CutFile,
            "a.pcap: the file ends inside a packet",
        ));
        assert_eq!(
            notices.lines("a.pcap"),
            "a.pcap: cut-file: the file ends inside a packet\n\
             a.pcap: gap, 3 times, 3,000 bytes, first at packet 7: bytes are missing\n"
        );
    }

    #[test]
    fn there_are_at_most_ten_lines() {
        let mut notices = Notices::default();
        for kind in Kind::ALL {
            notices.add(&Notice::new(*kind, "so"));
        }
        let lines = notices.lines("a");
        assert_eq!(lines.lines().count(), 10);
        assert!(lines.ends_with("more kinds of notices: --notices shows all\n"));
    }
}
