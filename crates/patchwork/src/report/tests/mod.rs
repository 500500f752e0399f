mod ci;
mod fixture;
mod recorded;
mod sarif;

use patchwork_core::evidence::{Author, Outcome};

use self::fixture::rich;
use super::{CaseOutcome, RunReport};

#[test]
fn json_reads_back_as_the_same_report_and_fits_its_schema() {
    let report = rich();
    let text = super::json(&report);
    assert_eq!(serde_json::from_str::<RunReport>(&text).unwrap(), report);
    let schema = jsonschema::validator_for(&super::schema()).unwrap();
    let value = serde_json::from_str(&text).unwrap();
    let faults: Vec<String> = schema.iter_errors(&value).map(|fault| fault.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn a_page_holds_all_there_is_and_nothing_of_a_stranger_acts() {
    let page = super::html(&rich());
    let told = page.replace("&#x2f;", "/");
    for said in [
        "Bind the customer&#x27;s name as a parameter",
        "acme/shop",
        "tests/test_accounts_sqli.py",
        "expected O&#x27;Brien",
        "$0.0062",
        "and 1 call of unknown price",
        "1 min 47 s",
        "exit 10",
        "Landlock 6",
        "web/&lt;b&gt;&amp;⟨U+202E⟩.js:7",
        "https://cwe.mitre.org/data/definitions/89.html",
        "tests only",
    ] {
        assert!(told.contains(said), "{said}");
    }
    for acting in ["<script", "<img", "<svg onload", "javascript:", " style=", "\u{202e}", "\u{1b}"] {
        assert!(!page.contains(acting), "{acting}");
    }
    // Every start of a tag is one of ours, and nothing is fetched from elsewhere.
    let known = [
        "!doctype", "html", "head", "meta", "title", "style", "body", "header", "div", "svg", "rect", "path",
        "h1", "h2", "h3", "h4", "span", "p", "a", "b", "code", "time", "main", "section", "ul", "ol", "li",
        "input", "label", "details", "summary", "table", "thead", "tbody", "tr", "th", "td", "mark",
        "footer",
    ];
    for rest in page.split('<').skip(1) {
        let name: String = rest
            .trim_start_matches('/')
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '!')
            .collect();
        assert!(known.contains(&name.as_str()), "<{rest:.40}");
    }
    assert!(!page.contains("url(") && !page.contains("@import"));
    assert!(page.contains("default-src 'none'; style-src 'sha256-"), "the style is allowed by its hash");
}

#[test]
fn a_huge_diff_makes_no_huge_page() {
    let mut report = rich();
    let lines = "+x = '<b>' * 80 # and what goes with it\n".repeat(30_000);
    let diff = format!("--- a/a.py\n+++ b/a.py\n@@ -1,1 +1,30000 @@\n{lines}");
    report.cases[0].fix.as_mut().unwrap().diff.clone_from(&diff);
    report.cases[0].tries[0].diff = diff;
    let page = super::html(&report);
    assert!(page.len() < 2_000_000, "{}", page.len());
    assert!(page.contains("29001 more lines are left out here"));
    assert!(super::markdown(&report, 100_000).len() <= 100_000);
    assert!(super::sarif(&report).len() <= 10_000_000);
}

#[test]
fn markdown_tells_a_stranger_s_words_without_their_powers() {
    let text = super::markdown(&rich(), 1 << 20);
    for said in [
        "## AutoFix: 2 fixed (1 by rules), 1 not fixed, 1 without a fix, 1 not vulnerable, 1 suppressed",
        "| Pull request | <https://github.com/acme/shop/pull/12> |",
        "<summary><b>L5</b> <code>shop/accounts.py:20</code> <code>python.sqlalchemy.sqli</code> critical</summary>",
        "✅ tests pass (48 tests, as before)",
        "1. `gpt-4o-mini`: turned down, the tests fail: test_accounts.py::test_quoted_name expected O'Brien (L2, ",
        "- **Took:** 2 tries, 4.6 s of answers, cost $0.0025",
        "- **Took:** 2 tries, 0 ms of answers, cost unknown",
        "`@octocat` fixes `#1`",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    for acting in ["<script", "![x](", "\u{202e}", "\u{1b}"] {
        assert!(!text.contains(acting), "{acting}\n{text}");
    }
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn what_matters_least_is_left_out_first() {
    let report = rich();
    let whole = super::markdown(&report, usize::MAX);
    let has = |limit: usize, word: &str| {
        let text = super::markdown(&report, limit);
        assert!(text.len() <= limit, "{} > {limit}", text.len());
        text.contains(word)
    };
    let mut last = [true; 5];
    for limit in (100..=whole.len()).rev().step_by(50) {
        let words = ["Turned down, from", "<summary>Warnings", "```diff", "Tried:", "**Evidence:**"];
        let now = words.map(|word| has(limit, word));
        for (at, (now, last)) in now.iter().zip(last).enumerate() {
            assert!(last || !now, "{} came back at {limit}", words[at]);
        }
        assert!(now.is_sorted(), "{now:?} at {limit}: what matters more goes last");
        last = now;
    }
    let lines = super::markdown(&report, 2_000);
    assert!(lines.contains("- **L5** `shop/accounts.py:20` (critical)"), "{lines}");
    assert!(super::markdown(&report, 600).contains("… more is left out here"));
}

#[test]
fn a_run_without_findings_tells_of_its_way() {
    let report = RunReport { cases: vec![], counts: super::Counts::default(), failure: None, ..rich() };
    let text = super::markdown(&report, 1 << 20);
    assert!(text.starts_with("## AutoFix: failed\n"), "{text}");
    assert!(text.contains("| `scan` | `Scan` | done | 12.4 s |"), "{text}");
    assert!(super::html(&report).contains("The run ended before anything was said about findings."));
}

/// The fixture is only worth something as long as it holds every kind.
#[test]
fn the_fixture_holds_one_of_each() {
    let report = rich();
    for outcome in [
        CaseOutcome::Fixed,
        CaseOutcome::Remaining,
        CaseOutcome::NoFix,
        CaseOutcome::NotVulnerable,
        CaseOutcome::Suppressed,
    ] {
        assert!(report.cases.iter().any(|case| case.outcome == outcome), "{outcome:?}");
    }
    let tries = || report.cases.iter().flat_map(|case| &case.tries);
    assert!(tries().any(|one| one.by == Author::Rule) && tries().any(|one| one.by == Author::Model));
    assert!(tries().any(|one| one.outcome == Outcome::Unanswered));
}
