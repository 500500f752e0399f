//! Whether an insider says that a finding is none.

use patchwork_core::port::forge::Comment;

use super::DismissedBy;

/// What a reply begins with that dismisses, in lower case.
const PHRASES: [&str; 12] = [
    "as designed",
    "by design",
    "false alarm",
    "false positive",
    "intended",
    "intentional",
    "not a bug",
    "not an issue",
    "won't fix",
    "wont fix",
    "wontfix",
    "works as intended",
];

/// What dismisses wherever a line begins with it.
const ORDER: &str = "patchwork:ignore";

/// Characters of a reason.
const REASON: usize = 300;

/// Who dismissed a comment, by a reaction or a reply; the first who did. Outsiders and we ourselves have no say.
pub(super) fn by<'a>(comment: &Comment, replies: impl Iterator<Item = &'a Comment>) -> Option<DismissedBy> {
    let replied = replies.filter(|reply| reply.author.decides()).find_map(|reply| {
        let reason = reason(&reply.body)?;
        Some(DismissedBy { by: reply.author.name.clone(), reason })
    });
    replied.or_else(|| {
        let down = comment.reactions.iter().find(|r| r.approves == Some(false) && r.by.decides())?;
        Some(DismissedBy { by: down.by.name.clone(), reason: "thumbs down".to_owned() })
    })
}

/// The reason in a reply that dismisses; none when it does not.
fn reason(body: &str) -> Option<String> {
    let lines = || body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('>'));
    let order = lines().find_map(|line| {
        let rest = strip(bare(line), ORDER)?;
        (!rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_'))).then_some(rest)
    });
    if let Some(rest) = order {
        return Some(said(rest).unwrap_or_else(|| ORDER.to_owned()));
    }
    let first = lines().next()?;
    let line = bare(first);
    let phrase = PHRASES.iter().find(|phrase| strip(line, phrase).is_some())?;
    let rest = strip(line, phrase)?;
    // `intentionally` is another word, and a question decides nothing.
    if rest.starts_with(|c: char| c.is_alphanumeric()) || rest.trim_start().starts_with('?') {
        return None;
    }
    let more = lines().skip(1).collect::<Vec<_>>().join(" ");
    Some(said(&format!("{rest} {more}")).unwrap_or_else(|| (*phrase).to_owned()))
}

/// A line without what people put before their words: a mention, emphasis.
fn bare(line: &str) -> &str {
    let line = line.trim_start_matches(['*', '_', '`', ' ']);
    match line.strip_prefix('@') {
        Some(rest) => rest
            .split_once(char::is_whitespace)
            .map_or("", |(_, rest)| rest.trim_start_matches(['*', '_', '`', ' '])),
        None => line,
    }
}

/// What follows a phrase, in any case and with either apostrophe.
fn strip<'a>(line: &'a str, phrase: &str) -> Option<&'a str> {
    let mut rest = line;
    for wanted in phrase.chars() {
        let c = rest.chars().next()?;
        let plain = if c == '’' { '\'' } else { c.to_ascii_lowercase() };
        if plain != wanted {
            return None;
        }
        rest = rest.get(c.len_utf8()..)?;
    }
    Some(rest)
}

/// The words of a reason on one line; none when there are none.
fn said(text: &str) -> Option<String> {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '`' | '"' | '('));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().any(char::is_alphanumeric).then(|| text.chars().take(REASON).collect())
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn a_reply_dismisses_by_how_it_begins() {
        for (body, expected) in [
            ("wontfix", Some("wontfix")),
            ("Won't fix: the input is ours.", Some("the input is ours.")),
            ("WON’T FIX", Some("won't fix")),
            ("False positive, `x` is checked above", Some("`x` is checked above")),
            ("> quoted\n\n**By design** - see the docs\nand more", Some("see the docs and more")),
            ("@patchwork-bot not an issue.", Some("not an issue")),
            ("Thanks!\n\npatchwork:ignore tests cover it", Some("tests cover it")),
            ("`patchwork:ignore`", Some("patchwork:ignore")),
            ("patchwork:ignored", None),
            ("patchwork:ignore-file x", None),
            ("Is this a false positive?", None),
            ("False positive?", None),
            ("Intentionally not. Will fix.", None),
            ("> wontfix", None),
            ("fixed", None),
            ("", None),
        ] {
            assert_eq!(reason(body).as_deref(), expected, "{body}");
        }
        assert_eq!(reason(&format!("wontfix {}", "x".repeat(5_000))).unwrap().len(), 300);
    }
}
