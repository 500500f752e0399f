use patchwork_core::change::Side;
use patchwork_core::finding::Severity;
use proptest::prelude::*;

use super::*;
use crate::review::file::ReviewFile;
use crate::review::finding::Confidence;
use crate::review::fixture::changed;

fn print(rule: &str, path: &str, line: &str) -> String {
    Fingerprint::of(rule, path, "f", Side::New, [line]).to_string()
}

fn dismissal(path: &str, line: &str) -> Dismissal {
    Dismissal {
        fingerprint: print("logic", path, line),
        rule: "logic".to_owned(),
        path: path.to_owned(),
        reason: "the caller: checks\nit #1 \"twice\"".to_owned(),
        by: "ada".to_owned(),
        when: "2026-03-01".to_owned(),
    }
}

fn finding(path: &str, fingerprint: String) -> ReviewFinding {
    ReviewFinding {
        fingerprint,
        rule: "logic".to_owned(),
        path: path.to_owned(),
        old_path: None,
        side: Side::New,
        start_line: 1,
        line: 1,
        other_line: None,
        unit: String::new(),
        severity: Severity::High,
        confidence: Confidence::HIGH,
        title: "t".to_owned(),
        explanation: String::new(),
        code: String::new(),
        suggestion: None,
        suggestion_dropped: None,
    }
}

#[test]
fn what_is_written_is_read_again_and_sorted() {
    let mut memory = Memory::default();
    assert_eq!(memory.add(vec![dismissal("b.py", "x"), dismissal("a.py", "x")]).len(), 2);
    assert!(memory.add(vec![dismissal("a.py", "x")]).is_empty(), "it is there already");
    let text = memory.write();
    let first = text.lines().skip(2).take(6).collect::<Vec<_>>().join("\n");
    let fingerprint = print("logic", "a.py", "x");
    assert_eq!(
        first,
        format!(
            "- path: a.py\n  rule: logic\n  reason: \"the caller: checks it #1 \\\"twice\\\"\"\n  by: ada\n  when: \"2026-03-01\"\n  fingerprint: {fingerprint}"
        )
    );
    let (again, faults) = Memory::read(&text);
    assert_eq!((&again, faults.len()), (&memory, 0));
    assert_eq!(again.write(), text);
}

#[test]
fn people_may_edit_it_and_bad_entries_are_told_with_their_line_and_kept() {
    let (good, other) = (print("logic", "a.py", "x"), print("logic", "a.py", "y"));
    let text = format!(
        "# ours\n- fingerprint: {good}\n  reason: >\n    long\n    words\n  ticket: {{ id: 7 }}\n<<<<<<< ours\n- fingerprint: {other}\n  reason: 'no'\n=======\n- fingerprint: nonsense\n  reason: x\n>>>>>>> theirs\n- reason: [\n- fingerprint: {good}\n  reason: \"\"\nhello\n"
    );
    let (memory, faults) = Memory::read(&text);
    let lines: Vec<_> = faults.iter().map(|fault| fault.split(": ").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            ".patchwork/dismissed.yml:11",
            ".patchwork/dismissed.yml:14",
            ".patchwork/dismissed.yml:15",
            ".patchwork/dismissed.yml:17",
        ]
    );
    assert_eq!(memory.dismissals().count(), 2);
    let written = memory.write();
    assert!(written.contains("  ticket: {\"id\":7}\n") && written.contains("- reason: [\n"), "{written}");
    assert_eq!(Memory::read(&written).0.write(), written);
}

#[test]
fn a_dismissal_speaks_for_the_same_lines_also_after_a_move() {
    let (memory, _) = Memory::read(&{
        let mut memory = Memory::default();
        memory.add(vec![dismissal("src/a.py", "os.system(command)")]);
        memory.write()
    });
    let said = |path: &str, print: String| memory.find(&finding(path, print)).is_some();
    assert!(said("src/a.py", print("logic", "src/a.py", "  os.system( command )")));
    let moved =
        Fingerprint::of("logic", "src/a.py", "Other.g", Side::New, ["os.system(command)"]).to_string();
    assert!(said("src/a.py", moved));
    assert!(said("lib/a.py", print("logic", "lib/a.py", "os.system(command)")));
    assert!(!said("src/b.py", print("logic", "src/b.py", "os.system(command)")));
    assert!(!said("src/a.py", print("words", "src/a.py", "os.system(command)")));
    assert!(!said("src/a.py", print("logic", "src/a.py", "os.system(other)")));
}

#[test]
fn a_copy_of_what_was_dismissed_is_another_matter() {
    let line = "    os.system(command)\n";
    let both = format!("def f(command):\n{line}\n\ndef g(command):\n{line}");
    let alone = format!("def f(command):\n    pass\n\n\ndef g(command):\n{line}");
    let copy = |path: &str| {
        let print = Fingerprint::of("logic", path, "g", Side::New, ["os.system(command)"]);
        finding(path, print.to_string())
    };
    let dismisses = |finding: &ReviewFinding, files: &[ReviewFile], there: bool| {
        let mut memory = Memory::default();
        memory.add(vec![dismissal("a.py", "os.system(command)")]);
        memory.look(std::slice::from_ref(finding), files, |path| there && path == "a.py");
        memory.find(finding).is_some()
    };
    // Moved within the file, and copied.
    assert!(dismisses(&copy("a.py"), &[changed("a.py", &both.replace("g(", "h("), &alone)], true));
    assert!(!dismisses(&copy("a.py"), &[changed("a.py", &alone, &both)], true));
    // Into a file of the same name: from one that is gone, or that the change does not touch.
    let other = || [changed("b/a.py", "", &alone)];
    assert!(dismisses(&copy("b/a.py"), &other(), false));
    assert!(!dismisses(&copy("b/a.py"), &other(), true));
    // Where it was dismissed it stays so.
    let same = finding("a.py", print("logic", "a.py", "os.system(command)"));
    assert!(dismisses(&same, &[changed("a.py", &alone, &both)], true));
}

#[test]
fn it_is_bounded() {
    let many = (0..6_000).map(|line| dismissal("a.py", &line.to_string())).collect();
    let mut memory = Memory::default();
    assert_eq!(memory.add(many).len(), MOST);
    let long = Dismissal { reason: "x".repeat(10_000), ..dismissal("b.py", "x") };
    let mut memory = Memory::default();
    assert_eq!(memory.add(vec![long])[0].reason.len(), LONGEST);
    let bomb = format!("- reason: x\n  fingerprint: &a [{}]\n", "*a,".repeat(1_000));
    assert_eq!(Memory::read(&bomb).0.dismissals().count(), 0);
}

proptest! {
    #[test]
    fn any_text_is_read_and_any_reason_written(text in "(\\PC|\n|- |: ){0,200}", reason in "\\PC{0,60}") {
        let (memory, _) = Memory::read(&text);
        let written = memory.write();
        prop_assert_eq!(Memory::read(&written).0.write(), written);
        let mut memory = Memory::default();
        let entry = Dismissal { reason: format!("x{reason}"), by: reason.clone(), ..dismissal(&reason, "x") };
        let added = memory.add(vec![entry]);
        let (again, faults) = Memory::read(&memory.write());
        prop_assert_eq!(again.dismissals().cloned().collect::<Vec<_>>(), added, "{:?}", faults);
    }
}
