use patchwork_core::change::Side;
use patchwork_core::effect::Policy;
use patchwork_core::effect::reach::{Page, in_markdown};
use patchwork_core::port::forge::ForgeKind;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::review::choosing::{Chosen, Dropped, NotSaid};
use crate::review::finding::{Confidence, FileNote, ReviewFinding};
use crate::review::memory::Dismissal;
use crate::review::rules::ours;
use crate::review::selection::{NotReviewed, Reason};
use crate::review::state::Told;
use crate::review::summary::{Summary, Walked};

fn finding(title: &str) -> ReviewFinding {
    ReviewFinding {
        fingerprint: "0-0-0-1.0".to_owned(),
        rule: "injection".to_owned(),
        path: "src/a.py".to_owned(),
        old_path: None,
        side: Side::New,
        start_line: 11,
        line: 12,
        other_line: None,
        unit: "f".to_owned(),
        severity: Severity::High,
        confidence: Confidence::HIGH,
        title: title.to_owned(),
        explanation: "`x` comes from @octocat as it is.".to_owned(),
        code: "a = 1\nrun(x)".to_owned(),
        suggestion: Some("run(quoted(x))".to_owned()),
        suggestion_dropped: None,
    }
}

fn whole() -> Summary {
    let dropped = Dropped { finding: finding("No"), why: NotSaid::Unsure };
    let told = Told {
        fingerprint: String::new(),
        rule: "logic".to_owned(),
        path: "src/b.py".to_owned(),
        line: 3,
        severity: Severity::Low,
        title: "Old one".to_owned(),
        unit: String::new(),
    };
    Summary {
        chosen: Chosen {
            comments: vec![finding("Runs x")],
            more: vec![finding("More")],
            dropped: vec![dropped],
        },
        notes: vec![FileNote {
            rule: "test-missing".to_owned(),
            path: "src/a.py".to_owned(),
            near: 7,
            severity: Severity::Low,
            confidence: Confidence::MEDIUM,
            title: "No test".to_owned(),
            reason: "quotes code that is not in the diff".to_owned(),
        }],
        told: vec![told],
        walkthrough: vec![Walked {
            path: "src/a.py".to_owned(),
            old_path: None,
            additions: 3,
            deletions: 1,
            units: vec!["f".to_owned()],
            about: "Runs <b>things</b>.".to_owned(),
        }],
        left_out: vec![NotReviewed {
            path: "yarn.lock".to_owned(),
            old_path: None,
            reason: Reason::LockFile,
        }],
        open: 2,
        resolved: 1,
        dismissed: vec![Dismissal {
            fingerprint: String::new(),
            rule: "logic".to_owned(),
            path: "src/c.py".to_owned(),
            reason: "by design".to_owned(),
            by: "ada".to_owned(),
            when: String::new(),
        }],
        commit: "0123456789abcdef".to_owned(),
        calls: 4,
        cost: Some("0.0123".to_owned()),
        problems: vec!["1 of 4 calls got no answer".to_owned()],
    }
}

#[test]
fn a_comment_says_what_why_how_sure_and_how_to_dismiss_it() {
    let text = comment(&finding("Runs *x*"), |lines, code| Some(format!("[{lines}: {code}]")));
    assert_eq!(
        text,
        "\
**Runs \\*x\\***

High · `injection` · 90 % sure

`x` comes from `@octocat` as it is.

[2: run(quoted(x))]

_Not right? Answer `wontfix` with the reason, or react with 👎: it is not raised again._"
    );
    let shown = comment(&finding("x"), |_, _| None);
    assert!(shown.contains("Suggested in place of these lines:\n\n```\nrun(quoted(x))\n```"), "{shown}");
}

#[test]
fn a_summary_tells_everything_once() {
    assert_eq!(
        summary(&whole()),
        "\
## Review

**3 findings**: 2 high, 1 low. 1 comment on lines.

Since the last review: 1 earlier finding fixed, 1 dismissed, 2 still open.

### More findings

- **High** `src/a.py:11` More (`injection`)
- **Low** `src/b.py:3` Old one (`logic`)

### About files

- **Low** `src/a.py` No test (`test-missing`); it has no line: quotes code that is not in the diff

### Walkthrough

- `src/a.py` +3 −1: Runs &lt;b>things&lt;/b>.

### Not reviewed

- Lock file: `yarn.lock`

### Dismissed since the last review

- `src/c.py` `logic` by `ada`: by design

### Problems

- 1 of 4 calls got no answer

_Reviewed 0123456789 · 4 model calls · $0.0123 · 1 finding not told (refuted, unsure, repeated or dismissed)_
"
    );
    let clean = summary(&Summary { walkthrough: whole().walkthrough, ..Summary::default() });
    assert!(clean.starts_with("## Review\n\nNo issues found. 1 file reviewed.\n"), "{clean}");
    let many = Summary {
        left_out: Vec::new(),
        walkthrough: vec![whole().walkthrough.remove(0); 500],
        ..Summary::default()
    };
    assert!(summary(&many).contains("… and 460 more"));
}

#[test]
fn a_terminal_gets_plain_text() {
    let text = plain(&whole());
    assert!(
        text.starts_with(
            "\
src/a.py:11-12  high  injection (90 % sure)
    Runs x
    `x` comes from @octocat as it is.
    | a = 1
    | run(x)
    Suggested:
    + run(quoted(x))
"
        ),
        "{text}"
    );
    assert!(text.contains("3 findings in 1 file: 2 high, 1 low.\n"), "{text}");
    let mut hostile = whole();
    hostile.chosen.comments[0].title = "\u{1b}[2Jgone\r\u{202e}".to_owned();
    assert!(!plain(&hostile).contains(['\u{1b}', '\r', '\u{202e}']));
}

#[test]
fn sarif_has_levels_and_fingerprints() {
    let log = sarif(&whole(), &ours(), "1.0.0");
    let at = |pointer: &str| log.pointer(pointer).unwrap_or(&Value::Null).clone();
    assert_eq!(at("/runs/0/results/0/ruleId"), "injection");
    assert_eq!(at("/runs/0/results/0/level"), "error");
    assert_eq!(at("/runs/0/results/0/partialFingerprints/patchworkReview~1v1"), "0-0-0-1.0");
    assert_eq!(at("/runs/0/results/1/locations/0/physicalLocation/region/startLine"), 11);
    assert_eq!(at("/runs/0/results/2/ruleId"), "test-missing");
    assert_eq!(
        at("/runs/0/results/2/message/text"),
        "No test\nIt has no line: quotes code that is not in the diff."
    );
    assert_eq!(at("/runs/0/results/2/locations/0/physicalLocation/region/startLine"), 1);
    assert_eq!((at("/runs/0/results/2/level"), at("/runs/0/results/3")), ("warning".into(), Value::Null));
    let rules = at("/runs/0/tool/driver/rules");
    let tags = |id: &str| {
        let rule = rules.as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap();
        rule["properties"]["tags"].clone()
    };
    assert_eq!(
        (tags("logic"), tags("injection")),
        (serde_json::json!(["review"]), serde_json::json!(["security"]))
    );
    crate::sarif::check(&log, "the review").unwrap();
}

proptest! {
    #[test]
    fn a_models_words_reach_nobody(words in "(\\PC|\n|@a|#1|<!--|https://a.b|!\\[x\\]\\(y\\)|</details>|```){0,30}") {
        let mut hostile = whole();
        for finding in hostile.chosen.comments.iter_mut().chain(&mut hostile.chosen.more) {
            (finding.title, finding.explanation, finding.rule) = (words.clone(), words.clone(), words.clone());
        }
        hostile.walkthrough[0].about = words.clone();
        hostile.walkthrough[0].path = words.clone();
        let policy = Policy::default();
        let page = Page { forge: ForgeKind::GitHub, homes: &[], merges: true, policy: &policy };
        for text in [comment(&hostile.chosen.comments[0], |_, _| None), summary(&hostile)] {
            prop_assert_eq!(in_markdown(&text, &page).len(), 0, "{}", text);
        }
        let _ = (plain(&hostile), sarif(&hostile, &ours(), "1"));
    }
}
