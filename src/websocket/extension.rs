//! Extensions (RFC 6455, section 9.1).

use crate::http::{Fields, is_token, split_unquoted};

/// One member of a Sec-WebSocket-Extensions field: a name and its parameters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Extension {
    /// Its name as sent.
    pub name: String,
    /// Its parameters, with their values unquoted.
    pub parameters: Vec<(String, Option<String>)>,
}

impl Extension {
    /// The members of a Sec-WebSocket-Extensions field over all its lines (erratum 3433); none where one breaks the grammar.
    pub fn all(fields: &Fields) -> Vec<Option<Self>> {
        fields
            .members("Sec-WebSocket-Extensions")
            .map(Self::parse)
            .collect()
    }

    /// Reads one member: `extension-token *( ";" extension-param )`.
    pub fn parse(member: &[u8]) -> Option<Self> {
        let (name, mut rest) = split_unquoted(member, b';');
        let name = token(name)?;
        let mut parameters = Vec::new();
        while !rest.is_empty() {
            let (parameter, behind) = split_unquoted(rest, b';');
            rest = behind;
            parameters.push(parse_parameter(parameter)?);
        }
        (!member.trim_ascii_end().ends_with(b";")).then_some(Self { name, parameters })
    }

    /// Whether it is permessage-deflate.
    pub fn is_deflate(&self) -> bool {
        self.name.eq_ignore_ascii_case("permessage-deflate")
    }
}

fn parse_parameter(parameter: &[u8]) -> Option<(String, Option<String>)> {
    let (name, value) = match memchr::memchr(b'=', parameter) {
        None => (parameter, None),
        Some(at) => (
            parameter.get(..at)?,
            Some(parameter.get(at + 1..)?.trim_ascii()),
        ),
    };
    let value = match value {
        None => None,
        // A quoted value must be a token once it is unquoted (RFC 6455, section 9.1).
        Some(quoted) if quoted.starts_with(b"\"") => {
            let inner = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
            let unescaped: Vec<u8> = inner
                .iter()
                .copied()
                .filter(|byte| *byte != b'\\')
                .collect();
            Some(token(&unescaped)?)
        }
        Some(value) => Some(token(value)?),
    };
    Some((token(name)?, value))
}

fn token(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.trim_ascii();
    (!bytes.is_empty() && bytes.iter().all(|byte| is_token(*byte)))
        .then(|| String::from_utf8_lossy(bytes).into_owned())
}
