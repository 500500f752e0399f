//! Markdown of strangers in a pull request: it keeps its emphasis, lists and code, and loses what reaches out of it (HTML,
//! links, images, mentions, references to issues, headings, open fences).

use super::{shortened, visible};

/// Fences that a forge draws instead of showing, or whose text it offers to commit.
const DRAWN: [&str; 6] = ["mermaid", "geojson", "topojson", "stl", "math", "suggestion"];

/// Some text on one line, of at most `limit` characters before it is escaped.
pub(crate) fn line(text: &str, limit: usize) -> String {
    let text = visible(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(text.len());
    spans(&shortened(&text, limit), &mut out);
    out
}

/// Some text of several lines, of at most `limit` characters before it is escaped. What it opens it closes.
pub(crate) fn block(text: &str, limit: usize) -> String {
    let text = shortened(visible(text).trim(), limit);
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(text) = lines.next() {
        match Fence::opened_by(text) {
            Some(fence) => fence.write(&mut lines, &mut out),
            None => {
                let indent = text.len() - text.trim_start().len();
                out.extend(std::iter::repeat_n(' ', indent.min(8)));
                let text = text.trim();
                // One that becomes code is no heading, and a backslash before it would take its backtick's meaning.
                if text.starts_with('#') && reaching_out(text, None).is_none() {
                    out.push('\\');
                }
                spans(text, &mut out);
            }
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

/// A literal as a code span.
pub(crate) fn code(text: &str) -> String {
    let text = visible(text).replace('\n', " ");
    let mut out = String::with_capacity(text.len() + 2);
    code_span(&text, &mut out);
    out
}

/// A literal inside HTML.
pub(crate) fn html(text: &str) -> String {
    let text = visible(text).replace('\n', " ");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Lines as a fenced block of `language`, of at most `limit` characters, cut at the end of a line. Nothing in it closes it.
pub(crate) fn fenced(language: &str, text: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(limit));
    let (mut used, mut missing) = (0, 0_usize);
    for line in text.lines() {
        used += line.len() + 1;
        if used > limit {
            missing += 1;
        } else {
            shown.push_str(&visible(line).replace('\n', " "));
            shown.push('\n');
        }
    }
    if missing > 0 {
        shown.push_str(&format!("… {missing} more lines\n"));
    }
    let fence = "`".repeat(longest_run(&shown).max(2) + 1);
    format!("{fence}{language}\n{shown}{fence}")
}

/// The start of a fenced block.
struct Fence<'a> {
    mark: char,
    length: usize,
    indent: usize,
    language: &'a str,
}

impl<'a> Fence<'a> {
    fn opened_by(text: &'a str) -> Option<Self> {
        let body = text.trim_start_matches(' ');
        let mark = body.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let language = body.trim_start_matches(mark);
        let (length, indent) = (body.len() - language.len(), text.len() - body.len());
        let opens = length >= 3 && indent <= 3 && !(mark == '`' && language.contains('`'));
        opens.then(|| Self { mark, length, indent, language: language.trim() })
    }

    fn closed_by(&self, text: &str) -> bool {
        let body = text.trim_start_matches(' ');
        let rest = body.trim_start_matches(self.mark);
        text.len() - body.len() <= 3 && body.len() - rest.len() >= self.length && rest.trim().is_empty()
    }

    /// Writes the block with a fence of our own at the start of the line, which nothing inside can close and which needs no
    /// list or quotation around it to be read as one.
    fn write(&self, lines: &mut std::str::Lines<'a>, out: &mut String) {
        let content: Vec<&str> = lines.by_ref().take_while(|text| !self.closed_by(text)).collect();
        let longest = content.iter().map(|text| longest_run(text)).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let plain = |c: char| c.is_ascii_alphanumeric() || "+#._-".contains(c);
        let language: String = self.language.chars().take_while(|c| plain(*c)).take(20).collect();
        out.push_str(&fence);
        if !DRAWN.contains(&language.to_ascii_lowercase().as_str()) {
            out.push_str(&language);
        }
        out.push('\n');
        for text in content {
            let spaces = text.len() - text.trim_start_matches(' ').len();
            out.push_str(text.get(spaces.min(self.indent)..).unwrap_or_default());
            out.push('\n');
        }
        out.push_str(&fence);
    }
}

/// One line: its code spans as they are, the rest made harmless.
fn spans(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let (before, ticks) = rest.split_at(start);
        plain(before, out);
        let after = ticks.trim_start_matches('`');
        let length = ticks.len() - after.len();
        rest = match closing(after, length) {
            Some((inside, after)) => {
                code_span(inside.trim(), out);
                after
            }
            None => {
                // As an entity a lone backtick can't meet one of another line.
                (0..length).for_each(|_| out.push_str("&#96;"));
                after
            }
        };
    }
    plain(rest, out);
}

/// What stands before and after the next run of exactly `length` backticks.
fn closing(text: &str, length: usize) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find('`') {
        let start = from + at;
        let after = text.get(start..)?.trim_start_matches('`');
        let end = text.len() - after.len();
        if end - start == length {
            return Some((text.get(..start)?, after));
        }
        from = end;
    }
    None
}

fn code_span(text: &str, out: &mut String) {
    if out.ends_with('`') {
        // Two spans that touch would be read as one with other ends.
        out.push(' ');
    }
    if text.is_empty() {
        return;
    }
    let mark = "`".repeat(longest_run(text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    out.extend([&mark, pad, text, pad, &mark]);
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Text outside code.
fn plain(text: &str, out: &mut String) {
    let mut rest = text;
    let mut before = out.chars().next_back();
    while let Some(c) = rest.chars().next() {
        if let Some(length) = reaching_out(rest, before) {
            let (word, after) = rest.split_at(length);
            code_span(word, out);
            // What follows a code span begins anew.
            before = Some('`');
            rest = after;
            continue;
        }
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '[' | ']' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
        before = Some(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
}

/// Bytes of an address, a mention or a reference to an issue at the start of `rest`.
fn reaching_out(rest: &str, before: Option<char>) -> Option<usize> {
    // Forges know the letters of ASCII only.
    let at_boundary = before.is_none_or(|c| !c.is_ascii_alphanumeric());
    let span = |fits: fn(char) -> bool, from: usize| -> usize {
        let tail = rest.get(from..).unwrap_or_default();
        from + tail.find(|c| !fits(c)).unwrap_or(tail.len())
    };
    let starts =
        |prefix: &str| rest.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    const ADDRESSES: [&str; 6] = ["http://", "https://", "ftp://", "www.", "mailto:", "xmpp:"];
    if ADDRESSES.iter().any(|prefix| starts(prefix)) {
        return Some(span(|c| !c.is_whitespace() && !"<>`\"()[]{}|\\".contains(c), 0));
    }
    let next_is = |at: usize, fits: fn(char) -> bool| {
        rest.get(at..).and_then(|tail| tail.chars().next()).is_some_and(fits)
    };
    if rest.starts_with('@') && next_is(1, char::is_alphanumeric) && at_boundary {
        return Some(span(|c| c.is_alphanumeric() || "_-./".contains(c), 1));
    }
    if rest.starts_with('#') && next_is(1, |c| c.is_ascii_digit()) {
        return Some(span(|c| c.is_ascii_digit(), 1));
    }
    if starts("gh-") && at_boundary && next_is(3, |c| c.is_ascii_digit()) {
        return Some(span(|c| c.is_ascii_digit(), 3));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_reaches_nobody() {
        let table = [
            ("plain *text* stays", "plain *text* stays"),
            ("ping @octocat and @org/team!", "ping `@octocat` and `@org/team`!"),
            ("@a@b é@c", "`@a` `@b` é`@c`"),
            ("mail a@b.test", "mail a@b.test"),
            ("Fixes #12, closes octo/app#3", "Fixes `#12`, closes octo/app`#3`"),
            ("resolves GH-7 but not NGH-7", "resolves `GH-7` but not NGH-7"),
            ("see https://evil.test/x?y=1.", "see `https://evil.test/x?y=1.`"),
            ("Fixes https://github.com/o/r/issues/1", "Fixes `https://github.com/o/r/issues/1`"),
            ("www.evil.test", "`www.evil.test`"),
            ("[click](https://evil.test)", "\\[click\\](`https://evil.test`)"),
            ("![x](//evil.test/p.png)", "!\\[x\\](//evil.test/p.png)"),
            ("\\[click](x)", "\\\\\\[click\\](x)"),
            ("<img src=x onerror=y> & co", "&lt;img src=x onerror=y> &amp; co"),
            ("<!-- hidden", "&lt;!-- hidden"),
            ("`Vec<String>` holds `#1`", "`Vec<String>` holds `#1`"),
            ("a ` b <i>", "a &#96; b &lt;i>"),
            ("\\`<i>`", "\\\\`<i>`"),
            ("`` a`b ``@x", "``a`b`` `@x`"),
            ("@a`<b>`", "`@a` `<b>`"),
            ("two\nlines\u{202e}\u{200b} # no\theading", "two lines # no heading"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(line(text, 1_000), expected, "{text:?}");
        }
        assert_eq!(line("äöü äöü", 4), "äöü…");
    }

    #[test]
    fn blocks_close_what_they_open() {
        let table = [
            ("# Approved\n\ntext", "\\# Approved\n\ntext"),
            ("#1 and #2\n##3", "`#1` and `#2`\n\\#`#3`"),
            ("- a\n  - b", "- a\n  - b"),
            ("```py\nx = '<b>' # @me\n```\nend", "```py\nx = '<b>' # @me\n```\nend"),
            ("```\nopen", "```\nopen\n```"),
            ("~~~ js\n``` <b>\n~~~", "````js\n``` <b>\n````"),
            ("1. x\n   ```\n   y\n     z\n   ```", "1. x\n```\ny\n  z\n```"),
            ("```mermaid\nclick A href\n```", "```\nclick A href\n```"),
            ("```suggestion:-9+9\nx = 1\n```", "```\nx = 1\n```"),
            ("- ```\n<b>\n```\n</details>", "- &#96;&#96;&#96;\n&lt;b>\n```\n</details>\n```"),
            ("a `\n`<img>", "a &#96;\n&#96;&lt;img>"),
            ("</details>\n<script>", "&lt;/details>\n&lt;script>"),
            ("[a]: https://evil.test", "\\[a\\]: `https://evil.test`"),
        ];
        for (text, expected) in table {
            assert_eq!(block(text, 1_000), expected, "{text:?}");
        }
    }

    #[test]
    fn literals_stay_literals() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(html("a<b>&\"c\"\nd"), "a&lt;b&gt;&amp;&quot;c&quot; d");
    }
}
