//! Index: which line of a head has a name.

/// Which line has a tag: each tag has one of 64 places, which several may share. Zero where none has it, `SHARED` where several
/// have, or one that is too far behind; else the line's number, from one.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct Index([u8; 64]);

pub(super) const SHARED: u8 = u8::MAX;

/// Four letters of a name, in lower case. A head is asked for a hundred names, and this tells at a glance which lines have none of them.
///
/// They are the first four, but of the many names that begin with `Sec-` the 14th to the 17th, which tell `Sec-WebSocket-Key` from
/// `Sec-WebSocket-Version`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Tag(u32);

impl Tag {
    const SEC: Self = Self::new(*b"sec-");

    /// Of a name; none if it is too short to tell.
    #[inline]
    fn of(name: &[u8]) -> Option<Self> {
        let first = Self::first(name);
        if first == Self::SEC {
            Self::of_sec(name)
        } else {
            (name.len() >= 4).then_some(first)
        }
    }

    /// Of a line, which begins with its name.
    #[inline]
    fn of_line(line: &[u8]) -> Self {
        let first = Self::first(line);
        if first == Self::SEC {
            Self::of_sec(line).unwrap_or(first)
        } else {
            first
        }
    }

    #[inline]
    fn first(line: &[u8]) -> Self {
        Self::new(line.first_chunk().copied().unwrap_or_default())
    }

    #[inline]
    fn of_sec(line: &[u8]) -> Option<Self> {
        let (_, behind) = line.split_at_checked(13)?;
        behind.first_chunk().copied().map(Self::new)
    }

    #[inline]
    const fn new(letters: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(letters) | 0x2020_2020)
    }

    /// Its place in the index.
    #[inline]
    fn place(self) -> usize {
        usize::from((self.0.wrapping_mul(SPREAD) >> 26).to_le_bytes()[0])
    }
}

impl Default for Index {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl Index {
    /// Adds a line by its number, from one.
    #[inline]
    pub(super) fn add(&mut self, line: &[u8], number: usize) {
        let tag = Tag::of_line(line);
        if let Some(place) = self.0.get_mut(tag.place()) {
            *place = match u8::try_from(number) {
                Ok(number) if *place == 0 => number,
                _ => SHARED,
            };
        }
    }

    /// What it says of a name.
    #[inline]
    pub(super) fn of(&self, name: &[u8]) -> u8 {
        let place = Tag::of(name).and_then(|tag| self.0.get(tag.place()));
        place.copied().unwrap_or(SHARED)
    }
}

/// Of the numbers that were tried, one that gives the names that every head is asked for other places than those that are usual.
const SPREAD: u32 = 0x64c2_f2e3;
