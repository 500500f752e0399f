//! Learning from recordings that are made here, over real worktrees.

use patchwork_core::evidence::{Author, Evidence, Level};
use patchwork_core::finding::Severity;
use patchwork_core::patch::{Edit, Patch};
use patchwork_testkit::repo::TestRepo;
use serde_json::json;

use super::*;
use crate::steps::code::verify_patch::Risk;
use crate::steps::scan::fixture::Fixture;

/// A fix of whole lines: path, line of the finding (from 1), and the line after it.
type Change<'a> = (&'a str, u32, &'a str);

fn finding(rule: &str, path: &str, line: u32) -> Finding {
    Finding {
        rule: rule.to_owned(),
        tool: "test".to_owned(),
        message: "It is wrong: $WHY.".to_owned(),
        severity: Severity::High,
        path: path.to_owned(),
        start_line: line,
        end_line: line,
        cwe: vec!["CWE-502".to_owned()],
        suggestions: Vec::new(),
        fingerprint: format!("{path}:{line}"),
    }
}

fn fix(rule: &str, (path, line, text): Change<'_>, source: Author) -> Fix {
    let edit = Edit {
        path: path.to_owned(),
        start_line: Some(line - 1),
        end_line: Some(line),
        replacement: format!("{text}\n"),
    };
    Fix {
        path: path.to_owned(),
        findings: vec![finding(rule, path, line)],
        patch: Patch { edits: vec![edit] },
        replaced: Vec::new(),
        source,
        commit_message: String::new(),
        patch_message: String::new(),
        compatibility: Risk::default(),
        evidence: Evidence { level: Level::L2, checks: Vec::new() },
        diff: format!("{path}:{line} {text}"),
        remaining_rules: Vec::new(),
        tries: Vec::new(),
        test: None,
    }
}

/// What is learned from changes of a model, when the scan has found these further places.
async fn learned(
    files: &[(&str, &str)],
    rule: &str,
    changes: &[Change<'_>],
    further: &[(&str, u32)],
) -> Learned {
    learned_beside(files, rule, changes, further, &[]).await
}

/// [`learned`], where the scan has found these places as well, which are suppressed.
async fn learned_beside(
    files: &[(&str, &str)],
    rule: &str,
    changes: &[Change<'_>],
    further: &[(&str, u32)],
    suppressed: &[(&str, u32)],
) -> Learned {
    let fixture = Fixture::of(TestRepo::with_files(files)).await;
    let places = changes.iter().map(|(path, line, _)| (*path, *line)).chain(further.iter().copied());
    let suppressed = suppressed.iter().map(|place| (*place, json!([{ "kind": "inSource" }])));
    let results: Vec<Value> = places
        .map(|place| (place, json!([])))
        .chain(suppressed)
        .map(|((path, line), suppressions)| {
            json!({
                "ruleId": rule,
                "suppressions": suppressions,
                "message": { "text": "wrong" },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": path },
                    "region": { "startLine": line },
                } }],
            })
        })
        .collect();
    let report = json!({
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": { "name": "test" } }, "results": results }],
    });
    let fixes: Vec<Fix> = changes.iter().map(|change| fix(rule, *change, Author::Model)).collect();
    let outcomes = [
        json!({ "output": { "sarif_values": report } }),
        json!({ "output": { "accepted": fixes } }),
        // A later round says it again.
        json!({ "output": { "accepted": fixes } }),
    ];
    learn_in("r-1", &outcomes, fixture.checkout.as_ref(), &BTreeSet::new()).unwrap()
}

fn one(learned: Learned) -> Lesson {
    assert_eq!(learned.rules.len(), 1, "{learned:#?}");
    learned.rules.into_iter().next().unwrap()
}

const LOADS: &str = "import oldlib\nimport json\n\na = oldlib.loads(first)\nb = oldlib.loads(read(path))\nc = oldlib.loads(x.y)\n";

#[tokio::test]
async fn what_fixes_share_becomes_a_rule() {
    let changes = [("a.py", 4, "a = json.loads(first)"), ("a.py", 5, "b = json.loads(read(path))")];
    let lesson = one(learned(&[("a.py", LOADS)], "unsafe-load", &changes, &[("a.py", 6)]).await);
    assert_eq!((lesson.pattern.as_str(), lesson.fix.as_str()), ("oldlib.loads", "json.loads"));
    assert_eq!(
        (lesson.learned_from, lesson.further),
        (vec!["a.py:4".into(), "a.py:5".into()], vec!["a.py:6".to_owned()])
    );
    insta::assert_snapshot!(lesson.text, @r#"
    # Learned by `patchwork learn` from 2 accepted fixes of run r-1.
    id: learned-unsafe-load-1
    language: Python
    severity: error
    message: "It is wrong: WHY."
    metadata:
      cwe: [CWE-502]
      security-severity: 7.0
      fix: "Change it as accepted fixes of unsafe-load did."
    rule:
      pattern: "oldlib.loads"
    fix: "json.loads"
    ---
    invalid:
      - code: "oldlib.loads\n"
        fixed: "json.loads\n"
    valid:
      - "json.loads\n"
    "#);
}

#[tokio::test]
async fn several_parts_of_one_statement_are_one_change() {
    let code = "run(cmd, shell=True)\nrun(other[1], shell=True)\n";
    let changes =
        [("a.py", 1, "run(split(cmd), shell=False)"), ("a.py", 2, "run(split(other[1]), shell=False)")];
    let lesson = one(learned(&[("a.py", code)], "shell", &changes, &[]).await);
    assert_eq!(
        (lesson.pattern.as_str(), lesson.fix.as_str()),
        ("run($A, shell=True)", "run(split($A), shell=False)")
    );
}

#[tokio::test]
async fn other_languages_are_learned_from() {
    let go = "package a\n\nfunc f() {\n\tx := weak(a)\n\ty := weak(b.c)\n}\n";
    let changes = [("a.go", 4, "\tx := strong(a, 16)"), ("a.go", 5, "\ty := strong(b.c, 16)")];
    let lesson = one(learned(&[("a.go", go)], "weak", &changes, &[]).await);
    assert_eq!((lesson.pattern.as_str(), lesson.fix.as_str()), ("weak($A)", "strong($A, 16)"));
    let js = "const a = parse(x);\nconst b = parse(y.z());\n";
    let changes = [("a.js", 1, "const a = JSON.parse(x);"), ("a.js", 2, "const b = JSON.parse(y.z());")];
    let lesson = one(learned(&[("a.js", js)], "parse", &changes, &[]).await);
    assert_eq!((lesson.pattern.as_str(), lesson.fix.as_str()), ("parse($A)", "JSON.parse($A)"));
}

#[tokio::test]
async fn a_rule_that_would_change_what_is_right_is_not_offered() {
    let files = [("a.py", LOADS), ("b.py", "d = oldlib.loads(own)\n")];
    let changes = [("a.py", 4, "a = json.loads(first)"), ("a.py", 5, "b = json.loads(read(path))")];
    let learned = learned(&files, "unsafe-load", &changes, &[("a.py", 6)]).await;
    assert_eq!(learned.rules, []);
    let why = "`$A = oldlib.loads($B)` also matches b.py:1, where unsafe-load finds nothing";
    assert_eq!(learned.declined, [format!("a.py:4, a.py:5 (unsafe-load): {why}")]);
}

#[tokio::test]
async fn a_rule_that_would_fix_what_is_suppressed_is_not_offered() {
    let changes = [("a.py", 5, "b = json.loads(read(path))"), ("a.py", 4, "a = json.loads(first)")];
    let learned = learned_beside(&[("a.py", LOADS)], "unsafe-load", &changes, &[], &[("a.py", 6)]).await;
    assert_eq!(learned.rules, []);
    let why = &learned.declined[0];
    assert!(why.starts_with("a.py:4, a.py:5 (unsafe-load): "), "{why}");
    assert!(why.ends_with("also matches a.py:6, where unsafe-load is suppressed"), "{why}");
}

#[tokio::test]
async fn what_can_not_be_learned_is_said() {
    let code = "a = f(1)\nb = f(2)\nc = g(3)\nd = g(4)\ne = h(5)\n";
    let changes = [
        // The new part is not made of the old one.
        ("a.py", 1, "a = f(10)"),
        ("a.py", 2, "b = f(23)"),
        // Too general: any call would match.
        ("a.py", 3, "c = x(3)"),
        ("a.py", 5, "e = x(5)"),
    ];
    let learned = learned(&[("a.py", code)], "r", &changes, &[]).await;
    assert_eq!(learned.rules, []);
    let declined: Vec<String> = [1, 2, 3, 5]
        .iter()
        .map(|line| format!("a.py:{line}: only one fix of r has its shape, 2 are needed"))
        .collect();
    assert_eq!(learned.declined, declined);
}

#[test]
fn only_models_are_learned_from() {
    let fixes: Vec<Fix> =
        [Author::Rule, Author::Model].into_iter().map(|source| fix("r", ("a.py", 1, "x"), source)).collect();
    let outcomes =
        [json!({ "output": { "accepted": fixes } }), json!({ "output": { "accepted": [{ "odd": 1 }, 3] } })];
    assert_eq!(examples::accepted_fixes(&outcomes).len(), 1);
}

#[test]
fn a_file_is_written_once_and_never_through_a_link() {
    let repo = TestRepo::new();
    let lesson = Lesson {
        id: "x".into(),
        path: format!("{OWN_RULES}/x.yml"),
        text: "id: x\n".into(),
        rule: String::new(),
        pattern: String::new(),
        fix: String::new(),
        learned_from: Vec::new(),
        further: Vec::new(),
    };
    let path = write(&lesson, repo.root()).unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), "id: x\n");
    assert!(write(&lesson, repo.root()).unwrap_err().message.ends_with("can't be written"));
    #[cfg(unix)]
    {
        let other = TestRepo::new();
        let outside = other.beside("outside");
        std::fs::create_dir(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, other.path(".patchwork")).unwrap();
        assert!(write(&lesson, other.root()).unwrap_err().message.ends_with("is not a folder"));
        assert_eq!(std::fs::read_dir(outside).unwrap().count(), 0);
    }
}
