//! Unified diffs as git writes them.

use std::fmt::Write as _;

use similar::TextDiff;

/// The unified diff of one file with three lines of context; empty when nothing differs. `None` stands for a
/// file that does not exist (`/dev/null`). Lines end at `\n` only.
pub fn unified_diff<'a>(
    path: &str,
    old: impl Into<Option<&'a str>>,
    new: impl Into<Option<&'a str>>,
) -> String {
    let (old, new) = (old.into(), new.into());
    if old == new {
        return String::new();
    }
    let side = |prefix: char, text: Option<&str>| match text {
        Some(_) => quoted(prefix, path),
        None => "/dev/null".to_owned(),
    };
    let (from, to) = (side('a', old), side('b', new));
    let old_lines: Vec<&str> = old.unwrap_or_default().split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.unwrap_or_default().split_inclusive('\n').collect();
    if old_lines == new_lines {
        // An empty file came or went: there is no hunk to show.
        return format!("--- {from}\n+++ {to}\n");
    }
    let diff = TextDiff::configure().newline_terminated(true).diff_slices(&old_lines, &new_lines);
    diff.unified_diff().context_radius(3).missing_newline_hint(true).header(&from, &to).to_string()
}

/// `a/path`, in quotes when it has characters that would break the line; a tab follows a name with spaces, as
/// in git.
fn quoted(prefix: char, path: &str) -> String {
    let special = |c: char| c.is_control() || c == '"' || c == '\\';
    if !path.contains(special) {
        let end = if path.contains(' ') { "\t" } else { "" };
        return format!("{prefix}/{path}{end}");
    }
    let mut quoted = format!("\"{prefix}/");
    for character in path.chars() {
        match character {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '"' | '\\' => quoted.extend(['\\', character]),
            c if c.is_control() => {
                let mut buffer = [0; 4];
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    // Writing to a string can't fail.
                    let _ = write!(quoted, "\\{byte:03o}");
                }
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
