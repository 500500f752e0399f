//! Fixes of our own rules, written and read back.

use patchwork_core::finding::Severity;
use patchwork_core::patch::{Edit, Patch};

use super::dice::Dice;
use super::*;

#[test]
fn what_is_written_reads_back_with_its_fix() {
    let place = |line, columns: (u32, u32), text| ScanResult {
        path: "a b%.py".into(),
        start: (line, columns.0),
        end: (line, columns.1),
        rule: 0,
        message: "found".into(),
        fix: Some(("Do y.".into(), vec![replacement(line, columns, text)])),
        suppressed: None,
    };
    let results = [place(1, (3, 4), "y"), place(1, (7, 8), "yy"), place(2, (1, 2), "")];
    let written = own(&results, &["b.py: is no text".into()]);
    let files = Files([("a b%.py", "é x 😀 x\nx\n")].into());
    let report = files.read(&written).unwrap();
    assert_eq!(report.problems, ["Patchwork rules: b.py: is no text"]);
    let [first, second, third] = report.findings.as_slice() else { panic!("{report:?}") };
    assert_eq!((first.path.as_str(), first.severity, first.start_line), ("a b%.py", Severity::High, 1));
    assert_eq!((&first.cwe, &first.suggestions), (&vec!["CWE-79".to_owned()], &vec!["Do y.".to_owned()]));
    let line_text = |_: &str, start: u32, _: u32| Some(["é x 😀 x\n", "x\n"][start as usize - 1].to_owned());
    let patch = patch_of([first, second, third].map(|f| &report.fixes[&f.fingerprint]), &line_text);
    let edit = |line: u32, text: &str| Edit {
        path: "a b%.py".into(),
        start_line: Some(line),
        end_line: Some(line + 1),
        replacement: text.into(),
    };
    assert_eq!(patch, Some(Patch { edits: vec![edit(0, "é y 😀 yy\n"), edit(1, "\n")] }));
}

#[test]
fn fixes_that_do_not_go_together_are_no_patch() {
    let fix = |replacement: Replacement| Fix { replacements: vec![replacement] };
    let line_text = |_: &str, _: u32, _: u32| Some("abcdef\n".to_owned());
    let over = [fix(replacement(1, (1, 4), "x")), fix(replacement(1, (3, 5), "y"))];
    assert_eq!(patch_of(&over, &line_text), None);
    let same = [fix(replacement(1, (1, 2), "x")), fix(replacement(1, (1, 2), "x"))];
    assert_eq!(patch_of(&same, &line_text).unwrap().edits[0].replacement, "xbcdef\n");
    for (line, columns) in [(0, (1, 1)), (1, (0, 1)), (1, (1, 99)), (1, (5, 2))] {
        assert_eq!(patch_of(&[fix(replacement(line, columns, ""))], &line_text), None, "{line} {columns:?}");
    }
    assert_eq!(patch_of(&[fix(replacement(1, (1, 2), ""))], &|_, _, _| None), None);
    assert_eq!(patch_of(&[], &line_text), None);
}

#[test]
fn fixes_are_taken_together_only_when_they_make_a_patch() {
    let text = "abcdefgh\nabcdefgh\n";
    let line_text = |_: &str, start: u32, end: u32| {
        Some(
            text.split_inclusive('\n')
                .skip(start as usize - 1)
                .take((end - start + 1) as usize)
                .collect::<String>(),
        )
    };
    let mut dice = Dice(11);
    for _ in 0..2_000 {
        let fixes: Vec<Fix> = (0..dice.roll(6))
            .map(|_| {
                let start = 1 + dice.roll(8) as u32;
                let end = start + dice.roll(3) as u32;
                let text = ["x", "y"][dice.roll(2)];
                Fix { replacements: vec![replacement(1 + dice.roll(2) as u32, (start, end.min(9)), text)] }
            })
            .collect();
        let mut together = Together::default();
        let chosen: Vec<&Fix> = fixes.iter().filter(|fix| together.take(fix)).collect();
        assert_eq!(chosen.is_empty(), fixes.is_empty());
        assert_eq!(patch_of(chosen.iter().copied(), &line_text).is_some(), !chosen.is_empty(), "{chosen:?}");
    }
}
