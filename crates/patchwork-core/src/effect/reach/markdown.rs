//! What Markdown does on the page of a forge.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

use super::html::Html;
use super::prose::{self, EDGE, words};
use super::{Doing, Fix, Page, Reach, leads_home};
use crate::port::forge::ForgeKind;
use crate::port::forge::mark::MARKER;

/// Languages of code blocks that a forge draws instead of showing them.
const DRAWN: [&str; 8] = ["mermaid", "plantuml", "kroki", "geojson", "topojson", "stl", "math", "json:table"];

/// What forges know of Markdown.
pub(crate) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
}

/// Reads a text that hides nothing.
pub(super) fn read(text: &str, page: &Page<'_>) -> Vec<Reach> {
    let parser = Parser::new_ext(text, options());
    let mut reader = Reader {
        text,
        page,
        prose: Prose::default(),
        html: Html::default(),
        found: Vec::new(),
        code: Vec::new(),
    };
    for (label, definition) in parser.reference_definitions().iter() {
        // Nobody sees it.
        let start = definition.span.start;
        reader.found.push(Reach::new(Doing::Hides, label, Fix::Replace(start..start + 1, "\\[")));
    }
    // The mark of the original, which people's scripts look for.
    let marker = if text.starts_with(MARKER) { MARKER.len() } else { 0 };
    let mut in_block = false;
    let mut html: Option<Range<usize>> = None;
    for (event, range) in parser.into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                in_block = true;
                reader.code_block(&kind, range);
            }
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Text(_) if in_block => {}
            Event::Text(decoded) => reader.say(&decoded, range),
            Event::Code(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {
                reader.code.push(range.clone());
                reader.prose.edge(range.start);
            }
            Event::Html(_) => {
                let start = html.as_ref().map_or(range.start, |html| html.start).max(marker);
                html = Some(start..range.end.max(start));
            }
            Event::End(TagEnd::HtmlBlock) => {
                if let Some(range) = html.take() {
                    reader.html.read(text, range, true, page);
                }
            }
            Event::InlineHtml(_) => {
                reader.prose.edge(range.start);
                reader.html.read(text, range, false, page);
            }
            Event::SoftBreak | Event::HardBreak => reader.prose.push("\n", range),
            Event::Start(Tag::Link { dest_url, link_type, .. }) => reader.link(&dest_url, link_type, range),
            Event::Start(Tag::Image { dest_url, .. }) => reader.image(&dest_url, range),
            Event::Start(Tag::FootnoteDefinition(name)) => {
                let start = range.start;
                reader.found.push(Reach::new(Doing::Hides, &name, Fix::Replace(start..start + 1, "\\[")));
            }
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough)
            | Event::End(
                TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image,
            )
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => reader.prose.edge(range.start),
            Event::Start(_) | Event::End(_) | Event::Rule => reader.end_of_block(),
        }
    }
    reader.end_of_block();
    reader.raw_lines();
    let Reader { html, mut found, .. } = reader;
    found.extend(html.close());
    found
}

struct Reader<'a> {
    text: &'a str,
    page: &'a Page<'a>,
    prose: Prose,
    html: Html,
    found: Vec<Reach>,
    /// Where code is.
    code: Vec<Range<usize>>,
}

impl Reader<'_> {
    fn say(&mut self, decoded: &str, range: Range<usize>) {
        if self.html.in_code() {
            self.prose.edge(range.start);
            // Nobody is called there, but Markdown still makes links of addresses.
            for word in prose::addresses(decoded, self.page) {
                let words = decoded.get(word.range.clone()).unwrap_or_default();
                let is_as_written = self.text.get(range.clone()) == Some(decoded);
                let place = range.start + word.range.start..range.start + word.range.end;
                let fix = Fix::Code(if is_as_written { place } else { range.clone() });
                self.found.push(Reach::new(word.doing, words, fix));
            }
        } else {
            self.prose.push(decoded, range);
        }
    }

    fn end_of_block(&mut self) {
        self.html.begin_block();
        let prose = std::mem::take(&mut self.prose);
        for word in words(&prose.text, self.page) {
            let range = prose.source(self.text, &word.range);
            let words = prose.text.get(word.range).unwrap_or_default();
            self.found.push(Reach::new(word.doing, words, Fix::Code(range)));
        }
    }

    fn link(&mut self, address: &str, kind: LinkType, range: Range<usize>) {
        self.prose.edge(range.start);
        if leads_home(address, self.page) {
            return;
        }
        let fix = match kind {
            LinkType::Autolink | LinkType::Email => {
                let inside = range.start + 1..range.end.saturating_sub(1);
                let shown = self.text.get(inside).unwrap_or_default();
                // Without its brackets it is a bare address, which the next look takes care of.
                if shown.is_empty() {
                    Fix::Replace(range, "")
                } else {
                    Fix::Replace(range.start..range.start + 1, "&lt;")
                }
            }
            _ => Fix::Replace(range.start..range.start + 1, "\\["),
        };
        self.found.push(Reach::new(Doing::Links, address, fix));
    }

    fn image(&mut self, address: &str, range: Range<usize>) {
        self.prose.edge(range.start);
        if !leads_home(address, self.page) || address.starts_with('#') {
            self.found.push(Reach::new(
                Doing::Shows,
                address,
                Fix::Replace(range.start..range.start + 2, "!\\["),
            ));
        }
    }

    fn code_block(&mut self, kind: &CodeBlockKind<'_>, range: Range<usize>) {
        self.code.push(range.clone());
        let CodeBlockKind::Fenced(info) = kind else { return };
        let word = info.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        if !DRAWN.contains(&word.as_str()) {
            return;
        }
        let block = self.text.get(range.clone()).unwrap_or_default();
        let line = block.lines().next().unwrap_or_default();
        let fence = line.trim_start_matches(['`', '~']);
        let start = range.start + line.len() - fence.len();
        self.found.push(Reach::new(Doing::Draws, &word, Fix::Replace(start..start + fence.len(), "")));
    }

    /// What some forges find in the lines of a text as it was written, without regard to Markdown.
    fn raw_lines(&mut self) {
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            if let Some(order) = prose::order(line) {
                let range = start + order.start..start + order.end;
                let words = line.get(order).unwrap_or_default();
                match self.code.iter().find(|code| code.start <= start && start < code.end) {
                    None => self.found.push(Reach::new(Doing::Orders, words, Fix::Code(range))),
                    Some(code) if !self.is_plain_fence(code) && line.starts_with('/') => {
                        self.found.push(Reach::new(Doing::Orders, words, Fix::Replace(start..start, " ")));
                    }
                    Some(_) => {}
                }
            }
            start += line.len();
        }
        // GitLab closes what the code of a merge request's description names as well.
        if self.page.merges && self.page.forge == ForgeKind::GitLab {
            for range in prose::closings(self.text, self.page) {
                if self.code.iter().any(|code| code.start <= range.start && range.end <= code.end) {
                    self.found.push(prose::broken(self.text, range));
                }
            }
        }
    }

    /// Whether every forge sees a block of code here: one between three backticks at the start of the line.
    fn is_plain_fence(&self, code: &Range<usize>) -> bool {
        let block = self.text.get(code.clone()).unwrap_or_default();
        let at_line =
            self.text.get(..code.start).is_some_and(|before| before.is_empty() || before.ends_with('\n'));
        at_line
            && block.starts_with("```")
            && !block.starts_with("````")
            && block.trim_end().ends_with("\n```")
    }
}

/// The text of a block as a forge reads it, and where it is in the source.
#[derive(Default)]
struct Prose {
    text: String,
    pieces: Vec<(Range<usize>, Range<usize>)>,
}

impl Prose {
    fn push(&mut self, decoded: &str, source: Range<usize>) {
        let start = self.text.len();
        self.text.push_str(decoded);
        self.pieces.push((start..self.text.len(), source));
    }

    fn edge(&mut self, at: usize) {
        let start = self.text.len();
        self.text.push(EDGE);
        self.pieces.push((start..self.text.len(), at..at));
    }

    /// The part of the source that a part of the text stands for.
    fn source(&self, source: &str, range: &Range<usize>) -> Range<usize> {
        let mut out: Option<Range<usize>> = None;
        for (text, place) in &self.pieces {
            if text.end <= range.start || range.end <= text.start {
                continue;
            }
            let same = source.get(place.clone()) == self.text.get(text.clone());
            let part = if same {
                let from = range.start.saturating_sub(text.start);
                let to = range.end.min(text.end) - text.start;
                place.start + from..place.start + to
            } else {
                place.clone()
            };
            out = Some(out.map_or(part.clone(), |all| all.start.min(part.start)..all.end.max(part.end)));
        }
        out.unwrap_or(0..0)
    }
}
