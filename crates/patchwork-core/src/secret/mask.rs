//! Placeholders: what stands for a secret in text that goes on, to a model or into the journal, and may come back in code.
//!
//! A placeholder says what it stands for, is the same for one value throughout a run, and takes the place of the value line
//! by line, so that masked code has the lines of the code. What holds one is never written into a file.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::patterns::Rule;

/// How every placeholder begins.
pub const PLACEHOLDER: &str = "PATCHWORK_MASKED_";

/// The placeholder in a text, if one is there.
pub fn placeholder_in(text: &str) -> Option<&str> {
    let rest = text.get(text.find(PLACEHOLDER)?..)?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    rest.get(..end)
}

/// A place of a secret in a text.
pub(super) struct Hit<'a> {
    pub(super) range: Range<usize>,
    pub(super) what: What<'a>,
}

/// How a secret was recognised.
pub(super) enum What<'a> {
    /// Its value is known under this name.
    Known(&'a Arc<str>),
    /// It has the form of one.
    Form(&'static Rule),
}

/// The hits in order, those that overlap made one.
pub(super) fn apart(mut hits: Vec<Hit<'_>>) -> Vec<Hit<'_>> {
    hits.sort_by_key(|hit| (hit.range.start, std::cmp::Reverse(hit.range.end)));
    let mut out: Vec<Hit<'_>> = Vec::with_capacity(hits.len());
    for hit in hits {
        match out.last_mut() {
            Some(last) if hit.range.start < last.range.end => {
                let known = matches!(hit.what, What::Known(_));
                // A known value keeps its name unless it is only a part of what is hidden.
                if hit.range.end > last.range.end || (known && hit.range == last.range) {
                    last.what = hit.what;
                }
                last.range.end = last.range.end.max(hit.range.end);
            }
            _ => out.push(hit),
        }
    }
    out
}

/// A text with placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masked {
    /// The text: as many lines as before.
    pub text: String,
    /// The placeholders in it, each once. That of a secret of several lines counts once.
    pub placeholders: BTreeSet<String>,
    /// Each place that was replaced, and where its replacement ends.
    moves: Vec<(Range<usize>, usize)>,
}

impl Masked {
    /// Where a position of the text before is now. One inside of a secret is behind its placeholder.
    pub fn moved(&self, at: usize) -> usize {
        let next = self.moves.partition_point(|(old, _)| old.start < at);
        let Some((old, end)) = next.checked_sub(1).and_then(|last| self.moves.get(last)) else { return at };
        end + at.saturating_sub(old.end)
    }

    pub(super) fn new(text: &str, hits: &[Hit<'_>], salt: &str) -> Self {
        let mut masked = Self { text: String::with_capacity(text.len()), ..Self::default() };
        let mut at = 0;
        for hit in hits {
            let Some(secret) = text.get(hit.range.clone()) else { continue };
            masked.text.push_str(text.get(at..hit.range.start).unwrap_or_default());
            let name = name_of(&hit.what, secret, salt);
            for (number, line) in secret.split_inclusive('\n').enumerate() {
                let core = line.trim();
                let before = line.len() - line.trim_start().len();
                if core.is_empty() {
                    masked.text.push_str(line);
                    continue;
                }
                masked.text.push_str(line.get(..before).unwrap_or_default());
                masked.text.push_str(&name);
                if number > 0 {
                    // Writing to a string does not fail.
                    let _ = write!(masked.text, "_L{}", number + 1);
                }
                masked.text.push_str(line.get(before + core.len()..).unwrap_or_default());
            }
            at = hit.range.end;
            masked.moves.push((hit.range.clone(), masked.text.len()));
            masked.placeholders.insert(name);
        }
        masked.text.push_str(text.get(at..).unwrap_or_default());
        masked
    }
}

/// The placeholder of a secret. A known one goes by its name. Of another a few digits of a hash keep it apart from its like:
/// they say next to nothing of a value that has the length of a key.
fn name_of(what: &What<'_>, secret: &str, salt: &str) -> String {
    let upper = |name: &str| -> String {
        let of_name = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        name.chars().map(of_name).collect()
    };
    match what {
        What::Known(name) => format!("{PLACEHOLDER}{}", upper(name)),
        What::Form(rule) => {
            let digest = Sha256::new().chain_update(salt).chain_update([0]).chain_update(secret).finalize();
            let digits: String = digest.iter().take(3).map(|byte| format!("{byte:02x}")).collect();
            format!("{PLACEHOLDER}{}_{digits}", upper(&rule.id))
        }
    }
}
