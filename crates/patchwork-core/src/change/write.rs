//! Changes as text, in the form of `git diff`.

use super::{ChangeStatus, FileChange, Hunk, LineKind};

/// `@@ -1,2 +1,3 @@ heading`.
pub(super) fn hunk_header(hunk: &Hunk) -> String {
    let range = |start: u32, lines: u32| match lines {
        1 => start.to_string(),
        lines => format!("{start},{lines}"),
    };
    let mut text = format!(
        "@@ -{} +{} @@",
        range(hunk.old_start, hunk.old_lines),
        range(hunk.new_start, hunk.new_lines)
    );
    if !hunk.heading.is_empty() {
        text.push(' ');
        text.push_str(&hunk.heading);
    }
    text
}

/// Hunks, each line with a newline.
pub(super) fn hunks(hunks: &[Hunk]) -> String {
    let mut text = String::new();
    for hunk in hunks {
        text.push_str(&hunk_header(hunk));
        text.push('\n');
        for line in &hunk.lines {
            text.push(match line.kind {
                LineKind::Context => ' ',
                LineKind::Added => '+',
                LineKind::Removed => '-',
            });
            text.push_str(&line.text);
            text.push('\n');
            if line.no_newline {
                text.push_str("\\ No newline at end of file\n");
            }
        }
    }
    text
}

/// A file with its headers.
pub(super) fn file(change: &FileChange) -> String {
    let (old, new) = (change.path_before(), change.path.as_str());
    let (a, b) = (quoted("a/", old), quoted("b/", new));
    let mut text = format!("diff --git {a} {b}\n");
    let mut head = |name: &str, value: &str| text.extend([name, " ", value, "\n"]);
    match change.status {
        ChangeStatus::Added => head("new file mode", change.new_mode.as_deref().unwrap_or("100644")),
        ChangeStatus::Deleted => head("deleted file mode", change.old_mode.as_deref().unwrap_or("100644")),
        _ => {
            if let (Some(old), Some(new)) = (&change.old_mode, &change.new_mode)
                && old != new
            {
                head("old mode", old);
                head("new mode", new);
            }
        }
    }
    let moved = match change.status {
        ChangeStatus::Renamed => Some("rename"),
        ChangeStatus::Copied => Some("copy"),
        _ => None,
    };
    if let Some(moved) = moved {
        head(&format!("{moved} from"), &quoted("", old));
        head(&format!("{moved} to"), &quoted("", new));
    }
    let a = if change.status == ChangeStatus::Added { "/dev/null" } else { &a };
    let b = if change.status == ChangeStatus::Deleted { "/dev/null" } else { &b };
    if change.binary {
        text.extend(["Binary files ", a, " and ", b, " differ\n"]);
    } else if !change.hunks.is_empty() {
        // A tab ends a name with spaces, as git writes it.
        let tab = |name: &str| if name.contains(' ') && !name.starts_with('"') { "\t" } else { "" };
        text.extend(["--- ", a, tab(a), "\n+++ ", b, tab(b), "\n"]);
        text.push_str(&hunks(&change.hunks));
    }
    text
}

/// A path with a prefix, in git's quotes where it needs them.
fn quoted(prefix: &str, path: &str) -> String {
    if !path.chars().any(|c| c.is_ascii_control() || matches!(c, '"' | '\\')) {
        return format!("{prefix}{path}");
    }
    let mut text = format!("\"{prefix}");
    for c in path.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            c if c.is_ascii_control() => text.push_str(&format!("\\{:03o}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}
