//! What a text does where it was put: on the page of a forge, in a commit, on a terminal.

mod markdown;
mod words;

use std::sync::LazyLock;

use regex::Regex;

use crate::case::Site;
use crate::effect::{Effect, Secret};

pub(crate) use self::markdown::in_markdown;

/// What is fine in a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// How references are written.
    pub(crate) site: Site,
    /// Hosts that links may lead to, with their ports.
    pub(crate) hosts: Vec<String>,
    /// `owner/name` of the repository: speaking of its own issues leaves no trace elsewhere.
    pub(crate) slug: String,
    /// What a click may commit: the finding's own suggestion, and how many lines it replaces.
    pub(crate) suggestion: Option<(String, u64)>,
    /// The values of secrets.
    pub(crate) secrets: Vec<(Secret, String)>,
    /// Texts that come out only when a template of the stranger's is rendered.
    pub(crate) rendered: Vec<String>,
}

// Without Unicode's tables, as forges read: a letter with an accent ends a word. Patterns see lower-case text.
static TRAILER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^[ \t]*([a-z-]+-by|change-id|skip-checks)[ \t]*:"));
static SKIP_CI: LazyLock<Regex> = LazyLock::new(|| {
    let (verb, pipeline) = ("skip|no", "ci|actions|checks|pipeline|azurepipelines");
    pattern(&format!(r"\[(?:{verb})[ -]?(?:{pipeline})\]|\[(?:{pipeline})[ -]?skip\]|\*\*\*no_ci\*\*\*"))
});
static SMART_COMMIT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?-u:\b)[a-z]{2,}-[0-9]+ [^\n]*?(#(?:close|resolve|done|comment|time|start))(?-u:\b)")
});
static WORKFLOW_COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?m)^[ \t\r]*(::[a-z][a-z-]*)(?:[ \t][^\n]*)?::|(##vso\[|##teamcity\[|##\[[a-z])")
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What a commit message does: no Markdown, but references count.
pub(crate) fn in_commit(text: &str, known: &Known) -> Vec<Effect> {
    let mut found = words::in_prose(text, known);
    found.retain(|effect| !matches!(effect, Effect::Link(_)));
    let lower = text.to_ascii_lowercase();
    let trailers = TRAILER.captures_iter(&lower);
    found.extend(trailers.filter_map(|trailer| Some(Effect::Trailer(trailer.get(1)?.as_str().to_owned()))));
    found.extend(SKIP_CI.is_match(&lower).then_some(Effect::SkipCi));
    let commits = SMART_COMMIT.captures_iter(&lower);
    found.extend(commits.filter_map(|commit| Some(Effect::Closes(commit.get(1)?.as_str().to_owned()))));
    found.extend(hidden(text));
    found.extend(anywhere(text, known));
    found
}

/// What a title does: no Markdown, and neither addresses nor other repositories' issues become links in it.
pub(crate) fn in_title(text: &str, known: &Known) -> Vec<Effect> {
    let mut found = words::in_prose(text, known);
    found.retain(|effect| !matches!(effect, Effect::Link(_) | Effect::Refers(_)));
    found.extend(hidden(text));
    found.extend(anywhere(text, known));
    found
}

/// What a text does that is printed, in a shell or by a CI runner.
pub(crate) fn in_output(text: &str, known: &Known) -> Vec<Effect> {
    let control = |c: &char| c.is_control() && !matches!(c, '\n' | '\t') || is_turning(*c);
    let mut found: Vec<Effect> =
        text.chars().find(control).map(|c| Effect::Terminal(c.to_string())).into_iter().collect();
    for order in WORKFLOW_COMMAND.captures_iter(&text.to_ascii_lowercase()) {
        let order = order.get(1).or_else(|| order.get(2)).map_or("", |order| order.as_str());
        found.push(Effect::WorkflowCommand(order.to_owned()));
    }
    found.extend(anywhere(text, known));
    found
}

/// What a text does wherever it is: it gives secrets away.
pub(crate) fn anywhere(text: &str, known: &Known) -> Vec<Effect> {
    let leaks = known.secrets.iter().filter(|(_, value)| holds(text, value));
    let rendered = known.rendered.iter().filter(|rendered| text.contains(rendered.as_str()));
    leaks
        .map(|(secret, _)| Effect::Leak(*secret))
        .chain(rendered.map(|rendered| Effect::Template(rendered.clone())))
        .collect()
}

/// Whether a text gives a secret away, as it is or in a form that everybody can read.
fn holds(text: &str, secret: &str) -> bool {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(secret);
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let backwards: String = secret.chars().rev().collect();
    [secret, &encoded, &hex, &backwards].iter().any(|form| text.contains(*form))
}

/// Characters that no reader sees, or that turn text around.
fn hidden(text: &str) -> Option<Effect> {
    let is_hidden = |c: &char| {
        is_turning(*c)
            || matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
            || c.is_control() && !matches!(c, '\n' | '\r' | '\t')
    };
    let all: std::collections::BTreeSet<char> = text.chars().filter(is_hidden).collect();
    (!all.is_empty()).then(|| Effect::Invisible(all.into_iter().collect()))
}

fn is_turning(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known {
            secrets: vec![(Secret::Token, "ghp_long_token".to_owned())],
            rendered: vec!["49".to_owned()],
            ..Known::default()
        }
    }

    #[track_caller]
    fn assert_found(found: &[Effect], wishes: &[Effect]) {
        for wish in wishes {
            assert!(found.iter().any(|effect| effect.fulfils(wish)), "{wish} is not among {found:?}");
        }
        assert_eq!(found.len(), wishes.len(), "{found:?}");
    }

    #[test]
    fn commits_that_sign_close_and_stop_are_seen() {
        let trailer = |name: &str| Effect::Trailer(name.to_owned());
        let table = [
            ("Use SHA-256\n\nSigned-off-by: A <a@b.test>", vec![trailer("Signed-off-by")]),
            ("x\n\n  Co-Authored-By : A", vec![trailer("co-authored-by")]),
            ("x\nskip-checks: true", vec![trailer("skip-checks")]),
            ("x [skip ci]", vec![Effect::SkipCi]),
            ("x [ci skip] y", vec![Effect::SkipCi]),
            ("***NO_CI***", vec![Effect::SkipCi]),
            ("PROJ-12 #close", vec![Effect::Closes("#close".to_owned())]),
            ("Fixes #1", vec![Effect::Closes("#1".to_owned())]),
            ("thanks @octocat", vec![Effect::Mention("@octocat".to_owned())]),
            ("a ghp_long_token", vec![Effect::Leak(Secret::Token)]),
            (
                "Use SHA-256 in place of MD5 (skip ci), index [no] of [0], PROJ-1\n\nSigned off by: nobody, fixes # 1",
                vec![],
            ),
        ];
        for (text, wishes) in table {
            assert_found(&in_commit(text, &known()), &wishes);
        }
    }

    #[test]
    fn what_terminals_and_runners_obey_is_seen() {
        let order = |text: &str| Effect::WorkflowCommand(text.to_owned());
        let terminal = |c: &str| Effect::Terminal(c.to_owned());
        let table = [
            ("a \u{1b}[31mred", vec![terminal("\u{1b}")]),
            ("a\rb", vec![terminal("\r")]),
            ("a\u{9b}2J", vec![terminal("\u{9b}")]),
            ("a\u{202e}b", vec![terminal("\u{202e}")]),
            ("::set-output name=x::y", vec![order("::set-output")]),
            ("x\n  ::stop-commands::t", vec![order("::stop-commands")]),
            ("x ##vso[task.complete result=Succeeded;]", vec![order("##vso[")]),
            ("##[set-env name=x]y", vec![order("##[s")]),
            ("7 * 7 = 49", vec![Effect::Template("49".to_owned())]),
            ("std::fs::read(a::b)\n\t:: x\n## [x] ##", vec![]),
        ];
        for (text, wishes) in table {
            assert_found(&in_output(text, &known()), &wishes);
        }
    }

    #[test]
    fn a_secret_is_known_in_other_forms() {
        for text in
            ["ghp_long_token", "Z2hwX2xvbmdfdG9rZW4", "6768705f6c6f6e675f746f6b656e", "nekot_gnol_phg"]
        {
            assert_eq!(anywhere(&format!("x{text}y"), &known()), [Effect::Leak(Secret::Token)], "{text}");
        }
        assert_eq!(anywhere("ghp_another", &known()), []);
    }

    #[test]
    fn what_is_not_seen_is_found() {
        for c in ['\u{200b}', '\u{202e}', '\u{2066}', '\u{e0041}', '\u{feff}', '\u{1b}', '\u{7f}'] {
            assert_eq!(hidden(&format!("a{c}b")), Some(Effect::Invisible(c.to_string())));
        }
        assert_eq!(hidden("ä 👍\u{fe0f} \t\n…"), None);
    }
}
