//! The form of a SARIF log, as far as it is filled in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::super::outcome::Outcome;
use super::super::text;

#[derive(Debug, Serialize)]
pub(super) struct Log {
    #[serde(rename = "$schema")]
    pub schema: &'static str,
    pub version: &'static str,
    pub runs: [Run; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub tool: Tool,
    pub invocations: [Invocation; 1],
    pub results: Vec<ResultOf>,
    pub column_kind: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Tool {
    pub driver: Driver,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver {
    pub name: &'static str,
    pub semantic_version: &'static str,
    pub rules: Vec<Descriptor>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub id: &'static str,
    pub short_description: Message,
    pub full_description: Message,
    pub help: Message,
    pub default_configuration: Configuration,
    pub properties: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Configuration {
    pub level: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub execution_successful: bool,
    pub tool_execution_notifications: Vec<Notification>,
}

#[derive(Debug, Serialize)]
pub(super) struct Notification {
    pub level: &'static str,
    pub message: Message,
    pub locations: Vec<Location>,
}

/// A result; the name `Result` is taken.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultOf {
    pub rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_index: Option<usize>,
    pub level: &'static str,
    pub message: Message,
    pub locations: [Location; 1],
    pub partial_fingerprints: BTreeMap<&'static str, String>,
    pub occurrence_count: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suppressions: Vec<Suppression>,
}

#[derive(Debug, Serialize)]
pub(super) struct Suppression {
    pub kind: &'static str,
    pub justification: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Message {
    pub text: String,
}

impl Message {
    pub(super) fn new(words: &str) -> Self {
        Self {
            text: text::shown(words),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logical_locations: Vec<Logical>,
}

impl Location {
    pub(super) fn of(outcome: &Outcome, connection: Option<u64>, packet: Option<u64>) -> Self {
        let parts: Vec<String> = [("connection", connection), ("packet", packet)]
            .into_iter()
            .filter_map(|(name, number)| number.map(|number| format!("{name} {number}")))
            .collect();
        let logical = (!parts.is_empty()).then(|| Logical {
            fully_qualified_name: parts.join("/"),
            kind: if packet.is_some() {
                "packet"
            } else {
                "connection"
            },
        });
        Self {
            physical_location: Physical {
                artifact_location: Artifact {
                    uri: uri(&outcome.name),
                },
                region: packet.map(|packet| Region { start_line: packet }),
            },
            logical_locations: logical.into_iter().collect(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Physical {
    pub artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

#[derive(Debug, Serialize)]
pub(super) struct Artifact {
    pub uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub start_line: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Logical {
    pub fully_qualified_name: String,
    pub kind: &'static str,
}

/// A path as a URI reference (RFC 3986): what is no unreserved character is escaped.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut out = String::new();
    let mut rest = path.as_str();
    if path.starts_with('/') {
        out.push_str("file://");
    } else if path.get(1..3) == Some(":/") {
        let (drive, path) = path.split_at(2);
        out.push_str("file:///");
        out.push_str(drive);
        rest = path;
    }
    for byte in rest.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(uri("a b/c#1.pcap"), "a%20b/c%231.pcap");
        assert_eq!(uri("/tmp/ü.pcap"), "file:///tmp/%C3%BC.pcap");
        assert_eq!(uri("x:y.pcap"), "x%3Ay.pcap");
        assert_eq!(uri("C:\\a b.pcap"), "file:///C:/a%20b.pcap");
    }
}
