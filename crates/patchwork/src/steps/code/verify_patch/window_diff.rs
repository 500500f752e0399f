//! The unified diff of one fix alone, made from the lines around it: a whole file would be compared for each of its fixes.

use patchwork_core::patch::Edit;
use patchwork_repo::edits::{LineMap, unified_diff};
use patchwork_repo::text::SourceText;

/// Lines taken around the edits: the three of context that a diff shows, and one more for where a final newline comes.
const CONTEXT: usize = 4;

/// The diff of `edits` in `before`. `after` is the file with these and others, `map` leads from one to the other, and
/// `first` is the number of the first of these edits in it.
pub(super) fn diff_alone(
    path: &str,
    before: &SourceText,
    after: &SourceText,
    map: &LineMap,
    edits: &[Edit],
    first: usize,
) -> String {
    let mut places: Vec<(usize, usize, usize)> = edits
        .iter()
        .enumerate()
        .filter_map(|(at, edit)| Some((edit.start_line? as usize, edit.end_line? as usize, first + at)))
        .collect();
    places.sort_unstable();
    let Some(start) = places.first().map(|(start, ..)| start.saturating_sub(CONTEXT)) else {
        return String::new();
    };
    let (mut old, mut new) = (String::new(), String::new());
    let mut at = start;
    for (from, to, number) in places {
        push_both(&mut old, &mut new, before.line_range(at, from));
        push(&mut old, before.line_range(from, to));
        if let Some(lines) = map.lines_of(number) {
            push(&mut new, after.line_range(lines.start as usize, lines.end as usize));
        }
        at = to;
    }
    push_both(&mut old, &mut new, before.line_range(at, at.saturating_add(CONTEXT)));
    moved(&unified_diff(path, old.as_str(), new.as_str()), start)
}

fn push_both(old: &mut String, new: &mut String, lines: &str) {
    push(old, lines);
    push(new, lines);
}

/// Adds lines; what stood at the end of a file without final newline gets one when more follows.
fn push(text: &mut String, lines: &str) {
    if !lines.is_empty() && !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(lines);
}

/// The diff with its hunks moved down by so many lines.
pub(super) fn moved(diff: &str, by: usize) -> String {
    let mut out = String::with_capacity(diff.len() + 8);
    for line in diff.split_inclusive('\n') {
        match line.strip_prefix("@@ -").and_then(|rest| rest.split_once(" +")) {
            Some((old, new)) => {
                out.push_str("@@ -");
                push_moved(&mut out, old, by);
                out.push_str(" +");
                push_moved(&mut out, new, by);
            }
            None => out.push_str(line),
        }
    }
    out
}

/// `12,5 @@` with its first number raised.
fn push_moved(out: &mut String, range: &str, by: usize) {
    let digits = range.len() - range.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = range.split_at(digits);
    match number.parse::<usize>() {
        Ok(number) => out.push_str(&number.saturating_add(by).to_string()),
        Err(_) => out.push_str(number),
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: u32, end: u32, replacement: &str) -> Edit {
        let (start_line, end_line) = (Some(start), Some(end));
        Edit { path: "a".into(), start_line, end_line, replacement: replacement.into() }
    }

    /// The same as the diff of the whole file with these edits alone.
    #[test]
    fn it_is_the_diff_of_the_whole_file() {
        let lines: String = (1..=40).map(|n| format!("line {n}\n")).collect();
        let unended = lines.trim_end().to_owned();
        for text in [&lines, &unended] {
            let before = SourceText::decode(text.as_bytes()).unwrap();
            let sets = [
                vec![edit(0, 1, "one\n")],
                vec![edit(20, 22, "x\ny\nz\n"), edit(25, 25, "new\n")],
                vec![edit(10, 12, ""), edit(30, 31, "q\n")],
                vec![edit(38, 40, "end\n")],
                vec![edit(40, 40, "after\n")],
            ];
            let all: Vec<Edit> = vec![
                edit(0, 1, "one\n"),
                edit(20, 22, "x\ny\nz\n"),
                edit(25, 25, "new\n"),
                edit(10, 12, ""),
                edit(30, 31, "q\n"),
                edit(38, 40, "end\n"),
            ];
            let mut first = 0;
            for set in &sets {
                let (edits, number) = if set[0].start_line == Some(40) { (set, 0) } else { (&all, first) };
                first += set.len();
                let after = patchwork_repo::edits::apply(&before, edits).unwrap();
                let after = SourceText::decode(after).unwrap();
                let map = LineMap::new(before.line_count(), edits).unwrap();
                let alone = patchwork_repo::edits::apply(&before, set).unwrap();
                let alone = SourceText::decode(alone).unwrap();
                assert_eq!(
                    diff_alone("a", &before, &after, &map, set, number),
                    unified_diff("a", before.text(), alone.text()),
                    "{set:?}"
                );
            }
        }
    }
}
