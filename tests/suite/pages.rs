//! What pages say to a person: every number is of what it is said of, and every hint leads somewhere.

use std::process::Output;

use crate::fixtures;
use crate::program::{stderr, wscope};

/// The page of a command over a fixture's capture.
fn page(fixture: &str, arguments: &[&str]) -> String {
    let run = run(fixture, arguments);
    assert!(run.status.success(), "{arguments:?}: {}", stderr(&run));
    String::from_utf8(run.stdout).unwrap()
}

fn run(fixture: &str, arguments: &[&str]) -> Output {
    let all = fixtures::readable();
    let case = all.iter().find(|case| case.name == fixture).unwrap();
    wscope(&case.folder)
        .args(arguments)
        .arg(case.capture.as_deref().unwrap())
        .output()
        .unwrap()
}

#[test]
fn a_summary_of_a_part_says_which_numbers_are_of_the_whole() {
    let whole = page("http-vs-ws", &["summary"]);
    assert!(
        whole.contains("8 HTTP exchanges beside the handshakes: 2,557 B"),
        "{whole}"
    );
    assert!(whole.contains("\nBYTES   6,824 B"), "{whole}");
    for part in [
        ["--connection", "1"],
        ["--packets", "23-32"],
        ["--since", "0.2"],
    ] {
        let page = page("http-vs-ws", &[&["summary"], &part[..]].concat());
        let head = page.lines().next().unwrap();
        assert!(
            head.contains("connection shown") || head.contains("connections shown"),
            "{page}"
        );
        let scope = "Packets, bytes and their time are of all that was read";
        assert!(page.contains(scope), "{page}");
        assert!(
            page.contains("\nBYTES OF THE WHOLE CAPTURE   6,824 B"),
            "{page}"
        );
        assert!(!page.contains("2,557 B"), "{page}");
    }
    let one = page("http-vs-ws", &["summary", "--connection", "1"]);
    assert!(
        one.contains("        shown: 1 HTTP exchange beside the handshakes: 314 B"),
        "{one}"
    );
    // Where the part is all there is, nothing is said of it.
    let only = page("seed-ws", &["summary", "--connection", "0"]);
    assert_eq!(only, page("seed-ws", &["summary"]));
}

#[test]
fn a_gap_is_told_at_the_packet_behind_it() {
    let gaps = |fixture| {
        let arguments = ["connections", "--notices", "--format", "ndjson"];
        let lines = page(fixture, &arguments);
        let records = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let gaps = records.filter(|record: &serde_json::Value| record["kind"] == "gap");
        gaps.map(|gap| {
            let packet = gap["packet"].as_u64().unwrap();
            let told = gap["explanation"].as_str().unwrap().to_string();
            (gap["sender"].as_str().unwrap().to_string(), packet, told)
        })
        .collect::<Vec<_>>()
    };
    let found = gaps("tcp-capture-drops");
    let places: Vec<(&str, u64)> = found
        .iter()
        .map(|(sender, packet, _)| (sender.as_str(), *packet))
        .collect();
    assert_eq!(places[0], ("client", 16), "{found:?}");
    assert!(places.contains(&("server", 17)), "{found:?}");
    assert!(
        found[0].2 == "631 bytes of the client are not in the capture, before those of packet 16",
        "{found:?}"
    );
    // Nothing is behind the hole: it is told at the packet that made it certain.
    let found = gaps("tcp-one-direction");
    assert_eq!((found[0].0.as_str(), found[0].1), ("server", 17));
    assert!(found[0].2.ends_with("nor any behind them"), "{found:?}");
}

#[test]
fn a_connection_tells_how_it_opened_and_closed() {
    let lines = page("tcp-rst-halfopen", &["connections"]);
    let refused = lines
        .lines()
        .find(|line| line.starts_with("  4  "))
        .unwrap();
    assert!(
        refused.ends_with("  refused: reset in answer to its SYN"),
        "{refused}"
    );
    let lines = page("tcp-one-direction", &["connections"]);
    assert!(
        lines.contains("fin of the client only, opening seen in part, 2,578 B missing"),
        "{lines}"
    );
    let lines = page("tcp-midstream", &["connections"]);
    assert!(lines.contains("opening not seen"), "{lines}");
}

/// A folder with copies of fixtures' captures, each under its own name.
fn folder(fixtures: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in fixtures {
        let all = fixtures::readable();
        let case = all.iter().find(|case| case.name == *name).unwrap();
        let capture = case.capture.as_deref().unwrap();
        std::fs::copy(case.path(capture), folder.path().join(capture)).unwrap();
    }
    folder
}

fn run_in(folder: &tempfile::TempDir, arguments: &[&str]) -> (Option<i32>, String, String) {
    let run = wscope(folder.path()).args(arguments).output().unwrap();
    let page = String::from_utf8(run.stdout.clone()).unwrap();
    (run.status.code(), page, stderr(&run))
}

/// The commands of the last line, without the program's name.
fn hints(page: &str) -> Vec<String> {
    let line = page.lines().last().unwrap();
    let line = line
        .strip_prefix("Next: ")
        .unwrap_or_else(|| panic!("{page}"));
    let hints = line
        .split(" · ")
        .map(|hint| hint.strip_prefix("wscope ").unwrap());
    hints.map(str::to_string).collect()
}

#[test]
fn every_hint_leads_to_a_page_with_something_on_it() {
    let empty = [
        "\nno ",
        "none of",
        "nothing that can be read",
        "nothing to judge",
    ];
    let commands: [&[&str]; 11] = [
        &["summary"],
        &["connections"],
        &["handshakes"],
        &["handshakes", "--verdict", "invalid"],
        &["check"],
        &["frames"],
        &["messages"],
        &["http"],
        &["overhead"],
        &["overhead", "--connection", "0"],
        &["follow", "--connection", "0"],
    ];
    for fixture in [
        "seed-http",
        "seed-ws",
        "tls-nokeys",
        "hs-reject-codes",
        "tcp-midstream",
    ] {
        let folder = folder(&[fixture]);
        let capture = format!("{fixture}.pcap");
        for command in commands {
            let (_, page, _) = run_in(&folder, &[command, &[&capture]].concat());
            for hint in hints(&page) {
                let arguments: Vec<&str> = hint.split(' ').collect();
                let (status, led, said) = run_in(&folder, &arguments);
                assert!(status.is_some_and(|status| status < 2), "{hint}: {said}");
                let there = format!("\n{led}");
                // What is followed may be what shows that nothing can be read.
                let bad = empty.iter().find(|empty| there.contains(**empty));
                let from = command.join(" ");
                assert!(bad.is_none(), "{capture}: {from} leads to {hint}: {led}");
                assert_ne!(arguments, [command, &[&capture]].concat(), "{hint}");
            }
        }
    }
}

#[test]
fn a_name_that_begins_with_a_dash_is_no_option_of_the_next_command() {
    let folder = folder(&["seed-ws"]);
    let named = |name: &str| folder.path().join(name);
    std::fs::rename(named("seed-ws.pcap"), named("-odd.pcap")).unwrap();
    let (_, page, said) = run_in(&folder, &["summary", "--", "-odd.pcap"]);
    for hint in hints(&page) {
        let arguments: Vec<&str> = hint.split(' ').collect();
        let (status, ..) = run_in(&folder, &arguments);
        assert_eq!(status, Some(0), "{hint}: {said}");
    }
}

/// What bash makes of a line in a folder, where `wscope` is the program.
#[cfg(unix)]
fn in_bash(folder: &tempfile::TempDir, line: &str) -> (Option<i32>, String) {
    let run = std::process::Command::new("bash")
        .current_dir(folder.path())
        .env("LC_ALL", "C")
        .arg("-c")
        .arg(format!("wscope() {{ \"$WSCOPE\" \"$@\"; }}; {line}"))
        .env("WSCOPE", env!("CARGO_BIN_EXE_wscope"))
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].concat();
    (
        run.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
#[cfg(unix)]
fn the_next_commands_name_a_capture_as_a_shell_takes_it() {
    let folder = folder(&["seed-ws"]);
    let path = |name: &str| folder.path().join(name);
    for name in [
        "a\nb.pcap",
        "-\u{1b}[31m\u{202e}\u{9b}it's.pcap",
        "tab\t\\n \r\u{7f}\u{7}0\u{e0041}日本.pcap",
        "back\\slash $HOME `x`.pcap",
    ] {
        std::fs::copy(path("seed-ws.pcap"), path(name)).unwrap();
        for command in ["summary", "messages", "check"] {
            let (status, page, said) = run_in(&folder, &[command, "--", name]);
            assert_eq!(status, Some(0), "{said}");
            let next = page.lines().find_map(|line| line.strip_prefix("Next: "));
            let commands = next.unwrap().split(" · ");
            let own = commands.filter(|command| command.contains(".pcap"));
            let own: Vec<&str> = own.collect();
            assert!(!own.is_empty(), "{page}");
            for command in own {
                let (status, said) = in_bash(&folder, command);
                assert_eq!(status, Some(0), "{command}: {said}");
            }
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn no_command_names_what_cannot_be_read_again() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = folder(&["seed-ws"]);
    let odd = std::ffi::OsStr::from_bytes(b"\xff.pcap");
    std::fs::copy(folder.path().join("seed-ws.pcap"), folder.path().join(odd)).unwrap();
    for line in [
        "wscope COMMAND $'\\xff.pcap'",
        "wscope COMMAND <(cat seed-ws.pcap)",
        "wscope COMMAND /dev/stdin < seed-ws.pcap",
        "wscope COMMAND /dev/fd/7 7< seed-ws.pcap",
        "mkfifo -m 600 fifo.COMMAND; cat seed-ws.pcap > fifo.COMMAND & wscope COMMAND fifo.COMMAND",
        "wscope COMMAND --merge seed-ws.pcap <(cat seed-ws.pcap)",
        "echo '# none' > log; wscope COMMAND --keylog /dev/fd/7 seed-ws.pcap 7< log",
    ] {
        for command in ["summary", "check"] {
            let line = line.replace("COMMAND", command);
            let (status, page) = in_bash(&folder, &line);
            assert_eq!(status, Some(0), "{line}: {page}");
            let next = page.lines().find_map(|line| line.strip_prefix("Next: "));
            let named = next.is_some_and(|next| next != "wscope explain perf-empty-final-fragment");
            assert!(!named, "{line}: {page}");
        }
    }
    let (_, page) = in_bash(&folder, "wscope check seed-ws.pcap");
    assert!(
        page.contains("Next: wscope explain perf-empty-final-fragment · "),
        "{page}"
    );
}

#[test]
fn a_search_for_a_verdict_leaves_out_captures_without_one() {
    let folder = folder(&["hs-bad-fields", "seed-ws", "seed-http"]);
    let search = |verdict| run_in(&folder, &["handshakes", "--verdict", verdict, "."]).1;
    let page = search("invalid");
    assert!(page.starts_with("./hs-bad-fields.pcap\n"), "{page}");
    assert!(!page.contains("seed-"), "{page}");
    assert!(
        page.ends_with("\n12 of 13 opening handshakes in 3 captures are invalid\n"),
        "{page}"
    );
    assert_eq!(
        search("unknown"),
        "none of 13 opening handshakes in 3 captures is of unknown verdict\n\
         Next: wscope handshakes ./hs-bad-fields.pcap · wscope summary ./hs-bad-fields.pcap\n"
    );
    let one = run_in(
        &folder,
        &["handshakes", "--verdict", "invalid", "seed-ws.pcap"],
    )
    .1;
    assert_eq!(
        one,
        "none of 1 opening handshake is invalid\n\
         Next: wscope handshakes seed-ws.pcap · wscope summary seed-ws.pcap\n"
    );
    // The first capture with handshakes leads on.
    let arguments = [
        "handshakes",
        "--verdict",
        "invalid",
        "seed-http.pcap",
        "seed-ws.pcap",
    ];
    let several = run_in(&folder, &arguments).1;
    assert_eq!(
        several,
        "none of 1 opening handshake in 2 captures is invalid\n\
         Next: wscope handshakes seed-ws.pcap · wscope summary seed-ws.pcap\n"
    );
    let none = run_in(
        &folder,
        &["handshakes", "--verdict", "invalid", "seed-http.pcap"],
    )
    .1;
    assert!(none.starts_with("no opening handshakes\n"), "{none}");
}

#[test]
fn what_a_check_says_is_its_status() {
    let folder = folder(&["hs-bad-fields", "seed-ws"]);
    let (status, page, said) = run_in(&folder, &["check", "--bless", "hs-bad-fields.pcap"]);
    assert_eq!(status, Some(0), "{said}");
    let last = page.lines().last().unwrap();
    assert!(
        last.starts_with("written down, not judged: 1 capture"),
        "{page}"
    );
    for arguments in [
        &["check", "--connection", "99", "seed-ws.pcap"][..],
        &["check", "--packets", "500-", "seed-ws.pcap"],
    ] {
        let (status, page, _) = run_in(&folder, arguments);
        assert_eq!(status, Some(2));
        assert!(
            page.contains("\nfailed: ") && !page.contains("passed"),
            "{page}"
        );
    }
}

#[test]
fn packets_that_were_cut_are_named_where_nothing_can_be_listed() {
    let told = "17 packets were cut to at most 96 bytes, and what was cut off cannot be read; `tcpdump -s 0`";
    let handshakes = page("file-snaplen96", &["handshakes", "--verdict", "valid"]);
    assert!(
        handshakes.lines().any(|line| line.starts_with(told)),
        "{handshakes}"
    );
    let summary = page("file-snaplen96", &["summary"]);
    assert!(summary.contains(told));
    for field in ["Key     (cut off)", "Accept  (cut off)"] {
        assert!(
            summary.contains(&format!("Sec-WebSocket-{field}")),
            "{summary}"
        );
    }
    let said = stderr(&run("file-snaplen96", &["handshakes"]));
    assert!(
        said.contains("`tcpdump -s 0` captures packets whole"),
        "{said}"
    );
    assert!(!page("seed-http", &["handshakes"]).contains("were cut"));
}

#[test]
fn the_ledgers_of_a_connection_are_said_to_be_whole() {
    let scope = "The ledgers are of the whole connection";
    let part = ["overhead", "--connection", "0", "--packets", "1-10"];
    assert!(page("seed-ws", &part).contains(scope));
    assert!(!page("seed-ws", &part[..3]).contains(scope));
    // What is left out of other connections is no part of this one.
    let of_one = ["overhead", "--connection", "0", "--packets", "1-10"];
    assert!(!page("seed-both", &of_one).contains(scope));
}

#[test]
fn bytes_that_nobody_understood_are_no_payload() {
    let sealed = page("tls-nokeys", &["summary"]);
    let bytes = sealed
        .lines()
        .find(|line| line.starts_with("BYTES"))
        .unwrap();
    assert_eq!(
        bytes,
        "BYTES   7,269 B = 1,996 B packet headers + 608 B TLS + 4,665 B unread"
    );
    // A capture with UDP beside TCP.
    let folder = tempfile::tempdir().unwrap();
    let mut capture = std::fs::read(fixtures::root().join("seed-ws/seed-ws.pcap")).unwrap();
    let mut datagram = vec![0; 16];
    datagram[8] = 46;
    datagram[12] = 46;
    datagram.extend([0; 12]);
    datagram.extend([8, 0]);
    datagram.extend([
        0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1,
    ]);
    datagram.extend([0, 53, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4]);
    capture.extend(datagram);
    std::fs::write(folder.path().join("a.pcap"), capture).unwrap();
    let (_, page, _) = run_in(&folder, &["a.pcap"]);
    assert!(
        page.contains(" + 4 B not TCP\n        1 packet is not TCP but UDP\n"),
        "{page}"
    );
}

#[test]
fn a_file_that_is_no_key_log_is_one_error() {
    let folder = folder(&["tls-nokeys"]);
    let arguments = ["messages", "--keylog", "tls-nokeys.pcap", "tls-nokeys.pcap"];
    let (status, page, said) = run_in(&folder, &arguments);
    assert_eq!((status, page.as_str()), (Some(2), ""));
    assert!(
        said.starts_with("wscope: tls-nokeys.pcap: not a key log: "),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_compressed_message_shows_what_was_said_first() {
    let lines = page("pmd-takeover", &["messages"]);
    let compressed = lines
        .lines()
        .filter(|line| line.contains("[compressed to "));
    assert!(compressed.clone().count() > 0, "{lines}");
    for line in compressed {
        // Of a message without bytes nothing was said.
        let is_empty = line.contains("  0 B  ");
        assert_eq!(line.contains(" B  [compressed"), is_empty, "{line}");
    }
}

#[test]
fn a_number_that_must_be_one_at_least_is_asked_for_in_words() {
    for option in ["--threads", "--limit"] {
        let run = run("seed-ws", &["frames", option, "0"]);
        assert_eq!(run.status.code(), Some(2));
        let said = stderr(&run);
        assert!(said.contains("a number from 1 on is wanted"), "{said}");
        assert!(!said.contains("18446744073709551615"), "{said}");
    }
}

#[test]
fn captures_of_a_check_stand_apart_where_one_takes_more_than_a_line() {
    let folder = folder(&["seed-ws", "tls-nokeys", "seed-http"]);
    let arguments = ["check", "seed-ws.pcap", "tls-nokeys.pcap", "seed-http.pcap"];
    let (_, page, _) = run_in(&folder, &arguments);
    assert!(page.contains("\n\ntls-nokeys.pcap "), "{page}");
}

#[test]
fn what_is_found_over_several_connections_names_their_ends() {
    let checked = run("hs-segmentation", &["check"]);
    let checked = String::from_utf8(checked.stdout).unwrap();
    let connections: Vec<&str> = checked
        .lines()
        .filter(|line| line.starts_with("  connection "))
        .collect();
    assert!(connections.len() > 1, "{checked}");
    for connection in connections {
        assert!(connection.contains(" -> "), "{connection}");
    }
}
