//! The vectors: byte sequences with the rules that they break.

use serde_json::Value;
use wscope::check::{RULES, Severity, Subject};
use wscope::direction::Direction::{self, ToClient, ToServer};

use super::script::hex;
use super::{found, ids};
use crate::traffic::{Ending, Traffic};

/// Vectors whose expectation differs from the rule, with what is found instead and why.
const DIFFERENT: [(&str, &[&str], &str); 5] = [
    (
        "hs-token-in-url",
        &[],
        "the value has three letters, and a secret has eight or more",
    ),
    (
        "hs-h2c-upgrade",
        &["sec-h2c-upgrade"],
        "it asks for h2c and has no key, so that it is no opening handshake; its own note says so",
    ),
    (
        "close-code-1010-ok",
        &["ws-close-code-wrong-sender"],
        "the server sends 1010, which RFC 6455, section 7.4.1 leaves to clients",
    ),
    (
        "fr-rfc-5.7-pong-masked",
        &["ws-pong-unsolicited"],
        "a Pong alone answers no Ping, and here the whole connection is seen",
    ),
    (
        "fr-pong-fragmented",
        &[
            "ws-continuation-unexpected",
            "ws-control-fragmented",
            "ws-pong-unsolicited",
        ],
        "the same",
    ),
];

fn vectors() -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../vectors.json")).unwrap();
    all["vectors"].as_array().unwrap().clone()
}

fn bytes(of: &Value) -> Vec<u8> {
    if let Some(parts) = of["parts"].as_array() {
        return parts.iter().flat_map(part).collect();
    }
    hex(of["hex"].as_str().unwrap())
}

fn part(part: &Value) -> Vec<u8> {
    match part["repeat"].as_str() {
        Some(byte) => hex(byte).repeat(part["count"].as_u64().unwrap() as usize),
        None => hex(part["hex"].as_str().unwrap()),
    }
}

/// The vector as it would be captured: on a connection of its own, behind a handshake where it is frames.
fn traffic(vector: &Value) -> Option<Traffic> {
    let mut traffic = Traffic::new(1);
    match vector["kind"].as_str().unwrap() {
        "handshake" => {
            traffic.say(ToServer, bytes(&vector["request"]));
            if vector.get("response").is_some() {
                traffic.say(ToClient, bytes(&vector["response"]));
            }
            traffic.ending = Ending::Open;
        }
        "frames" => {
            let sender = sender(vector);
            let (asked, agreed) = extensions(vector, sender);
            traffic = traffic.handshake_with(&asked, &agreed);
            traffic.say(sender, bytes(&vector["bytes"]));
            traffic.ending = if vector["stream_ended"] == true {
                Ending::Fin(sender)
            } else {
                Ending::Open
            };
        }
        _ => return None,
    }
    Some(traffic)
}

fn sender(vector: &Value) -> Direction {
    if vector["direction"] == "c2s" {
        ToServer
    } else {
        ToClient
    }
}

fn extensions(vector: &Value, sender: Direction) -> (String, String) {
    if vector["permessage_deflate"] != true {
        return Default::default();
    }
    let side = if sender == ToServer {
        "client"
    } else {
        "server"
    };
    let mut parameters = String::new();
    if vector["no_context_takeover"] == true {
        parameters += &format!("; {side}_no_context_takeover");
    }
    let bits = vector["max_window_bits"].as_u64().unwrap();
    if bits < 15 {
        parameters += &format!("; {side}_max_window_bits={bits}");
    }
    let field = format!("Sec-WebSocket-Extensions: permessage-deflate{parameters}\r\n");
    (field.clone(), field)
}

/// Whether a rule is one that the vectors judge by: not one of performance or of the connection's end.
fn is_of_protocol(id: &str) -> bool {
    let rule = RULES.iter().find(|rule| rule.id == id).unwrap();
    // The vectors know nothing of ends and addresses.
    let of_place = ["ws-close-missing", "sec-tls-not-used"].contains(&id);
    !of_place && !matches!(rule.subject, Subject::Performance | Subject::Transport)
}

#[test]
fn every_vector_breaks_the_rules_that_it_says_and_no_other() {
    let mut complaints = Vec::new();
    let mut judged = 0;
    for vector in vectors() {
        let Some(traffic) = traffic(&vector) else {
            continue;
        };
        judged += 1;
        let id = vector["id"].as_str().unwrap();
        let different = DIFFERENT.iter().find(|(name, ..)| *name == id);
        let mut expected: Vec<&str> = match different {
            Some((_, rules, _)) => rules.to_vec(),
            None => vector["expect_rules"]
                .as_array()
                .unwrap()
                .iter()
                .map(|id| id.as_str().unwrap())
                .collect(),
        };
        expected.sort_unstable();
        let recording = traffic.segmented(65_000).recording();
        let findings = found(recording.packets());
        let mut seen: Vec<&str> = ids(&findings, Severity::Info)
            .into_iter()
            .filter(|id| is_of_protocol(id))
            .collect();
        seen.sort_unstable();
        if seen != expected {
            complaints.push(format!("{id}: expected {expected:?}, found {seen:?}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(judged, 186);
}
