//! Comments and annotations that make a scanner look away.

/// Words that make a scanner look away. Of two, the longer is first.
const WORDS: [&str; 38] = [
    "patchwork:ignore",
    "nosemgrep",
    "nosem",
    "ast-grep-ignore",
    "nosec",
    "nosonar",
    "noqa",
    "nolint",
    "nolintnextline",
    "noinspection",
    "eslint-disable",
    "eslint-disable-line",
    "eslint-disable-next-line",
    "tslint:disable",
    "biome-ignore",
    "oxlint-disable",
    "lgtm",
    "codeql",
    "suppresswarnings",
    "suppressfbwarnings",
    "suppressmessage",
    "pragma warning disable",
    "pylint: disable",
    "pylint:disable",
    "ruff: noqa",
    "snyk:ignore",
    "deepcode ignore",
    "checkov:skip",
    "trivy:ignore",
    "tfsec:ignore",
    "kics-scan ignore",
    "gitleaks:allow",
    "rubocop:disable",
    "rubocop:todo",
    "phpcs:ignore",
    "psalm-suppress",
    "phpstan-ignore",
    "skipcq",
];

/// A word that makes a scanner look away and that the code holds more often than before: a finding that is only silenced
/// would count as gone.
pub fn silencer(code: &str, old: &str) -> Option<&'static str> {
    let (code, old) = (code.to_ascii_lowercase(), old.to_ascii_lowercase());
    WORDS.into_iter().find(|word| count(&code, word) > count(&old, word))
}

fn count(text: &str, word: &str) -> usize {
    let of_name = |c: char| c.is_alphanumeric() || c == '_';
    let places = text.match_indices(word).filter(|(at, _)| {
        let before = text.get(..*at).unwrap_or_default();
        let after = text.get(at + word.len()..).unwrap_or_default();
        !before.ends_with(of_name) && !after.starts_with(of_name)
    });
    places.count()
}
