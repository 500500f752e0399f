//! What a text does beyond being read once a forge shows it: whom it calls, what it closes, where it leads, what it hides.
//!
//! Texts are read as forges read them: Markdown first, then the forge's own words in what is not code. Each thing that is
//! found knows how it is taken away, so that [`neutralise`] and [`in_markdown`] can't disagree.

mod address;
mod html;
mod markdown;
mod prose;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

use super::Policy;
use crate::port::forge::ForgeKind;

pub use address::leads_home;
pub(crate) use markdown::options;
pub use prose::in_line;

/// Rounds after which a text that still reaches out is shown as a block of code.
const ROUNDS: usize = 12;

/// Where a text is shown, and what it may do there.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The site.
    pub forge: ForgeKind,
    /// Addresses of the repository's pages ([`Forge::homes`](crate::port::forge::Forge::homes)): links to them and below lead
    /// nowhere else.
    pub homes: &'a [String],
    /// Whether the text belongs to a pull request itself, so that it counts when that is merged.
    pub merges: bool,
    /// What is allowed beyond that.
    pub policy: &'a Policy,
}

/// What a text does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// It notifies somebody.
    Mentions,
    /// It closes an issue.
    Closes,
    /// It leaves a trace at an issue of another repository.
    Refers,
    /// It is an order to the forge (`/merge`).
    Orders,
    /// It leads out of the repository.
    Links,
    /// It loads an image from elsewhere.
    Shows,
    /// It holds text that readers do not see.
    Hides,
    /// It holds HTML that does more than lay text out.
    Html,
    /// It is drawn by a program, which may do any of these.
    Draws,
    /// It keeps pipelines from running.
    Skips,
}

impl Doing {
    /// The field of the policy that decides; empty where none does.
    pub fn field(self) -> &'static str {
        match self {
            Self::Mentions => "mentions",
            Self::Closes => "closing_keywords",
            Self::Links | Self::Shows => "link_hosts",
            Self::Refers | Self::Orders | Self::Hides | Self::Html | Self::Draws | Self::Skips => "",
        }
    }
}

/// One thing that a text does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// What.
    pub doing: Doing,
    /// With which words, as they can be shown on a line.
    pub words: String,
    /// How it is taken away.
    fix: Fix,
}

/// How a text is changed, in byte offsets of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fix {
    /// Shown as code.
    Code(Range<usize>),
    /// Shown as code inside of HTML.
    HtmlCode(Range<usize>),
    /// Something else in its place.
    Replace(Range<usize>, &'static str),
}

impl Fix {
    fn range(&self) -> &Range<usize> {
        match self {
            Self::Code(range) | Self::HtmlCode(range) | Self::Replace(range, _) => range,
        }
    }
}

impl Reach {
    fn new(doing: Doing, text: &str, fix: Fix) -> Self {
        let words: String = text.chars().take(60).flat_map(char::escape_debug).collect();
        Self { doing, words, fix }
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.doing {
            Doing::Mentions => "mentions",
            Doing::Closes => "closes",
            Doing::Refers => "refers to",
            Doing::Orders => "is an order to the forge:",
            Doing::Links => "leads to",
            Doing::Shows => "loads an image of",
            Doing::Hides => "hides",
            Doing::Html => "holds the HTML",
            Doing::Draws => "holds a block that is drawn:",
            Doing::Skips => "keeps pipelines from running:",
        };
        write!(f, "{what} `{}`", self.words)
    }
}

/// What a Markdown text does on a page beyond being read, in no order.
pub fn in_markdown(text: &str, page: &Page<'_>) -> Vec<Reach> {
    let mut found = hidden(text);
    if found.is_empty() {
        // What hides between the letters of a word must be gone before the word can be read.
        found = markdown::read(text, page);
    }
    found
}

/// The text without what it must not do on a page; what is harmless stays as it is, so doing it twice changes nothing.
pub fn neutralise(text: &str, page: &Page<'_>) -> String {
    let mut text = text.to_owned();
    for _ in 0..ROUNDS {
        let found = in_markdown(&text, page);
        if found.is_empty() {
            return text;
        }
        text = fixed(&text, found);
    }
    as_code(&text)
}

/// A title or a remark without what it must not do.
pub fn neutralise_line(text: &str, page: &Page<'_>) -> String {
    let mut text = text.to_owned();
    for _ in 0..ROUNDS {
        let found = in_line(&text, page);
        if found.is_empty() {
            return text;
        }
        text = fixed(&text, found);
    }
    text.chars()
        .map(|c| if "@#!&/[]*".contains(c) || c.is_control() || is_hidden(c) { ' ' } else { c })
        .collect()
}

/// Whether a character hides text, turns its direction, or smuggles other text.
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn hidden(text: &str) -> Vec<Reach> {
    text.char_indices()
        .filter(|(_, c)| c.is_control() && !matches!(c, '\n' | '\r' | '\t') || is_hidden(*c))
        .map(|(at, c)| {
            let range = at..at + c.len_utf8();
            Reach::new(Doing::Hides, c.encode_utf8(&mut [0; 4]), Fix::Replace(range, ""))
        })
        .collect()
}

/// The text with each thing taken away that does not overlap with one before it.
fn fixed(text: &str, mut found: Vec<Reach>) -> String {
    found.sort_by_key(|reach| (reach.fix.range().start, reach.fix.range().end));
    let mut out = String::with_capacity(text.len() + 8 * found.len());
    let mut at = 0;
    for reach in found {
        let mut range = reach.fix.range().clone();
        let before = text.get(..range.start).unwrap_or_default();
        if matches!(reach.fix, Fix::Code(_)) && is_escaped(before) {
            // A backslash before a code span would take its mark away.
            range.start -= 1;
        }
        if range.start < at {
            continue;
        }
        out.push_str(text.get(at..range.start).unwrap_or_default());
        let inside = text.get(range.clone()).unwrap_or_default();
        match reach.fix {
            Fix::Code(_) => code(inside.trim_start_matches('\\'), text.get(range.end..), &mut out),
            Fix::HtmlCode(_) => out.extend(["<code>", inside, "</code>"]),
            Fix::Replace(_, with) => out.push_str(with),
        }
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn is_escaped(before: &str) -> bool {
    (before.len() - before.trim_end_matches('\\').len()) % 2 == 1
}

fn code(inside: &str, after: Option<&str>, out: &mut String) {
    if out.ends_with('`') {
        out.push(' ');
    }
    let mark = "`".repeat(longest_run(inside, '`') + 1);
    let pad = if inside.starts_with('`') || inside.ends_with('`') { " " } else { "" };
    out.extend([&mark, pad, inside, pad, &mark]);
    if after.is_some_and(|after| after.starts_with('`')) {
        out.push(' ');
    }
}

/// A text that nothing else helps for, as a block of code.
fn as_code(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.lines() {
        let line: String =
            line.chars().filter(|c| !is_hidden(*c) && (!c.is_control() || *c == '\t')).collect();
        // Some forges look for orders in code as well.
        shown.extend([
            if line.trim_start().starts_with('/') { " ./" } else { "" },
            line.trim_start_matches('/'),
            "\n",
        ]);
    }
    let fence = "`".repeat(longest_run(&shown, '`').max(2) + 1);
    format!("{fence}\n{}{fence}", shown.replace('#', "# "))
}

fn longest_run(text: &str, mark: char) -> usize {
    text.split(|c| c != mark).map(str::len).max().unwrap_or(0)
}
