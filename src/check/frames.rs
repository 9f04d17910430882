//! Rules: frame headers (RFC 6455, sections 5.1 to 5.5; RFC 7692, section 6.1).

use super::agreement::Agreement;
use super::finding::{Cause, Severity};
use super::outcome::{Outcome, Spot};
use super::rule::{Fault, Judge, Rule, Subject};
use crate::direction::Direction;
use crate::span::{Span, Trust};
use crate::websocket::{Header, Opcode};

/// From which payload on a frame is huge: far above what messages need, and what many receivers accept.
const HUGE: u64 = 16 << 20;

/// A frame's header, and what stood before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameFacts<'a> {
    pub(crate) header: &'a Header,
    pub(crate) direction: Direction,
    pub(crate) index: u64,
    pub(crate) message: Option<u64>,
    pub(crate) span: &'a Span,
    pub(crate) trust: Trust,
    /// Whether a fragmented message is open; none where that is not known.
    pub(crate) open: Option<bool>,
    /// Whether the header is the last that its segment brought, and payload is to follow.
    pub(crate) is_split: bool,
    pub(crate) agreement: Agreement,
}

impl FrameFacts<'_> {
    /// Where it stands.
    pub(super) fn spot(&self) -> Spot {
        Spot::of_span(self.span, self.trust).in_frame(self.index, self.message)
    }

    /// Whether no rule about headers can be broken: final, no reserved bits, a known opcode, the right mask, the shortest length.
    #[inline]
    pub(super) fn is_ordinary(&self) -> bool {
        let header = self.header;
        let least = match header.payload_len {
            ..=125 => 2,
            126..=0xffff => 4,
            _ => 10,
        };
        let mask = if header.masking_key.is_some() { 4 } else { 0 };
        let known = match header.opcode {
            Opcode::Text | Opcode::Binary => self.open == Some(false) && header.payload_len <= HUGE,
            Opcode::Ping | Opcode::Pong | Opcode::Close => header.payload_len <= 125,
            Opcode::Continuation | Opcode::Reserved(_) => false,
        };
        known
            && header.fin
            && header.rsv == 0
            && header.masking_key.is_some() == (self.direction == Direction::ToServer)
            && header.header_len == least + mask
    }
}
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ws-client-frame-unmasked",
        severity: Severity::Error,
        fault: Fault::Client,
        source: "RFC 6455, 5.1, 5.3",
        tier: 1,
        subject: Subject::Frames,
        summary: "Every frame from the client is masked, control frames and empty ones too.",
        why: "Masking keeps a page from writing chosen bytes on the wire, which old proxies could take for HTTP. A server must close the connection.",
        help: "Mask in the client: hand-written clients and test tools forget it, over TLS as well.",
        example: Some("81 05 48 65 6c 6c 6f from a client"),
        judge: Judge::Frame(client_unmasked),
    },
    Rule {
        id: "ws-server-frame-masked",
        severity: Severity::Error,
        fault: Fault::Server,
        source: "RFC 6455, 5.1",
        tier: 1,
        subject: Subject::Frames,
        summary: "No frame from the server is masked.",
        why: "A client must close the connection on a masked frame.",
        help: "Look whether a client's code is used on the server's side.",
        example: Some("81 85 37 fa 21 3d 7f 9f 4d 51 58 from a server"),
        judge: Judge::Frame(server_masked),
    },
    Rule {
        id: "ws-rsv-unnegotiated",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 5.2; RFC 7692, 6",
        tier: 1,
        subject: Subject::Frames,
        summary: "Reserved bits are zero unless an accepted extension gives them a meaning.",
        why: "A receiver that agreed to nothing cannot know what the bit changes, and must fail the connection.",
        help: "RSV1 here mostly means that the sender compresses although the answer did not accept it: look at the handshake.",
        example: Some("c1 05 ... without permessage-deflate"),
        judge: Judge::Frame(rsv_unnegotiated),
    },
    Rule {
        id: "ws-pmd-rsv1-on-control",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 7692, 6.1",
        tier: 1,
        subject: Subject::Frames,
        summary: "No control frame is marked as compressed.",
        why: "Control frames are never compressed, and a receiver fails the connection.",
        help: "Set RSV1 on the first frame of a data message only.",
        example: Some("c9 01 78"),
        judge: Judge::Frame(rsv1_on_control),
    },
    Rule {
        id: "ws-pmd-rsv1-on-continuation",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 7692, 6.1",
        tier: 1,
        subject: Subject::Frames,
        summary: "No continuation frame is marked as compressed.",
        why: "The bit of the first frame covers the whole message; a receiver fails the connection.",
        help: "Set RSV1 on the first frame only.",
        example: Some("41 03 f2 48 cd c0 04 c9 c9 07 00"),
        judge: Judge::Frame(rsv1_on_continuation),
    },
    Rule {
        id: "ws-opcode-reserved",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 5.2, 11.8",
        tier: 1,
        subject: Subject::Frames,
        summary: "Opcodes are 0, 1, 2, 8, 9 or 10.",
        why: "The others are reserved, and a receiver must fail the connection.",
        help: "Look at the sender's encoder. Where the frame before it looks odd too, its length is wrong.",
        example: Some("83 00"),
        judge: Judge::Frame(opcode_reserved),
    },
    Rule {
        id: "ws-length-not-minimal",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 5.2",
        tier: 1,
        subject: Subject::Frames,
        summary: "A payload length is coded in its shortest form.",
        why: "Two codings of one length let two readers disagree; strict ones fail the connection.",
        help: "Use 7 bits up to 125, 16 bits up to 65535, and 64 bits above.",
        example: Some("81 7e 00 05 48 65 6c 6c 6f"),
        judge: Judge::Frame(length_not_minimal),
    },
    Rule {
        id: "ws-length-msb-set",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 5.2",
        tier: 1,
        subject: Subject::Frames,
        summary: "The highest bit of a 64-bit length is zero.",
        why: "No such length can be sent: no later boundary of this direction can be trusted.",
        help: "Look for a broken encoder, or for a sign that was extended.",
        example: Some("81 7f 80 00 00 00 00 00 00 05"),
        judge: Judge::Frame(length_msb_set),
    },
    Rule {
        id: "ws-frame-huge",
        severity: Severity::Warning,
        fault: Fault::Either,
        source: "RFC 6455, 10.4",
        tier: 2,
        subject: Subject::Frames,
        summary: "A frame announces at most 16 MiB.",
        why: "A receiver must hold or limit what is announced, and many close with 1009 far below.",
        help: "Split the message into frames, or raise the receiver's limit knowingly.",
        example: None,
        judge: Judge::Frame(huge),
    },
    Rule {
        id: "ws-control-too-long",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 5.5",
        tier: 1,
        subject: Subject::Frames,
        summary: "A control frame's payload has at most 125 bytes.",
        why: "A receiver must be able to answer without holding more, and fails the connection.",
        help: "Shorten what a Ping carries, or the reason of a Close: 123 bytes behind the code.",
        example: Some("89 7e 00 7e ..."),
        judge: Judge::Frame(control_too_long),
    },
    Rule {
        id: "ws-control-fragmented",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 5.4, 5.5",
        tier: 1,
        subject: Subject::Frames,
        summary: "A control frame is not fragmented.",
        why: "It may stand between a message's fragments, so its own could not be told apart.",
        help: "Send control frames whole.",
        example: Some("09 02 66 31 80 02 66 32"),
        judge: Judge::Frame(control_fragmented),
    },
    Rule {
        id: "ws-continuation-unexpected",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 5.4",
        tier: 1,
        subject: Subject::Frames,
        summary: "A continuation frame continues a message that is open.",
        why: "The receiver does not know what it belongs to, and fails the connection.",
        help: "The sender lost track of its messages: look for two writers on one connection.",
        example: Some("80 01 78"),
        judge: Judge::Frame(continuation_unexpected),
    },
    Rule {
        id: "ws-continuation-expected",
        severity: Severity::Error,
        fault: Fault::Either,
        source: "RFC 6455, 5.4",
        tier: 1,
        subject: Subject::Frames,
        summary: "No new message begins before the open one has ended.",
        why: "The fragments of two messages cannot be told apart, and a receiver fails the connection.",
        help: "Send every fragment behind the first with opcode 0; put a lock around writers.",
        example: Some("01 02 66 31 81 02 66 32"),
        judge: Judge::Frame(continuation_expected),
    },
];

fn client_unmasked(frame: &FrameFacts<'_>) -> Outcome {
    let unmasked = frame.direction == Direction::ToServer && frame.header.masking_key.is_none();
    Outcome::error_if(unmasked, || {
        format!(
            "frame {} ({}) is not masked",
            frame.index,
            frame.header.opcode.name()
        )
    })
}

fn server_masked(frame: &FrameFacts<'_>) -> Outcome {
    let masked = frame.direction == Direction::ToClient && frame.header.masking_key.is_some();
    Outcome::error_if(masked, || {
        format!(
            "frame {} ({}) is masked",
            frame.index,
            frame.header.opcode.name()
        )
    })
}

fn rsv_unnegotiated(frame: &FrameFacts<'_>) -> Outcome {
    let header = frame.header;
    let meaningless = header.rsv2() || header.rsv3() || header.rsv1() && !frame.agreement.deflate;
    if meaningless && !frame.agreement.seen {
        return Outcome::Unknown(Cause::NoHandshake);
    }
    if meaningless && frame.agreement.other {
        return Outcome::Unknown(Cause::Extension);
    }
    Outcome::error_if(meaningless, || {
        let bits = [
            ("RSV1", header.rsv1()),
            ("RSV2", header.rsv2()),
            ("RSV3", header.rsv3()),
        ];
        let set: Vec<&str> = bits
            .into_iter()
            .filter(|(_, set)| *set)
            .map(|(name, _)| name)
            .collect();
        format!(
            "{} set, and no agreed extension gives a meaning to it",
            set.join(", ")
        )
    })
}

fn rsv1_on_control(frame: &FrameFacts<'_>) -> Outcome {
    let wrong = frame.agreement.deflate && frame.header.rsv1() && frame.header.opcode.is_control();
    Outcome::error_if(wrong, || {
        format!(
            "a {} frame is marked as compressed",
            frame.header.opcode.name()
        )
    })
}

fn rsv1_on_continuation(frame: &FrameFacts<'_>) -> Outcome {
    let wrong = frame.agreement.deflate
        && frame.header.rsv1()
        && frame.header.opcode == Opcode::Continuation;
    Outcome::error_if(wrong, || {
        "a continuation frame is marked as compressed".to_string()
    })
}

fn opcode_reserved(frame: &FrameFacts<'_>) -> Outcome {
    let Opcode::Reserved(opcode) = frame.header.opcode else {
        return Outcome::Pass;
    };
    if !frame.agreement.seen {
        return Outcome::Unknown(Cause::NoHandshake);
    }
    if frame.agreement.other {
        return Outcome::Unknown(Cause::Extension);
    }
    Outcome::Fail(
        Severity::Error,
        format!("the opcode {opcode:#x} is reserved"),
    )
}

fn length_not_minimal(frame: &FrameFacts<'_>) -> Outcome {
    let header = frame.header;
    let mask = if header.masking_key.is_some() { 4 } else { 0 };
    let bits = match header.header_len - mask {
        4 if header.payload_len < 126 => 16,
        10 if header.payload_len <= 0xffff => 64,
        _ => return Outcome::Pass,
    };
    Outcome::Fail(
        Severity::Error,
        format!("the length {} is coded in {bits} bits", header.payload_len),
    )
}

fn length_msb_set(frame: &FrameFacts<'_>) -> Outcome {
    Outcome::error_if(frame.header.payload_len >> 63 != 0, || {
        "the length's highest bit is set; no later boundary can be trusted".to_string()
    })
}

fn huge(frame: &FrameFacts<'_>) -> Outcome {
    let len = frame.header.payload_len;
    Outcome::warning_if(len > HUGE && len >> 63 == 0, || {
        format!("the frame announces {len} bytes")
    })
}

fn control_too_long(frame: &FrameFacts<'_>) -> Outcome {
    let header = frame.header;
    Outcome::error_if(
        header.opcode.is_control() && header.payload_len > 125,
        || {
            format!(
                "a {} frame has {} bytes of payload; 125 is the most",
                header.opcode.name(),
                header.payload_len
            )
        },
    )
}

fn control_fragmented(frame: &FrameFacts<'_>) -> Outcome {
    let header = frame.header;
    Outcome::error_if(header.opcode.is_control() && !header.fin, || {
        format!("a {} frame has FIN 0", header.opcode.name())
    })
}

fn continuation_unexpected(frame: &FrameFacts<'_>) -> Outcome {
    match (frame.header.opcode, frame.open) {
        (Opcode::Continuation, None) => Outcome::Unknown(Cause::Gap),
        (Opcode::Continuation, Some(open)) => Outcome::error_if(!open, || {
            format!(
                "frame {} continues a message, and none is open",
                frame.index
            )
        }),
        _ => Outcome::NotApplicable,
    }
}

fn continuation_expected(frame: &FrameFacts<'_>) -> Outcome {
    match (frame.header.opcode, frame.open) {
        (Opcode::Text | Opcode::Binary, None) => Outcome::Unknown(Cause::Gap),
        (Opcode::Text | Opcode::Binary, Some(open)) => Outcome::error_if(open, || {
            format!(
                "a new {} message begins in frame {} before the open one ended",
                frame.header.opcode.name(),
                frame.index
            )
        }),
        _ => Outcome::NotApplicable,
    }
}
