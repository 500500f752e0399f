//! What a model is asked: the values of the prompts `review` and `refute`.

use std::fmt::Write as _;

use patchwork_core::change::Side;
use patchwork_core::engine::hex;
use patchwork_core::tokens::estimate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::bundle::{Bundle, shown_path};
use super::choosing::{self, Choice, Known};
use super::finding::ReviewFinding;
use super::rules::{self, ReviewRule};

/// What the pull request says of itself. Anybody may have written it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// Its title, or the first line of the commit.
    #[serde(default)]
    pub title: String,
    /// Its body.
    #[serde(default)]
    pub body: String,
}

/// A question for findings. Its fields are the variables of the prompt `review`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewQuestion {
    /// [`Bundle::id`](super::bundle::Bundle::id).
    pub bundle: String,
    /// The files.
    pub paths: Vec<String>,
    /// Hashes of the units.
    pub units: Vec<String>,
    /// What stands before and after each piece of data, and in none of them.
    pub boundary: String,
    /// The rules that apply: id, title, text.
    pub rules: String,
    /// Title and body of the pull request.
    pub subject: String,
    /// The changed lines with their numbers.
    pub diff: String,
    /// What they call and what calls them.
    pub context: String,
    /// Whether suggestions are wanted.
    pub suggestions: bool,
    /// About how many tokens the values have.
    pub tokens: usize,
}

/// A question for a second opinion on findings of one bundle. Its fields are the variables of the prompt `refute`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefuteQuestion {
    /// [`Bundle::id`](super::bundle::Bundle::id).
    pub bundle: String,
    /// Fingerprints of the findings, in the order in which they are numbered (from 1).
    pub fingerprints: Vec<String>,
    /// What stands before and after each piece of data, and in none of them.
    pub boundary: String,
    /// The findings, numbered.
    pub findings: String,
    /// The rules that they are stated against.
    pub rules: String,
    /// The changed lines with their numbers.
    pub diff: String,
    /// What they call and what calls them.
    pub context: String,
    /// About how many tokens the values have.
    pub tokens: usize,
}

/// Characters of the title and the body of a pull request that are shown.
const TITLE: usize = 300;
const BODY: usize = 3_000;

/// What a boundary begins with.
const BOUNDARY: &str = "=====data-";

impl ReviewQuestion {
    /// The question about a bundle.
    pub fn new(bundle: &Bundle, rules: &[ReviewRule], subject: &Subject, suggestions: bool) -> Self {
        let rules = rules_text(&rules::for_paths(rules, &bundle.paths));
        let subject = subject.text();
        let boundary = boundary(&[&rules, &subject, &bundle.diff, &bundle.context]);
        let escaped = |text: &str| escaped(text, &boundary);
        let tokens = bundle.tokens + estimate(rules.len() + subject.len());
        Self {
            bundle: bundle.id.clone(),
            paths: bundle.paths.clone(),
            units: bundle.units.clone(),
            subject: escaped(&subject),
            diff: escaped(bundle.diff.trim_end_matches('\n')),
            context: escaped(bundle.context.trim_end_matches('\n')),
            rules,
            boundary,
            suggestions,
            tokens,
        }
    }
}

impl RefuteQuestion {
    /// The question about findings of a bundle; none when there are none in its files.
    pub fn new(bundle: &Bundle, findings: &[ReviewFinding], rules: &[ReviewRule]) -> Option<Self> {
        let asked: Vec<&ReviewFinding> =
            findings.iter().filter(|finding| bundle.paths.contains(&finding.path)).collect();
        if asked.is_empty() {
            return None;
        }
        let named: Vec<&ReviewRule> =
            rules.iter().filter(|rule| asked.iter().any(|finding| finding.rule == rule.id)).collect();
        let rules = rules_text(&named);
        let mut text = String::new();
        for (finding, number) in asked.iter().zip(1_usize..) {
            let side = if finding.side == Side::Old { "old" } else { "new" };
            let ReviewFinding { rule, start_line, line, title, explanation, code, severity, .. } = finding;
            // Writing to a text can't fail.
            let _ = write!(
                text,
                "Finding {number}: rule {rule}, {severity}, {} {side} lines {start_line} to {line}\n{title}\n{explanation}\n\
                 The lines:\n{code}\n\n",
                shown_path(&finding.path)
            );
        }
        let boundary = boundary(&[&rules, &text, &bundle.diff, &bundle.context]);
        let escaped = |text: &str| escaped(text, &boundary);
        Some(Self {
            bundle: bundle.id.clone(),
            fingerprints: asked.iter().map(|finding| finding.fingerprint.clone()).collect(),
            tokens: bundle.tokens + estimate(rules.len() + text.len()),
            findings: escaped(text.trim_end()),
            diff: escaped(bundle.diff.trim_end_matches('\n')),
            context: escaped(bundle.context.trim_end_matches('\n')),
            rules,
            boundary,
        })
    }
}

impl Subject {
    /// Title and body as they are shown; empty when there are neither.
    fn text(&self) -> String {
        let title = cut(self.title.trim(), TITLE);
        let body = cut(self.body.trim(), BODY);
        format!("{title}\n\n{body}").trim().to_owned()
    }
}

/// The findings that need a second opinion, in their order: what was said or dismissed, and what would not be told anyway, is not
/// asked about.
pub fn worth_refuting(findings: &[ReviewFinding], choice: &Choice, known: Known<'_>) -> Vec<ReviewFinding> {
    let everything = Choice { max_comments: usize::MAX, ..choice.clone() };
    let chosen = choosing::choose(findings.to_vec(), &[], &everything, known);
    let kept: Vec<&str> = chosen.comments.iter().map(|finding| finding.fingerprint.as_str()).collect();
    findings.iter().filter(|finding| kept.contains(&finding.fingerprint.as_str())).cloned().collect()
}

fn rules_text(rules: &[&ReviewRule]) -> String {
    let mut text = String::new();
    for rule in rules {
        let _ = writeln!(text, "- {}: {}. {}", rule.id, rule.title.trim_end_matches('.'), rule.text);
    }
    text.trim_end().to_owned()
}

/// A line that is in none of the texts, the same for the same texts. Whoever writes one of them can't know it, for it is made of
/// them all.
fn boundary(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    let digest = hex(&hash.finalize());
    format!("{BOUNDARY}{}=====", digest.get(..24).unwrap_or_default())
}

/// A text in which the boundary does not stand, should it ever.
fn escaped(text: &str, boundary: &str) -> String {
    text.replace(boundary, "=====data=====")
}

fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests;
