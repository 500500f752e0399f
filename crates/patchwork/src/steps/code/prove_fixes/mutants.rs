//! A fixed file with parts of one fix undone: a test that proves the fix fails for each.

use std::collections::BTreeSet;

use patchwork_repo::language::Language;
use patchwork_repo::syntax::{Syntax, new_errors};

use super::hunks::{FixedText, Hunk, lines};

/// Mutants of one fix: each takes a run of the tests.
const MAX_MUTANTS: usize = 8;

/// A file with a part of its fix undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mutant {
    /// What is undone, for people.
    pub(super) what: String,
    pub(super) bytes: Vec<u8>,
    /// The same without the hunks that do nothing by themselves, for where it can't be built with them: some languages refuse
    /// an import that nothing uses, and one may have taken the place of another.
    pub(super) bare: Option<Vec<u8>>,
}

/// Undoes each hunk of a fix, and each statement of a hunk that has several; what does nothing by itself is left alone, unless
/// the fix has nothing else.
pub(super) fn mutants(path: &str, file: &FixedText, fix: usize) -> Vec<Mutant> {
    let language = Language::of_path(path);
    let parsed = |bytes: &[u8]| Syntax::parse(language?, std::str::from_utf8(bytes).ok()?);
    let (base, now) = (parsed(&file.base), parsed(&file.now));
    let own: Vec<&Hunk> = file.hunks.iter().filter(|hunk| hunk.fix == fix).collect();
    let matters = |hunk: &&&Hunk| match (&base, &now) {
        (Some(base), Some(now)) => {
            base.does_something(hunk.base.clone()) || now.does_something(hunk.now.clone())
        }
        _ => true,
    };
    let (live, idle): (Vec<&Hunk>, Vec<&Hunk>) = own.iter().copied().partition(|hunk| matters(&hunk));
    let mut found: Vec<Mutant> = live
        .iter()
        .map(|hunk| Mutant {
            what: lines_of(&hunk.now, &hunk.base),
            bytes: file.without(|other| other == *hunk),
            bare: (!idle.is_empty()).then(|| file.without(|other| other == *hunk || idle.contains(&other))),
        })
        .collect();
    if live.is_empty() && !idle.is_empty() {
        let bytes = file.without(|other| idle.contains(&other));
        found.push(Mutant { what: "all of it".to_owned(), bytes, bare: None });
    }
    if let (Some(base), Some(now)) = (&base, &now) {
        found.extend(live.iter().flat_map(|hunk| statements(file, hunk, base, now)));
    }
    let mut seen = BTreeSet::from([file.now.clone()]);
    found.retain(|mutant| seen.insert(mutant.bytes.clone()));
    // What does not even parse fails for another reason.
    found.retain(|mutant| match (&now, parsed(&mutant.bytes)) {
        (Some(now), Some(mutant)) => new_errors(now, &mutant).is_empty(),
        _ => true,
    });
    found.truncate(MAX_MUTANTS);
    found
}

/// Each statement of a hunk alone: back to what it was where the hunk has as many as before, else taken out.
fn statements(file: &FixedText, hunk: &Hunk, base: &Syntax, now: &Syntax) -> Vec<Mutant> {
    let (is, was) = (now.statements(hunk.now.clone()), base.statements(hunk.base.clone()));
    if is.len() < 2 {
        return Vec::new();
    }
    let pairs = is.len() == was.len();
    let (old, new) = (lines(&file.base), lines(&file.now));
    let mutant = |(at, rows): (usize, &std::ops::Range<usize>)| {
        let text = match was.get(at).filter(|_| pairs) {
            Some(was) => old.get(was.clone()).unwrap_or_default().concat(),
            None => nothing(now.language(), new.get(rows.start).copied().unwrap_or_default()),
        };
        Mutant { what: lines_of(rows, &(0..0)), bytes: file.with(&[(rows.clone(), text)]), bare: None }
    };
    let matters = |rows: &std::ops::Range<usize>| {
        now.does_something(rows.clone())
            && !(now.language() == Language::Go && passes_on_an_error(&new, rows))
    };
    is.iter().enumerate().filter(|(_, rows)| matters(rows)).map(mutant).collect()
}

/// Whether a line of Go does no more than to pass on what a call failed with: tests can seldom make that call fail.
fn passes_on_an_error(lines: &[&[u8]], rows: &std::ops::Range<usize>) -> bool {
    let text = |row: usize| lines.get(row).map_or("", |line| std::str::from_utf8(line).unwrap_or("").trim());
    let asked = rows.start.checked_sub(1).is_some_and(|before| text(before).ends_with("err != nil {"));
    let passed = text(rows.start);
    asked
        && rows.len() == 1
        && (passed == "panic(err)" || (passed.starts_with("return ") && passed.ends_with("err")))
}

/// What takes the place of a statement: in Python, a block must have one.
fn nothing(language: Language, line: &[u8]) -> Vec<u8> {
    if language != Language::Python {
        return Vec::new();
    }
    let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    [line.get(..indent).unwrap_or_default(), b"pass\n"].concat()
}

/// Names lines, 1-based.
fn lines_of(now: &std::ops::Range<usize>, base: &std::ops::Range<usize>) -> String {
    let (rows, what) = if now.is_empty() { (base, "taken out: old line") } else { (now, "line") };
    match rows.len() {
        0 | 1 => format!("{what} {}", rows.start + 1),
        _ => format!("{what}s {} to {}", rows.start + 1, rows.end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(base: &str, now: &str) -> FixedText {
        let old = base.lines().count();
        let fix: crate::steps::code::verify_patch::Fix = serde_json::from_value(serde_json::json!({
            "path": "a.py", "findings": [], "replaced": [base], "source": "model",
            "patch": {"edits": [{"path": "a.py", "start_line": 0, "end_line": old, "replacement": now}]},
            "commit_message": "", "patch_message": "", "diff": "", "evidence": {"level": "L0", "checks": []},
        }))
        .unwrap();
        FixedText::new("a.py", base.into(), now.into(), &[(0, &fix)]).unwrap()
    }

    fn shown(base: &str, now: &str) -> Vec<(String, String)> {
        let text = |mutant: Mutant| (mutant.what, String::from_utf8(mutant.bytes).unwrap());
        mutants("a.py", &file(base, now), 0).into_iter().map(text).collect()
    }

    #[test]
    fn each_hunk_is_undone_but_those_that_do_nothing() {
        let base = "import os\n\ndef f(x):\n    return eval(x)\n\ndef g(x):\n    return exec(x)\n";
        let now = "import ast\nimport os\n\n# Safe.\ndef f(x):\n    return ast.literal_eval(x)\n\ndef g(x):\n    raise ValueError\n";
        let found = shown(base, now);
        let what: Vec<&str> = found.iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(what, ["line 6", "line 9"]);
        assert_eq!(found[0].1, now.replace("ast.literal_eval(x)", "eval(x)"));
        assert_eq!(found[1].1, now.replace("raise ValueError", "return exec(x)"));
    }

    #[test]
    fn imports_alone_are_undone_together_and_else_where_nothing_is_built_with_them() {
        let (base, now) = ("from a import f\n\nf(1)\n", "from b import f\n\nf(1)\n");
        assert_eq!(shown(base, now), [("all of it".to_owned(), base.to_owned())]);
        let base = "import os\n\nx = 1\nos.system(x)\n";
        let found = mutants("a.py", &file(base, "import subprocess\n\nx = 1\nsubprocess.run([x])\n"), 0);
        assert_eq!(found[0].bare.as_deref(), Some(base.as_bytes()));
    }

    #[test]
    fn each_statement_of_a_hunk_is_undone_alone() {
        let base = "def f(x):\n    return run(x)\n";
        let now =
            "def f(x):\n    if bad(x):\n        raise ValueError(x)\n    y = quote(x)\n    return run(y)\n";
        let found = shown(base, now);
        let what: Vec<&str> = found.iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(what, ["lines 2 to 5", "lines 2 to 3", "line 4", "line 5", "line 3"]);
        assert_eq!(found[1].1, "def f(x):\n    pass\n    y = quote(x)\n    return run(y)\n");
        let pairs = shown("a = 1\nb = 2\n", "a = 3\nb = 4\n");
        assert_eq!(pairs[1].1, "a = 1\nb = 4\n");
        let many: String = (0..50).map(|n| format!("v{n} = {n}\n")).collect();
        assert_eq!(shown("x\n", &many).len(), MAX_MUTANTS);
    }

    #[test]
    fn what_only_passes_on_an_error_is_left_alone_in_go() {
        let go = "a()\nif err != nil {\n\treturn nil, err\n}\nif err != nil {\n\treturn nil, bad\n}\n";
        let lines: Vec<&[u8]> = go.split_inclusive('\n').map(str::as_bytes).collect();
        let passed: Vec<usize> = (0..7).filter(|row| passes_on_an_error(&lines, &(*row..row + 1))).collect();
        assert_eq!(passed, [2]);
    }

    #[test]
    fn lines_that_were_taken_out_come_back() {
        let found = shown("def f():\n    a()\n    b()\n", "def f():\n    b()\n");
        assert_eq!(found, [("taken out: old line 2".to_owned(), "def f():\n    a()\n    b()\n".to_owned())]);
    }
}
