//! Scans of real worktrees; Semgrep itself where it is installed, else programs that stand in its place.

use std::path::Path;

use patchwork_core::step::Step;
use serde_json::{Value, json};

use super::fixture::Fixture;
use super::scan::Scan;
use super::scan_rules::ScanRules;
use super::scan_semgrep::ScanSemgrep;

const BAD: &str = "def f(x):\n    return eval(x)\n";

fn paths_in(report: &Value) -> Vec<&str> {
    let results = report["sarif_values"]["runs"][0]["results"].as_array().unwrap().iter();
    results
        .map(|r| r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn rules_scan_what_is_the_repositorys_own() {
    let fixture = Fixture::new(&[
        ("a.py", BAD),
        ("b/c.py", BAD),
        ("b/.hidden/d.py", BAD),
        ("b/min.min.js", "eval(x);\n"),
        ("node_modules/x/index.js", "eval(x);\n"),
        ("vendor/v.py", BAD),
        ("notes.txt", BAD),
        (".gitignore", "build/\n"),
    ])
    .await;
    std::fs::create_dir_all(fixture.path("build")).unwrap();
    std::fs::write(fixture.path("build/e.py"), BAD).unwrap();
    std::fs::write(fixture.path("new file.py"), BAD).unwrap();
    std::fs::write(fixture.path("huge.py"), format!("{BAD}# {}\n", "x".repeat(1 << 20))).unwrap();
    // What stands above the worktree is not the repository's.
    std::fs::write(fixture.repo.beside(".gitignore"), "*\n").unwrap();
    let (all, _) = fixture.test.run_json(ScanRules, json!({})).await.unwrap();
    assert_eq!(paths_in(&all), ["a.py", "b/.hidden/d.py", "b/c.py", "new%20file.py"]);
    for (paths, expected) in [
        (json!("b"), vec!["b/.hidden/d.py", "b/c.py"]),
        (json!(["a.py", "b/c.py"]), vec!["a.py", "b/c.py"]),
        (json!([{ "path": "a.py", "diff": "" }]), vec!["a.py"]),
        (json!({ "path": "a.py" }), vec!["a.py"]),
        (json!([]), vec!["a.py", "b/.hidden/d.py", "b/c.py", "new%20file.py"]),
        (json!("build"), vec![]),
    ] {
        let (found, _) = fixture.test.run_json(ScanRules, json!({ "paths": paths })).await.unwrap();
        assert_eq!(paths_in(&found), expected, "{paths}");
    }
}

#[tokio::test]
async fn paths_that_are_wrong_are_said_to_be() {
    let fixture = Fixture::new(&[("a.py", BAD)]).await;
    for (input, expected) in [
        (json!({ "paths": "gone.py" }), "`paths`: `gone.py` is not in the repository"),
        (json!({ "paths": [{ "file": "a.py" }] }), "`paths[0]`: has no `path`, only `file`: set `path_key`"),
        (json!({ "paths": [{ "path": 3 }] }), "`paths[0]`: `path` is 3, expected a path"),
    ] {
        let error = fixture.test.run_json(ScanRules, input).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let (found, _) = fixture
        .test
        .run_json(ScanRules, json!({ "paths": [{ "file": "a.py" }], "path_key": "file" }))
        .await
        .unwrap();
    assert_eq!(paths_in(&found), ["a.py"]);
    for outside in ["../x.py", "/etc/passwd", ".git/config"] {
        assert!(fixture.test.run_json(ScanRules, json!({ "paths": outside })).await.is_err(), "{outside}");
    }
    let error = fixture.test.run_json(ScanRules, json!({ "paths": 3 })).await.unwrap_err();
    assert!(error.to_string().starts_with("`paths`: expected a path"), "{error}");
}

const OWN: &str = "\
id: no-print
language: Python
severity: warning
message: $WHAT is printed.
rule: { pattern: print($WHAT) }
fix: log($WHAT)
ignores: [b/**]
";

fn ids_in(report: &Value) -> Vec<&str> {
    let results = report["sarif_values"]["runs"][0]["results"].as_array().unwrap();
    results.iter().map(|result| result["ruleId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_repositorys_own_rules_are_used_as_they_are_committed() {
    let fixture = Fixture::new(&[
        ("a.py", "print(1)\neval(x)\n"),
        ("b/c.py", "print(1)\n"),
        (".patchwork/rules/deep/print.yml", OWN),
        (".patchwork/rules/notes.txt", "no rule"),
        (".patchwork/rules/test.yml", "id: no-print\nvalid: [log(1)]\ninvalid: [print(1)]\n"),
    ])
    .await;
    let (found, _) = fixture.test.run_json(ScanRules, json!({})).await.unwrap();
    assert_eq!(ids_in(&found), ["no-print", "python-eval"]);
    let result = &found["sarif_values"]["runs"][0]["results"][0];
    assert_eq!(result["message"]["text"], "1 is printed.");
    let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "log(1)");
    // What the run does to them changes nothing.
    std::fs::write(fixture.path(".patchwork/rules/deep/print.yml"), "broken: [").unwrap();
    std::fs::write(fixture.path(".patchwork/rules/more.yml"), OWN.replace("no-print", "more")).unwrap();
    assert_eq!(fixture.test.run_json(ScanRules, json!({})).await.unwrap().0, found);
    assert_eq!(fixture.test.notes(), Vec::<String>::new());
    // What the user has not committed isn't used either, and that is said.
    fixture.repo.write(".patchwork/rules/deep/print.yml", "id: other\n");
    fixture.repo.write(".patchwork/rules/new.yml", OWN);
    assert_eq!(fixture.test.run_json(ScanRules, json!({})).await.unwrap().0, found);
    assert_eq!(
        fixture.test.notes(),
        [
            ".patchwork/rules/deep/print.yml is used as it is committed, not as it was changed since",
            ".patchwork/rules/new.yml is not committed, so its rules are not used",
        ]
    );
}

#[tokio::test]
async fn a_shipped_rule_is_replaced_or_switched_off() {
    let replaced = OWN.replace("no-print", "python-eval").replace("print(", "exit(");
    let fixture = Fixture::new(&[
        ("a.py", "exit(1)\neval(x)\nhashlib.md5(x)\nyaml.load(x)\n"),
        (".patchwork/rules/eval.yaml", &replaced),
        (".patchwork/rules/off.yml", "# We know.\nid: python-weak-hash\nseverity: off\n"),
    ])
    .await;
    let (found, _) = fixture.test.run_json(ScanRules, json!({})).await.unwrap();
    assert_eq!(ids_in(&found), ["python-eval", "python-yaml-load"]);
    assert_eq!(
        found["sarif_values"]["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"],
        1
    );
    assert_eq!(
        fixture.test.notes(),
        ["`python-eval` of .patchwork/rules/eval.yaml takes the place of the shipped rule"]
    );
}

#[tokio::test]
async fn what_a_comment_suppresses_is_in_the_report_as_such() {
    let code = "eval(x)  # patchwork:ignore python-eval written by us\neval(y)\n";
    let fixture = Fixture::new(&[("a.py", code)]).await;
    let (found, _) = fixture.test.run_json(ScanRules, json!({})).await.unwrap();
    let results = &found["sarif_values"]["runs"][0]["results"];
    let expected = json!([{ "kind": "inSource", "status": "accepted", "justification": "written by us" }]);
    assert_eq!((&results[0]["suppressions"], &results[1]["suppressions"]), (&expected, &Value::Null));
}

#[tokio::test]
async fn rules_are_chosen_by_id_and_glob() {
    let fixture = Fixture::new(&[("a.py", "eval(x)\nhashlib.md5(x)\n"), ("a.js", "eval(x)\n")]).await;
    for (input, expected) in [
        (json!({ "rules": ["python-eval"] }), vec!["python-eval"]),
        (json!({ "rules": ["*-eval"] }), vec!["javascript-eval", "python-eval"]),
        (json!({ "rules": ["*-eval"], "exclude_rules": ["javascript-*"] }), vec!["python-eval"]),
        (json!({ "exclude_rules": ["*-eval"] }), vec!["python-weak-hash"]),
    ] {
        let (found, _) = fixture.test.run_json(ScanRules, input.clone()).await.unwrap();
        assert_eq!(ids_in(&found), expected, "{input}");
    }
    for (input, expected) in [
        (
            json!({ "rules": ["python-evil"] }),
            "`rules`: no rule is called `python-evil`: did you mean `python-eval`?",
        ),
        (
            json!({ "exclude_rules": ["["] }),
            "`exclude_rules`: `[` is no glob: unclosed character class; missing ']'",
        ),
    ] {
        assert_eq!(fixture.test.run_json(ScanRules, input).await.unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn own_rules_that_can_not_be_read_are_all_named() {
    let fixture = Fixture::new(&[
        (".patchwork/rules/a.yml", "id: a\nlanguage: Python\nrule: { patern: x() }\n"),
        (".patchwork/rules/b.yml", &format!("{OWN}---\nid: no-print\nlanguage: Cobol\n")),
        (".patchwork/rules/c.yml", OWN),
        (".patchwork/rules/d.yml", "id: python-evil\nseverity: off\n"),
        (".patchwork/rules/e.yml", "id: e\nlanguage: Go\nrule:\n  kind: nothing\n"),
        (".patchwork/rules/f.yml", "id: f\nlanguage: Go\nrule: { pattern: f($A) }\nfix: g($B)\n"),
        (".patchwork/rules/g.yml", "id: g\nlanguage: Go\nrule: { regex: '(' }\n"),
        (".patchwork/rules/h.yml", "\n\nid: 'h h'\n"),
        (".patchwork/rules/i.yml", "id: i\n  language: Go\n"),
        (".patchwork/rules/j.yml", OWN),
        (".patchwork/rules/k.yml", "- id: k\n"),
        (
            ".patchwork/rules/l.yml",
            &format!("id: l\nlanguage: Go\nrule:\n  pattern: '{}'\n", "(".repeat(5_000)),
        ),
        (
            ".patchwork/rules/m.yml",
            "id: m\nlanguage: Go\nmetadata: { security-severity: 11 }\nrule: { kind: x }\n",
        ),
        (".patchwork/rules/n.yml", "id: n\nlanguage: Go\nrule: { pattern: $A }\nfiles: ['[']\n"),
    ])
    .await;
    let failure = fixture.test.run_json(ScanRules, json!({})).await.unwrap_err().into_failure();
    assert_eq!(failure.exit_code(), 3);
    insta::assert_snapshot!(failure.causes.join("\n"), @r"
    .patchwork/rules/a.yml:3: unknown field `patern`, expected one of pattern, kind, regex, nthChild, range, inside, has, precedes, follows, all, any, not, matches
    .patchwork/rules/b.yml:10: `language` is `Cobol`, expected one of Python, JavaScript, TypeScript, Tsx, Java, Kotlin, Go, Rust, C, Cpp, CSharp, Php, Ruby
    .patchwork/rules/d.yml:1: there is no rule `python-evil` to switch off: did you mean `python-eval`?
    .patchwork/rules/e.yml:3: `rule` is not configured correctly: Rule contains invalid kind matcher: Invalid Kind: Kind `nothing` is invalid
    .patchwork/rules/f.yml:4: Undefined meta var `B` used in `fix`
    .patchwork/rules/g.yml:3: `rule` is not configured correctly: Rule contains invalid regex matcher: Parsing text matcher fails: regex parse error: ( ^ error: unclosed group
    .patchwork/rules/h.yml:3: expected `id`: up to 100 letters, digits, `-`, `_`, `.`, `/`, `:`
    .patchwork/rules/i.yml:2: mapping values are not allowed in this context
    .patchwork/rules/j.yml:1: `no-print` is a rule of .patchwork/rules/c.yml already
    .patchwork/rules/k.yml:1: expected a rule: a mapping with `id`, `language` and `rule`
    .patchwork/rules/l.yml:4: a text of 5000 bytes, expected at most 4096: `((((((((((((((((((((((((((((((((((((((((…`
    .patchwork/rules/m.yml:3: `security-severity` must be from 0 to 10
    .patchwork/rules/n.yml:4: error parsing glob '[': unclosed character class; missing ']'
    ");
}

#[tokio::test]
async fn the_report_of_rules_is_the_same_each_time() {
    let files: Vec<(String, String)> =
        (0..40).map(|i| (format!("d{}/f{i}.py", i % 3), BAD.repeat(i + 1))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let fixture = Fixture::new(&files).await;
    let (first, _) = fixture.test.run_json(ScanRules, json!({})).await.unwrap();
    assert_eq!(paths_in(&first).len(), 40 * 41 / 2);
    for _ in 0..3 {
        assert_eq!(fixture.test.run_json(ScanRules, json!({})).await.unwrap().0, first);
    }
}

#[tokio::test]
async fn a_report_that_is_given_is_taken_and_nothing_is_run() {
    let fixture = Fixture::new(&[("a.py", BAD)]).await.with_path(Path::new("/nowhere"));
    let report = json!({ "version": "2.1.0", "runs": [] });
    let file = fixture.repo.beside("given.sarif");
    std::fs::write(&file, format!("\u{feff}{report}")).unwrap();
    let in_repository = fixture.repo.path("given.sarif");
    std::fs::write(in_repository, report.to_string()).unwrap();
    for input in [
        json!({ "sarif_file_path": file }),
        json!({ "sarif_file_path": "given.sarif" }),
        json!({ "sarif_values": report }),
        json!({ "sarif_values": report.to_string() }),
        json!({ "sarif_file_path": file, "sarif_values": "" }),
    ] {
        let (semgrep, skipped) = fixture.test.run_json(ScanSemgrep, input.clone()).await.unwrap();
        assert_eq!((&semgrep["sarif_values"], skipped.as_deref()), (&report, Some("using the SARIF given")));
        let (scan, _) = fixture.test.run_json(Scan, input).await.unwrap();
        assert_eq!(scan, json!({ "sarif_values": report, "scanner": null, "scanner_name": "" }));
    }
}

#[tokio::test]
async fn a_report_that_can_not_be_read_is_named() {
    let fixture = Fixture::new(&[("a.py", BAD)]).await;
    let path = |name: &str| fixture.repo.beside(name).to_string_lossy().into_owned();
    std::fs::write(path("empty.sarif"), "").unwrap();
    std::fs::write(path("no.sarif"), "{}").unwrap();
    for (file, expected) in [
        ("gone.sarif", "does not exist"),
        ("repository", "is a folder: expected a SARIF file"),
        ("empty.sarif", "is empty: expected a SARIF 2.1.0 report"),
        ("no.sarif", "is not a SARIF report: it is `{}`, expected an object with `runs`"),
    ] {
        let file = path(file);
        let error = fixture.test.run_json(ScanSemgrep, json!({ "sarif_file_path": file })).await.unwrap_err();
        let failure = error.into_failure();
        assert_eq!(failure.message, format!("sarif_file_path {file} {expected}"));
        assert_eq!(failure.exit_code(), 3);
    }
}

#[tokio::test]
async fn without_semgrep_auto_takes_the_rules_and_says_so() {
    let fixture = Fixture::new(&[("a.py", BAD)]).await.with_path(Path::new("/nowhere"));
    let (found, skipped) = fixture.test.run_json(Scan, json!({})).await.unwrap();
    assert_eq!((found["scanner"].as_str(), skipped), (Some("rules"), None));
    assert_eq!(paths_in(&found), ["a.py"]);
    assert_eq!(fixture.test.notes(), ["Semgrep is not installed: scanning with Patchwork's own rules"]);
    fixture.test.run_json(Scan, json!({ "semgrep_extra_args": "--config x" })).await.unwrap();
    assert_eq!(
        fixture.test.warnings(),
        ["Semgrep is not installed: scanning with Patchwork's own rules, without semgrep_extra_args"]
    );
    for step in [json!({ "scanner": "semgrep" })] {
        let failure = fixture.test.run_json(Scan, step).await.unwrap_err().into_failure();
        assert!(failure.message.contains("Semgrep is not installed"), "{failure}");
        assert!(failure.hints.iter().any(|hint| hint.contains("pip install semgrep")), "{failure:?}");
    }
}

#[tokio::test]
async fn nothing_is_scanned_when_the_run_was_cancelled() {
    let fixture = Fixture::new(&[("a.py", BAD)]).await;
    fixture.test.cancel().cancel();
    let ctx = fixture.test.context_for(&ScanRules);
    let input = serde_json::from_value(json!({})).unwrap();
    let failure = ScanRules.run(&ctx, input).await.unwrap_err().into_failure();
    assert_eq!(failure.exit_code(), 130);
}
