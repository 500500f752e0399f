//! Where a comment stands: between our places and GitLab's positions and line codes.

use patchwork_core::change::{FileChange, LineKind, Side};
use patchwork_core::engine::hex;
use patchwork_core::port::forge::{LinePlace, NewLineComment};
use sha1::{Digest, Sha1};

use super::note::{NewPosition, NewRange, NewRangeEnd, Position};
use super::wire::DiffRefs;

/// What GitLab calls a file within a page of changes.
fn file_anchor(path: &str) -> String {
    hex(&Sha1::digest(path.as_bytes()))
}

/// Where a comment is to stand. `change` is what the merge request does to its file, as far as that is known.
pub(super) fn to_gitlab(
    comment: &NewLineComment,
    change: Option<&FileChange>,
    refs: &DiffRefs,
) -> NewPosition {
    let find = |line| change.and_then(|change| find(change, comment.side, line));
    let end = find(comment.line);
    let (old_line, new_line) = match (&end, comment.side) {
        (Some(end), _) => (end.old_line, end.new_line),
        (None, Side::Old) => (Some(comment.line), comment.other_line),
        (None, Side::New) => (comment.other_line, Some(comment.line)),
    };
    let start = comment.start_line.filter(|start| *start < comment.line).and_then(find);
    NewPosition {
        position_type: "text",
        base_sha: refs.base_sha.clone(),
        start_sha: refs.start_sha.clone(),
        head_sha: refs.head_sha.clone(),
        old_path: match (&comment.old_path, change) {
            (Some(old), _) => old.clone(),
            (None, Some(change)) => change.path_before().to_owned(),
            (None, None) => comment.path.clone(),
        },
        new_path: comment.path.clone(),
        old_line,
        new_line,
        // A range whose ends are not both in the diff would be drawn anywhere: its last line is marked alone.
        line_range: start.zip(end).map(|(start, end)| NewRange { start, end }),
    }
}

/// Whether a line is in a diff as it was given.
pub(super) fn is_shown(comment: &NewLineComment, change: Option<&FileChange>) -> bool {
    change.is_some_and(|change| change.holds(comment.side, comment.line))
}

/// A line as GitLab names it. Its code counts on both sides, also for a line that is on one only.
fn find(change: &FileChange, side: Side, wanted: u32) -> Option<NewRangeEnd> {
    let hunk = change.hunk_of(side, wanted)?;
    let (mut old, mut new) = (hunk.old_start, hunk.new_start);
    for line in &hunk.lines {
        let (on_old, on_new) = (line.kind != LineKind::Added, line.kind != LineKind::Removed);
        let is_it = match side {
            Side::Old => on_old && old == wanted,
            Side::New => on_new && new == wanted,
        };
        if is_it {
            let kind = match line.kind {
                LineKind::Added => Some("new"),
                LineKind::Removed => Some("old"),
                LineKind::Context => None,
            };
            let line_code = format!("{}_{old}_{new}", file_anchor(&change.path));
            return Some(NewRangeEnd {
                line_code,
                kind,
                old_line: on_old.then_some(old),
                new_line: on_new.then_some(new),
            });
        }
        old = old.saturating_add(u32::from(on_old));
        new = new.saturating_add(u32::from(on_new));
    }
    None
}

/// Where a comment stands. `head` is the newest commit of the merge request: GitLab moves a position along with new commits for
/// as long as its line is there.
pub(super) fn from_gitlab(position: &Position, head: Option<&str>) -> LinePlace {
    let side = if position.new_line.is_some() || position.old_line.is_none() { Side::New } else { Side::Old };
    let paths = [&position.new_path, &position.old_path];
    let path = paths.into_iter().flatten().find(|path| !path.is_empty()).cloned().unwrap_or_default();
    let outdated = match (head, position.head_sha.as_deref()) {
        (Some(head), Some(own)) => !head.is_empty() && !own.is_empty() && head != own,
        _ => false,
    };
    let line = match side {
        Side::Old => position.old_line,
        Side::New => position.new_line,
    };
    let line = line.filter(|_| !outdated);
    let start = position.line_range.as_ref().and_then(|range| range.start.as_ref()).and_then(|start| {
        let (coded_old, coded_new) = start.line_code.as_deref().map(numbers).unwrap_or_default();
        match side {
            Side::Old => start.old_line.or(coded_old),
            Side::New => start.new_line.or(coded_new),
        }
    });
    let start_line = line.and_then(|line| start.filter(|start| *start < line && *start > 0));
    LinePlace { path, side, start_line, line }
}

/// The numbers of a line code.
fn numbers(code: &str) -> (Option<u32>, Option<u32>) {
    let mut parts = code.rsplit('_').map(|part| part.parse().ok());
    let new = parts.next().flatten();
    (parts.next().flatten(), new)
}

#[cfg(test)]
mod tests {
    use patchwork_core::change::{ChangeStatus, read_hunks};

    use super::super::note::{LineRange, RangeEnd};
    use super::*;

    const ANCHOR: &str = "adc83b19e793491b1c6ea0fd8b46cd9f32e292fc";

    fn refs() -> DiffRefs {
        DiffRefs { base_sha: "b".into(), start_sha: "s".into(), head_sha: "h".into() }
    }

    fn change(patch: &str) -> FileChange {
        FileChange {
            path: "a.txt".into(),
            old_path: None,
            status: ChangeStatus::Modified,
            binary: false,
            old_mode: None,
            new_mode: None,
            hunks: read_hunks(patch).unwrap(),
            left_out: None,
            additions: 0,
            deletions: 0,
        }
    }

    fn comment(side: Side, start_line: Option<u32>, line: u32) -> NewLineComment {
        NewLineComment {
            path: "a.txt".into(),
            old_path: None,
            side,
            start_line,
            line,
            other_line: None,
            body: "x".into(),
        }
    }

    fn lines(position: &NewPosition) -> (Option<u32>, Option<u32>) {
        (position.old_line, position.new_line)
    }

    const PATCH: &str = "@@ -3,4 +3,5 @@ fn x() {\n three\n-four\n+vier\n+fünf\n five\n six\n";

    #[test]
    fn a_line_has_the_numbers_of_the_sides_that_it_is_on() {
        let change = change(PATCH);
        let at = |side, line| lines(&to_gitlab(&comment(side, None, line), Some(&change), &refs()));
        assert_eq!(at(Side::New, 3), (Some(3), Some(3)));
        assert_eq!(at(Side::New, 4), (None, Some(4)));
        assert_eq!(at(Side::Old, 4), (Some(4), None));
        assert_eq!(at(Side::New, 6), (Some(5), Some(6)));
        assert_eq!(at(Side::Old, 6), (Some(6), Some(7)));
        // What the diff does not show is as the caller says.
        let beyond = NewLineComment { other_line: Some(19), ..comment(Side::New, None, 20) };
        assert_eq!(lines(&to_gitlab(&beyond, Some(&change), &refs())), (Some(19), Some(20)));
        assert_eq!(lines(&to_gitlab(&beyond, None, &refs())), (Some(19), Some(20)));
        assert_eq!(at(Side::Old, 20), (Some(20), None));
    }

    #[test]
    fn several_lines_have_codes_that_count_on_both_sides() {
        let change = change(PATCH);
        let position = to_gitlab(&comment(Side::New, Some(4), 6), Some(&change), &refs());
        let range = position.line_range.unwrap();
        let anchor = file_anchor("a.txt");
        assert_eq!(range.start.line_code, format!("{anchor}_5_4"));
        assert_eq!(
            (range.start.kind, range.start.old_line, range.start.new_line),
            (Some("new"), None, Some(4))
        );
        assert_eq!(range.end.line_code, format!("{anchor}_5_6"));
        assert_eq!((range.end.kind, range.end.old_line, range.end.new_line), (None, Some(5), Some(6)));
        let removed = to_gitlab(&comment(Side::Old, Some(3), 4), Some(&change), &refs()).line_range.unwrap();
        assert_eq!((removed.end.line_code, removed.end.kind), (format!("{anchor}_4_4"), Some("old")));
        for start in [None, Some(6), Some(7), Some(1)] {
            let position = to_gitlab(&comment(Side::New, start, 6), Some(&change), &refs());
            assert_eq!(position.line_range, None, "{start:?}");
        }
    }

    #[test]
    fn the_old_lines_of_a_new_file_are_counted_from_0() {
        let change = change("@@ -0,0 +1,2 @@\n+one\n+two\n");
        let position = to_gitlab(&comment(Side::New, Some(1), 2), Some(&change), &refs());
        assert_eq!(lines(&position), (None, Some(2)));
        let range = position.line_range.unwrap();
        assert!(range.start.line_code.ends_with("_0_1"), "{}", range.start.line_code);
    }

    #[test]
    fn the_anchor_is_the_sha1_of_the_path() {
        assert_eq!(file_anchor("README"), "69e27356ef629022720d868ab0c0e3394775b6c1");
    }

    #[test]
    fn positions_are_read_in_every_shape() {
        let position = |old_line, new_line| Position {
            head_sha: Some("h".into()),
            old_path: Some("old.txt".into()),
            new_path: Some("a.txt".into()),
            old_line,
            new_line,
            line_range: None,
        };
        let place = from_gitlab(&position(Some(2), Some(3)), Some("h"));
        assert_eq!((place.path.as_str(), place.side, place.line), ("a.txt", Side::New, Some(3)));
        let place = from_gitlab(&position(Some(2), None), Some("h"));
        assert_eq!((place.side, place.line), (Side::Old, Some(2)));
        let outdated = from_gitlab(&position(None, Some(3)), Some("later"));
        assert_eq!((outdated.line, outdated.start_line), (None, None));
        assert_eq!(from_gitlab(&position(None, Some(3)), None).line, Some(3));
        assert_eq!(from_gitlab(&Position::default(), Some("h")).line, None);

        let ranged = |start: RangeEnd| {
            let line_range = Some(LineRange { start: Some(start) });
            from_gitlab(&Position { line_range, ..position(None, Some(9)) }, Some("h")).start_line
        };
        let code = |text: &str| RangeEnd { line_code: Some(text.into()), ..RangeEnd::default() };
        assert_eq!(ranged(RangeEnd { new_line: Some(7), ..RangeEnd::default() }), Some(7));
        assert_eq!(ranged(code(&format!("{ANCHOR}_5_6"))), Some(6));
        for wrong in ["", "_", "x_y_z", &format!("{ANCHOR}_5_9"), &format!("{ANCHOR}_5_99999999999")] {
            assert_eq!(ranged(code(wrong)), None, "{wrong}");
        }
    }
}
