//! Look: how a page looks where it is shown.

use anstyle::{AnsiColor, Style};

use crate::check::Severity;
use crate::event::Verdict;

/// How times are printed in tables.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Times {
    /// Seconds since the capture's first packet.
    #[default]
    Relative,
    /// RFC 3339.
    Utc,
}

/// Where a page is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Look {
    /// How many columns it has; none where nothing is cut.
    pub width: Option<usize>,
    /// Whether it may have colours.
    pub color: bool,
    /// How times are printed.
    pub times: Times,
}

/// No colour.
pub(super) const PLAIN: Style = Style::new();
/// Titles.
pub(super) const BOLD: Style = Style::new().bold();
/// What matters less.
pub(super) const DIM: Style = Style::new().dimmed();
/// The client's.
pub(super) const CLIENT: Style = AnsiColor::Cyan.on_default();
/// The server's.
pub(super) const SERVER: Style = AnsiColor::Magenta.on_default();
/// As it should be.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// Worth a look.
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
/// Broken.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();

impl Look {
    /// Appends text in a style, where there are colours.
    pub fn paint(&self, out: &mut Vec<u8>, style: Style, text: &str) {
        use std::io::Write as _;
        // Writing to a buffer cannot fail.
        let _ = if self.color && style != PLAIN {
            write!(out, "{style}{text}{style:#}")
        } else {
            write!(out, "{text}")
        };
    }
}

/// The style of a verdict; its name is always beside it.
pub(super) fn verdict_style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Valid => GOOD,
        Verdict::Invalid => BAD,
        Verdict::Refused => WARN,
        Verdict::Unknown => DIM,
    }
}

/// The style of a severity; its name is always beside it.
pub(super) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Error => BAD,
        Severity::Warning => WARN,
        Severity::Info => DIM,
    }
}
