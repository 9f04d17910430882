//! Which command a mistyped word was meant to be.

/// The nearest of these names, where one is near enough to be meant.
pub(super) fn nearest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let begun = |name: &&&str| word.len() >= 3 && name.starts_with(word);
    if let Some(name) = names.iter().find(begun) {
        return Some(name);
    }
    let (steps, name) = names
        .iter()
        .map(|name| (distance(word, name), *name))
        .min()?;
    (steps <= (name.len() / 3).max(1)).then_some(name)
}

/// How many letters must be put in, left out, changed or exchanged with their neighbour.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let changed = at(&last, j) + usize::from(a != b);
            let mut least = changed.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let exchanged =
                i > 0 && j > 0 && from.get(i - 1) == Some(b) && to.get(j - 1) == Some(a);
            if exchanged {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    at(&last, to.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["summary", "frames", "messages", "http", "man"];

    #[test]
    fn neighbours_that_changed_places_are_one_step() {
        assert_eq!(distance("frmaes", "frames"), 1);
        assert_eq!(nearest("frmaes", NAMES), Some("frames"));
        assert_eq!(nearest("mesages", NAMES), Some("messages"));
        assert_eq!(nearest("mess", NAMES), Some("messages"));
    }

    #[test]
    fn a_file_name_is_near_to_nothing() {
        assert_eq!(nearest("nofile.pcap", NAMES), None);
        assert_eq!(nearest("a", NAMES), None);
    }
}
