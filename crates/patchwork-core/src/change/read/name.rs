//! Reads the names of files in the headers of diffs.

use super::{DiffError, cut};

/// What stands for a file that is not there.
pub(super) const NOTHING: &str = "/dev/null";

/// The letters that git puts before the old and the new name.
const PREFIXES: [(char, char); 6] = [('a', 'b'), ('c', 'i'), ('c', 'w'), ('i', 'w'), ('o', 'w'), ('1', '2')];

/// A name as it stands behind `---`, `+++` or `rename from`: in quotes, or to the end of the line or a tab.
pub(super) fn one(text: &str, line: usize) -> Result<String, DiffError> {
    let text = text.strip_suffix('\r').unwrap_or(text);
    let name = match text.strip_prefix('"') {
        Some(quoted) => unquoted(quoted).ok_or_else(|| DiffError::Name { line, found: cut(text) })?.0,
        None => text.split('\t').next().unwrap_or_default().as_bytes().to_vec(),
    };
    match String::from_utf8(name) {
        Ok(name) if name.is_empty() => Err(DiffError::Name { line, found: cut(text) }),
        Ok(name) => Ok(name),
        Err(_) => Err(DiffError::NotUtf8 { line }),
    }
}

/// The two names of a `diff --git` line, with their prefixes; none when they can't be told apart.
pub(super) fn both(text: &str) -> Option<(String, String)> {
    let text = text.strip_suffix('\r').unwrap_or(text);
    if let Some(quoted) = text.strip_prefix('"') {
        let (old, rest) = unquoted(quoted)?;
        return Some((String::from_utf8(old).ok()?, one(rest.strip_prefix(' ')?, 0).ok()?));
    }
    if text.ends_with('"') {
        let (old, new) = text.split_once(" \"")?;
        return Some((old.to_owned(), String::from_utf8(unquoted(new)?.0).ok()?));
    }
    // Names with spaces are not in quotes. Where nothing else tells the names, both are the same.
    let (old, new) = text.split_at_checked(text.len() / 2)?;
    let new = new.strip_prefix(' ')?;
    (behind_prefix(old) == behind_prefix(new) || old == new).then(|| (old.to_owned(), new.to_owned()))
}

fn behind_prefix(name: &str) -> Option<&str> {
    name.split_once('/').map(|(_, rest)| rest)
}

/// A name without the prefix of its side (`a` or `b`), if the names of both sides have one.
pub(super) fn without_prefix(name: &str, named: &Option<(String, String)>, side: char) -> String {
    let prefix = |name: &str| {
        let mut chars = name.chars();
        chars.next().filter(|_| chars.next() == Some('/'))
    };
    let pair = named.as_ref().filter(|(old, new)| old != NOTHING && new != NOTHING);
    let has = match pair {
        Some((old, new)) => prefix(old).zip(prefix(new)).is_some_and(|pair| PREFIXES.contains(&pair)),
        None => prefix(name) == Some(side),
    };
    name.get(2..).filter(|_| has).unwrap_or(name).to_owned()
}

/// A name of a `diff --git` line without the prefix of its side.
pub(super) fn shortened(name: String, side: char) -> String {
    without_prefix(&name, &None, side)
}

/// A name up to the quote that ends it, and what comes after.
fn unquoted(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut name = Vec::new();
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some((name, text.get(at + 1..)?)),
            b'\\' => name.push(match bytes.next()?.1 {
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                byte @ (b'"' | b'\\') => byte,
                first @ b'0'..=b'3' => {
                    let mut digit =
                        || bytes.next().map(|(_, byte)| byte).filter(|byte| (b'0'..=b'7').contains(byte));
                    let (second, third) = (digit()?, digit()?);
                    (first - b'0') * 64 + (second - b'0') * 8 + (third - b'0')
                }
                _ => return None,
            }),
            byte => name.push(byte),
        }
    }
    None
}
