//! Which errors a change brought into a text that may have had errors before.

use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff};

use super::{Syntax, SyntaxError};

/// Up to this many changed lines are compared one by one; more are one change.
const LINES_TO_COMPARE: usize = 20_000;

/// Whether an error that was there and one that is are the same.
type Rule<'a> = dyn Fn(&SyntaxError, &SyntaxError) -> bool + 'a;

/// The errors of `new` that `old` did not have.
///
/// An error is an old one when it is of the same kind and spans no more lines than before (but for lines the
/// change added), and
/// 1. is on the same untouched line, or
/// 2. on a line of the same text elsewhere, or
/// 3. both are in or beside the same changed lines.
///
/// Each old error accounts for one new error only, so one more in the same place is found.
pub fn new_errors(old: &Syntax, new: &Syntax) -> Vec<SyntaxError> {
    let mut unmatched = new.errors();
    if unmatched.is_empty() {
        return unmatched;
    }
    let mut known = old.errors();
    let (old_lines, new_lines) = (lines(old.text()), lines(new.text()));
    let change = Change::between(&old_lines, &new_lines);
    let added = change.added();
    let text = |lines: &[&str], line: usize| lines.get(line).map(|line| line.trim().to_owned());

    let rules: [&Rule<'_>; 4] = [
        &|was, is| change.old_line(is.line) == Some(was.line) && was.column == is.column,
        &|was, is| change.old_line(is.line) == Some(was.line),
        &|was, is| text(&old_lines, was.line) == text(&new_lines, is.line),
        &|was, is| change.share_a_hunk(was.line, is.line),
    ];
    for same in rules {
        unmatched.retain(|is| {
            let fits =
                |was: &SyntaxError| was.kind == is.kind && is.extent <= was.extent + added && same(was, is);
            match known.iter().position(fits) {
                Some(index) => {
                    known.remove(index);
                    false
                }
                None => true,
            }
        });
    }
    unmatched
}

fn lines(text: &str) -> Vec<&str> {
    text.split('\n').collect()
}

/// Changed lines: what was, and what is in its place.
struct Hunk {
    old: Range<usize>,
    new: Range<usize>,
}

/// The changed lines of a text, in order.
struct Change {
    hunks: Vec<Hunk>,
}

impl Change {
    fn between(old: &[&str], new: &[&str]) -> Self {
        let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
        let rest = old.len().min(new.len()) - start;
        let ends = old.iter().rev().zip(new.iter().rev());
        let same_end = ends.take(rest).take_while(|(old, new)| old == new).count();
        let (old_end, new_end) = (old.len() - same_end, new.len() - same_end);
        let whole = Hunk { old: start..old_end, new: start..new_end };
        if whole.old.len() + whole.new.len() > LINES_TO_COMPARE {
            return Self { hunks: vec![whole] };
        }
        let ops = capture_diff(Algorithm::Myers, old, start..old_end, new, start..new_end);
        let hunks = ops.iter().filter(|op| op.tag() != DiffTag::Equal);
        Self { hunks: hunks.map(|op| Hunk { old: op.old_range(), new: op.new_range() }).collect() }
    }

    /// Where an untouched new line was.
    fn old_line(&self, new: usize) -> Option<usize> {
        let before = self.hunks.partition_point(|hunk| hunk.new.end <= new);
        if self.hunks.get(before).is_some_and(|hunk| hunk.new.contains(&new)) {
            return None;
        }
        let last = before.checked_sub(1).and_then(|last| self.hunks.get(last));
        Some(last.map_or(new, |hunk| hunk.old.end + (new - hunk.new.end)))
    }

    /// Whether two lines are in or beside the same changed lines: the parser often notices an error a line
    /// too early or too late.
    fn share_a_hunk(&self, old: usize, new: usize) -> bool {
        let near = |lines: &Range<usize>, line: usize| line + 1 >= lines.start && line <= lines.end;
        self.hunks.iter().any(|hunk| near(&hunk.old, old) && near(&hunk.new, new))
    }

    /// How many lines more there are.
    fn added(&self) -> usize {
        let sum = |side: fn(&Hunk) -> usize| self.hunks.iter().map(side).sum::<usize>();
        sum(|hunk| hunk.new.len()).saturating_sub(sum(|hunk| hunk.old.len()))
    }
}
