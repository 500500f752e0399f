//! How many tokens a request has: exact where the tokenizer is public, else by an estimate; and never more than so many.

mod request;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use tiktoken::CoreBpe;

pub use self::request::{at_most, count_request};

/// What cuts texts into tokens.
///
/// The exact ones are of the crate `tiktoken` (Rust's of that name), which is the fastest and the smallest. Measured on 10 MB of
/// Rust, C, Python and Markdown, o200k, one core: `tiktoken` 4.1.2 0.09 s, 1.2 MB of dictionaries; `bpe-openai` 0.3.2 0.30 s,
/// 35 MB; `tiktoken-rs` 0.12.1 0.52 s, 6 MB. All three, and OpenAI's own in Python, count the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Tokenizer {
    /// OpenAI's since GPT-4o, also of its open weights: they differ in special tokens only.
    #[serde(rename = "o200k_base", alias = "o200k_harmony")]
    O200k,
    /// OpenAI's before GPT-4o.
    #[serde(rename = "cl100k_base")]
    Cl100k,
    /// Anybody else's: see [`patchwork_core::tokens::estimate`].
    #[default]
    #[serde(rename = "estimate")]
    Estimate,
}

impl Tokenizer {
    /// Its dictionary, unpacked when it is first asked for.
    fn encoding(self) -> Option<&'static CoreBpe> {
        match self {
            Self::O200k => tiktoken::get_encoding("o200k_base"),
            Self::Cl100k => tiktoken::get_encoding("cl100k_base"),
            Self::Estimate => None,
        }
    }
}

/// The tokens of a text. What looks like a special token (`<|endoftext|>`) is text like any other.
pub fn count(tokenizer: Tokenizer, text: &str) -> u64 {
    match tokenizer.encoding() {
        Some(encoding) => count_in_parts(encoding, text, PART),
        None => wide(patchwork_core::tokens::estimate(text.len())),
    }
}

/// Bytes that are counted at a time. Among whitespace that is not ASCII the crate looks at all of the rest of what it is given
/// for each word, which takes half a minute for a megabyte at once.
const PART: usize = 1024;

/// Counts part by part; the sum is that of the whole.
fn count_in_parts(encoding: &CoreBpe, text: &str, part: usize) -> u64 {
    let (mut rest, mut total) = (text, 0);
    while rest.len() > part {
        let (head, tail) = rest.split_at(seam(rest, part));
        total += wide(encoding.count(head));
        rest = tail;
    }
    total + wide(encoding.count(rest))
}

/// Where no token crosses: near `near`, before it if possible; the end when there is no such place.
///
/// Both patterns by which OpenAI cuts texts into words take whitespace that is no line end, and that something visible
/// follows, as the first character of a word or as a word of its own; and what comes before it looks the same to them as the
/// end of the text.
fn seam(text: &str, near: usize) -> usize {
    let near = text.floor_char_boundary(near);
    let (before, after) = text.split_at(near);
    let starts = |c: char, next: Option<char>| {
        c.is_whitespace() && !matches!(c, '\r' | '\n') && next.is_some_and(|next| !next.is_whitespace())
    };
    let mut next = after.chars().next();
    for (at, c) in before.char_indices().rev() {
        if at > 0 && starts(c, next) {
            return at;
        }
        next = Some(c);
    }
    let mut chars = after.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if near + at > 0 && starts(c, chars.peek().map(|(_, next)| *next)) {
            return near + at;
        }
    }
    text.len()
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
