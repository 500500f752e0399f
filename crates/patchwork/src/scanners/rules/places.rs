//! Lines and columns of a text, found without counting from its start.

/// Bytes between two offsets whose characters are counted ahead.
const STEP: usize = 1 << 10;

/// Where the lines of a text begin, and how many characters stand before every so many bytes.
pub(super) struct Places<'t> {
    text: &'t str,
    /// The offset of each line.
    lines: Vec<usize>,
    /// Characters before each multiple of [`STEP`]; empty when each character is a byte.
    characters: Vec<usize>,
}

impl<'t> Places<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        let characters = if text.is_ascii() {
            Vec::new()
        } else {
            let counted = text.as_bytes().chunks(STEP).scan(0, |sum, chunk| {
                *sum += count(chunk);
                Some(*sum)
            });
            std::iter::once(0).chain(counted).collect()
        };
        Self { text, lines, characters }
    }

    /// Line and column, 1-based, in characters, of a byte offset.
    pub(super) fn at(&self, offset: usize) -> (u32, u32) {
        let offset = offset.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|line| self.lines.get(line)).copied().unwrap_or_default();
        let column = self.characters_before(offset) - self.characters_before(start) + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    fn characters_before(&self, offset: usize) -> usize {
        match self.characters.get(offset / STEP) {
            Some(before) => {
                let rest = self.text.as_bytes().get(offset / STEP * STEP..offset).unwrap_or_default();
                before + count(rest)
            }
            None => offset,
        }
    }
}

/// The characters that begin in these bytes.
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By counting from the start.
    fn counted(text: &str, offset: usize) -> (u32, u32) {
        let before = &text[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
        (line as u32, column as u32)
    }

    proptest! {
        #[test]
        fn places_are_those_that_counting_gives(parts in prop::collection::vec("[a\né😀]{0,900}", 0..5)) {
            let text = parts.concat();
            let places = Places::of(&text);
            let step = (text.len() / 50).max(1);
            for offset in (0..=text.len()).step_by(step).filter(|at| text.is_char_boundary(*at)) {
                prop_assert_eq!(places.at(offset), counted(&text, offset));
            }
        }
    }
}
