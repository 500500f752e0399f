//! Texts as forges take them, and as they give them back.

use pulldown_cmark::{Event, Parser};

use crate::effect::reach;

/// `write(body)`, with the end of the body cut off where that is longer than `limit` characters. Cutting says so.
pub fn within(body: &str, limit: usize, write: impl Fn(&str) -> String) -> String {
    const CUT: &str = "\n\n*The rest is left out: it is longer than a comment may be.*";
    let whole = write(body);
    let length = whole.chars().count();
    if length <= limit {
        return whole;
    }
    // Characters that JSON, the mark and the sentence need stay the same.
    let keep = body.chars().count().saturating_sub(length - limit + CUT.chars().count());
    write(&format!("{}{CUT}", closed(&cut_at_line(body, keep))))
}

/// The lines of a text that fit into `limit` characters; of a text whose first line does not, that many characters. Code that
/// would lose its end is left out as a whole: without it, what it holds would be read.
fn cut_at_line(text: &str, limit: usize) -> String {
    let end = text.char_indices().nth(limit).map_or(text.len(), |(at, _)| at);
    let head = text.get(..end).unwrap_or_default();
    let end = head.rfind('\n').unwrap_or(end);
    let mut events = Parser::new_ext(text, reach::options()).into_offset_iter();
    let cut = events.find_map(|(event, place)| {
        (matches!(event, Event::Code(_)) && place.start < end && end < place.end).then_some(place.start)
    });
    text.get(..cut.unwrap_or(end)).unwrap_or_default().to_owned()
}

/// A text whose code fence and `<details>` are closed.
fn closed(text: &str) -> String {
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            None if ticks >= 3 => fence = line.get(..ticks),
            Some(open) if ticks >= open.len() && line.trim_matches('`').trim().is_empty() => fence = None,
            _ => {}
        }
    }
    let mut out = text.to_owned();
    if let Some(fence) = fence {
        out.push('\n');
        out.push_str(fence);
    }
    let open = text.matches("<details").count().saturating_sub(text.matches("</details>").count());
    out.push_str(&"\n\n</details>".repeat(open));
    out
}

/// Whether two texts differ in nothing but line ends and the white space at the end, which forges change.
pub fn same_text(a: &str, b: &str) -> bool {
    a.trim_end().lines().eq(b.trim_end().lines())
}

/// A title on one line, of at most `limit` characters.
pub fn one_line(title: &str, limit: usize) -> String {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.chars().count() <= limit {
        return title;
    }
    title.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::forge::Hidden;
    use crate::port::forge::mark::Mark;

    #[test]
    fn long_texts_are_cut_at_a_line_and_what_they_open_is_closed() {
        let same = |body: &str, limit| within(body, limit, str::to_owned);
        assert_eq!(same("short", 5), "short");
        let cut = same(&format!("{}\n{}", "a".repeat(20), "b".repeat(180)), 120);
        assert!(cut.starts_with(&format!("{}\n\n*The rest", "a".repeat(20))), "{cut}");
        let fenced = same(&format!("<details>\n\n```py\n{}", "x = 1\n".repeat(100)), 300);
        assert!(fenced.contains("x = 1\n```\n\n</details>\n\n*The rest"), "{fenced}");
        assert!(fenced.chars().count() <= 300 + "\n```\n\n</details>".len());
        let code = same(&format!("a\n\nb `c\n{}@all` d\n{}", "e\n".repeat(20), "f\n".repeat(100)), 105);
        assert!(code.starts_with("a\n\nb \n\n*The rest"), "{code}");
        let line = same(&format!("a `{}@all` b {}", "c".repeat(20), "d".repeat(200)), 80);
        assert!(line.starts_with("a \n\n*The rest"), "{line}");
        let mark = Mark::named("a/b");
        let long = within(&"ä\"\n".repeat(40_000), 65_000, |body| mark.write(body, Hidden::Html));
        assert!(long.chars().count() <= 65_000, "{}", long.chars().count());
        assert!(Mark::read(&long).is_some_and(|found| found.as_written));
    }

    #[test]
    fn titles_are_one_line() {
        assert_eq!(one_line(" a\n b ", 10), "a b");
        assert_eq!(one_line("abcdef", 4), "abc…");
    }
}
