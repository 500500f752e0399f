//! A unified diff as rows with line numbers, and the changed part of each changed line.

use serde::Serialize;

use crate::steps::pr::untrusted::is_hidden;

/// Characters of a line that are shown.
const MAX_LINE: usize = 2_000;

/// A diff, ready to be shown.
#[derive(Debug, Default, Serialize)]
pub(super) struct DiffView {
    rows: Vec<Row>,
    added: usize,
    removed: usize,
    /// Lines that are left out.
    more: usize,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    /// `add`, `del`, `same`, `hunk` or `note`.
    kind: &'static str,
    old: Option<u32>,
    new: Option<u32>,
    /// The text: as before, what changed, as after.
    parts: [String; 3],
}

impl DiffView {
    /// The rows of a diff, `limit` at most. Names of files are left out: they stand above.
    pub(super) fn of(diff: &str, limit: usize) -> Self {
        let mut view = Self::default();
        let (mut old, mut new) = (0_u32, 0_u32);
        let mut in_hunk = false;
        for line in diff.lines() {
            let Some(row) = row(line, &mut old, &mut new, &mut in_hunk) else { continue };
            match row.kind {
                "add" => view.added += 1,
                "del" => view.removed += 1,
                _ => {}
            }
            if view.rows.len() < limit {
                view.rows.push(row);
            } else {
                view.more += 1;
            }
        }
        emphasize(&mut view.rows);
        view
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

fn row(line: &str, old: &mut u32, new: &mut u32, in_hunk: &mut bool) -> Option<Row> {
    let plain = |kind, old, new, text: &str| {
        Some(Row { kind, old, new, parts: [shown(text), String::new(), String::new()] })
    };
    if let Some((from, to)) = hunk(line) {
        (*old, *new, *in_hunk) = (from, to, true);
        return plain("hunk", None, None, line);
    }
    if !*in_hunk {
        return None;
    }
    let mut chars = line.chars();
    let sign = chars.next();
    let text = chars.as_str();
    let step = |counter: &mut u32| {
        let at = *counter;
        *counter = counter.saturating_add(1);
        Some(at)
    };
    match sign {
        Some('+') => plain("add", None, step(new), text),
        Some('-') => plain("del", step(old), None, text),
        Some('\\') => plain("note", None, None, text.trim_start()),
        _ => plain("same", step(old), step(new), text),
    }
}

/// The first old and new line of `@@ -1,2 +3,4 @@`.
fn hunk(line: &str) -> Option<(u32, u32)> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let first = |range: &str| range.split(',').next()?.parse().ok();
    Some((first(old)?, first(new)?))
}

/// A line as people can see it: what would hide text or turn its direction is named.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_LINE));
    for (count, c) in text.chars().enumerate() {
        if count == MAX_LINE {
            out.push('…');
            break;
        }
        match c {
            '\t' => out.push(c),
            '\r' => {}
            c if c.is_control() || is_hidden(c) => out.push_str(&format!("⟨U+{:04X}⟩", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Marks what differs between lines that take each other's place, where they share enough to be compared.
fn emphasize(rows: &mut [Row]) {
    let mut at = 0;
    while at < rows.len() {
        let run = |from: usize, kind: &str| rows.iter().skip(from).take_while(|row| row.kind == kind).count();
        let (removed, added) = (run(at, "del"), run(at + run(at, "del"), "add"));
        if removed > 0 && removed == added {
            for offset in 0..removed {
                let (before, after) = rows.split_at_mut(at + removed);
                if let (Some(old), Some(new)) = (before.get_mut(at + offset), after.get_mut(offset)) {
                    mark(old, new);
                }
            }
        }
        at += (removed + added).max(1);
    }
}

fn mark(old: &mut Row, new: &mut Row) {
    let (a, b) = (std::mem::take(&mut old.parts[0]), std::mem::take(&mut new.parts[0]));
    let (a_chars, b_chars): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let same = |x: &[char], y: &[char], back: bool| {
        let pairs = |(x, y): (&char, &char)| x == y;
        if back {
            x.iter().rev().zip(y.iter().rev()).take_while(|pair| pairs(*pair)).count()
        } else {
            x.iter().zip(y).take_while(|pair| pairs(*pair)).count()
        }
    };
    let start = same(&a_chars, &b_chars, false);
    let shorter = a_chars.len().min(b_chars.len());
    let end = same(&a_chars, &b_chars, true).min(shorter - start);
    let blank = |chars: &[char]| chars.iter().all(|c| c.is_whitespace());
    // Two lines that have nothing in common but their indentation are two lines.
    if blank(a_chars.get(..start).unwrap_or_default()) && end < 3 {
        (old.parts[0], new.parts[0]) = (a, b);
        return;
    }
    let split = |chars: &[char]| {
        let part = |range: std::ops::Range<usize>| chars.get(range).unwrap_or_default().iter().collect();
        [part(0..start), part(start..chars.len() - end), part(chars.len() - end..chars.len())]
    };
    (old.parts, new.parts) = (split(&a_chars), split(&b_chars));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_numbers_and_changed_parts() {
        let diff = "--- a/a.py\n+++ b/a.py\n@@ -3,3 +3,3 @@ def f():\n a\n-x = md5(d)\n+x = sha256(d)\n b\n\\ No newline";
        let view = DiffView::of(diff, 100);
        assert_eq!((view.added, view.removed, view.more), (1, 1, 0));
        let kinds: Vec<_> = view.rows.iter().map(|row| (row.kind, row.old, row.new)).collect();
        let expected = [
            ("hunk", None, None),
            ("same", Some(3), Some(3)),
            ("del", Some(4), None),
            ("add", None, Some(4)),
            ("same", Some(5), Some(5)),
            ("note", None, None),
        ];
        assert_eq!(kinds, expected);
        assert_eq!(view.rows[2].parts, ["x = ", "md5", "(d)"]);
        assert_eq!(view.rows[3].parts, ["x = ", "sha256", "(d)"]);
    }

    #[test]
    fn odd_diffs_do_no_harm_and_hidden_characters_are_named() {
        for diff in
            ["", "@@", "@@ -x +y @@", "+a\n-b", "@@ -1 +1 @@\n-\n+\n+é\n-ü", "@@ -4294967295 +1 @@\n-a\n-b"]
        {
            DiffView::of(diff, 2);
        }
        assert_eq!(DiffView::of("@@ -1 +1 @@\n+a\n+b\n+c", 2).more, 2);
        assert_eq!(shown("a\u{202e}b\u{1b}[0m\tc\r"), "a⟨U+202E⟩b⟨U+001B⟩[0m\tc");
        assert_eq!(shown(&"x".repeat(MAX_LINE + 5)).chars().count(), MAX_LINE + 1);
    }
}
