//! How much can go wrong in a changed file, by its name and size: what is looked at first, and kept when there is too much.

use patchwork_core::change::{ChangeStatus, FileChange};
use patchwork_repo::language::Language;

use super::names::is_test;

/// Words in paths of code that guards something, moves money or data, or runs with rights.
const SENSITIVE: [&str; 34] = [
    "access",
    "account",
    "admin",
    "auth",
    "billing",
    "cert",
    "ci",
    "cookie",
    "credential",
    "crypto",
    "csrf",
    "deploy",
    "docker",
    "encrypt",
    "jwt",
    "key",
    "login",
    "migration",
    "oauth",
    "parser",
    "password",
    "payment",
    "permission",
    "policy",
    "query",
    "sandbox",
    "secret",
    "security",
    "serial",
    "session",
    "sql",
    "token",
    "upload",
    "workflow",
];

/// The higher the riskier.
pub(in super::super) fn of(change: &FileChange) -> u32 {
    let path = change.path.to_ascii_lowercase();
    let code = Language::of_path(&change.path).is_some();
    let mut risk = if is_test(&change.path) {
        20
    } else if code {
        100
    } else if is_prose(&path) {
        5
    } else {
        50
    };
    let words = || path.split(|c: char| !c.is_ascii_alphanumeric());
    // `author.md` is not `auth`, but `authentication.py` is about it.
    let about = |word: &str, known: &str| match known.len() {
        ..=3 => word == known || word.strip_suffix('s') == Some(known),
        _ => word.starts_with(known) && !word.starts_with("author") || word.starts_with("authoriz"),
    };
    if risk >= 50 && words().any(|word| SENSITIVE.iter().any(|known| about(word, known))) {
        risk += 60;
    }
    if change.status == ChangeStatus::Added && code {
        risk += 10;
    }
    let changed = change.additions.saturating_mul(2).saturating_add(change.deletions);
    // Twice as much code is a little more risk.
    risk + changed.saturating_add(1).ilog2() * 6
}

fn is_prose(path: &str) -> bool {
    [".md", ".markdown", ".rst", ".txt", ".adoc", ".css", ".scss", ".less"]
        .iter()
        .any(|end| path.ends_with(end))
}
