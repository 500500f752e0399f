use patchwork_core::effect::Policy;
use patchwork_core::finding::Severity;
use proptest::prelude::*;

use super::*;
use crate::review::finding::Confidence;
use crate::review::fixture::{changed, renamed};
use crate::review::rules;

const OLD: &str = "def read(path):\n    data = load(path)\n    return data\n\n\ndef other():\n    return 1\n";
const NEW: &str = "def read(path):\n    data = open(path)\n    check(data)\n    return data\n\n\ndef other():\n    check(data)\n    return 2\n";

fn stated(side: Side, start_line: u32, line: u32, code: &str) -> Stated {
    Stated {
        rule: "logic".to_owned(),
        path: "a.py".to_owned(),
        side,
        start_line,
        line,
        code: code.to_owned(),
        severity: Severity::High,
        confidence: Confidence::HIGH,
        title: "Wrong".to_owned(),
        explanation: "Because.".to_owned(),
        suggestion: None,
    }
}

fn placed(file: ReviewFile, findings: Vec<Stated>) -> Placing {
    let rules = [rules::ours().into_iter().find(|rule| rule.id == "logic").unwrap()];
    let answer = ReviewAnswer { findings, ..ReviewAnswer::default() };
    let answered = Answered { paths: vec![file.path().to_owned()], answer };
    place(&[file], &rules, &Guarded::of(&Policy::default()), &[answered])
}

fn lines(side: Side, start: u32, end: u32, code: &str) -> Result<(Side, u32, u32), String> {
    let placing = placed(changed("a.py", OLD, NEW), vec![stated(side, start, end, code)]);
    match (placing.findings.first(), placing.notes.first()) {
        (Some(found), _) => Ok((found.side, found.start_line, found.line)),
        (_, Some(note)) => Err(note.reason.clone()),
        _ => Err(format!("{:?}", placing.dropped)),
    }
}

#[test]
fn the_quoted_code_decides() {
    use Side::{New, Old};
    let near = "quotes code that is there several times".to_owned();
    let gone = "quotes code that is not in the diff".to_owned();
    for (side, start, end, code, found) in [
        (New, 2, 2, "data = open(path)", Ok((New, 2, 2))),
        // The quote may be of any of the lines, and have the margin of the prompt.
        (New, 2, 4, "    return data", Ok((New, 2, 4))),
        (New, 2, 2, "          2 +     data = open(path)", Ok((New, 2, 2))),
        (New, 1, 1, "2 2 |     data  =  open(path)", Ok((New, 2, 2))),
        // A number that is off.
        (New, 7, 7, "data = open(path)", Ok((New, 2, 2))),
        (New, 1, 2, "data = open(path)\ncheck(data)", Ok((New, 2, 3))),
        // Two places: the nearer one, unless they are equally near or far.
        (New, 4, 4, "check(data)", Ok((New, 3, 3))),
        (New, 90, 90, "check(data)", Err(near)),
        // The other side.
        (New, 2, 2, "data = load(path)", Ok((Old, 2, 2))),
        (Old, 2, 2, "data = load(path)", Ok((Old, 2, 2))),
        (Old, 9, 9, "return 2", Ok((New, 9, 9))),
        (New, 2, 2, "data = close(path)", Err(gone.clone())),
        (New, 2, 2, "data", Err(gone)),
        (New, 2, 2, "", Err("quotes no code".to_owned())),
    ] {
        assert_eq!(lines(side, start, end, code), found, "{code:?} at {start}");
    }
}

#[test]
fn only_given_rules_and_files_count_and_nothing_twice() {
    let good = stated(Side::New, 2, 2, "data = open(path)");
    let placing = placed(
        changed("a.py", OLD, NEW),
        vec![
            Stated { rule: "invented".to_owned(), ..good.clone() },
            Stated { path: "../etc/passwd".to_owned(), ..good.clone() },
            Stated { path: "b/a.py".to_owned(), ..good.clone() },
            good,
        ],
    );
    assert_eq!(placing.findings.len(), 1);
    let dropped: Vec<_> = placing.dropped.iter().map(|(why, count)| (why.as_str(), *count)).collect();
    assert_eq!(
        dropped,
        [
            ("names no file that was asked about", 1),
            ("names no rule that was given", 1),
            ("was stated twice", 1),
        ]
    );
}

#[test]
fn a_line_outside_of_the_diff_gets_no_comment() {
    let body = "    x = 1\n".repeat(30);
    let old = format!("def f():\n    first()\n{body}    return 1\n");
    let file = changed("a.py", &old, &old.replace("return 1", "return 2"));
    let placing = placed(file, vec![stated(Side::New, 2, 2, "first()")]);
    assert_eq!((placing.findings.len(), placing.notes.len()), (0, 1));
}

#[test]
fn a_finding_carries_its_place_and_only_a_suggestion_that_holds() {
    let mut good = stated(Side::New, 2, 3, "data = open(path)");
    good.suggestion = Some("    with open(path) as data:\n        check(data)".to_owned());
    let mut bad = stated(Side::New, 9, 9, "return 2");
    bad.suggestion = Some("return (".to_owned());
    let found = placed(changed("a.py", OLD, NEW), vec![bad, good]).findings;
    assert_eq!((found[0].unit.as_str(), found[0].other_line), ("read", None));
    assert_eq!(found[0].suggestion.as_deref(), Some("    with open(path) as data:\n        check(data)"));
    assert_eq!(found[0].code, "    data = open(path)\n    check(data)");
    assert_eq!(found[1].suggestion_dropped.as_deref(), Some("the file does not parse with it"));
    let context = placed(changed("a.py", OLD, NEW), vec![stated(Side::New, 4, 4, "return data")]);
    assert_eq!(context.findings[0].other_line, Some(3));
}

#[test]
fn of_too_many_without_a_line_the_worst_are_kept() {
    let lost = |severity| Stated { severity, ..stated(Side::New, 4, 4, "nowhere()") };
    let mut findings = vec![lost(Severity::Low); MOST_NOTES + 7];
    findings.push(lost(Severity::Critical));
    let placing = placed(changed("a.py", OLD, NEW), findings);
    let first = &placing.notes[0];
    assert_eq!((placing.notes.len(), first.severity, first.near), (MOST_NOTES, Severity::Critical, 4));
    assert_eq!(placing.dropped.values().sum::<usize>(), 8);
}

/// The fingerprint of the finding on the line with this code.
fn print(file: ReviewFile, code: &str) -> String {
    let path = file.path().to_owned();
    let placing = placed(file, vec![Stated { path, ..stated(Side::New, 1, 1, code) }]);
    placing.findings[0].fingerprint.clone()
}

#[test]
fn a_fingerprint_survives_what_does_not_change_the_code() {
    let first = print(changed("a.py", OLD, NEW), "data = open(path)");
    // A rebase onto a base with other lines around and above.
    let above = "import os\n\n\ndef more():\n    return os\n\n\n";
    let rebased = changed("a.py", &format!("{above}{OLD}"), &format!("{above}{NEW}"));
    assert_eq!(print(rebased, "data = open(path)"), first);
    // Another indentation.
    let tabs = NEW.replace("    ", "\t");
    assert_eq!(print(changed("a.py", OLD, &tabs), "data = open(path)"), first);
    // Another name of the file.
    assert_eq!(print(renamed("a.py", "b.py", OLD, NEW), "data = open(path)"), first);
    // Other words of the model, and another severity.
    let mut other = stated(Side::New, 2, 2, "data = open(path)");
    (other.title, other.severity) = ("Something else".to_owned(), Severity::Low);
    assert_eq!(placed(changed("a.py", OLD, NEW), vec![other]).findings[0].fingerprint, first);
    assert_ne!(
        print(changed("a.py", OLD, &NEW.replace("open(path)", "open(path, 'r')")), "data = open(path, 'r')"),
        first
    );
}

#[test]
fn two_equal_lines_have_two_fingerprints() {
    let new = "def f():\n    check(data)\n    x = 1\n    check(data)\n";
    let two = vec![stated(Side::New, 4, 4, "check(data)"), stated(Side::New, 2, 2, "check(data)")];
    let found = placed(changed("a.py", "", new), two).findings;
    assert!(found[0].fingerprint.ends_with("-1.0") && found[1].fingerprint.ends_with("-1.1"), "{found:?}");
    let but_number = |at: usize| found[at].fingerprint.rsplit_once('.').unwrap().0;
    assert_eq!(but_number(0), but_number(1));
}

proptest! {
    #[test]
    fn nothing_stated_leads_out_of_the_diff(
        start in any::<u32>(), length in 0_u32..60, code in "(\\PC|\n){0,40}", old in any::<bool>(), real in 0_usize..9,
    ) {
        let side = if old { Side::Old } else { Side::New };
        let real = NEW.lines().nth(real).unwrap();
        for code in [code.as_str(), real] {
            let wanted = stated(side, start.max(1), start.max(1).saturating_add(length), code);
            let file = changed("a.py", OLD, NEW);
            let change = file.change.clone();
            for found in placed(file, vec![wanted]).findings {
                let hunk = change.hunk_of(found.side, found.start_line).unwrap();
                prop_assert!(hunk.holds(found.side, found.line) && found.start_line <= found.line);
            }
        }
    }
}
