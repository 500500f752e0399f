//! Reads hunks.

use super::{DiffError, Lines, cut};
use crate::change::{Hunk, Line, LineKind};

/// Reads the hunks that come next.
pub(super) fn all(lines: &mut Lines<'_>) -> Result<Vec<Hunk>, DiffError> {
    let mut hunks: Vec<Hunk> = Vec::new();
    while lines.peek().is_some_and(|line| line.starts_with("@@ ")) {
        let number = lines.number();
        let hunk = one(lines)?;
        if let Some(last) = hunks.last()
            && (hunk.old_start < last.old_start + last.old_lines
                || hunk.new_start < last.new_start + last.new_lines)
        {
            return Err(DiffError::Order { line: number });
        }
        hunks.push(hunk);
    }
    Ok(hunks)
}

/// [`all`], where text of no diff may come after them, but no line that a hunk would have: its hunk says less than it holds.
pub(super) fn all_of_file(lines: &mut Lines<'_>) -> Result<Vec<Hunk>, DiffError> {
    let hunks = all(lines)?;
    if let Some(line) = lines.peek()
        && line.starts_with([' ', '+', '-', '@'])
        && !line.starts_with("--- ")
        && line.trim_end() != "--"
    {
        return Err(DiffError::HunkHeader { line: lines.number(), found: cut(line) });
    }
    Ok(hunks)
}

fn one(lines: &mut Lines<'_>) -> Result<Hunk, DiffError> {
    let (number, first) = (lines.number(), lines.next().unwrap_or_default());
    let mut hunk = header(first).ok_or_else(|| DiffError::HunkHeader { line: number, found: cut(first) })?;
    let (mut old, mut new) = (hunk.old_lines, hunk.new_lines);
    loop {
        let number = lines.number();
        let next = lines.peek();
        if next.is_some_and(|line| line.starts_with('\\')) {
            let last = hunk.lines.last_mut().ok_or_else(|| fault(number, next))?;
            last.no_newline = true;
            lines.next();
            continue;
        }
        if (old, new) == (0, 0) {
            return Ok(hunk);
        }
        let Some(line) = next else { return Err(DiffError::Short { line: number }) };
        // Some programs leave the space of an empty line away.
        let (kind, text) = match line.strip_prefix(' ') {
            Some(text) => (LineKind::Context, text),
            None if line.is_empty() || line == "\r" => (LineKind::Context, line),
            None => match (line.strip_prefix('+'), line.strip_prefix('-')) {
                (Some(text), _) => (LineKind::Added, text),
                (_, Some(text)) => (LineKind::Removed, text),
                _ => return Err(fault(number, next)),
            },
        };
        let left = |count: u32, here: bool| match here {
            true => count.checked_sub(1).ok_or(DiffError::Short { line: number }),
            false => Ok(count),
        };
        old = left(old, kind != LineKind::Added)?;
        new = left(new, kind != LineKind::Removed)?;
        hunk.lines.push(Line { kind, text: text.to_owned(), no_newline: false });
        lines.next();
    }
}

fn fault(line: usize, found: Option<&str>) -> DiffError {
    DiffError::HunkLine { line, found: cut(found.unwrap_or_default()) }
}

/// `@@ -1,2 +1,3 @@ heading`.
fn header(line: &str) -> Option<Hunk> {
    let (ranges, heading) = line.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    let ((old_start, old_lines), (new_start, new_lines)) = (range(old)?, range(new)?);
    let heading = heading.strip_prefix(' ').unwrap_or(heading).trim_end_matches('\r').to_owned();
    Some(Hunk { old_start, old_lines, new_start, new_lines, heading, lines: Vec::new() })
}

/// `3,4`, or `3` for one line. Both ends are numbers of lines that a file can have.
fn range(text: &str) -> Option<(u32, u32)> {
    let number = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten()
    };
    let (start, lines) = match text.split_once(',') {
        Some((start, lines)) => (number(start)?, number(lines)?),
        None => (number(text)?, 1),
    };
    start.checked_add(lines)?.checked_add(1)?;
    Some((start, lines))
}
