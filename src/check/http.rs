//! Rules: the heads of any HTTP message (RFC 9112, sections 2, 5 and 6).

use super::finding::Severity;
use super::outcome::Outcome;
use super::request::shown;
use super::rule::{Fault, Judge, Rule, Subject};
use crate::http::Fields;

/// A head that is in the capture from its first byte to its last, and surely is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadFacts<'a> {
    pub(crate) fields: &'a Fields,
    pub(crate) version: &'a [u8],
    pub(crate) is_request: bool,
}
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "http-te-and-cl",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 9112, 6.1, 6.3, 11.2",
        tier: 1,
        subject: Subject::Http,
        summary: "A message does not have both Transfer-Encoding and Content-Length.",
        why: "Two readers disagree on where the message ends: the classic form of request smuggling.",
        help: "Refuse such messages, and look for who sent both.",
        example: None,
        judge: Judge::Head(te_and_cl),
    },
    Rule {
        id: "http-te-invalid",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 9112, 6.1, 6.3, 7",
        tier: 1,
        subject: Subject::Http,
        summary: "A Transfer-Encoding is known, spelled right, and ends with chunked in a request.",
        why: "Readers disagree on the message's end where one does not know the coding.",
        help: "Refuse the message with 400.",
        example: None,
        judge: Judge::Head(te_invalid),
    },
    Rule {
        id: "http-cl-conflict",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 9112, 6.3; RFC 9110, 8.6",
        tier: 1,
        subject: Subject::Http,
        summary: "Content-Length is one number of digits.",
        why: "Readers that take different values disagree on the message's end.",
        help: "Refuse the message with 400.",
        example: None,
        judge: Judge::Head(cl_conflict),
    },
    Rule {
        id: "http-header-malformed",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 9112, 2.2, 5.1, 5.2",
        tier: 1,
        subject: Subject::Http,
        summary: "The lines of a head keep the grammar: no white space before a colon, no folding, no bare CR or LF, no control bytes.",
        why: "Recipients disagree on what such a line means.",
        help: "Refuse the message, and look for who writes such lines.",
        example: None,
        judge: Judge::Head(header_malformed),
    },
];

/// Transfer codings in IANA's registry (RFC 9112, section 7).
const CODINGS: [&[u8]; 6] = [
    b"chunked",
    b"gzip",
    b"x-gzip",
    b"deflate",
    b"compress",
    b"x-compress",
];

fn te_and_cl(head: &HeadFacts<'_>) -> Outcome {
    let both = head.fields.first("Transfer-Encoding").is_some()
        && head.fields.first("Content-Length").is_some();
    Outcome::error_if(both, || {
        "both Transfer-Encoding and Content-Length are there".to_string()
    })
}

fn te_invalid(head: &HeadFacts<'_>) -> Outcome {
    let codings: Vec<&[u8]> = head.fields.members("Transfer-Encoding").collect();
    if head.fields.first("Transfer-Encoding").is_none() {
        return Outcome::NotApplicable;
    }
    let is = |coding: &[u8], name: &[u8]| coding.eq_ignore_ascii_case(name);
    let unknown = codings
        .iter()
        .find(|coding| !CODINGS.iter().any(|name| is(coding, name)));
    let chunked = codings
        .iter()
        .filter(|coding| is(coding, b"chunked"))
        .count();
    let ends_chunked = codings.last().is_some_and(|last| is(last, b"chunked"));
    let wrong = if let Some(unknown) = unknown {
        Some(format!(
            "the transfer coding {} is not known",
            shown(unknown)
        ))
    } else if chunked > 1 {
        Some("chunked is applied twice".to_string())
    } else if !ends_chunked && (head.is_request || chunked == 1) {
        Some("the last transfer coding is not chunked".to_string())
    } else if matches!(head.version, b"0.9" | b"1.0") {
        Some("HTTP/1.0 has no Transfer-Encoding".to_string())
    } else {
        None
    };
    Outcome::error_if(wrong.is_some(), || wrong.unwrap_or_default())
}

fn cl_conflict(head: &HeadFacts<'_>) -> Outcome {
    let mut values = head
        .fields
        .values("Content-Length")
        .flat_map(|line| line.split(|byte| *byte == b','));
    let Some(first) = values.next().map(<[u8]>::trim_ascii) else {
        return Outcome::NotApplicable;
    };
    let is_number = |value: &[u8]| !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let other = values.map(<[u8]>::trim_ascii).find(|value| *value != first);
    Outcome::error_if(other.is_some() || !is_number(first), || match other {
        Some(other) => format!(
            "Content-Length is both {} and {}",
            shown(first),
            shown(other)
        ),
        None => format!("Content-Length is {}", shown(first)),
    })
}

fn header_malformed(head: &HeadFacts<'_>) -> Outcome {
    if head.fields.is_clean() {
        return Outcome::Pass;
    }
    header_looked_through(head)
}

/// Looks at every byte.
fn header_looked_through(head: &HeadFacts<'_>) -> Outcome {
    let bytes = head.fields.head();
    let malformed = head.fields.iter().find(|field| field.is_malformed);
    let line_break = memchr::memchr2_iter(b'\r', b'\n', bytes).find(|&at| {
        let pair = |from: usize| bytes.get(from..from + 2) == Some(b"\r\n");
        !(pair(at) || at > 0 && pair(at - 1))
    });
    let control = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\r' | b'\n');
    // Folded without an early end, which the compiler does many bytes at a time.
    let is_clean = !bytes.iter().fold(false, |any, byte| any | control(byte));
    let what = if let Some(field) = malformed {
        Some(if field.name.is_empty() {
            "a line that has no name before a colon, or that goes on the line before".to_string()
        } else {
            format!(
                "the name {} is followed by white space, or is no token",
                shown(field.name)
            )
        })
    } else if let Some(at) = line_break {
        Some(format!("a bare CR or LF at byte {at} of the head"))
    } else if is_clean {
        None
    } else {
        bytes
            .iter()
            .position(control)
            .map(|at| format!("a control byte at byte {at} of the head"))
    };
    Outcome::error_if(what.is_some(), || what.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::RequestHead;

    fn facts(head: &RequestHead) -> HeadFacts<'_> {
        HeadFacts {
            fields: head.fields(),
            version: head.version(),
            is_request: true,
        }
    }

    #[test]
    fn a_usual_head_is_clean() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\nX-Tab:\ta\tb\r\nEmpty:\r\n\r\n";
        let head = RequestHead::parse(head).expect("a head");
        assert!(head.fields().is_clean());
        let none = RequestHead::parse(b"GET / HTTP/1.1\r\n\r\n").expect("a head");
        assert!(none.fields().is_clean());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn a_clean_head_is_one_that_passes_when_every_byte_is_looked_at(
            lines in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..6),
            odd: bool,
        ) {
            const USUAL: [&str; 4] = ["Host: a", "Accept: */*", "A:", "X-B: c d"];
            const ODD: [&str; 12] =
                ["", " a: b", "a : b", "a\u{1}: b", "a: \u{7f}", "a", ":", "a: b\rc", "\ta: b", "a: b \r", "\r", "a\u{e9}: b"];
            let ends = ["\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n"];
            let mut head = String::from("GET / HTTP/1.1\r\n");
            for (line, end) in &lines {
                let line = line.index(if odd { 16 } else { 4 });
                head += USUAL.iter().chain(&ODD).nth(line).expect("a line");
                head += if odd { ends[end.index(ends.len())] } else { ends[0] };
            }
            head += "\r\n";
            if let Some(head) = RequestHead::parse(head.as_bytes()) {
                let passes = header_looked_through(&facts(&head)) == Outcome::Pass;
                if head.fields().is_clean() {
                    prop_assert!(passes);
                } else {
                    prop_assert!(odd);
                }
            }
        }
    }
}
