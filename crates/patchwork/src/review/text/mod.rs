//! What a review says: comments on lines, a summary, a form for terminals, SARIF. A model's words lose whatever reaches out of
//! them.

mod comment;
mod plain;
mod sarif;
mod summary;

use patchwork_core::finding::Severity;

pub use comment::{comment, proposed};
pub use plain::plain;
pub use sarif::sarif;
pub use summary::summary;

/// Characters of a model's words.
const TITLE: usize = 200;
const EXPLANATION: usize = 3_000;
const SENTENCE: usize = 300;

/// `1 finding`, `2 findings`.
fn counted(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

/// How many there are of each severity, the worst first (`1 high, 2 medium`).
fn by_severity(severities: impl Iterator<Item = Severity> + Clone) -> String {
    let all = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
        Severity::Info,
        Severity::Unknown,
    ];
    let words = all.iter().filter_map(|severity| {
        let count = severities.clone().filter(|one| one == severity).count();
        (count > 0).then(|| format!("{count} {severity}"))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// A word with a capital.
fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
