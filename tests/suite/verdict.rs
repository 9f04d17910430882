//! `wscope check` as its user runs it: exit statuses, folders, settings, expectations, and what is never shown.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;
use wscope::direction::Direction::{ToClient, ToServer};

use crate::fixtures;
use crate::program::{stderr, wscope};
use crate::traffic::Traffic;

const GOOD: &str = "good.pcap";
const BAD: &str = "bad.pcap";
const RULE: &str = "ws-accept-mismatch";

/// A folder with a good capture, and one in which a server computes its accept value wrongly.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy("seed-ws", folder.path(), GOOD);
    copy("hs-bad-fields", folder.path(), BAD);
    folder
}

fn copy(case: &str, folder: &Path, name: &str) {
    let case = fixtures::readable()
        .into_iter()
        .find(|one| one.name == case);
    let case = case.unwrap();
    let capture = case.path(case.capture.as_deref().unwrap());
    fs::copy(capture, folder.join(name)).unwrap();
}

fn check(folder: &Path, arguments: &[&str]) -> Output {
    wscope(folder)
        .arg("check")
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(run: &Output) -> String {
    String::from_utf8_lossy(&run.stdout).into_owned()
}

fn status(folder: &Path, arguments: &[&str]) -> Option<i32> {
    check(folder, arguments).status.code()
}

#[test]
fn the_exit_status_says_what_was_found() {
    let folder = folder();
    assert_eq!(status(folder.path(), &[GOOD]), Some(0));
    assert_eq!(status(folder.path(), &[BAD]), Some(1));
    assert_eq!(status(folder.path(), &[GOOD, BAD]), Some(1));
    assert_eq!(status(folder.path(), &["nowhere.pcap"]), Some(2));
    assert_eq!(status(folder.path(), &[BAD, "nowhere.pcap"]), Some(2));
    assert_eq!(status(folder.path(), &["."]), Some(1));
}

#[test]
fn a_page_tells_who_broke_what_where_and_how_to_mend_it() {
    let folder = folder();
    let run = check(folder.path(), &[BAD]);
    let page = stdout(&run);
    assert!(
        page.starts_with("bad.pcap   12 connections · handshakes: 12 invalid"),
        "{page}"
    );
    let mut lines = page.lines().skip_while(|line| !line.contains(RULE));
    let first = lines.next().unwrap();
    assert!(first.trim_start().starts_with("error"), "{first}");
    assert!(first.contains("server, packet "), "{first}");
    assert!(first.contains("RFC 6455, 4."), "{first}");
    assert!(!lines.next().unwrap().trim().is_empty());
    assert!(lines.next().unwrap().trim_start().starts_with("mend: "));
    assert!(
        page.lines()
            .any(|line| line.starts_with("  connection 0  ")),
        "{page}"
    );
    let last: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("failed: "))
        .collect();
    assert!(last[0].contains("rules checked"), "{page}");
    assert!(
        last.last().unwrap().starts_with("Next: wscope explain "),
        "{page}"
    );
    assert_eq!(
        page.matches("mend: ").count(),
        distinct_rules(folder.path(), BAD)
    );
}

fn distinct_rules(folder: &Path, capture: &str) -> usize {
    let run = check(folder, &["--format", "ndjson", capture]);
    let mut rules: Vec<String> = stdout(&run)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|record| record["rule"].as_str().unwrap().to_string())
        .collect();
    rules.sort();
    rules.dedup();
    rules.len()
}

#[test]
fn nothing_is_wider_than_a_terminal_that_says_its_width() {
    // What the program prints in a pipe is not cut; the width is the library's to keep.
    let folder = folder();
    let run = check(folder.path(), &[BAD]);
    assert!(!stdout(&run).contains('\u{1b}'));
    let run = check(folder.path(), &["--color", "always", BAD]);
    assert!(stdout(&run).contains('\u{1b}'));
}

#[test]
fn a_rule_that_is_allowed_is_counted_and_fails_nothing() {
    let folder = folder();
    let mut arguments = vec![BAD, "--format", "ndjson"];
    let run = check(folder.path(), &arguments);
    let rules: Vec<String> = stdout(&run)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|record| record["rule"].as_str().unwrap().to_string())
        .collect();
    assert!(rules.iter().any(|rule| rule == RULE));
    for rule in &rules {
        arguments.extend(["--allow", rule]);
    }
    let run = check(folder.path(), &arguments);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert_eq!(stdout(&run), "");
    let counted = format!("{} allowed findings", rules.len());
    assert!(stderr(&run).contains(&counted), "{}", stderr(&run));
}

#[test]
fn a_rule_that_is_denied_is_an_error() {
    let folder = folder();
    let path = folder.path();
    let run = check(path, &["--format", "ndjson", GOOD]);
    let found = stdout(&run);
    let Some(line) = found.lines().next() else {
        panic!("{GOOD} shows nothing at all, so that nothing can be denied");
    };
    let record: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_ne!(record["severity"], "error");
    let rule = record["rule"].as_str().unwrap();
    assert_eq!(status(path, &["--deny", rule, GOOD]), Some(1));
    assert_eq!(status(path, &["--fail-on", "info", GOOD]), Some(1));
}

#[test]
fn a_mistyped_rule_is_answered_with_the_near_one() {
    let folder = folder();
    for option in ["--allow", "--deny"] {
        let run = check(folder.path(), &[option, "ws-acept-mismatch", BAD]);
        assert_eq!(run.status.code(), Some(2));
        assert_eq!(stdout(&run), "");
        let said =
            "wscope: there is no rule 'ws-acept-mismatch'; did you mean 'ws-accept-mismatch'?\n";
        assert_eq!(stderr(&run), said);
    }
    let run = wscope(folder.path())
        .args(["explain", "ws-acept-mismatch"])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("did you mean 'ws-accept-mismatch'?"));
}

#[test]
fn nothing_to_judge_fails_when_strict_and_is_said_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    copy("file-header-only", folder.path(), "empty.pcap");
    copy("tcp-one-direction", folder.path(), "half.pcap");
    copy("file-truncated", folder.path(), "cut.pcap");
    for (name, why) in [
        ("empty.pcap", "nothing to judge"),
        ("half.pcap", "1 handshake of unknown verdict"),
        ("cut.pcap", "the file ends in the middle of a record"),
    ] {
        let run = check(folder.path(), &[name]);
        assert_eq!(run.status.code(), Some(0), "{name}");
        let page = stdout(&run);
        let last = page.split("passed, with something left open").nth(1);
        assert!(last.is_some_and(|last| last.contains(why)), "{page}");
        let run = check(folder.path(), &["--strict", name]);
        assert_eq!(run.status.code(), Some(1), "{name}");
        let page = stdout(&run);
        let last = page.split("\nfailed: ").nth(1);
        assert!(last.is_some_and(|last| last.contains(why)), "{page}");
    }
}

#[test]
fn a_folder_is_searched_to_its_ground_and_what_is_no_capture_fails() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("captures/of/monday");
    fs::create_dir_all(&deep).unwrap();
    copy("seed-ws", &deep, "a.pcap");
    fs::write(folder.path().join("captures/notes.txt"), "no capture").unwrap();
    fs::write(folder.path().join("captures/._a.pcap"), "no capture").unwrap();
    assert_eq!(status(folder.path(), &["captures"]), Some(0));
    fs::write(folder.path().join("captures/b.pcap"), "garbage").unwrap();
    for arguments in [&["captures"][..], &["--strict", "captures"]] {
        let run = check(folder.path(), arguments);
        let page = stdout(&run);
        assert_eq!(run.status.code(), Some(2), "{page}{}", stderr(&run));
        assert!(page.contains("captures/of/monday/a.pcap"), "{page}");
        assert!(page.contains("captures/b.pcap: not a capture"), "{page}");
        assert!(page.contains("failed: 2 captures"), "{page}");
        let said = stderr(&run);
        assert!(
            said.starts_with("wscope: captures/b.pcap: not a capture"),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn an_empty_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("captures")).unwrap();
    let run = check(folder.path(), &["captures"]);
    assert_eq!((run.status.code(), stdout(&run).as_str()), (Some(2), ""));
    assert!(
        stderr(&run).contains("captures: no captures in this folder"),
        "{}",
        stderr(&run)
    );
}

#[test]
fn one_garbage_file_does_not_hide_the_others() {
    let folder = folder();
    fs::write(folder.path().join("x.pcap"), "garbage, and nothing else").unwrap();
    let run = check(folder.path(), &["x.pcap", BAD]);
    assert_eq!(run.status.code(), Some(2));
    let page = stdout(&run);
    assert!(
        page.contains(RULE) && page.contains("x.pcap   could not be read"),
        "{page}"
    );
    assert!(
        stderr(&run).starts_with("wscope: x.pcap: not a capture"),
        "{}",
        stderr(&run)
    );
}

/// A report that a server reads must not be green where something in the folder could not be judged.
#[test]
fn impostors_stand_in_the_reports_for_ci() {
    let folder = folder();
    fs::write(folder.path().join("noise.pcap"), b"no capture at all").unwrap();
    fs::remove_file(folder.path().join(BAD)).unwrap();
    for (format, told) in [
        ("junit", "errors=\"1\""),
        ("tap", "not ok 3 - ./noise.pcap"),
        ("github", "::error file=./noise.pcap"),
        ("sarif", "noise.pcap"),
        ("markdown", "noise.pcap"),
    ] {
        let run = check(folder.path(), &["--strict", "--format", format, "."]);
        assert_eq!(run.status.code(), Some(2), "{format}");
        assert!(stdout(&run).contains(told), "{format}: {}", stdout(&run));
        assert!(
            stdout(&run).contains("not a capture"),
            "{format}: {}",
            stdout(&run)
        );
    }
}

#[test]
fn a_bound_on_rows_leaves_the_verdict_open() {
    let folder = folder();
    let run = check(folder.path(), &["--limit", "1", BAD]);
    assert!(
        stdout(&run).contains("as --limit asked"),
        "{}",
        stdout(&run)
    );
    assert!(stderr(&run).contains("stopped"), "{}", stderr(&run));
    // What no row was left out of was read to its end.
    let run = check(folder.path(), &["--limit", "100000", GOOD]);
    assert!(!stdout(&run).contains("--limit"), "{}", stdout(&run));
}

#[test]
fn a_connection_that_is_not_there_is_an_error() {
    let folder = folder();
    for command in ["check", "summary", "frames", "follow", "overhead"] {
        let run = wscope(folder.path())
            .args([command, "--connection", "99", GOOD])
            .output()
            .unwrap();
        assert_eq!(run.status.code(), Some(2), "{command}");
        assert!(
            stderr(&run).contains("no connection 99"),
            "{command}: {}",
            stderr(&run)
        );
    }
}

#[test]
fn settings_are_found_above_and_named_where_they_are_wrong() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("below")).unwrap();
    let below = path.join("below");
    fs::write(
        path.join("wscope.toml"),
        format!("[rules]\n{RULE} = \"allow\"\n"),
    )
    .unwrap();
    let run = check(&below, &["--format", "ndjson", "../bad.pcap"]);
    assert!(!stdout(&run).contains(RULE), "{}", stdout(&run));
    fs::write(
        below.join("wscope.toml"),
        "strict = true\nfail-on = \"never\"\n",
    )
    .unwrap();
    let run = check(&below, &["../bad.pcap"]);
    assert_eq!(run.status.code(), Some(2));
    assert_eq!(stdout(&run), "");
    let said = stderr(&run);
    assert!(
        said.contains("wscope.toml:2:11: fail-on is error, warning or info"),
        "{said}"
    );
    assert_eq!(
        status(&below, &["--config", "../wscope.toml", "../good.pcap"]),
        Some(0)
    );
    assert_eq!(
        status(&below, &["--config", "nowhere.toml", "../good.pcap"]),
        Some(2)
    );
}

#[test]
fn settings_may_hold_expectations() {
    let folder = folder();
    let path = folder.path();
    fs::write(
        path.join("wscope.toml"),
        "[expect.\"good.pcap\"]\nhandshake = \"refused\"\n",
    )
    .unwrap();
    let run = check(path, &["good.pcap"]);
    assert_eq!(run.status.code(), Some(1));
    let page = stdout(&run);
    assert!(
        page.contains("missed  handshake: expected refused, seen 1 valid"),
        "{page}"
    );
}

#[test]
fn expectations_stand_beside_their_capture() {
    let folder = folder();
    let path = folder.path();
    fs::write(
        path.join("good.expect.toml"),
        "handshake = \"valid\"\nclose-code = 1000\n[messages.client]\ntext = 3\n[ceilings]\noverhead-per-message = 80\n",
    )
    .unwrap();
    let run = check(path, &[GOOD]);
    assert_eq!(
        run.status.code(),
        Some(0),
        "{}{}",
        stdout(&run),
        stderr(&run)
    );
    assert!(
        stdout(&run).contains("4 of 4 expectations met"),
        "{}",
        stdout(&run)
    );
    fs::write(path.join("other.toml"), "[messages.client]\ntext = 4\n").unwrap();
    let run = check(path, &["--expect", "other.toml", GOOD]);
    assert_eq!(run.status.code(), Some(1));
    let page = stdout(&run);
    assert!(
        page.contains("missed  messages.client.text: expected 4, seen 3"),
        "{page}"
    );
    fs::write(path.join("good.expect.toml"), "handshake = \"vald\"\n").unwrap();
    let run = check(path, &[GOOD]);
    assert_eq!(run.status.code(), Some(2));
    let said = stderr(&run);
    assert!(
        said.starts_with("wscope: good.expect.toml:1:13: `vald` is no verdict"),
        "{said}"
    );
}

#[test]
fn a_finding_that_is_expected_fails_nothing_and_fails_where_it_is_missing() {
    let folder = folder();
    let path = folder.path();
    fs::write(
        path.join("bad.expect.toml"),
        format!("[[finding]]\nrule = \"{RULE}\"\n"),
    )
    .unwrap();
    let run = check(path, &[BAD]);
    assert_eq!(run.status.code(), Some(1), "the others still fail");
    let page = stdout(&run);
    assert!(page.contains(&format!("expected {RULE}")), "{page}");
    fs::write(
        path.join("good.expect.toml"),
        format!("[[finding]]\nrule = \"{RULE}\"\n"),
    )
    .unwrap();
    let run = check(path, &[GOOD]);
    assert_eq!(run.status.code(), Some(1));
    let page = stdout(&run);
    assert!(
        page.contains(&format!(
            "missed  finding {RULE}: expected at least 1, seen 0"
        )),
        "{page}"
    );
}

#[test]
fn what_the_command_line_denies_fails_also_where_it_is_expected() {
    let folder = folder();
    let path = folder.path();
    let rules = ["--quiet", "--config", "wscope.toml", BAD];
    fs::write(
        path.join("wscope.toml"),
        format!("[rules]\n{RULE} = \"error\"\n"),
    )
    .unwrap();
    assert_eq!(status(path, &["--quiet", "--bless", BAD]), Some(0));
    assert_eq!(status(path, &rules), Some(0), "settings are weaker");
    assert_eq!(status(path, &["--fail-on", "info", BAD]), Some(0));
    let run = check(path, &["--deny", RULE, BAD]);
    assert_eq!(run.status.code(), Some(1));
    let page = stdout(&run);
    assert!(page.contains(&format!("error    {RULE}")), "{page}");
    assert!(!page.contains("missed"), "it is there, as expected: {page}");
    let of_another = ["--deny", "ws-pmd-expansion", BAD];
    assert_eq!(status(path, &of_another), Some(0), "{page}");
    let run = check(path, &["--allow", RULE, BAD]);
    assert_eq!(run.status.code(), Some(0), "{}", stdout(&run));
    #[cfg(unix)]
    assert_eq!(status(path, &["--expect", "/dev/null", BAD]), Some(1));
}

#[test]
fn what_is_blessed_passes_for_every_fixture() {
    let folder = tempfile::tempdir().unwrap();
    let cases = fixtures::readable();
    let mut captures = Vec::new();
    for case in &cases {
        let name = case.capture.as_deref().unwrap();
        fs::copy(case.path(name), folder.path().join(name)).unwrap();
        captures.push(name);
    }
    let run = check(
        folder.path(),
        &[&["--bless", "--quiet"][..], &captures].concat(),
    );
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let run = check(
        folder.path(),
        &[&["--quiet", "--fail-on", "info"][..], &captures].concat(),
    );
    assert_eq!(
        run.status.code(),
        Some(0),
        "{}{}",
        stdout(&run),
        stderr(&run)
    );
    let wrote = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(wrote, 2 * captures.len());
}

#[test]
fn blessing_says_where_it_writes() {
    let folder = folder();
    let run = check(folder.path(), &["--bless", GOOD]);
    assert_eq!(run.status.code(), Some(0));
    assert!(
        stderr(&run).contains("wrote good.expect.toml"),
        "{}",
        stderr(&run)
    );
    let text = fs::read_to_string(folder.path().join("good.expect.toml")).unwrap();
    assert!(text.contains("handshake = \"valid\""), "{text}");
    for (arguments, why) in [
        (
            &["--bless", "--expect", "x.toml", GOOD, BAD][..],
            "names only one",
        ),
        (&["--bless", "-"][..], "--expect FILE"),
        (&["--bless", "--packets", "1-9", GOOD], "a whole capture"),
        (&["--bless", "--limit", "1", GOOD], "a whole capture"),
        (&["--bless", "--merge", GOOD, BAD][..], "--expect FILE"),
    ] {
        let run = check(folder.path(), arguments);
        assert_eq!(run.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&run).contains(why), "{}", stderr(&run));
    }
}

#[test]
fn two_captures_are_not_written_down_in_one_file() {
    for (first, second) in [
        ("two/chat.pcap", "two/chat.pcapng"),
        ("two/chat.pcap", "two/chat.pcap.gz"),
    ] {
        let folder = folder();
        let path = folder.path();
        fs::create_dir(path.join("two")).unwrap();
        fs::rename(path.join(GOOD), path.join(first)).unwrap();
        fs::rename(path.join(BAD), path.join(second)).unwrap();
        for captures in [&["two"][..], &[first, second], &["two", first]] {
            let run = check(path, &[&["--bless"], captures].concat());
            assert_eq!(run.status.code(), Some(2), "{captures:?}");
            let said = stderr(&run);
            let both =
                format!("{first} and {second} would both be written down in two/chat.expect.toml");
            assert!(said.contains(&both), "{said}");
            assert!(said.contains("rename one of them"), "{said}");
            assert!(stdout(&run).is_empty(), "{}", stdout(&run));
        }
        assert!(!path.join("two/chat.expect.toml").exists());
        let alone = ["--bless", "--expect", "second.toml", second];
        assert_eq!(status(path, &alone), Some(0));
        let twice = ["--bless", first, &format!("./{first}")];
        assert_eq!(status(path, &twice), Some(0), "one capture, named twice");
        assert_eq!(status(path, &[first]), Some(0));
    }
}

#[test]
fn formats_of_a_check_are_formats_of_nothing_else() {
    let folder = folder();
    let run = wscope(folder.path())
        .args(["frames", "--format", "junit", GOOD])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(
        stderr(&run).contains("invalid value 'junit'"),
        "{}",
        stderr(&run)
    );
}

/// Everything that a check writes about a conversation full of secrets.
#[test]
fn no_output_shows_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = [
        "s3cr3t-query",
        "s3cr3t-cookie",
        "s3cr3t-bearer",
        "s3cr3t-password",
        "s3cr3t-set",
    ];
    let [query, cookie, bearer, password, set] = secrets;
    let basic = "czNjcjN0OnMzY3IzdA==";
    let mut traffic = Traffic::new(3);
    traffic.say(
        ToServer,
        format!(
            "GET /chat?access_token={query} HTTP/1.1\r\nHost: user:{password}@example.com\r\nUpgrade: websocket\r\n\
             Connection: keep-alive\r\nCookie: session={cookie}\r\nCookie: session={cookie}\r\nAuthorization: Bearer {bearer}\r\n\
             Proxy-Authorization: Basic {basic}\r\nOrigin: http://elsewhere.example/?token={query}\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, chat, bearer.{bearer}\r\n\
             Sec-WebSocket-Version: 12\r\n\r\n"
        ),
    );
    traffic.say(
        ToClient,
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSet-Cookie: session={set}\r\n\
             Sec-WebSocket-Accept: wrong\r\nSec-WebSocket-Protocol: other\r\n\r\n"
        ),
    );
    let get = format!(
        "GET /poll?token={query} HTTP/1.1\r\nHost: example.com\r\nCookie: a={cookie}\r\nAuthorization: Bearer {bearer}\r\n\r\n"
    );
    let capture = traffic
        .client_text("hi")
        .close(1006)
        .segmented(1460)
        .recording()
        .pcap();
    fs::write(folder.path().join("a.pcap"), capture).unwrap();
    let mut plain = Traffic::new(4);
    for _ in 0..20 {
        plain.say(ToServer, get.clone());
        plain.say(
            ToClient,
            format!("HTTP/1.1 200 OK\r\nSet-Cookie: a={set}\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n"),
        );
    }
    fs::write(
        folder.path().join("b.pcap"),
        plain.segmented(1460).recording().pcap(),
    )
    .unwrap();
    let mut found = 0;
    for format in [
        "table", "json", "ndjson", "csv", "markdown", "junit", "sarif", "github", "tap",
    ] {
        let run = check(folder.path(), &["--format", format, "."]);
        let said = stdout(&run) + &stderr(&run);
        for secret in secrets.iter().chain([&basic]) {
            assert!(!said.contains(secret), "{format} shows {secret}: {said}");
        }
        found += said.matches("ws-").count();
    }
    assert!(found > 9, "nothing was found, so nothing could be shown");
    check(folder.path(), &["--bless", "."]);
    let blessed = fs::read_to_string(folder.path().join("a.expect.toml")).unwrap();
    for secret in secrets {
        assert!(!blessed.contains(secret), "{blessed}");
    }
}

#[test]
fn every_rule_is_listed_and_explained() {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let run = wscope(&here)
        .args(["rules", "--format", "json"])
        .output()
        .unwrap();
    let rules: Vec<serde_json::Value> = serde_json::from_slice(&run.stdout).unwrap();
    let ids: Vec<&str> = rules
        .iter()
        .map(|rule| rule["rule"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&RULE));
    let list = wscope(&here).arg("rules").output().unwrap();
    let list = stdout(&list);
    let explained = wscope(&here).arg("explain").args(&ids).output().unwrap();
    let explained = stdout(&explained);
    for id in ids {
        assert!(
            list.lines()
                .any(|line| line.split_whitespace().nth(1) == Some(id)),
            "{id}"
        );
        assert!(explained.lines().any(|line| line.starts_with(id)), "{id}");
    }
}

#[test]
fn what_is_expected_of_a_capture_that_is_gone_is_left_open() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("sub")).unwrap();
    fs::rename(path.join(GOOD), path.join("sub").join(GOOD)).unwrap();
    let (here, gone) = ("sub/good.expect.toml", "sub/gone.expect.toml");
    fs::write(path.join(here), "").unwrap();
    assert_eq!(status(path, &["--strict", "sub"]), Some(0));
    fs::write(path.join(gone), "").unwrap();
    fs::write(
        path.join("wscope.toml"),
        "[expect.\"sub/nosuch.pcap\"]\n[expect.\"sub/./good.pcap\"]\n[expect.\"elsewhere/x.pcap\"]\n",
    )
    .unwrap();
    let whys = [
        format!("{gone}: the capture that it is for is not there"),
        "wscope.toml: [expect.\"sub/nosuch.pcap\"]: this capture is not among those that were checked".to_string(),
    ];
    for (strict, code) in [(&[][..], 0), (&["--strict"][..], 1)] {
        for format in [
            "table", "json", "ndjson", "csv", "markdown", "junit", "sarif", "github", "tap",
        ] {
            // A folder that is named twice has nothing twice.
            let arguments = [strict, &["--format", format, "sub", "sub/."]].concat();
            let run = check(path, &arguments);
            assert_eq!(run.status.code(), Some(code), "{arguments:?}");
            let said = stdout(&run) + &stderr(&run);
            for why in &whys {
                assert!(said.contains(why), "{format}: {said}");
            }
            let report = stdout(&run);
            if !["json", "ndjson", "csv"].contains(&format) {
                assert!(report.contains("gone.expect.toml"), "{format}: {report}");
                assert!(report.contains("sub/nosuch.pcap"), "{format}: {report}");
            }
            for other in ["elsewhere/x.pcap", "[expect.\"sub/./good", here] {
                assert!(!said.contains(other), "{format}: {said}");
            }
        }
    }
    let page = stdout(&check(path, &["sub"]));
    assert!(page.contains(": 1 capture · "), "{page}");
    for arguments in [
        &["sub/good.pcap"][..],
        &["--expect", here, "sub"],
        &["--merge", "sub"],
    ] {
        let arguments = [&["--strict"], arguments].concat();
        assert_eq!(status(path, &arguments), Some(0), "{arguments:?}");
    }
}

#[test]
fn rules_that_could_not_compare_all_connections_are_left_open() {
    let traffic = Traffic::new(7).handshake().client_text("hi").close(1000);
    let one = traffic.segmented(1400).recording();
    let mut many = one.clone();
    many.packets.clear();
    for client in 0..14_337u32 {
        for packet in &one.packets {
            let mut packet = packet.clone();
            // The client's address, behind Ethernet: the source of what it sends, and the destination of what it is sent.
            let at = if packet.bytes[26] == 192 { 26 } else { 30 };
            packet.bytes[at..at + 4].copy_from_slice(&(0x0a00_0000 + client).to_be_bytes());
            many.packets.push(packet);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("many.pcap"), many.pcap()).unwrap();
    let allowed = [
        "--allow",
        "ws-req-key-reused",
        "--quiet",
        "--unknown",
        "many.pcap",
    ];
    let run = check(folder.path(), &[&["--strict"], &allowed[..]].concat());
    let page = stdout(&run);
    assert_eq!(run.status.code(), Some(1), "{page}");
    let open = "open  3 rules over several connections judged only in part";
    assert!(page.contains(open), "{page}");
    let unjudged = "limit, 1 time: ws-req-parallel-connecting, ws-reconnect-no-backoff, perf-short-connections";
    assert!(page.contains(unjudged), "{page}");
    assert_eq!(status(folder.path(), &allowed), Some(0));
}

#[test]
fn a_handshake_that_is_shown_brings_its_findings() {
    let folder = folder();
    let counts = |range: &str| {
        let arguments = ["check", "--packets", range, "--format", "tap", BAD];
        let run = wscope(folder.path()).args(arguments).output().unwrap();
        let findings = stdout(&run).matches("\"error ws-").count();
        let page = stdout(&check(folder.path(), &["--packets", range, BAD]));
        (page.contains("1 invalid"), findings, run.status.code())
    };
    let (shown, reasons, _) = counts("4-6");
    assert!(shown && reasons > 0);
    for packet in 1..20 {
        for range in [format!("1-{packet}"), format!("{packet}-{packet}")] {
            let (shown, findings, code) = counts(&range);
            assert_eq!(shown, findings > 0, "{range}");
            if shown {
                assert_eq!((findings, code), (reasons, Some(1)), "{range}");
            }
        }
    }
}
