//! Words that forges act on: mentions, references, closing words, bare addresses, quick actions.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::markdown::{away, host};
use super::{Known, pattern};
use crate::case::Site;
use crate::effect::Effect;

/// In place of what ends a word without being text: code, a tag, the edge of emphasis.
pub(super) const EDGE: char = '\u{fffc}';

// Without Unicode's tables, as forges read: a letter with an accent ends a word. Patterns see lower-case text.

/// An issue or pull request, as some forge writes it. `!7` and `&7` are GitLab's, `AB#7` is Azure's.
const REFERENCE: &str = r"(?:[0-9a-z_.-]+(?:/[0-9a-z_.-]+)*)?[#!&][0-9]+|gh-[0-9]+|https?://[^ \t\r\n<>`]+?/(?:issues|pull|pulls|pull-requests|pullrequest|merge_requests|work_items|_workitems/edit|_workitems)/[0-9]+";

/// What a word ends with.
const END: &str = r"(?-u:\b)";

static MENTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(^|[^0-9a-zA-Z_`])@(\{?[0-9a-zA-Z_][0-9a-zA-Z_.-]*(?:/[0-9a-zA-Z_.-]+)*)"));
static REFERS: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"(^|[^0-9a-z_&/.-])({REFERENCE}){END}")));
static CLOSES: LazyLock<Regex> = LazyLock::new(|| {
    let words = "clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?|complet(?:e[sd]?|ing)";
    let space = format!(r"[ \t\r\n\x{{a0}}\x{{2000}}-\x{{200a}}\x{{3000}}:{EDGE}]");
    pattern(&format!(r"(?:^|[^0-9a-z_])(?:{words}){END}{space}+(?:issues?{space}+)?({REFERENCE})"))
});
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    let rest = format!(r#"[^ \t\r\n<>"`{EDGE}]+"#);
    let schemes = "https?|ftps?|ssh|git|file|smb|wss?|irc|data|javascript";
    // Of the web, whatever but a letter stands before it: so GitHub's parser reads.
    pattern(&format!(r"(?:^|[^a-z])((?:{schemes})://{rest})|(?:^|[^0-9a-z_/.@-])(www\.{rest})"))
});
static QUICK_ACTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"^[ \t]*/({ACTIONS})(?:[^0-9a-z_/.-]|$)")));

/// What GitLab, and the bots that people run on other forges, take for orders.
const ACTIONS: &str = "approve|assign|assign_reviewer|award|board_move|cancel|cherry-pick|clear_weight|clone|close|cc|confidential|\
    convert_to_ticket|copy_metadata|create_merge_request|deploy|done|draft|due|duplicate|epic|estimate|hold|invite_email|iteration|\
    kick|label|lgtm|lock|merge|milestone|move|ok-to-test|page|parent_epic|promote|promote_to|publish|ready|reassign|rebase|relabel|\
    relate|remove_due_date|reopen|request_changes|request_review|retest|retitle|severity|shrug|spend|submit_review|subscribe|tableflip|\
    target_branch|title|todo|unapprove|unassign|unlabel|unlock|unsubscribe|weight|wip|zoom";

/// What text outside of code does.
pub(super) fn in_prose(text: &str, known: &Known) -> Vec<Effect> {
    let lower = text.to_ascii_lowercase();
    let as_written = |range: Range<usize>| text.get(range).unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for mention in MENTION.captures_iter(text) {
        found.extend(mention.get(2).map(|name| Effect::Mention(format!("@{}", name.as_str()))));
    }
    let mut closed = Vec::new();
    for close in CLOSES.captures_iter(&lower) {
        // No word closes an epic.
        let is_epic = |text: &str| text.contains('&') && !text.contains("://");
        let Some(reference) = close.get(1).filter(|reference| !is_epic(reference.as_str())) else { continue };
        closed.push(reference.range());
        found.push(Effect::Closes(as_written(reference.range())));
    }
    for range in references(&lower) {
        let reference = as_written(range.clone());
        if !closed.iter().any(|closed| closed.contains(&range.start)) && counts(&reference, known) {
            found.push(Effect::Refers(reference));
        }
    }
    for address in ADDRESS.captures_iter(&lower) {
        let whole = address.get(1).map(|whole| whole.as_str().to_owned());
        let whole = whole.or_else(|| Some(format!("https://{}", address.get(2)?.as_str())));
        found.extend(whole.and_then(|whole| away(&whole, known)).map(Effect::Link));
    }
    found
}

/// References, also those that share the character between them.
fn references(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(reference) = REFERS.captures_at(text, from).and_then(|found| found.get(2)) {
        from = reference.end();
        found.push(reference.range());
    }
    found
}

/// Whether a reference leaves a trace where the run has no business: in another repository, or another system.
fn counts(reference: &str, known: &Known) -> bool {
    let slug = known.slug.to_ascii_lowercase();
    let reference = reference.to_ascii_lowercase();
    if reference.contains("://") {
        let is_own = known.hosts.contains(&host(&reference)) && reference.contains(&format!("/{slug}/"));
        return !is_own;
    }
    match reference.split(['#', '!', '&']).next().unwrap_or_default() {
        "" => false,
        _ if reference.starts_with("gh-") => false,
        "ab" => known.site != Site::Azure,
        name if name.contains('/') => name != slug,
        _ => known.site == Site::Gitlab,
    }
}

/// The quick action that a line is.
pub(super) fn quick_action(line: &str) -> Option<Effect> {
    let line = line.to_ascii_lowercase();
    let action = QUICK_ACTION.captures(&line)?;
    Some(Effect::QuickAction(format!("/{}", action.get(1)?.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(site: Site) -> Known {
        Known {
            site,
            slug: "acme/shop".to_owned(),
            hosts: vec!["forge.test:8080".to_owned()],
            ..Known::default()
        }
    }

    fn of(site: Site, text: &str) -> Vec<String> {
        in_prose(text, &known(site)).iter().map(Effect::to_string).collect()
    }

    #[test]
    fn whom_a_forge_would_notify() {
        for (text, name) in [
            ("@all", "@all"),
            ("thanks (@octocat)!", "@octocat"),
            ("cc @acme/admins", "@acme/admins"),
            ("x,@a", "@a"),
            ("menü@a", "@a"),
            ("@{alice}", "@{alice"),
            ("x/@scope", "@scope"),
        ] {
            assert_eq!(of(Site::Github, text), [format!("Mention {name:?}")], "{text}");
        }
        for text in ["a@b.test", "@ all", "@", "x @\u{200b}all", "`@all", "＠all"] {
            assert_eq!(of(Site::Github, text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_a_forge_would_close() {
        for (text, reference) in [
            ("Fixes #1", "#1"),
            ("closed: acme/other#2", "acme/other#2"),
            ("RESOLVE GH-3", "GH-3"),
            ("Implements group/sub/project!3", "group/sub/project!3"),
            ("fixing issue #4", "#4"),
            ("Fixes AB#12", "AB#12"),
            ("close https://github.com/acme/other/issues/4.", "https://github.com/acme/other/issues/4"),
            ("fixed\u{a0}#5", "#5"),
            ("fixes \u{fffc}#6\u{fffc}", "#6"),
        ] {
            assert_eq!(of(Site::Gitlab, text)[0], format!("Closes {reference:?}"), "{text}");
        }
        for text in ["prefixes 1", "Fixes # 1", "Fixes \u{fffc}", "closes the door"] {
            assert_eq!(of(Site::Gitlab, text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_a_forge_would_link() {
        assert_eq!(of(Site::Github, "see a/b#1,acme/x#3"), ["Refers \"a/b#1\"", "Refers \"acme/x#3\""]);
        assert_eq!(of(Site::Github, "#7, C#8, GH-9, acme/shop#1, !2"), Vec::<String>::new());
        assert_eq!(of(Site::Gitlab, "group/x!3 and x&4"), ["Refers \"group/x!3\"", "Refers \"x&4\""]);
        assert_eq!(of(Site::Github, "AB#4"), ["Refers \"AB#4\""]);
        assert_eq!(
            of(Site::Github, "https://evil.test/x www.evil.test"),
            ["Link \"evil.test\"", "Link \"www.evil.test\""]
        );
        assert_eq!(of(Site::Github, "ssh://evil.test:22/x"), ["Link \"evil.test:22\""]);
        assert_eq!(of(Site::Github, "http://forge.test:8080/acme/shop/issues/1"), Vec::<String>::new());
        let of_forge = of(Site::Github, "http://forge.test:8080/acme/other/issues/3");
        assert_eq!(
            of_forge,
            [
                "Refers \"http://forge.test:8080/acme/other/issues/3\"",
                "Link \"forge.test:8080/acme/other/issues/3\""
            ]
        );
    }

    #[test]
    fn lines_that_are_orders() {
        for line in ["/merge", "  /close now", "/assign @me", "/target_branch x"] {
            assert!(quick_action(line).is_some(), "{line}");
        }
        for line in ["/usr/bin", "a /merge", "/merged", "> /merge", "\\/merge", "`/merge`"] {
            assert_eq!(quick_action(line), None, "{line}");
        }
    }
}
