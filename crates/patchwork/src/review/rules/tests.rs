use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn ours_have_ids_that_can_be_kept() {
    let rules = ours();
    for rule in &rules {
        assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", rule.id);
        assert!(rule.text.len() < 500 && rule.title.len() < 40, "{}", rule.id);
        assert_eq!(rules.iter().filter(|other| other.id == rule.id).count(), 1);
    }
}

#[test]
fn a_team_writes_texts_or_whole_rules() {
    let value = json!([
        "Use the logger, never print.",
        { "id": "No Raw SQL", "text": "No SQL outside of db/.", "severity": "high", "languages": ["py"], "paths": ["api/"] },
        { "text": "" },
        { "text": "x", "severity": "awful" },
        { "text": "x", "paths": ["a["] },
        { "txt": "x" },
        "Use the logger, never print.",
        5,
    ]);
    let team = from_config(&value, ".patchwork.yaml");
    let ids: Vec<_> = team.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["team-use-the-logger-never-print", "no-raw-sql"]);
    assert_eq!(team.rules[0].title, "Use the logger, never print");
    assert_eq!(team.rules[1].severity, Some(Severity::High));
    assert_eq!(team.faults.len(), 6, "{:#?}", team.faults);
    assert!(team.faults[1].contains("item 4: `severity` is `awful`"), "{:#?}", team.faults);
    let text = from_config(&json!("Name things well.\nNo new globals.\n"), "a");
    assert_eq!(text.rules.len(), 2);
    assert_eq!(from_config(&json!(5), "a").faults.len(), 1);
    assert_eq!(from_config(&json!(null), "a"), TeamRules::default());
}

#[test]
fn what_agents_are_told_about_reviews_counts_and_nothing_else() {
    let markdown = "# Build\n- run make\n\n## Code review\n\nLook for these:\n- Money is `Decimal`,\n  never a float.\n- Routes check\n  the tenant.\n\n### Tests\n* Each fix has one.\n```\n- not this\n```\n## Style\n- tabs\n";
    let rules = from_agents(markdown, "AGENTS.md").rules;
    let texts: Vec<_> = rules.iter().map(|rule| rule.text.as_str()).collect();
    assert_eq!(
        texts,
        ["Money is `Decimal`, never a float.", "Routes check the tenant.", "Each fix has one."]
    );
    assert_eq!(rules[0].origin.as_deref(), Some("AGENTS.md"));
}

#[test]
fn rules_of_a_team_are_bounded() {
    let many: Vec<_> = (0..500).map(|number| json!(format!("Rule {number} {}", "x".repeat(5_000)))).collect();
    let team = from_config(&json!(many), "a");
    assert_eq!((team.rules.len(), team.faults.len()), (40, 460));
    assert!(team.rules.iter().all(|rule| rule.text.len() <= 800));
}

#[test]
fn a_rule_is_given_only_where_it_applies() {
    let value = json!([{ "id": "a", "text": "x", "languages": ["python"] }, { "id": "b", "text": "x", "paths": ["web/"] }, "c"]);
    let rules = from_config(&value, "a").rules;
    let ids = |path: &str| {
        let paths = [path.to_owned()];
        for_paths(&rules, &paths).iter().map(|rule| rule.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids("a.py"), ["a", "team-c"]);
    assert_eq!(ids("web/a.ts"), ["b", "team-c"]);
    assert_ne!(digest(&rules), digest(&rules[1..]));
}

proptest! {
    #[test]
    fn no_text_of_a_team_is_too_strange(text in "(\\PC|\n|#|-|`){0,200}") {
        let _ = from_agents(&text, "a");
        for rule in from_config(&json!(text), "a").rules {
            prop_assert!(!rule.text.is_empty());
        }
    }
}
