//! A comment on lines.

use patchwork_core::change::Side;

use super::{EXPLANATION, TITLE, capital};
use crate::review::finding::ReviewFinding;
use crate::steps::pr::untrusted::markdown;

/// The text of a finding's comment, without a mark. `suggestion` writes code for the last so many lines up to the one commented on
/// in the form of the forge (see [`Forge::suggestion`](patchwork_core::port::forge::Forge::suggestion)); where it has none, the
/// code is shown.
pub fn comment(finding: &ReviewFinding, suggestion: impl Fn(u32, &str) -> Option<String>) -> String {
    let mut parts = vec![
        format!("**{}**", markdown::line(&finding.title, TITLE).replace('*', "\\*")),
        format!(
            "{} · {} · {} sure",
            capital(finding.severity.as_str()),
            markdown::code(&finding.rule),
            finding.confidence
        ),
    ];
    let explanation = markdown::block(&finding.explanation, EXPLANATION);
    if !explanation.is_empty() {
        parts.push(explanation);
    }
    if let Some(code) = finding.suggestion.as_deref().filter(|_| finding.side == Side::New) {
        let lines = finding.line.saturating_sub(finding.start_line).saturating_add(1);
        let these = if lines == 1 { "this line" } else { "these lines" };
        parts.push(suggestion(lines, code).unwrap_or_else(|| proposed(code, these)));
    }
    parts.push(
        "_Not right? Answer `wontfix` with the reason, or react with 👎: it is not raised again._".to_owned(),
    );
    parts.join("\n\n")
}

/// Code for readers to copy, where the forge does not let them commit it. `lines` are those that it takes the place of, in words
/// (`these lines`).
pub fn proposed(code: &str, lines: &str) -> String {
    match code {
        "" => format!("Suggested: remove {lines}."),
        code => format!("Suggested in place of {lines}:\n\n{}", markdown::fenced("", code, code.len() + 1)),
    }
}
