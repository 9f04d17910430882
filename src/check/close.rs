//! Rules: close frames (RFC 6455, sections 5.5.1 and 7.4).

use super::agreement::Agreement;
use super::finding::Severity;
use super::outcome::Outcome;
use super::request::shown;
use super::rule::{Fault, Judge, Rule, Subject};
use crate::direction::Direction;
use crate::websocket::CloseCode;

/// A close frame that is in the capture from its first byte to its last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CloseFacts<'a> {
    pub(crate) direction: Direction,
    pub(crate) payload_len: u64,
    /// Its payload without mask, up to the 125 bytes that it may have.
    pub(crate) payload: &'a [u8],
    pub(super) agreement: Agreement,
    /// Whether the client offered an extension.
    pub(super) offered_extension: bool,
    /// Whether the other side has sent a frame before.
    pub(super) answers: bool,
}

impl CloseFacts<'_> {
    fn code(&self) -> Option<u16> {
        self.payload
            .first_chunk()
            .map(|code| u16::from_be_bytes(*code))
    }

    fn reason(&self) -> &[u8] {
        self.payload.get(2..).unwrap_or_default()
    }
}
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-close-payload-one-byte",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.1",
        tier: 1,
        subject: Subject::Closing,
        summary: "A Close has no payload, or at least the two bytes of its code.",
        why: "One byte is no code, and a receiver fails the connection.",
        help: "Send an empty Close, or a code and a reason.",
        example: Some("88 01 03"),
        judge: Judge::Close(payload_one_byte),
    },
    Rule {
        id: "ws-close-code-reserved-on-wire",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 7.4.1",
        tier: 1,
        subject: Subject::Closing,
        summary: "No Close carries 1005, 1006 or 1015.",
        why: "These are for an application to be told that there was no code, and must never be sent.",
        help: "Send 1000, or a Close without a code.",
        example: Some("88 02 03 ed"),
        judge: Judge::Close(code_reserved),
    },
    Rule {
        id: "ws-close-code-invalid",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 7.4; IANA, close codes",
        tier: 1,
        subject: Subject::Closing,
        summary: "Close codes are assigned: 1000 to 1003, 1007 to 1014, or 3000 to 4999.",
        why: "A receiver may fail the connection on another. Only a warning where an extension was agreed that may have defined the code.",
        help: "Use 1000, or a code of 4000 to 4999 of your own.",
        example: Some("88 02 03 e7"),
        judge: Judge::Close(code_invalid),
    },
    Rule {
        id: "ws-close-code-wrong-sender",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 7.4.1",
        tier: 2,
        subject: Subject::Closing,
        summary: "1010 is sent by a client that offered an extension.",
        why: "The code says that a server did not accept what the client needs; nobody else can mean that.",
        help: "Use another code.",
        example: None,
        judge: Judge::Close(code_wrong_sender),
    },
    Rule {
        id: "ws-close-reason-invalid-utf8",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 5.5.1, 7.1.6, 8.1",
        tier: 1,
        subject: Subject::Closing,
        summary: "The reason of a Close is UTF-8.",
        why: "A receiver must fail the connection, and the reason is lost.",
        help: "Cut the reason at a character's border where it is limited to 123 bytes.",
        example: Some("88 04 03 e8 c0 af"),
        judge: Judge::Close(reason_invalid_utf8),
    },
    Rule {
        id: "ws-close-protocol-error-sent",
        severity: Severity::Info,
        fault: Fault::Either,
        source: "RFC 6455, 7.4.1, 7.1.7",
        tier: 3,
        subject: Subject::Closing,
        summary: "No side closes because of an error.",
        why: "The code says why a side gave up; the cause is mostly in the other direction, just before.",
        help: "Read what was found in the other direction.",
        example: None,
        judge: Judge::Close(protocol_error_sent),
    },
];

fn payload_one_byte(close: &CloseFacts<'_>) -> Outcome {
    Outcome::error_if(close.payload_len == 1, || {
        "the payload has one byte; a code needs two".to_string()
    })
}

fn code_reserved(close: &CloseFacts<'_>) -> Outcome {
    let code = close
        .code()
        .filter(|code| matches!(code, 1005 | 1006 | 1015));
    Outcome::error_if(code.is_some(), || {
        format!(
            "the code is {}, which must never be sent",
            code.unwrap_or_default()
        )
    })
}

fn code_invalid(close: &CloseFacts<'_>) -> Outcome {
    let Some(code) = close.code() else {
        return Outcome::NotApplicable;
    };
    let extended = close.agreement.other && (1000..3000).contains(&code);
    let severity = if extended {
        Severity::Warning
    } else {
        Severity::Error
    };
    let what = match code {
        1004 => "reserved",
        1016..=2999 => "not assigned",
        0..=999 | 5000.. => "outside every range",
        _ => return Outcome::Pass,
    };
    Outcome::Fail(severity, format!("the code {code} is {what}"))
}

fn code_wrong_sender(close: &CloseFacts<'_>) -> Outcome {
    let asked = close.direction == Direction::ToServer
        && (close.offered_extension || !close.agreement.seen);
    Outcome::warning_if(close.code() == Some(1010) && !asked, || {
        format!(
            "the {} sent 1010, which is for a client whose extension was not accepted",
            close.direction.sender()
        )
    })
}

fn reason_invalid_utf8(close: &CloseFacts<'_>) -> Outcome {
    if close.payload_len > 125 {
        return Outcome::NotApplicable;
    }
    let error = std::str::from_utf8(close.reason()).err();
    Outcome::error_if(error.is_some(), || {
        let at = error.map_or(0, |error| error.valid_up_to());
        format!("the reason is not UTF-8 at byte {at}")
    })
}

fn protocol_error_sent(close: &CloseFacts<'_>) -> Outcome {
    let code = close
        .code()
        .filter(|code| matches!(code, 1002 | 1003 | 1007..=1014) && close.answers);
    Outcome::info_if(code.is_some(), || {
        let code = code.unwrap_or_default();
        let (name, reason) = (CloseCode(code).name(), shown(close.reason()));
        let colon = if reason.is_empty() { "" } else { ": " };
        format!(
            "the {} closed with {code} ({name}){colon}{reason}",
            close.direction.sender()
        )
    })
}
