//! Key logs (draft-ietf-tls-keylogfile, once called the NSS format): a line a secret, with the client's random to find it by.

use std::fmt;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use zeroize::Zeroize as _;

use super::hello::RANDOM_LEN;
use super::secret::{LONGEST, Secret};
use crate::direction::{Both, Direction};
use crate::notice::{Kind, Notice};

/// How many connections' secrets are kept: 400 MB of them. A browser logs some thousands a day.
const CONNECTIONS: usize = 1 << 20;

/// How many bad lines are told apart; the rest is only counted.
const BAD_LINES: usize = 8;

/// What a secret is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Label {
    /// The master secret of TLS 1.2 (`CLIENT_RANDOM`).
    Master,
    /// `CLIENT_EARLY_TRAFFIC_SECRET`.
    EarlyTraffic,
    /// `CLIENT_HANDSHAKE_TRAFFIC_SECRET` and the server's.
    HandshakeTraffic(Direction),
    /// `CLIENT_TRAFFIC_SECRET_0` and the server's.
    Traffic(Direction),
    /// The premaster secret of TLS 1.2 (`PMS_CLIENT_RANDOM`).
    Premaster,
}

/// How many bytes of an encrypted premaster secret name it (`RSA`).
pub(super) const NAME_LEN: usize = 8;

/// The secrets of many connections.
#[derive(Clone, Default)]
pub struct KeyLog {
    connections: HashMap<[u8; RANDOM_LEN], Box<Secrets>, RandomState>,
    /// Premaster secrets, by the first bytes of what they were when they were encrypted for the server.
    premasters: HashMap<[u8; NAME_LEN], Secret, RandomState>,
    has_premasters: bool,
}

#[derive(Clone, Default)]
struct Secrets {
    master: Option<Secret>,
    early: Option<Secret>,
    handshake: Both<Option<Secret>>,
    traffic: Both<Option<Secret>>,
    premaster: Option<Secret>,
}

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLog")
            .field("connections", &self.connections.len())
            .field("premasters", &self.premasters.len())
            .finish_non_exhaustive()
    }
}

/// What was wrong with a key log. It holds nothing of the lines themselves.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Complaints {
    /// The first bad lines: their numbers from 1, and what is wrong with them.
    pub bad_lines: Vec<(u64, &'static str)>,
    /// How many bad lines there are.
    pub count: u64,
    /// How many secrets were read.
    pub secrets: u64,
    /// Whether secrets were left out because there are too many.
    pub full: bool,
}

impl Complaints {
    /// As notices about the log of this name.
    pub fn notices(&self, name: &str) -> Vec<Notice> {
        let mut notices: Vec<Notice> = self
            .bad_lines
            .iter()
            .map(|(line, why)| {
                Notice::new(
                    Kind::KeyLog,
                    format!("{name}: line {line} is no secret: {why}"),
                )
            })
            .collect();
        let more = self.count - self.bad_lines.len() as u64;
        if more > 0 {
            let told = format!("{name}: {more} more lines are no secrets");
            notices.push(Notice::new(Kind::KeyLog, told));
        }
        if self.full {
            let told = format!(
                "{name}: secrets of more than {CONNECTIONS} connections; the others are not kept"
            );
            notices.push(Notice::new(Kind::LimitReached, told));
        }
        notices
    }
}

impl KeyLog {
    /// Adds the lines of a key log, or of a part of one that stands behind so many lines: they are told by their numbers.
    pub fn read(&mut self, text: &[u8], behind: u64) -> Complaints {
        let mut complaints = Complaints::default();
        for (number, line) in (behind + 1..).zip(text.split(|&byte| byte == b'\n')) {
            match self.line(line.trim_ascii()) {
                Ok(true) => complaints.secrets += 1,
                Ok(false) => {}
                Err(Refused::Full) => complaints.full = true,
                Err(Refused::Bad(why)) => {
                    complaints.count += 1;
                    if complaints.bad_lines.len() < BAD_LINES {
                        complaints.bad_lines.push((number, why));
                    }
                }
            }
        }
        complaints
    }

    /// Whether there is no secret in it.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.premasters.is_empty()
    }

    fn line(&mut self, line: &[u8]) -> Result<bool, Refused> {
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(false);
        }
        let mut words = line.split(u8::is_ascii_whitespace);
        let (Some(label), Some(random), Some(secret), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Refused::Bad("it is not a label, a random and a secret"));
        };
        if !label
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
        {
            return Err(Refused::Bad("it does not begin with a label"));
        }
        if label == b"RSA" {
            return self.premaster(random, secret);
        }
        let Some((label, lens)) = known(label) else {
            // A log also has secrets that open nothing here: of exporters, of QUIC, of ECH.
            return Ok(false);
        };
        let mut bytes = [0; RANDOM_LEN];
        if hex(random, &mut bytes) != Some(RANDOM_LEN) {
            return Err(Refused::Bad("its random is not 64 hexadecimal digits"));
        }
        let random = bytes;
        let secret = read_secret(secret, lens)?;
        if self.is_full() && !self.connections.contains_key(&random) {
            return Err(Refused::Full);
        }
        *self.connections.entry(random).or_default().place(label) = Some(secret);
        self.has_premasters |= label == Label::Premaster;
        Ok(true)
    }

    /// A line that begins with `RSA`.
    fn premaster(&mut self, name: &[u8], secret: &[u8]) -> Result<bool, Refused> {
        let mut bytes = [0; NAME_LEN];
        if hex(name, &mut bytes) != Some(NAME_LEN) {
            return Err(Refused::Bad(
                "its second word is not 16 hexadecimal digits of an encrypted premaster secret",
            ));
        }
        let secret = read_secret(secret, MASTER)?;
        if self.is_full() && !self.premasters.contains_key(&bytes) {
            return Err(Refused::Full);
        }
        self.premasters.insert(bytes, secret);
        self.has_premasters = true;
        Ok(true)
    }

    /// The premaster secret that begins so where it is encrypted.
    pub(super) fn encrypted(&self, name: [u8; NAME_LEN]) -> Option<&Secret> {
        self.premasters.get(&name)
    }

    /// Whether there is a premaster secret in it.
    pub(super) fn has_premasters(&self) -> bool {
        self.has_premasters
    }

    fn is_full(&self) -> bool {
        self.connections.len() + self.premasters.len() >= CONNECTIONS
    }

    pub(super) fn secret(&self, random: &[u8; RANDOM_LEN], label: Label) -> Option<&Secret> {
        let secrets = self.connections.get(random)?;
        match label {
            Label::Master => secrets.master.as_ref(),
            Label::EarlyTraffic => secrets.early.as_ref(),
            Label::HandshakeTraffic(direction) => secrets.handshake[direction].as_ref(),
            Label::Traffic(direction) => secrets.traffic[direction].as_ref(),
            Label::Premaster => secrets.premaster.as_ref(),
        }
    }
}

impl Secrets {
    fn place(&mut self, label: Label) -> &mut Option<Secret> {
        match label {
            Label::Master => &mut self.master,
            Label::EarlyTraffic => &mut self.early,
            Label::HandshakeTraffic(direction) => &mut self.handshake[direction],
            Label::Traffic(direction) => &mut self.traffic[direction],
            Label::Premaster => &mut self.premaster,
        }
    }
}

enum Refused {
    Bad(&'static str),
    Full,
}

/// How long a master secret is, and a premaster secret that RSA carries.
const MASTER: &[usize] = &[48];

/// How long traffic secrets may be; and premaster secrets, where they come from RSA, or from the curves in use.
const TRAFFIC: &[usize] = &[32, 48];

/// The labels that are used with a client's random, and how long their secrets may be.
fn known(label: &[u8]) -> Option<(Label, &'static [usize])> {
    let traffic = |label| Some((label, TRAFFIC));
    match label {
        b"CLIENT_RANDOM" => Some((Label::Master, MASTER)),
        b"PMS_CLIENT_RANDOM" => Some((Label::Premaster, TRAFFIC)),
        b"CLIENT_EARLY_TRAFFIC_SECRET" => traffic(Label::EarlyTraffic),
        b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" => traffic(Label::HandshakeTraffic(Direction::ToServer)),
        b"SERVER_HANDSHAKE_TRAFFIC_SECRET" => traffic(Label::HandshakeTraffic(Direction::ToClient)),
        b"CLIENT_TRAFFIC_SECRET_0" => traffic(Label::Traffic(Direction::ToServer)),
        b"SERVER_TRAFFIC_SECRET_0" => traffic(Label::Traffic(Direction::ToClient)),
        _ => None,
    }
}

/// The secret that a word of a line says.
fn read_secret(digits: &[u8], lens: &[usize]) -> Result<Secret, Refused> {
    let mut bytes = [0; LONGEST];
    let secret = match hex(digits, &mut bytes) {
        Some(len) if lens.contains(&len) => Secret::new(bytes.get(..len).unwrap_or_default()),
        _ => None,
    };
    bytes.zeroize();
    secret.ok_or(Refused::Bad(
        "its secret is not hexadecimal digits of the right length",
    ))
}

/// Writes what hexadecimal digits say; how many bytes that was.
fn hex(digits: &[u8], out: &mut [u8]) -> Option<usize> {
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    if pairs.len() > out.len() {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(pairs) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? << 4 | low?).ok()?;
    }
    Some(pairs.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: [u8; RANDOM_LEN] = [0xab; RANDOM_LEN];

    fn log(text: &str) -> (KeyLog, Complaints) {
        let mut log = KeyLog::default();
        let complaints = log.read(text.as_bytes(), 0);
        (log, complaints)
    }

    #[test]
    fn lines_of_every_ending_are_read_and_bad_ones_are_numbered() {
        let (random, secret) = ("AB".repeat(32), "0c".repeat(48));
        let (log, complaints) = log(&format!(
            "# a comment\r\n\r\nCLIENT_RANDOM {random} {secret}\r\nEXPORTER_SECRET {random} {secret}\n\
             CLIENT_RANDOM {random} {secret}00\nCLIENT_RANDOM {random}\nSERVER_TRAFFIC_SECRET_0 xy {secret}\n\
             hello my friend\nSERVER_TRAFFIC_SECRET_0 {random} {secret}"
        ));
        assert!(log.secret(&RANDOM, Label::Master).is_some());
        assert!(
            log.secret(&RANDOM, Label::Traffic(Direction::ToClient))
                .is_some()
        );
        assert!(
            log.secret(&RANDOM, Label::Traffic(Direction::ToServer))
                .is_none()
        );
        let numbers: Vec<u64> = complaints.bad_lines.iter().map(|(line, _)| *line).collect();
        assert_eq!((numbers, complaints.secrets), (vec![5, 6, 7, 8], 2));
    }

    #[test]
    fn a_part_of_a_log_has_the_numbers_of_the_whole() {
        let mut log = KeyLog::default();
        assert_eq!(log.read(b"# one\n# two\n", 0).count, 0);
        assert_eq!(
            log.read(b"three\n", 2).bad_lines,
            [(3, "it is not a label, a random and a secret")]
        );
    }

    #[test]
    fn bad_lines_without_end_are_counted_and_not_kept() {
        let (_, complaints) = log(&"x\n".repeat(100));
        assert_eq!(
            (complaints.count, complaints.bad_lines.len()),
            (100, BAD_LINES)
        );
    }
}
