//! Reads diffs: of git, of forges, of whoever writes unified ones.

mod hunk;
mod name;
#[cfg(test)]
mod tests;

use super::{ChangeStatus, FileChange, Hunk, LeftOut, LineKind};

/// Why a text is no diff. Lines are those of the text, 1-based.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiffError {
    /// Nothing in it looks like a diff.
    #[error("this is no diff: it has neither a `diff --git` line nor a `---` and a `+++` line")]
    NotADiff,
    /// It compares more than two states.
    #[error("line {line}: this is the combined diff of a merge, which has no two sides")]
    Combined {
        /// Where.
        line: usize,
    },
    /// The first line of a hunk can't be understood.
    #[error("line {line}: expected the start of a hunk, such as `@@ -1,2 +1,3 @@`, not `{found}`")]
    HunkHeader {
        /// Where.
        line: usize,
        /// The line, cut.
        found: String,
    },
    /// A line of a hunk begins with something else than a space, `+`, `-` or `\`.
    #[error("line {line}: expected a line of the hunk, not `{found}`")]
    HunkLine {
        /// Where.
        line: usize,
        /// The line, cut.
        found: String,
    },
    /// A hunk has fewer or more lines than it says.
    #[error("line {line}: the hunk ends before it has all the lines that it says it has")]
    Short {
        /// Where.
        line: usize,
    },
    /// A hunk does not come after the one before.
    #[error("line {line}: the hunk does not begin after the one before it")]
    Order {
        /// Where.
        line: usize,
    },
    /// A file's name is missing or can't be understood.
    #[error("line {line}: expected the names of a file, not `{found}`")]
    Name {
        /// Where.
        line: usize,
        /// The line, cut.
        found: String,
    },
    /// The name of a file is not UTF-8.
    #[error("line {line}: the name of a file is not UTF-8")]
    NotUtf8 {
        /// Where.
        line: usize,
    },
}

/// Reads hunks without the headers of a file: what forges call the patch of a file. Lines end at `\n` only.
pub fn read_hunks(patch: &str) -> Result<Vec<Hunk>, DiffError> {
    let mut lines = Lines::new(patch);
    while lines.peek().is_some_and(|line| line.starts_with("--- ") || line.starts_with("+++ ")) {
        lines.next();
    }
    let hunks = hunk::all(&mut lines)?;
    match lines.peek() {
        None => Ok(hunks),
        Some(_) if lines.rest.trim().is_empty() => Ok(hunks),
        Some(line) if line.starts_with("@@@") => Err(DiffError::Combined { line: lines.number() }),
        Some(line) => Err(DiffError::HunkHeader { line: lines.number(), found: cut(line) }),
    }
}

/// Reads a whole diff, of git or another program, with text around it. What it names are paths that somebody wrote: they may
/// lead anywhere.
pub fn read_diff(text: &str) -> Result<Vec<FileChange>, DiffError> {
    let mut lines = Lines::new(text);
    let mut files: Vec<FileChange> = Vec::new();
    while let Some(line) = lines.peek() {
        if line.starts_with("diff --cc ") || line.starts_with("diff --combined ") {
            return Err(DiffError::Combined { line: lines.number() });
        }
        let file = if line.starts_with("diff --git ") {
            Some(git_file(&mut lines)?)
        } else if line.starts_with("--- ") && lines.peek_second().is_some_and(|next| next.starts_with("+++ "))
        {
            Some(plain_file(&mut lines)?)
        } else {
            lines.next();
            None
        };
        match (files.last_mut(), file) {
            (Some(last), Some(file)) if is_type_change(last, &file) => {
                last.status = ChangeStatus::TypeChanged;
                last.new_mode = file.new_mode;
                last.binary |= file.binary;
                last.left_out = last.left_out.or(file.left_out);
                last.hunks.clear();
                (last.additions, last.deletions) = (0, 0);
            }
            (_, file) => files.extend(file),
        }
    }
    if files.is_empty() && !text.trim().is_empty() {
        return Err(DiffError::NotADiff);
    }
    Ok(files)
}

/// Git writes a file that becomes something else as one that is deleted and one that is added.
fn is_type_change(first: &FileChange, second: &FileChange) -> bool {
    let kind = |mode: &Option<String>| mode.as_ref().and_then(|mode| mode.get(..3)).map(str::to_owned);
    first.path == second.path
        && (first.status, second.status) == (ChangeStatus::Deleted, ChangeStatus::Added)
        && kind(&first.old_mode) != kind(&second.new_mode)
}

/// What the headers of a file say.
#[derive(Default)]
struct Headers {
    old_mode: Option<String>,
    new_mode: Option<String>,
    added: bool,
    deleted: bool,
    moved: Option<ChangeStatus>,
    from: Option<String>,
    to: Option<String>,
    binary: bool,
}

/// Reads a file from its `diff --git` line on.
fn git_file(lines: &mut Lines<'_>) -> Result<FileChange, DiffError> {
    let (start, first) = (lines.number(), lines.next().unwrap_or_default());
    let fault = || DiffError::Name { line: start, found: cut(first) };
    let named = name::both(first.strip_prefix("diff --git ").unwrap_or_default());
    let mut headers = Headers::default();
    let mut hunks = Vec::new();
    while let Some(line) = lines.peek() {
        let number = lines.number();
        if line.starts_with("diff --") {
            break;
        }
        if line.starts_with("@@ ") {
            hunks = hunk::all_of_file(lines)?;
            break;
        }
        if line.starts_with("@@@") {
            return Err(DiffError::Combined { line: number });
        }
        lines.next();
        let after = |start: &str| line.strip_prefix(start);
        if let Some(mode) = after("old mode ") {
            headers.old_mode = Some(mode.trim_end().to_owned());
        } else if let Some(mode) = after("new mode ") {
            headers.new_mode = Some(mode.trim_end().to_owned());
        } else if let Some(mode) = after("new file mode ") {
            headers.added = true;
            headers.new_mode = Some(mode.trim_end().to_owned());
        } else if let Some(mode) = after("deleted file mode ") {
            headers.deleted = true;
            headers.old_mode = Some(mode.trim_end().to_owned());
        } else if let Some(mode) = after("index ").and_then(|rest| rest.split_once(' ')).map(|(_, mode)| mode)
        {
            headers.old_mode.get_or_insert_with(|| mode.trim_end().to_owned());
            headers.new_mode.get_or_insert_with(|| mode.trim_end().to_owned());
        } else if let Some(name) = after("rename from ").or(after("copy from ")) {
            headers.from = Some(name::one(name, number)?);
        } else if let Some(name) = after("rename to ") {
            (headers.to, headers.moved) = (Some(name::one(name, number)?), Some(ChangeStatus::Renamed));
        } else if let Some(name) = after("copy to ") {
            (headers.to, headers.moved) = (Some(name::one(name, number)?), Some(ChangeStatus::Copied));
        } else if let Some(name) = after("--- ") {
            headers.added |= name.trim_end() == name::NOTHING;
            if headers.from.is_none() && name.trim_end() != name::NOTHING {
                headers.from = Some(name::without_prefix(&name::one(name, number)?, &named, 'a'));
            }
        } else if let Some(name) = after("+++ ") {
            headers.deleted |= name.trim_end() == name::NOTHING;
            if headers.to.is_none() && name.trim_end() != name::NOTHING {
                headers.to = Some(name::without_prefix(&name::one(name, number)?, &named, 'b'));
            }
        } else if line.starts_with("Binary files ") || line.starts_with("GIT binary patch") {
            headers.binary = true;
        }
    }
    file(headers, named.map(|(old, new)| (name::shortened(old, 'a'), name::shortened(new, 'b'))), hunks)
        .ok_or_else(fault)
}

/// Reads a file from its `---` line on.
fn plain_file(lines: &mut Lines<'_>) -> Result<FileChange, DiffError> {
    let (start, old, new) =
        (lines.number(), lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let mut headers = Headers::default();
    let name = |line: &str, number| name::one(line.get(4..).unwrap_or_default(), number);
    let (from, to) = (name(old, start)?, name(new, start + 1)?);
    headers.added = from == name::NOTHING;
    headers.deleted = to == name::NOTHING;
    let named = Some((from.clone(), to.clone()));
    headers.from = (!headers.added).then(|| name::without_prefix(&from, &named, 'a'));
    headers.to = (!headers.deleted).then(|| name::without_prefix(&to, &named, 'b'));
    let hunks = hunk::all_of_file(lines)?;
    file(headers, None, hunks).ok_or_else(|| DiffError::Name { line: start, found: cut(old) })
}

fn file(headers: Headers, named: Option<(String, String)>, hunks: Vec<Hunk>) -> Option<FileChange> {
    let (old, new) = match named {
        Some((old, new)) => (headers.from.or(Some(old)), headers.to.or(Some(new))),
        None => (headers.from, headers.to),
    };
    let status = match headers.moved {
        Some(moved) => moved,
        None if headers.added => ChangeStatus::Added,
        None if headers.deleted => ChangeStatus::Deleted,
        None => ChangeStatus::Modified,
    };
    let path =
        if status == ChangeStatus::Deleted { old.clone().or(new) } else { new.or_else(|| old.clone()) }?;
    let kind = |kind: &str| {
        [&headers.old_mode, &headers.new_mode].into_iter().flatten().any(|mode| mode.starts_with(kind))
    };
    let left_out = match () {
        () if kind("160") => Some(LeftOut::Submodule),
        () if kind("120") => Some(LeftOut::Symlink),
        () => None,
    };
    let mut change = FileChange {
        old_path: headers.moved.and(old),
        path,
        status,
        binary: headers.binary,
        old_mode: headers.old_mode.filter(|_| !headers.added),
        new_mode: headers.new_mode.filter(|_| !headers.deleted),
        hunks: if left_out.is_none() { hunks } else { Vec::new() },
        left_out,
        additions: 0,
        deletions: 0,
    };
    change.count();
    Some(change)
}

impl FileChange {
    /// Counts the lines of its hunks.
    pub fn count(&mut self) {
        let count = |kind| {
            let lines =
                self.hunks.iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind == kind).count();
            u32::try_from(lines).unwrap_or(u32::MAX)
        };
        (self.additions, self.deletions) = (count(LineKind::Added), count(LineKind::Removed));
    }
}

/// The lines of a text.
struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text, number: 1 }
    }

    /// The next line; none at the end.
    fn peek(&self) -> Option<&'a str> {
        (!self.rest.is_empty()).then(|| self.rest.split_once('\n').map_or(self.rest, |(line, _)| line))
    }

    fn peek_second(&self) -> Option<&'a str> {
        let (_, rest) = self.rest.split_once('\n')?;
        Lines { rest, number: 0 }.peek()
    }

    fn next(&mut self) -> Option<&'a str> {
        let line = self.peek()?;
        self.rest = self.rest.get(line.len() + 1..).unwrap_or_default();
        self.number += 1;
        Some(line)
    }

    /// The number of the next line.
    fn number(&self) -> usize {
        self.number
    }
}

/// A line, short enough for an error.
fn cut(line: &str) -> String {
    const SHOWN: usize = 80;
    let mut text: String = line.chars().take(SHOWN).collect::<String>().escape_debug().to_string();
    if line.chars().nth(SHOWN).is_some() {
        text.push('…');
    }
    text
}
