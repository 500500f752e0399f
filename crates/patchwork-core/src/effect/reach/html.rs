//! HTML inside of Markdown: a few elements that lay text out, and no others.

use std::ops::Range;

use super::prose::words;
use super::{Doing, Fix, Page, Reach};

/// Elements that lay text out and do no more, as long as they have no attributes.
const LAYOUT: [&str; 24] = [
    "b",
    "blockquote",
    "br",
    "code",
    "details",
    "em",
    "hr",
    "i",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
];

/// Of these the ones that have no end.
const ALONE: [&str; 2] = ["br", "hr"];

/// A tag that may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    name: String,
    closes: bool,
    range: Range<usize>,
}

/// What was read of a text's HTML so far.
#[derive(Debug, Default)]
pub(super) struct Html {
    open: Vec<Tag>,
    /// How many of them were open when the block began.
    outside: usize,
    pub(super) found: Vec<Reach>,
}

impl Html {
    /// Another block of Markdown begins.
    pub(super) fn begin_block(&mut self) {
        self.outside = self.open.len();
    }

    /// Whether what comes is shown as code: by a tag of the same block, for parsers differ about those of others.
    pub(super) fn in_code(&self) -> bool {
        self.open.iter().skip(self.outside).any(|tag| matches!(tag.name.as_str(), "code" | "pre"))
    }

    /// Reads tags, and the text between them when `whole` (Markdown does not look into a block of HTML).
    pub(super) fn read(&mut self, source: &str, range: Range<usize>, whole: bool, page: &Page<'_>) {
        let html = source.get(range.clone()).unwrap_or_default();
        let mut at = 0;
        while let Some(rest) = html.get(at..).filter(|rest| !rest.is_empty()) {
            let text = rest.find('<').unwrap_or(rest.len());
            if whole && text > 0 && !self.in_code() {
                self.text(source, range.start + at..range.start + at + text, page);
            }
            at += text;
            let Some(rest) = html.get(at..).filter(|rest| !rest.is_empty()) else { break };
            at += self.tag(rest, range.start + at);
        }
    }

    /// Reads a tag at the start of `rest`, which is at `at` of the source; answers its length.
    fn tag(&mut self, rest: &str, at: usize) -> usize {
        if rest.starts_with("<!--") {
            let inside = rest.get(4..).unwrap_or_default();
            // `<!-->` is a whole comment.
            let end = if inside.starts_with('>') {
                Some(5)
            } else if inside.starts_with("->") {
                Some(6)
            } else {
                inside.find("-->").map(|end| 4 + end + 3)
            };
            return match end {
                Some(end) => {
                    let words = rest.get(..end).unwrap_or_default();
                    self.found.push(Reach::new(Doing::Hides, words, Fix::Replace(at..at + end, "")));
                    end
                }
                None => self.refuse(rest, at, 4),
            };
        }
        let Some(end) = rest.find('>').map(|end| end + 1) else { return self.refuse(rest, at, 1) };
        let inside = rest.get(1..end - 1).unwrap_or_default();
        let (closes, name) = match inside.strip_prefix('/') {
            Some(name) => (true, name),
            None => (false, inside),
        };
        let name = name.trim_end_matches([' ', '/']).to_ascii_lowercase();
        if !LAYOUT.contains(&name.as_str()) {
            return self.refuse(rest, at, 1);
        }
        let tag = Tag { name, closes, range: at..at + end };
        if ALONE.contains(&tag.name.as_str()) {
            return end;
        }
        if !tag.closes {
            self.open.push(tag);
        } else if self.open.last().is_some_and(|open| open.name == tag.name) {
            self.open.pop();
        } else {
            return self.refuse(rest, at, 1);
        }
        end
    }

    fn refuse(&mut self, rest: &str, at: usize, length: usize) -> usize {
        let words = rest.get(..rest.find(['>', '\n']).map_or(rest.len(), |end| end + 1)).unwrap_or_default();
        self.found.push(Reach::new(Doing::Html, words, Fix::Replace(at..at + 1, "&lt;")));
        length
    }

    fn text(&mut self, source: &str, range: Range<usize>, page: &Page<'_>) {
        let text = source.get(range.clone()).unwrap_or_default();
        for word in words(text, page) {
            let words = text.get(word.range.clone()).unwrap_or_default();
            let place = range.start + word.range.start..range.start + word.range.end;
            self.found.push(Reach::new(word.doing, words, Fix::HtmlCode(place)));
        }
    }

    /// What is open at the end of the text, which would swallow what comes after it.
    pub(super) fn close(mut self) -> Vec<Reach> {
        for tag in self.open {
            let start = tag.range.start;
            self.found.push(Reach::new(Doing::Html, &tag.name, Fix::Replace(start..start + 1, "&lt;")));
        }
        self.found
    }
}
