//! Words that forges act on: mentions, closing words, addresses, orders.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::address::leads_next_door;
use super::{Doing, Fix, Page, Reach, hidden, leads_home};
use crate::port::forge::ForgeKind;

/// In place of what ends a word without being text: code, a tag, the edge of emphasis.
pub(super) const EDGE: char = '\u{fffc}';

/// Names that look like a ticket's and are none.
const NO_TICKETS: [&str; 24] = [
    "AES", "ASVS", "BSI", "CAPEC", "CVE", "CWE", "DES", "ES", "FIPS", "GHSA", "GO", "HTTP", "ISO", "JEP",
    "MD", "OWASP", "PEP", "PYSEC", "RFC", "RSA", "RUSTSEC", "SHA", "TLS", "UTF",
];

// Without Unicode's tables, as forges read: a letter with an accent ends a word. Patterns but that of mentions see text in lower
// case.

const REFERENCE: &str = r"(?:[0-9a-z_.-]+(?:/[0-9a-z_.-]+)*)?(?:#|!|&num;|&#35;|&#x23;)[0-9]+|gh-[0-9]+";
const TICKET: &str = r"https?://[^ \t\r\n<>`]+?/(?:issues|pull|pulls|pull-requests|pullrequest|merge_requests|work_items|_workitems/edit|_workitems)/[0-9]+";
const CLOSING: &str =
    "clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?|complet(?:e[sd]?|ing)";
const SPACE: &str = r"[ \t\r\n\x{a0}\x{2000}-\x{200a}\x{3000}:(\x{fffc}]";

static MENTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // `@{…}` is Bitbucket's, `@<…>` Azure's; entities are read where HTML is.
    regex(
        r#"(?:^|[^0-9A-Za-z_])((?:@|&#0*64;|&#[xX]0*40;|&commat;)(?:[0-9A-Za-z_][0-9A-Za-z_.-]*(?:/[0-9A-Za-z_.-]+)*|\{[^} \t\r\n]*\}|<[0-9A-Za-z-]{8,}>|"[^"\n]*"))"#,
    )
});
static CLOSES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(&format!(
        r"(?:^|[^0-9a-z_])(?:{CLOSING}){SPACE}+(?:(?:issues?|tickets?|bugs?){SPACE}+)?({REFERENCE}|{TICKET})"
    ))
});
static CLOSES_TICKET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(&format!(r"(?:^|[^0-9a-z_])(?:{CLOSING}){SPACE}+(?:issues?{SPACE}+)?([a-z][a-z0-9_]+-[0-9]+)"))
});
static SMART_COMMIT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"(?:^|[^0-9a-z_])[a-z][a-z0-9_]+-[0-9]+(?:[^0-9a-z][^\n]*?)?(#(?:close|resolve|done|comment|time|start|fixed))",
    )
});
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // Of the web, whatever but a letter stands before it: so GitHub's parser reads.
    regex(&format!(
        r#"(?:^|[^0-9a-z])((?:[a-z][a-z0-9+.-]{{0,30}}://|mailto:|xmpp:)[^ \t\r\n<>"`{EDGE}]+)|(?:^|[^a-z])((?:https?|ftp)://[^ \t\r\n<>"`{EDGE}]+)|(?:^|[^0-9a-z_/.@-])(www\.[^ \t\r\n<>"`{EDGE}]+)"#
    ))
});
static ORDER: LazyLock<Option<Regex>> =
    LazyLock::new(|| regex(&format!(r"^[ \t]*(/(?:{ACTIONS}))(?:[^0-9a-z_/.-]|$)")));
static REFERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // `AB#12` is a work item of Azure Boards, wherever it is written.
    regex(r"(?:^|[^0-9a-z_&/.-])([0-9a-z_.-]+(?:/[0-9a-z_.-]+)+[#!&][0-9]+|ab#[0-9]+)(?:[^0-9a-z_]|$)")
});
static REFERS_BY_ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| regex(&format!("({TICKET})")));
/// `owner/name@1234567`, and `owner@1234567` for a fork of this repository.
static REFERS_TO_COMMIT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"(?:^|[^0-9a-z_&/.-])([0-9a-z_.-]+(?:/[0-9a-z_.-]+)*@[0-9a-f]{7,64})(?:[^0-9a-z_.-]|[.-](?:[^0-9a-z_]|$)|$)",
    )
});
/// GitLab finds another project of the same group by its name alone.
static REFERS_IN_GROUP: LazyLock<Option<Regex>> =
    LazyLock::new(|| regex(r"(?:^|[^0-9a-z_&/.-])([0-9a-z_.-]+[#!&][0-9]+)(?:[^0-9a-z_]|$)"));
/// Snippets, milestones and labels of other projects of a GitLab.
static REFERS_TO_OTHERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(r"(?:^|[^0-9a-z_&/.-])([0-9a-z_.-]+(?:/[0-9a-z_.-]+)+[$%~][0-9]+)(?:[^0-9a-z_]|$)")
});
static SKIP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let end = "[^0-9a-z]";
    regex(&format!(
        r"(\[)(?:[^\]\n]{{0,30}}{end})?(?:skip|no){end}(?:[^\]\n]{{0,30}}{end})?(?:ci|actions|checks|pipelines?|azurepipelines|build|deploy)(?:{end}[^\]\n]{{0,30}})?\]|(\[)(?:ci|actions|checks|build|pipeline|azurepipelines)[ -]skip(?:ped)?\]|(\*\*\*)no_ci\*\*\*|(?:^|\n)(skip-)checks:[ \t]*true"
    ))
});

/// What GitLab, and the bots that people run on other forges, take for orders.
const ACTIONS: &str = "add_child|add_contacts|add_email|approve|assign|assign_reviewer|award|blocks|blocked_by|board_move|cancel|\
    cancel-workflow|cc|checkin_reminder|cherry-pick|clear_health_status|clear_weight|clone|close|confidential|convert_to_ticket|\
    copy_metadata|create_merge_request|deploy|done|draft|due|duplicate|epic|estimate|health_status|hold|invite_email|iteration|kick|\
    label|lgtm|link|lock|merge|milestone|move|ok-to-test|override|page|parent_epic|promote|promote_to|promote_to_incident|publish|react|\
    ready|reassign|reassign_reviewer|rebase|relabel|relate|remove_[a-z_]+|reopen|request_changes|request_review|retest|retitle|\
    set_parent|severity|shrug|spend|spend_time|submit_review|subscribe|tableflip|tag|target_branch|test|timeline|title|todo|type|\
    unapprove|unassign|unassign_reviewer|unlabel|unlink|unlock|unrelate|unsubscribe|weight|wip|zoom";

/// A pattern of this file; `the_patterns_hold` proves that there is one.
fn regex(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

/// The matches of a pattern's group that took part. Matches may share the character between them.
fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(captures) = pattern.as_ref().and_then(|pattern| pattern.captures_at(text, from)) {
        let Some(group) = captures.iter().skip(1).flatten().next() else { break };
        found.push(group.range());
        from = group.end().max(from + 1);
        if !text.is_char_boundary(from) {
            break;
        }
    }
    found
}

/// A range of a text, what it does, and whether it stands where orders do.
pub(super) struct Word {
    pub(super) doing: Doing,
    pub(super) range: Range<usize>,
}

/// What text outside of code does.
pub(super) fn words(text: &str, page: &Page<'_>) -> Vec<Word> {
    let mut found = Vec::new();
    for range in mentions(text, page) {
        found.push(Word { doing: Doing::Mentions, range });
    }
    for range in closings(text, page) {
        found.push(Word { doing: Doing::Closes, range });
    }
    let lower = text.to_ascii_lowercase();
    // What only becomes a link does no more than that outside of Markdown.
    let links = matches(&REFERS_TO_COMMIT, &lower).into_iter().chain(match page.forge {
        ForgeKind::GitLab => matches(&REFERS_TO_OTHERS, &lower),
        _ => Vec::new(),
    });
    for range in references(&lower, page).into_iter().chain(links) {
        found.push(Word { doing: Doing::Refers, range });
    }
    found.extend(addresses(text, page));
    found
}

/// Bare addresses that lead elsewhere, which forges make links of.
pub(super) fn addresses(text: &str, page: &Page<'_>) -> Vec<Word> {
    let mut found = Vec::new();
    for range in matches(&ADDRESS, &text.to_ascii_lowercase()) {
        let address = text.get(range.clone()).unwrap_or_default();
        // Forges take what ends a sentence for the sentence's, most of them.
        let trimmed =
            address.trim_end_matches(['.', ',', ')', ']', '}', ';', ':', '!', '?', '\'', '*', '_', '~', '|']);
        if !leads_home(address, page) && !leads_home(trimmed, page) {
            found.push(Word { doing: Doing::Links, range: range.start..range.start + trimmed.len() });
        }
    }
    found
}

/// References to issues of other repositories, in text in lower case.
fn references(lower: &str, page: &Page<'_>) -> Vec<Range<usize>> {
    let mut found = matches(&REFERS, lower);
    if page.forge == ForgeKind::GitLab {
        found.extend(matches(&REFERS_IN_GROUP, lower));
    }
    found
}

fn mentions(text: &str, page: &Page<'_>) -> Vec<Range<usize>> {
    let mut found = matches(&MENTION, text);
    // What ends a sentence is no part of a name.
    for range in &mut found {
        let name = text.get(range.clone()).unwrap_or_default();
        range.end -= name.len() - name.trim_end_matches(['.', '-']).len();
    }
    found.retain(|range| {
        let name = text.get(range.clone()).unwrap_or_default().trim_start_matches('@');
        !page.policy.mentions.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    });
    found
}

pub(super) fn closings(text: &str, page: &Page<'_>) -> Vec<Range<usize>> {
    if page.policy.closing_keywords {
        return Vec::new();
    }
    let lower = text.to_ascii_lowercase();
    let mut found = matches(&CLOSES, &lower);
    if matches!(page.forge, ForgeKind::GitLab | ForgeKind::Bitbucket) {
        let is_ticket = |range: &Range<usize>| {
            let name = text.get(range.clone()).unwrap_or_default();
            let project = name.split('-').next().unwrap_or_default();
            project.chars().all(|c| !c.is_ascii_lowercase()) && !NO_TICKETS.contains(&project)
        };
        found.extend(matches(&CLOSES_TICKET, &lower).into_iter().filter(is_ticket));
        found.extend(matches(&SMART_COMMIT, &lower));
    }
    found
}

/// The order that a line begins with.
pub(super) fn order(line: &str) -> Option<Range<usize>> {
    matches(&ORDER, &line.to_ascii_lowercase()).into_iter().next()
}

/// What a title, a remark or a commit message does, which is no Markdown.
pub fn in_line(text: &str, page: &Page<'_>) -> Vec<Reach> {
    let mut found = hidden(text);
    if !found.is_empty() {
        return found;
    }
    for range in mentions(text, page) {
        let at = range.start;
        let words = text.get(range).unwrap_or_default();
        if words.starts_with('@') {
            found.push(Reach::new(Doing::Mentions, words, Fix::Replace(at..at + 1, "@ ")));
        }
    }
    for range in closings(text, page) {
        found.push(broken(text, range));
    }
    for range in references(&text.to_ascii_lowercase(), page) {
        found.push(Reach { doing: Doing::Refers, ..broken(text, range) });
    }
    // In Markdown they are links.
    for range in matches(&REFERS_BY_ADDRESS, &text.to_ascii_lowercase()) {
        if leads_next_door(text.get(range.clone()).unwrap_or_default(), page) {
            found.push(Reach { doing: Doing::Refers, ..broken(text, range) });
        }
    }
    for range in matches(&SKIP, &text.to_ascii_lowercase()) {
        let words = text.get(range.start..).unwrap_or_default().lines().next().unwrap_or_default();
        let with = if words.starts_with("skip-") { "skip " } else { " " };
        found.push(Reach::new(Doing::Skips, words, Fix::Replace(range, with)));
    }
    found
}

/// A reference to an issue that is broken in two where code is shown as it is.
pub(super) fn broken(text: &str, range: Range<usize>) -> Reach {
    let words = text.get(range.clone()).unwrap_or_default();
    let (mark, with) = [
        ('#', "# "),
        ('!', "! "),
        ('&', "& "),
        ('@', "@ "),
        ('$', "$ "),
        ('%', "% "),
        ('~', "~ "),
        (':', " :"),
        ('-', " "),
    ]
    .into_iter()
    .find_map(|(mark, with)| Some((words.find(mark)?, with)))
    .unwrap_or((0, " "));
    let at = range.start + mark;
    let length = text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    Reach::new(Doing::Closes, words, Fix::Replace(at..at + length, with))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_hold() {
        for pattern in [
            &MENTION,
            &CLOSES,
            &CLOSES_TICKET,
            &SMART_COMMIT,
            &REFERS,
            &REFERS_BY_ADDRESS,
            &REFERS_IN_GROUP,
            &REFERS_TO_COMMIT,
            &REFERS_TO_OTHERS,
            &ADDRESS,
            &ORDER,
            &SKIP,
        ] {
            assert!(pattern.is_some());
        }
    }
}
