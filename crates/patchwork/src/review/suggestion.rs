//! Code that a model suggests: kept only where it holds.

use std::ops::RangeInclusive;

use patchwork_core::effect::Policy;
use patchwork_core::secret::Secrets;
use patchwork_repo::syntax::{Syntax, new_errors};
use serde_json::Value;

use super::file::ReviewFile;
use super::fingerprint::normal;
use super::globs::Globs;
use crate::steps::pr::untrusted::is_hidden;

/// Lines and bytes of a suggestion, and lines that it replaces.
const MOST_LINES: usize = 80;
const MOST_BYTES: usize = 6_000;

/// A neighbouring line of fewer letters is no sign that it was repeated: `}`.
const TELLING: usize = 4;

/// Files that hold secrets, besides what policy protects.
const SECRET_FILES: [&str; 8] =
    [".env", ".env.*", "*.pem", "*.key", "id_rsa*", "*.p12", ".netrc", "credentials*.json"];

/// Where suggestions may not be made.
#[derive(Debug, Default)]
pub struct Guarded {
    globs: Globs,
}

impl Guarded {
    /// The paths that a policy protects, and files with secrets.
    pub fn of(policy: &Policy) -> Self {
        let globs = policy.protected_paths.iter().map(|glob| glob.to_lowercase());
        let globs: Vec<String> = globs.chain(SECRET_FILES.map(str::to_owned)).collect();
        // A glob that can't be compiled was refused when the policy was read.
        let good = globs.iter().map(String::as_str).filter(|glob| Globs::new([*glob]).is_ok());
        Self { globs: Globs::new(good).unwrap_or_default() }
    }

    fn holds(&self, path: &str) -> bool {
        let path = path.to_lowercase();
        // In whatever folder: globs with folders too.
        let ends = path.match_indices('/').filter_map(|(at, _)| path.get(at + 1..));
        std::iter::once(path.as_str()).chain(ends).any(|end| self.globs.matches(end))
    }
}

/// The suggestion in place of lines (1-based) of the new file as it can be committed, or why it can't: it must change these lines
/// and no others, and bring no error of syntax. Lost indentation and a fence around it are mended.
pub fn check(
    file: &ReviewFile,
    lines: RangeInclusive<u32>,
    suggestion: &str,
    guarded: &Guarded,
) -> Result<String, &'static str> {
    let source = file.new.source();
    if guarded.holds(file.path()) {
        return Err("the file is one that patchwork does not change");
    }
    let (start, end) = (*lines.start() as usize, *lines.end() as usize);
    if start == 0 || end < start || end > source.line_count() || end - start >= MOST_LINES {
        return Err("it replaces lines that are not there, or too many");
    }
    let old: Vec<&str> = (start..=end).filter_map(|line| source.line(line - 1)).collect();
    let text = without_fence(&suggestion.replace("\r\n", "\n"));
    let new: Vec<String> = indented(text.trim_end_matches('\n'), &old);
    if new.len() > MOST_LINES || text.len() > MOST_BYTES {
        return Err("it is too long");
    }
    if new.iter().any(|line| line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~")) {
        return Err("it holds a fence");
    }
    if new.iter().flat_map(|line| line.chars()).any(|c| is_hidden(c) || c.is_control() && c != '\t') {
        return Err("it holds characters that can't be seen");
    }
    if new.iter().map(|line| line.trim_end()).eq(old.iter().map(|line| line.trim_end())) {
        return Err("it changes nothing");
    }
    let above = start.checked_sub(2).and_then(|line| source.line(line));
    if repeats(above, new.first(), old.first()) || repeats(source.line(end), new.last(), old.last()) {
        return Err("it repeats a line beside those that it replaces");
    }
    let code = new.join("\n");
    if Secrets::new().redact(&code) != code {
        return Err("it holds what looks like a secret");
    }
    let after = apply(source.text(), &lines, &code);
    if !parses(file, &after) {
        return Err("the file does not parse with it");
    }
    Ok(code)
}

/// A text with lines (1-based) replaced by a suggestion; without them where that is empty.
pub fn apply(text: &str, lines: &RangeInclusive<u32>, suggestion: &str) -> String {
    let (start, end) = (*lines.start() as usize, *lines.end() as usize);
    let mut out = String::with_capacity(text.len() + suggestion.len());
    for (at, line) in text.split_inclusive('\n').enumerate() {
        if at + 1 == start && !suggestion.is_empty() {
            out.push_str(suggestion);
        }
        if at + 1 == end && !suggestion.is_empty() && line.ends_with('\n') {
            out.push('\n');
        }
        if at + 1 < start || at + 1 > end {
            out.push_str(line);
        }
    }
    out
}

/// What is inside of a fence that is around the whole of it.
fn without_fence(text: &str) -> String {
    let trimmed = text.trim_matches('\n');
    let inside = trimmed.strip_prefix("```").and_then(|rest| {
        let (language, rest) = rest.split_once('\n')?;
        let body = rest.strip_suffix("```")?;
        (!language.contains(char::is_whitespace)).then_some(body)
    });
    inside.unwrap_or(trimmed).to_owned()
}

/// The lines with the indentation of those that they replace, where a model has left it away from all of them.
fn indented(text: &str, old: &[&str]) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let indent = |line: &str| line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect::<String>();
    let first = |mut lines: std::vec::IntoIter<String>| lines.find(|line| !line.trim().is_empty());
    let own: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let wanted = first(old.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>().into_iter())
        .map(|line| indent(&line));
    let given = first(own.clone().into_iter()).map(|line| indent(&line));
    match (wanted, given) {
        (Some(wanted), Some(given)) if given.is_empty() && !wanted.is_empty() => own
            .into_iter()
            .map(|line| if line.trim().is_empty() { line } else { format!("{wanted}{line}") })
            .collect(),
        _ => own,
    }
}

/// Whether a suggestion's outermost line is the one beside the replaced lines, which is still there.
fn repeats(beside: Option<&str>, new: Option<&String>, old: Option<&&str>) -> bool {
    let Some((beside, new)) = beside.zip(new) else { return false };
    let beside = normal(beside);
    beside.chars().count() >= TELLING && normal(new) == beside && old.is_none_or(|old| normal(old) != beside)
}

/// Whether a file has no error of syntax that it did not have before.
fn parses(file: &ReviewFile, after: &str) -> bool {
    if file.path().ends_with(".json") {
        let good = |text: &str| serde_json::from_str::<Value>(text).is_ok();
        return good(after) || !good(file.new.source().text());
    }
    let (Some(language), Some(before)) = (file.new.language(), file.new.syntax()) else {
        return file.new.language().is_none();
    };
    Syntax::parse(language, after).is_some_and(|after| new_errors(before, &after).is_empty())
}

#[cfg(test)]
mod tests;
