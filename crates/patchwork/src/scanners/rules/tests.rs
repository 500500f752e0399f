//! Every rule on its own cases.

use std::collections::BTreeMap;
use std::path::Path;

use ast_grep_language::LanguageExt;
use patchwork_repo::text::SourceText;
use serde::Deserialize;

use super::catalogue::{Catalogue, FILES, language_of, rule_documents};
use super::matching::scan_text;
use crate::sarif::{Fix, ScanResult, patch_of};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    invalid: Vec<Invalid>,
    valid: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Invalid {
    code: String,
    fixed: Option<String>,
}

fn cases(text: &str) -> Cases {
    let document = text.split("\n---\n").last().unwrap();
    serde_saphyr::from_str(document).unwrap()
}

/// The findings of one rule in a text.
fn findings(rule: &str, path: &str, code: &str) -> Vec<ScanResult> {
    let catalogue = Catalogue::shipped().unwrap();
    let text = SourceText::decode(code.as_bytes()).unwrap();
    let all = scan_text(catalogue, language_of(path).unwrap(), path, &text);
    all.into_iter().filter(|result| catalogue.texts()[result.rule].id == rule).collect()
}

/// The text after the fixes of all findings.
fn fixed(code: &str, found: &[ScanResult]) -> Option<String> {
    let line_text = |_: &str, start: u32, end: u32| {
        let lines: Vec<_> = code.split_inclusive('\n').collect();
        Some(lines.get(start as usize - 1..end as usize)?.concat())
    };
    let fixes: Option<Vec<Fix>> =
        found.iter().map(|f| Some(Fix { replacements: f.fix.as_ref()?.1.clone() })).collect();
    let mut edits = patch_of(&fixes?, &line_text)?.edits;
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.start_line));
    let mut lines: Vec<String> = code.split_inclusive('\n').map(str::to_owned).collect();
    for edit in edits {
        let range = edit.start_line.unwrap() as usize..edit.end_line.unwrap() as usize;
        lines.splice(range, [edit.replacement]);
    }
    Some(lines.concat())
}

fn parses(path: &str, code: &str) -> bool {
    let tree = language_of(path).unwrap().ast_grep(code);
    tree.root().dfs().all(|node| !node.is_error() && !node.is_missing())
}

#[test]
fn every_rule_finds_its_cases_and_its_fix_ends_them() {
    for (file, text) in FILES {
        let path = match file.split_once('/').unwrap().0 {
            "python" => "case.py",
            "javascript" => "case.js",
            other => panic!("{other} has no rules yet"),
        };
        let id = text.lines().next().unwrap().strip_prefix("id: ").unwrap();
        let cases = cases(text);
        assert!(!cases.invalid.is_empty() && !cases.valid.is_empty(), "{file}: both kinds of cases");
        for code in &cases.valid {
            assert!(parses(path, code), "{file}: {code}");
            assert_eq!(findings(id, path, code), [], "{file} fires on {code}");
        }
        for case in &cases.invalid {
            assert!(parses(path, &case.code), "{file}: {}", case.code);
            let found = findings(id, path, &case.code);
            assert_eq!(found.len(), 1, "{file} on {}", case.code);
            let after = fixed(&case.code, &found);
            assert_eq!(after, case.fixed, "{file} on {}", case.code);
            if let Some(after) = after {
                assert!(parses(path, &after), "{file} leaves {after}");
                assert_eq!(findings(id, path, &after), [], "{file} still fires on {after}");
            }
        }
    }
}

#[test]
fn every_rule_file_is_shipped_and_says_what_it_is_about() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut on_disk = Vec::new();
    for language in std::fs::read_dir(&folder).unwrap() {
        let language = language.unwrap().path();
        for file in std::fs::read_dir(&language).unwrap() {
            let file = file.unwrap().path();
            on_disk.push(file.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/"));
        }
    }
    on_disk.sort();
    let shipped: Vec<_> = FILES.iter().map(|(file, _)| file.to_string()).collect();
    assert_eq!(on_disk, shipped);

    let catalogue = Catalogue::shipped().unwrap();
    assert_eq!(catalogue.texts().len(), FILES.len(), "one id a file");
    for ((file, text), rule) in FILES.iter().zip(catalogue.texts()) {
        let (language, name) = file.trim_end_matches(".yml").split_once('/').unwrap();
        assert_eq!(rule.id, format!("{language}-{name}"));
        assert!(rule.score.is_some() && !rule.cwe.is_empty() && rule.url.is_some(), "{file}");
        for document in rule_documents(text) {
            let has_fix = document.contains("\nfix: ");
            assert_eq!(
                has_fix,
                document.contains("\n  fix: "),
                "{file}: a fix is described where there is one"
            );
        }
    }
}

#[test]
fn a_rule_for_javascript_holds_in_typescript() {
    let code = "const agent: Agent = new Agent({ rejectUnauthorized: false });\n";
    for path in ["a.ts", "a.tsx", "a.js", "a.mjs"] {
        let code =
            if path.ends_with("s") && path.contains("j") { code.replace(": Agent", "") } else { code.into() };
        assert_eq!(findings("javascript-reject-unauthorized", path, &code).len(), 1, "{path}");
    }
}

#[test]
fn a_comment_silences_a_rule() {
    let rule = "python-eval";
    assert_eq!(findings(rule, "a.py", "x = 1\n# ast-grep-ignore: python-eval\nv = eval(t)\n"), []);
    assert_eq!(findings(rule, "a.py", "x = 1\nv = eval(t)  # ast-grep-ignore\n"), []);
    assert_eq!(findings(rule, "a.py", "x = 1\n# ast-grep-ignore: other\nv = eval(t)\n").len(), 1);
}

#[test]
fn two_fixes_on_one_line_and_columns_after_wide_letters_land_right() {
    let code = "é = '😀'; a = yaml.load(x); b = yaml.load(y)\r\nz = 1\r\n";
    let text = SourceText::decode(code.as_bytes()).unwrap();
    let found = findings("python-yaml-load", "a.py", code);
    assert_eq!(found.len(), 2);
    let after = fixed(text.text(), &found).unwrap();
    assert_eq!(after, "é = '😀'; a = yaml.safe_load(x); b = yaml.safe_load(y)\nz = 1\n");
}

#[test]
fn hostile_sources_neither_crash_nor_hang() {
    let deep = format!("{}{}\n", "(".repeat(20_000), ")".repeat(20_000));
    let cases: BTreeMap<&str, String> = [
        ("deep", deep),
        ("broken", "def (:\n eval(x\n".into()),
        ("empty", String::new()),
        ("one line", "yaml.load(a);".repeat(2_000)),
    ]
    .into();
    for (name, code) in cases {
        let found = findings("python-yaml-load", "a.py", &code);
        assert_eq!(found.len(), if name == "one line" { 2_000 } else { 0 }, "{name}");
    }
}
