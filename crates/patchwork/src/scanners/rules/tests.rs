//! Every rule on its own cases.

use std::collections::BTreeMap;
use std::time::Duration;

use ast_grep_language::LanguageExt;
use patchwork_repo::language::Language;
use patchwork_repo::text::SourceText;
use serde::Deserialize;

use super::catalogue::{Catalogue, FILES};
use super::matching::{Problem, scan_text};
use super::rule_file::{self, Fault, documents};
use super::*;
use crate::sarif::{Fix, patch_of};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    invalid: Vec<Invalid>,
    valid: Vec<String>,
    /// What no fix may look like.
    #[serde(default)]
    strict_invalid: Vec<String>,
    /// What right fixes look like.
    #[serde(default)]
    strict_valid: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Invalid {
    code: String,
    fixed: Option<String>,
}

fn cases(text: &str) -> Cases {
    let (_, document) = documents(text).last().unwrap();
    serde_saphyr::from_str(document).unwrap()
}

/// The findings of one shipped rule in a text.
fn findings(rule: &str, path: &str, code: &str) -> Vec<ScanResult> {
    findings_of(&Catalogue::shipped().unwrap(), rule, path, code)
}

fn findings_of(catalogue: &Catalogue, rule: &str, path: &str, code: &str) -> Vec<ScanResult> {
    let all = scanned(catalogue, path, code, Duration::from_secs(60)).unwrap();
    all.into_iter().filter(|result| catalogue.texts()[result.rule].id == rule).collect()
}

fn scanned(
    catalogue: &Catalogue,
    path: &str,
    code: &str,
    time: Duration,
) -> Result<Vec<ScanResult>, Problem> {
    let text = SourceText::decode(code.as_bytes()).unwrap();
    let language = Language::of_path(path).unwrap();
    on_large_stack(|| Ok(scan_text(catalogue, language, path, &text, time))).unwrap()
}

/// The rules of one file, alone.
fn catalogue(path: &str, text: &str, own: bool) -> Result<Catalogue, Vec<Fault>> {
    Catalogue::compile(rule_file::read(path, text, own)?.rules.iter())
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
    let tree = Language::of_path(path).unwrap().support_lang().ast_grep(code);
    tree.root().dfs().all(|node| !node.is_error() && !node.is_missing())
}

/// A file that rules of a folder look at.
fn case_path(file: &str) -> &'static str {
    match file.split_once('/').unwrap().0 {
        "go" => "case.go",
        "java" => "Case.java",
        "javascript" => "case.js",
        "python" => "case.py",
        "ruby" => "case.rb",
        "typescript" => "case.ts",
        other => panic!("{other}: which files are these rules for?"),
    }
}

/// What is wrong with the cases of one rule file.
fn faults(file: &str, text: &str) -> Vec<String> {
    let path = case_path(file);
    let id = file.trim_end_matches(".yml").replace('/', "-");
    let cases = cases(text);
    // By itself: a file that can't be read must not hide what is wrong with others.
    let alone = match catalogue(file, text, false) {
        Ok(alone) => alone,
        Err(faults) => return faults.iter().map(ToString::to_string).collect(),
    };
    let findings = |code: &str| findings_of(&alone, &id, path, code);
    let mut faults = strict_faults(file, text, &cases);
    if cases.invalid.is_empty() || cases.valid.is_empty() {
        faults.push("needs both kinds of cases".to_owned());
    }
    for code in &cases.valid {
        if !parses(path, code) {
            faults.push(format!("this does not parse:\n{code}"));
        }
        if !findings(code).is_empty() {
            faults.push(format!("fires on what is right:\n{code}"));
        }
    }
    for Invalid { code, fixed: expected } in &cases.invalid {
        if !parses(path, code) {
            faults.push(format!("this does not parse:\n{code}"));
        }
        let found = findings(code);
        if found.len() != 1 {
            faults.push(format!("fires {} times, not once, on:\n{code}", found.len()));
            continue;
        }
        let after = fixed(code, &found);
        if after != *expected {
            faults.push(format!("the fix gives\n{after:?}, expected\n{expected:?}"));
        }
        if let Some(after) = after {
            if !parses(path, &after) {
                faults.push(format!("the fix does not parse:\n{after}"));
            }
            if !findings(&after).is_empty() {
                faults.push(format!("still fires on what is fixed:\n{after}"));
            }
        }
    }
    faults
}

/// What is wrong with the strict rules of a file and their cases.
fn strict_faults(file: &str, text: &str, cases: &Cases) -> Vec<String> {
    let path = case_path(file);
    let rules = rule_file::read(file, text, false).map(|file| file.strict).unwrap_or_default();
    let strict = match Catalogue::compile(rules.iter()) {
        Ok(strict) => strict,
        Err(faults) => return faults.iter().map(ToString::to_string).collect(),
    };
    let fires = |code: &str| !scanned(&strict, path, code, Duration::from_secs(60)).unwrap().is_empty();
    let mut faults = Vec::new();
    if !rules.is_empty() && (cases.strict_invalid.is_empty() || cases.strict_valid.len() < 3) {
        faults.push("strict rules need what no fix looks like, and three right fixes".to_owned());
    }
    for code in cases.strict_invalid.iter().filter(|code| !parses(path, code) || !fires(code)) {
        faults.push(format!("takes this for a fix, or it does not parse:\n{code}"));
    }
    let fixed = cases.invalid.iter().filter_map(|case| case.fixed.as_ref());
    for code in cases
        .strict_valid
        .iter()
        .filter(|code| !parses(path, code))
        .chain(cases.strict_valid.iter().chain(fixed).filter(|code| fires(code)))
    {
        faults.push(format!("does not take this for a fix, or it does not parse:\n{code}"));
    }
    faults
}

#[test]
fn every_rule_finds_its_cases_and_its_fix_ends_them() {
    let faults: Vec<String> = FILES
        .iter()
        .flat_map(|(file, text)| faults(file, text).into_iter().map(move |fault| format!("{file} {fault}")))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn every_rule_says_what_it_is_about() {
    let catalogue = Catalogue::shipped().unwrap();
    assert_eq!(catalogue.texts().len(), FILES.len(), "one id a file");
    assert!(catalogue.texts().len() >= 60, "{} rules are shipped", catalogue.texts().len());
    for ((file, text), rule) in FILES.iter().zip(catalogue.texts()) {
        assert_eq!(rule.id, file.trim_end_matches(".yml").replace('/', "-"));
        assert!(rule.score.is_some_and(|score| score > 0.0 && score <= 10.0), "{file}: security-severity");
        let cwe = |id: &String| id.strip_prefix("CWE-").is_some_and(|digits| digits.parse::<u16>().is_ok());
        assert!(!rule.cwe.is_empty() && rule.cwe.iter().all(cwe), "{file}: cwe");
        assert!(rule.url.as_ref().is_some_and(|url| url.starts_with("https://")), "{file}: url");
        assert!(rule.summary.ends_with(['.', '!']), "{file}: the message is a sentence");
        let is_rule =
            |document: &str| !document.starts_with("invalid:") && !document.contains("\n  strict: true");
        for (_, document) in documents(text).filter(|(_, document)| is_rule(document)) {
            assert!(document.contains("\n  references: [\"https://"), "{file}: references");
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
fn a_rule_that_takes_too_long_is_named() {
    let slow = "\
id: slow
language: Python
rule:
  kind: identifier
  inside:
    stopBy: end
    kind: module
    has: { stopBy: end, kind: call, follows: { stopBy: end, has: { stopBy: end, regex: '^nowhere$' } } }
";
    let catalogue = catalogue("slow.yml", slow, true).ok().unwrap();
    // Without the word the rule would not be tried at all.
    let code = format!("# it is nowhere\n{}", "value = call(other)\n".repeat(5_000));
    match scanned(&catalogue, "a.py", &code, Duration::from_millis(300)) {
        Err(Problem::Rule(failure)) => {
            assert_eq!(failure.message, "slow.yml: the rule `slow` takes more than 0.3 s for a.py");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn hostile_rules_are_refused_or_harmless() {
    let head = "id: x\nlanguage: JavaScript\n";
    let deep = format!("{head}rule:\n  pattern: '{}{}'\n", "[".repeat(2_000), "]".repeat(2_000));
    let long_chain = format!("{head}rule:\n  pattern: '{}x'\n", "!".repeat(4_000));
    let nested = format!("{head}rule: {}{{ kind: number }}{}\n", "{ not: ".repeat(3_000), "}".repeat(3_000));
    let bomb = (1..30).map(|i| format!("a{i}: &a{i} [*a{}, *a{}]\n", i - 1, i - 1)).collect::<String>();
    let bomb =
        format!("{head}rule: {{ kind: number }}\nmetadata:\n  a0: &a0 [x]\n  {}", bomb.replace('\n', "\n  "));
    let expression = format!("{head}rule: {{ kind: number, regex: '((\\w{{900}}){{900}}){{900}}' }}\n");
    let circle =
        format!("{head}utils: {{ a: {{ matches: b }}, b: {{ matches: a }} }}\nrule: {{ matches: a }}\n");
    let tag = format!("{head}rule: !!python/object:os.system {{ kind: number }}\n");
    let no_kind = format!("{head}rule: {{ regex: x }}\n");
    for (name, text, refused) in [
        ("deep", deep, false),
        ("long chain", long_chain, false),
        ("nested", nested, true),
        ("aliases", bomb, true),
        ("expression", expression, true),
        ("circle", circle, true),
        ("tag", tag, true),
        ("no kind", no_kind, true),
    ] {
        let read = on_large_stack(|| Ok(catalogue("x.yml", &text, true).map(|_| ()))).unwrap();
        assert_eq!(read.is_err(), refused, "{name}: {read:?}");
        if !refused {
            let code = "let x = [[[1]]];\n".repeat(100);
            let catalogue = on_large_stack(|| Ok(catalogue("x.yml", &text, true).ok())).unwrap().unwrap();
            assert_eq!(scanned(&catalogue, "a.js", &code, Duration::from_secs(60)).unwrap(), [], "{name}");
            let dropped = || {
                drop(catalogue);
                Ok(())
            };
            on_large_stack(dropped).unwrap();
        }
    }
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
