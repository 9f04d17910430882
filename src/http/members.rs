//! Members of a list value (RFC 9110, section 5.6.1).

/// The members of one list value, without the white space around them; empty ones are passed over.
#[derive(Clone, Debug)]
pub(crate) struct Members<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Members<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if self.0.is_empty() {
                return None;
            }
            let (member, rest) = split_unquoted(self.0, b',');
            self.0 = rest;
            let member = member.trim_ascii();
            if !member.is_empty() {
                return Some(member);
            }
        }
    }
}

/// Splits at the first separator outside a quoted string; the separator is in neither part.
pub(crate) fn split_unquoted(bytes: &[u8], separator: u8) -> (&[u8], &[u8]) {
    // Nearly all lists have no quotes.
    match memchr::memchr2(separator, b'"', bytes).map(|at| bytes.split_at(at)) {
        None => return (bytes, &[]),
        Some((before, [found, behind @ ..])) if *found == separator => {
            return (before, behind);
        }
        _ => {}
    }
    let (mut quoted, mut escaped) = (false, false);
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if byte == separator && !quoted => {
                return (
                    bytes.get(..at).unwrap_or_default(),
                    bytes.get(at + 1..).unwrap_or_default(),
                );
            }
            _ => {}
        }
    }
    (bytes, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_in_quotes_separates_nothing() {
        let pieces = |text| Members(text).collect::<Vec<_>>();
        assert_eq!(pieces(b"a, b,,c "), [b"a", b"b", b"c"]);
        assert_eq!(pieces(br#"a="1,\",2", b"#), [&br#"a="1,\",2""#[..], b"b"]);
    }
}
