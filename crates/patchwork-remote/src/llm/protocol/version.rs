//! Versions in the names of models.

/// `(4, 5)` for `claude-sonnet-4-5-20250929`, `claude-4.5-sonnet` and `claude-sonnet-4-5@20250929`; nothing where a name has
/// no version. Numbers of more than two digits are dates.
pub(in crate::llm) fn version(model: &str) -> Option<(u32, u32)> {
    let number = |word: &str| word.parse().ok().filter(|_| word.len() <= 2);
    let mut words = model.split(['-', '.', '@', '/', ':', '_']);
    let major = words.find_map(number)?;
    Some((major, words.next().and_then(number).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_every_way_to_write_a_name() {
        for (name, expected) in [
            ("claude-sonnet-4-5-20250929", Some((4, 5))),
            ("claude-sonnet-4-5@20250929", Some((4, 5))),
            ("anthropic/claude-sonnet-4.5", Some((4, 5))),
            ("claude-opus-4-20250514", Some((4, 0))),
            ("claude-3-7-sonnet-latest", Some((3, 7))),
            ("claude-3-haiku-20240307", Some((3, 0))),
            ("claude-opus-5", Some((5, 0))),
            ("claude-instant-1.2", Some((1, 2))),
            ("gemini-2.5-flash-lite", Some((2, 5))),
            ("claude-mythos-preview", None),
            ("gemini-flash-latest", None),
        ] {
            assert_eq!(version(name), expected, "{name}");
        }
    }
}
