//! What Markdown does on the page of a forge: read by a parser, as the forge reads it.

use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use regex::Regex;

use super::words::{EDGE, in_prose, quick_action};
use super::{Known, anywhere, hidden, pattern};
use crate::case::Site;
use crate::effect::Effect;

/// The marker of the Python original.
const MARKER: &str = "<!-- PatchWork comment marker -->";

/// How a comment of ours begins, where HTML hides marks and where it does not.
static OWN_MARK: LazyLock<Regex> = LazyLock::new(|| {
    let json = r#"\{"name":"[^\n]*","digest":"[0-9a-f]{16}"\}"#;
    let html = format!("<!-- PatchWork comment marker -->[ ]?\r?\n<!-- patchwork {json} -->");
    pattern(&format!("^(?:{html}|\\[patchwork\\]: # '{json}')(?:\r?\n|$)"))
});

/// Blocks that a forge draws.
const DRAWN: [&str; 7] = ["mermaid", "plantuml", "kroki", "geojson", "topojson", "stl", "math"];

/// Elements that lay text out and do no more, as long as they have no attributes.
const LAYOUT: [&str; 25] = [
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
    "ul",
];

static TAG: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?s)<!--.*?(?:-->|\z)|<(/?)([a-zA-Z][a-zA-Z0-9-]*)([^>]*)>?|<[!?]"));
static CODE_ELEMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)<(code|pre)>.*?</(?:code|pre)>"));

/// What a comment or a description does.
pub(crate) fn in_markdown(whole: &str, known: &Known) -> Vec<Effect> {
    let mark = OWN_MARK.find(whole).map_or(0, |mark| mark.end());
    let text = whole.get(mark..).unwrap_or_default();
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let mut page =
        Page { known, prose: String::new(), found: Vec::new(), html: String::new(), literal: Vec::new() };
    let mut block: Option<(String, String)> = None;
    // How deep in `<code>` of this block, where people are not called but addresses still become links.
    let mut in_element = 0_usize;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                page.literal.push(range);
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                block = Some((language, String::new()));
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some((language, code)) = block.take() {
                    page.code(&language, &code);
                }
            }
            Event::Text(text) => match &mut block {
                Some((_, code)) => code.push_str(&text),
                None if in_element > 0 => page.addresses(&text),
                None => page.prose.push_str(&text),
            },
            Event::Code(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {
                page.literal.push(range);
                page.prose.push(EDGE);
            }
            Event::Html(html) => page.html.push_str(&html),
            Event::InlineHtml(html) => {
                let tag = html.to_ascii_lowercase();
                let is = |start: &str| {
                    ["code", "pre"].iter().any(|name| tag.starts_with(&format!("{start}{name}")))
                };
                in_element =
                    if is("</") { in_element.saturating_sub(1) } else { in_element + usize::from(is("<")) };
                page.html.push_str(&html);
                page.prose.push(EDGE);
            }
            Event::SoftBreak | Event::HardBreak => page.prose.push('\n'),
            Event::Start(Tag::Link { dest_url, .. }) => {
                page.link(&dest_url);
                page.prose.push(EDGE);
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                page.image(&dest_url);
                page.prose.push(EDGE);
            }
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough)
            | Event::End(
                TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image,
            )
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_) => page.prose.push(EDGE),
            Event::Start(_) | Event::End(_) | Event::Rule => {
                in_element = 0;
                page.end_of_block();
            }
        }
    }
    page.end_of_block();
    page.of_lines(text);
    page.of_html(text.trim_start().starts_with(MARKER));
    page.found.extend(hidden(whole));
    page.found.extend(anywhere(whole, known));
    page.found
}

/// What was read of a page so far.
struct Page<'a> {
    known: &'a Known,
    /// The text of the block, outside of code.
    prose: String,
    found: Vec<Effect>,
    /// All HTML.
    html: String,
    /// Where code is.
    literal: Vec<Range<usize>>,
}

impl Page<'_> {
    fn end_of_block(&mut self) {
        let prose = std::mem::take(&mut self.prose);
        self.found.extend(in_prose(&prose, self.known));
    }

    fn addresses(&mut self, text: &str) {
        let links = in_prose(text, self.known).into_iter().filter(|effect| matches!(effect, Effect::Link(_)));
        self.found.extend(links);
        self.prose.push(EDGE);
    }

    fn link(&mut self, address: &str) {
        // Within the page.
        if !address.starts_with('#') {
            self.found.extend(away(address, self.known).map(Effect::Link));
        }
    }

    fn image(&mut self, address: &str) {
        self.found.extend(away(address, self.known).map(Effect::Image));
    }

    fn code(&mut self, language: &str, code: &str) {
        let word = language.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        if DRAWN.contains(&word.as_str()) {
            self.found.push(Effect::Html(word.clone()));
        }
        let Some(lines) = word.strip_prefix("suggestion") else { return };
        // GitLab's `suggestion:-1+2` takes more than the line that it stands at.
        let reach: u64 = lines.split(['-', '+']).filter_map(|count| count.parse::<u64>().ok()).sum();
        let own = self.known.suggestion.as_ref();
        let is_own =
            own.is_some_and(|(own, lines)| own.trim_end() == code.trim_end() && reach < (*lines).max(1));
        let before = self.found.iter().any(|effect| matches!(effect, Effect::Suggests(_)));
        if !is_own || before {
            self.found.push(Effect::Suggests(code.lines().next().unwrap_or_default().to_owned()));
        }
    }

    /// Lines that are orders, wherever they begin outside of code.
    fn of_lines(&mut self, text: &str) {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let is_code = self.literal.iter().any(|code| code.start < start && start < code.end);
            self.found.extend(quick_action(line).filter(|_| !is_code));
            start += line.len();
        }
    }

    /// `begins` when the text begins with the marker of the original: that says nothing, and counts for nobody but the account
    /// itself.
    fn of_html(&mut self, begins: bool) {
        let html = std::mem::take(&mut self.html);
        let mut open: Vec<String> = Vec::new();
        for tag in TAG.captures_iter(&html).skip(usize::from(begins)) {
            let whole = tag.get(0).map_or("", |whole| whole.as_str());
            let name = tag.get(2).map(|name| name.as_str().to_ascii_lowercase());
            let shown = || Effect::Html(whole.chars().take(60).collect());
            match name {
                None if whole.to_ascii_lowercase().contains("patchwork") => {
                    self.found.push(Effect::Mark(whole.to_owned()));
                }
                None => self.found.push(shown()),
                Some(name) => {
                    let bare =
                        tag.get(3).is_some_and(|rest| rest.as_str().trim_matches(['/', ' ']).is_empty());
                    if !bare || !LAYOUT.contains(&name.as_str()) {
                        self.found.push(shown());
                    } else if tag.get(1).is_some_and(|slash| !slash.is_empty()) {
                        if open.pop().as_ref() != Some(&name) {
                            self.found.push(shown());
                        }
                    } else if !["br", "hr"].contains(&name.as_str()) {
                        open.push(name);
                    }
                }
            }
        }
        self.found.extend(open.into_iter().map(|name| Effect::Html(format!("<{name}> without its end"))));
        let words = TAG.replace_all(&CODE_ELEMENT.replace_all(&html, "\u{fffc}"), "\u{fffc}").into_owned();
        let words =
            words.replace("&commat;", "@").replace("&#64;", "@").replace("&#35;", "#").replace("&num;", "#");
        self.found.extend(in_prose(&words, self.known));
    }
}

/// Where an address leads that is none of the repository's own: a host that is not the forge's, or the place on the forge.
pub(super) fn away(address: &str, known: &Known) -> Option<String> {
    let host = host(address);
    if !known.hosts.contains(&host) {
        return Some(host);
    }
    let plain =
        address.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace(['\\', '\t'], "/");
    let path = plain.split_once("://").and_then(|(_, rest)| rest.split_once('/')).unwrap_or_default().1;
    let mut stands: Vec<&str> = Vec::new();
    for part in path.split(['?', '#']).next().unwrap_or_default().split('/') {
        match part {
            "." => {}
            ".." => drop(stands.pop()),
            part => stands.push(part),
        }
    }
    let slug = known.slug.to_ascii_lowercase();
    let own: Vec<&str> = match slug.rsplit_once('/') {
        Some((project, name)) if known.site == Site::Azure => {
            let kind = if stands.contains(&"_workitems") { vec!["_workitems"] } else { vec!["_git", name] };
            project.split('/').chain(kind).collect()
        }
        _ => slug.split('/').collect(),
    };
    // What ends a sentence is no part of a bare address.
    let last = own.len().saturating_sub(1);
    if let Some(part) = stands.get_mut(last) {
        *part = part.trim_end_matches(['.', ',', ')', '*']);
    }
    (!stands.starts_with(&own)).then(|| format!("{host}/{}", stands.join("/")))
}

/// Where an address leads: its host and port, its scheme with a colon where that is no place, or itself when it is relative.
pub(super) fn host(address: &str) -> String {
    let address = address.trim().replace('\\', "/");
    let scheme_end = address.find(':').filter(|end| {
        let scheme = address.get(..*end).unwrap_or_default();
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
    });
    let (scheme, rest) = match scheme_end {
        Some(end) => (
            address.get(..end).unwrap_or_default().to_ascii_lowercase(),
            address.get(end + 1..).unwrap_or_default(),
        ),
        None => (String::new(), address.as_str()),
    };
    let has_place = rest.starts_with("//") || ["http", "https", "ftp"].contains(&scheme.as_str());
    if !has_place {
        return if scheme.is_empty() { address } else { format!("{scheme}:") };
    }
    let authority = rest.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.trim_end_matches(['.', ',', ')', '*']).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known { hosts: vec!["127.0.0.1:80".to_owned()], slug: "acme/shop".to_owned(), ..Known::default() }
    }

    fn of(text: &str) -> Vec<String> {
        in_markdown(text, &known()).iter().map(Effect::to_string).collect()
    }

    #[test]
    fn what_is_drawn_is_seen() {
        let table: [(&str, &[&str]); 29] = [
            ("[x](https://evil.test/a)", &["Link \"evil.test\""]),
            ("[x][r]\n\n[r]: https://evil.test", &["Link \"evil.test\""]),
            ("<https://evil.test>", &["Link \"evil.test\"", "Link \"evil.test\""]),
            ("see https://evil.test.", &["Link \"evil.test\""]),
            ("a <code>https://evil.test @all</code>", &["Link \"evil.test\""]),
            ("[x](javascript:alert)", &["Link \"javascript:\""]),
            ("[x](//evil.test/y)", &["Link \"evil.test\""]),
            ("[x](https:evil.test)", &["Link \"evil.test\""]),
            ("[x](http://127.0.0.1:80/evil/x/a.zip)", &["Link \"127.0.0.1:80/evil/x/a.zip\""]),
            ("![x](http://127.0.0.1:80/acme/shop/%2E./../evil)", &["Image \"127.0.0.1:80/evil\""]),
            ("[x](../settings)", &["Link \"../settings\""]),
            ("![x](https://evil.test/p.png)", &["Image \"evil.test\""]),
            ("![x][i]\n\n[i]: <https://u@evil.test:1/p>", &["Image \"evil.test:1\""]),
            ("<img src=x>", &["Html \"<img src=x>\""]),
            ("a <script>b", &["Html \"<script>\""]),
            ("<!-- hidden -->", &["Html \"<!-- hidden -->\""]),
            (
                "<!-- PatchWork comment marker --> <!-- PatchWork comment marker -->",
                &["Mark \"<!-- PatchWork comment marker -->\""],
            ),
            ("</details>", &["Html \"</details>\""]),
            ("<details>", &["Html \"<details> without its end\""]),
            ("<details open>\n</details>", &["Html \"<details open>\"", "Html \"</details>\""]),
            ("thanks @all", &["Mention \"@all\""]),
            ("*@all*", &["Mention \"@all\""]),
            ("\\@all", &["Mention \"@all\""]),
            ("&#64;all", &["Mention \"@all\""]),
            ("Fixes **#1**", &["Closes \"#1\""]),
            ("<div>\n@all\n</div>", &["Html \"<div>\"", "Html \"</div>\"", "Mention \"@all\""]),
            ("a\n/merge", &["QuickAction \"/merge\""]),
            ("```mermaid\nx\n```", &["Html \"mermaid\""]),
            ("```suggestion\nx\n```", &["Suggests \"x\""]),
        ];
        for (text, effects) in table {
            assert_eq!(of(text), effects, "{text}");
        }
    }

    #[test]
    fn what_is_shown_as_it_is_does_nothing() {
        for text in [
            "`@all` and `Fixes #1` and ``![x](https://evil.test)``",
            "```\n@all\n/merge\nFixes #1 <img src=x>\n```",
            "    @all",
            "\\[x\\](`https://evil.test`) &lt;img> \\!\\[x]",
            "<details>\n<summary><code>a@b #1 @all</code> · 2</summary>\n\ntext\n\n</details>",
            "[line 3](http://127.0.0.1:80/acme/shop/blob/main/a.py#L3) [up](#top)",
            "<!-- PatchWork comment marker -->\n<!-- patchwork {\"name\":\"PRReview\",\"digest\":\"0123456789abcdef\"} -->\ntext of #7",
            "[patchwork]: # '{\"name\":\"PRReview\",\"digest\":\"0123456789abcdef\"}'\n\ntext",
            "| a | b |\n|---|---|\n| `@x` | y |",
        ] {
            assert_eq!(of(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn one_suggestion_may_be_the_findings_own() {
        let known = |lines| Known { suggestion: Some(("x = 1".to_owned(), lines)), ..known() };
        let own = "text\n\n```suggestion\nx = 1\n```\n";
        assert_eq!(in_markdown(own, &known(1)), []);
        assert_eq!(in_markdown(&own.replace("suggestion", "suggestion:-1+0"), &known(2)), []);
        let others = [own.replace("= 1", "= 2"), own.replace("suggestion", "suggestion:-9+9")];
        for text in others {
            assert_eq!(in_markdown(&text, &known(2)).len(), 1, "{text}");
        }
    }
}
