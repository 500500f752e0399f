//! The forms that keys have: a rule set made of that of Gitleaks (see `rules/`), and what it lacks.
//!
//! A rule is tried where one of its keywords is in the text. Regexes are compiled one by one, when they are first needed.

use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

const FILES: [&str; 2] = [include_str!("rules/gitleaks.json"), include_str!("rules/own.json")];

/// The form of one kind of secret.
#[derive(Deserialize)]
pub(super) struct Rule {
    /// Its name (`aws-access-token`).
    pub(super) id: String,
    regex: String,
    /// In lower case; one of them is in every text that the rule has anything to say of.
    keywords: Vec<String>,
    /// The group of the regex that is the secret; all that matched when 0.
    #[serde(default)]
    group: usize,
    /// Bits per byte that a secret has more than.
    #[serde(default)]
    entropy: f64,
    /// Regexes of examples.
    #[serde(default)]
    allowed: Vec<String>,
    /// What is in examples.
    #[serde(default)]
    stopwords: Vec<String>,
    #[serde(skip)]
    compiled: OnceLock<Option<Compiled>>,
}

struct Compiled {
    regex: Regex,
    allowed: Vec<Regex>,
}

#[derive(Deserialize)]
struct File {
    stopwords: Vec<String>,
    rules: Vec<Rule>,
}

struct Rules {
    rules: Vec<Rule>,
    /// What is in examples, whatever the rule.
    stopwords: Vec<String>,
    keywords: Option<AhoCorasick>,
    /// The rules of each keyword.
    of_keyword: Vec<Vec<usize>>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let (mut rules, mut stopwords) = (Vec::new(), Vec::new());
    for text in FILES {
        // The tests read every file.
        if let Ok(file) = serde_json::from_str::<File>(text) {
            rules.extend(file.rules);
            stopwords.extend(file.stopwords);
        }
    }
    let mut words: Vec<&str> = rules.iter().flat_map(|rule| &rule.keywords).map(String::as_str).collect();
    words.sort_unstable();
    words.dedup();
    let of_keyword = words
        .iter()
        .map(|word| (0..rules.len()).filter(|at| rules[*at].keywords.iter().any(|own| own == word)).collect())
        .collect();
    let keywords = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(&words)
        .ok();
    Rules { rules, stopwords, keywords, of_keyword }
});

/// Where secrets are in a text, in no order; places may overlap.
pub(super) fn find(text: &str) -> Vec<(Range<usize>, &'static Rule)> {
    let rules = &*RULES;
    let Some(keywords) = &rules.keywords else { return Vec::new() };
    let mut wanted = vec![false; rules.rules.len()];
    for hit in keywords.find_overlapping_iter(text) {
        for at in rules.of_keyword.get(hit.pattern().as_usize()).into_iter().flatten() {
            if let Some(wanted) = wanted.get_mut(*at) {
                *wanted = true;
            }
        }
    }
    let mut found = Vec::new();
    for (rule, _) in rules.rules.iter().zip(wanted).filter(|(_, wanted)| *wanted) {
        rule.find(text, &rules.stopwords, &mut found);
    }
    found
}

impl Rule {
    fn compiled(&self) -> Option<&Compiled> {
        let compile = || {
            // Bytes and ASCII classes, as the rules were written for.
            let build = |regex: &String| RegexBuilder::new(regex).unicode(false).build().ok();
            let allowed = self.allowed.iter().map(build).collect::<Option<_>>()?;
            Some(Compiled { regex: build(&self.regex)?, allowed })
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    fn find(&'static self, text: &str, stopwords: &[String], found: &mut Vec<(Range<usize>, &'static Self)>) {
        let Some(Compiled { regex, allowed }) = self.compiled() else { return };
        let mut add = |range: Range<usize>| {
            let range = whole(text, range);
            let Some(secret) = text.get(range.clone()) else { return };
            let example = || {
                let mut words = stopwords.iter().chain(&self.stopwords);
                allowed.iter().any(|allowed| allowed.is_match(secret.as_bytes()))
                    || words.any(|word| contains_ignoring_case(secret, word))
                    || is_filler(secret)
            };
            if (self.entropy == 0.0 || entropy(secret) > self.entropy) && !example() {
                found.push((range, self));
            }
        };
        if self.group == 0 {
            regex.find_iter(text.as_bytes()).for_each(|hit| add(hit.range()));
        } else {
            let groups = regex.captures_iter(text.as_bytes()).filter_map(|hit| hit.get(self.group));
            groups.for_each(|group| add(group.range()));
        }
    }
}

/// A match with the rest of its last word, since keys grow longer over the years, and with whole characters.
fn whole(text: &str, Range { mut start, mut end }: Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let of_word = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    if end > start && of_word(end - 1) {
        while of_word(end) {
            end += 1;
        }
    }
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// Bits per byte, as Shannon has it.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    #[expect(clippy::cast_precision_loss, reason = "nobody needs the last bits of it")]
    let total = text.len() as f64;
    let parts = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / total);
    parts.map(|part| -part * part.log2()).sum()
}

/// Whether a run of the letters that stand for "a key goes here" is in a text.
fn is_filler(text: &str) -> bool {
    const RUN: usize = 6;
    let bytes = text.as_bytes();
    bytes.windows(RUN).any(|run| {
        let first = run.first().map(u8::to_ascii_lowercase);
        matches!(first, Some(b'x' | b'*' | b'.')) && run.iter().all(|b| Some(b.to_ascii_lowercase()) == first)
    })
}

fn contains_ignoring_case(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len().max(1)).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests;
