//! What looked like a fault and is none: each line of packets here once accused somebody who did nothing wrong.

use wscope::check::{Finding, Severity};

use super::alone::agreeing;
use super::found;

fn findings(line: &str) -> Vec<Finding> {
    found(agreeing("", line).packets())
}

fn of(line: &str, rule: &str) -> Vec<(u64, Severity)> {
    let findings = findings(line);
    let of_rule = findings.iter().filter(|finding| finding.rule.id == rule);
    of_rule
        .map(|finding| (finding.place.connection, finding.severity))
        .collect()
}

#[test]
fn who_closed_its_direction_before_the_close_came_owes_no_answer() {
    let line = "Q R s=8100 ca cf sa +50 s=8100 s=880203e8 ca sf ca";
    assert_eq!(of(line, "ws-close-no-reply"), []);
}

#[test]
fn a_fin_that_came_again_acknowledges_what_it_did_at_first() {
    let line = "Q R s=8100 ca cf s=880203e8 finagain sf ca";
    assert_eq!(of(line, "ws-close-no-reply"), []);
}

#[test]
fn a_fin_that_acknowledges_the_close_is_its_answer() {
    let line = "Q R s=880203e8 cf sa sf ca";
    assert_eq!(of(line, "ws-close-no-reply"), [(0, Severity::Warning)]);
}

#[test]
fn a_key_before_and_behind_a_proxy_accuses_nobody() {
    for elsewhere in ["client", "server"] {
        let line = format!("Q {elsewhere} ( Q R ) R");
        assert_eq!(
            of(&line, "ws-req-key-reused"),
            [(1, Severity::Info)],
            "{elsewhere}"
        );
    }
}

#[test]
fn a_proxy_may_take_its_time_while_the_client_waits() {
    let line = "Q +3000 server ( Q R ) R";
    assert_eq!(of(line, "ws-req-key-reused"), [(1, Severity::Info)]);
}

#[test]
fn of_two_connections_with_a_key_the_one_that_began_later_is_told_whichever_ends_first() {
    for line in [
        "Q R +2000 ( Q R cf sf ca ) cf sf ca",
        "Q R +2000 ( Q R ) cf sf ca",
    ] {
        assert_eq!(
            of(line, "ws-req-key-reused"),
            [(1, Severity::Error)],
            "{line}"
        );
    }
}

#[test]
fn a_copy_of_a_handshake_that_reuses_a_key_is_a_copy() {
    let line = "Q R cf sf ca +2000 ( Q server ( Q R cf sf ca ) R cf sf ca";
    let expected = [(1, Severity::Error), (2, Severity::Info)];
    assert_eq!(of(line, "ws-req-key-reused"), expected);
}

#[test]
fn a_server_need_not_answer_a_client_that_went_away() {
    for line in [
        "Q sa +5000 cf sa sf ca",
        "Q sa +5000 cr",
        "Q sa +5000 lost cf sf ca",
    ] {
        assert_eq!(of(line, "ws-resp-missing"), [], "{line}");
    }
}

#[test]
fn a_server_that_lets_its_client_wait_for_long_is_told_although_the_client_went_away() {
    let line = "Q sa +11000 sa cf sa sf ca";
    assert_eq!(of(line, "ws-resp-missing"), [(0, Severity::Warning)]);
}

#[test]
fn a_connection_that_is_open_when_the_capture_ends_was_not_short() {
    assert_eq!(of("Q R (|Q|R*5", "perf-short-connections"), []);
    let ended = "Q R cf sf ca (|Q|R|cf|sf|ca*4";
    assert_eq!(of(ended, "perf-short-connections").len(), 1);
}

#[test]
fn a_long_control_frame_is_compared_by_what_it_may_carry() {
    // The Pong repeats the Ping's first 125 bytes and its length, in other segments.
    let line = "Q R s=897e00c8x200. s\"\" C=8afe00c800000000x60. C=x140. cf sa sf ca";
    assert_eq!(of(line, "ws-pong-mismatch"), []);
    assert_eq!(of(line, "ws-pong-unsolicited"), []);
}

#[test]
fn a_masking_key_that_comes_back_is_an_error_only_where_that_is_no_chance() {
    let severity = |between: usize| {
        let mut line = "Q R C=8180a1b2c3d4".to_string();
        line.push_str(&" c=8100".repeat(between));
        line.push_str(" C=8180a1b2c3d4");
        of(&line, "ws-mask-reused")
    };
    assert_eq!(severity(0), [(0, Severity::Error)]);
    assert_eq!(severity(100), [(0, Severity::Error)]);
    assert_eq!(severity(3000), [(0, Severity::Warning)]);
}
