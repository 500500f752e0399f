//! Cuts sections out of what a model wrote: by headings, by markers, and out of fenced code blocks.
//!
//! A model decorates headings (`**A. Commit message:**`, `## A. Commit message`) and writes code that holds fences of its
//! own; what it wrote is read for what it means, and what can't be read for sure is an error, never a guess.

/// Characters that Markdown puts around a heading.
const DECORATION: [char; 4] = ['*', '_', '#', '>'];

/// Where `marker` is in `text`, and what follows it: at the start of a line in any decoration and case if it is there, else
/// anywhere, as it is written.
pub(crate) fn find_marker(text: &str, marker: &str) -> Option<(usize, usize)> {
    find_heading(text, marker).or_else(|| {
        let start = text.find(marker)?;
        Some((start, start + marker.len()))
    })
}

/// Where a line starts with `heading` in any decoration and case, its colon present or not: the start of the line and the
/// byte behind the heading.
pub(crate) fn find_heading(text: &str, heading: &str) -> Option<(usize, usize)> {
    if !heading.chars().any(char::is_alphanumeric) {
        return None;
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some(end) = heading_end(line, heading) {
            return Some((start, start + end));
        }
        start += line.len();
    }
    None
}

/// The byte behind `heading` when `line` starts with it.
fn heading_end(line: &str, heading: &str) -> Option<usize> {
    let mut chars = line.char_indices().peekable();
    while chars.next_if(|(_, c)| c.is_whitespace() || DECORATION.contains(c)).is_some() {}
    let (words, colon) = match heading.trim().strip_suffix(':') {
        Some(words) => (words, true),
        None => (heading.trim(), false),
    };
    for expected in words.chars() {
        if expected.is_whitespace() {
            // One space in the heading is any number of them in the line.
            while chars.next_if(|(_, c)| DECORATION.contains(c)).is_some() {}
            chars.next_if(|(_, c)| c.is_whitespace())?;
            while chars.next_if(|(_, c)| *c == ' ' || *c == '\t').is_some() {}
        } else {
            while !same(chars.peek()?.1, expected) {
                chars.next_if(|(_, c)| DECORATION.contains(c))?;
            }
            chars.next();
        }
    }
    let decorated = |c: char| DECORATION.contains(&c);
    while chars.next_if(|(_, c)| decorated(*c)).is_some() {}
    if colon {
        let has_colon = chars.next_if(|(_, c)| *c == ':').is_some();
        let at_end = chars.peek().is_none_or(|(_, c)| c.is_whitespace());
        if !has_colon && !at_end {
            return None;
        }
        while chars.next_if(|(_, c)| decorated(*c)).is_some() {}
    }
    Some(chars.peek().map_or(line.len(), |(at, _)| *at))
}

fn same(a: char, b: char) -> bool {
    a.eq_ignore_ascii_case(&b)
}

/// A fenced code block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fenced<'a> {
    /// What stands between the fences, with the newline of its last line; empty for an empty block.
    pub(crate) body: &'a str,
}

/// Why there is no fenced code block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FenceError {
    /// No opening fence.
    #[error("it has no fenced code block")]
    Missing,
    /// No closing fence.
    #[error("its code block is never closed")]
    Unclosed,
}

/// A line that is a fence, or could be one.
struct Fence<'a> {
    indent: usize,
    mark: char,
    length: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let rest = line.trim_start_matches([' ', '\t']);
        let mark = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let length = rest.len() - rest.trim_start_matches(mark).len();
        let info = rest.get(length..)?.trim();
        // A line like ```x``` is code in one line, not a fence.
        let is_fence = length >= 3 && !(mark == '`' && info.contains('`'));
        is_fence.then_some(Self { indent: line.len() - rest.len(), mark, length, info })
    }

    fn may_close(&self, opening: &Self) -> bool {
        self.mark == opening.mark && self.length >= opening.length && self.indent <= opening.indent
    }
}

/// The first fenced code block of `text`.
///
/// The closing fence is as long as the opening one at least and not further in. Code may hold fences that are as long as its
/// own: one with an info string opens a block inside, and of several that could close the block the last one does, up
/// to where another block begins.
pub(crate) fn fenced(text: &str) -> Result<Fenced<'_>, FenceError> {
    let (opening, body_start) = opening_fence(text).ok_or(FenceError::Missing)?;
    let body = text.get(body_start..).unwrap_or_default();
    let mut inside = 1_usize;
    let mut close = None;
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        if let Some(fence) = Fence::of(line).filter(|fence| fence.may_close(&opening)) {
            match (fence.info.is_empty(), close) {
                (false, Some(_)) => break,
                (false, None) => inside += 1,
                (true, None) if inside > 1 => inside -= 1,
                (true, _) => close = Some(at),
            }
        }
        at += line.len();
    }
    let end = close.ok_or(FenceError::Unclosed)?;
    Ok(Fenced { body: body.get(..end).unwrap_or_default() })
}

/// The opening fence and where the code behind it starts: a line of its own, or one that ends a line of text
/// (`D. Fixed Code: ```python`).
fn opening_fence(text: &str) -> Option<(Fence<'_>, usize)> {
    let mut at = 0;
    text.split_inclusive('\n').find_map(|line| {
        at += line.len();
        let at_end_of_line = || {
            let fence = Fence::of(line.get(line.find("```")?..)?)?;
            // A sentence may speak of fences; what opens one names a language at most.
            (!fence.info.contains(char::is_whitespace)).then_some(fence)
        };
        Fence::of(line).or_else(at_end_of_line).map(|fence| (fence, at))
    })
}

/// What the markers of a partition cut out of a text: behind the first, behind the next, … up to the last. No markers mean
/// the whole text; an empty last marker means up to the end. Markers that end in two fences, with or without a newline
/// between them, mean the body of a fenced code block. Without its last marker a section is not there.
///
/// Text is trimmed, code is kept as it is.
pub(crate) fn partition<'a>(text: &'a str, markers: &[String]) -> Result<&'a str, String> {
    let Some((last, before)) = markers.split_last() else {
        return Ok(text.trim());
    };
    let (before, is_code) = match before {
        [rest @ .., fence, newline] if is_fence(last) && newline == "\n" && is_fence(fence) => (rest, true),
        [rest @ .., fence] if is_fence(last) && is_fence(fence) => (rest, true),
        _ => (before, false),
    };
    let mut rest = text;
    for marker in before {
        let (_, end) = find_marker(rest, marker).ok_or_else(|| format!("`{}` is missing", marker.trim()))?;
        rest = rest.get(end..).unwrap_or_default();
    }
    if is_code {
        return fenced(rest).map(|block| block.body).map_err(|error| error.to_string());
    }
    if last.is_empty() {
        return Ok(rest.trim());
    }
    let (start, _) = find_marker(rest, last).ok_or_else(|| format!("`{}` is missing", last.trim()))?;
    Ok(rest.get(..start).unwrap_or_default().trim())
}

fn is_fence(marker: &str) -> bool {
    let marker = marker.trim();
    marker.len() >= 3 && (marker.chars().all(|c| c == '`') || marker.chars().all(|c| c == '~'))
}

#[cfg(test)]
mod tests;
