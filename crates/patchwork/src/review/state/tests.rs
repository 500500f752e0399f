use patchwork_core::port::forge::Hidden;
use patchwork_core::port::forge::mark::Mark;

use super::*;
use crate::review::bundle::{Limits, bundle};
use crate::review::file::ReviewFile;
use crate::review::fixture::changed;
use crate::review::index::Index;
use crate::review::unit::cut;

fn file(number: usize, change: usize) -> ReviewFile {
    let body = |change: usize| {
        (0..60).map(|line| format!("    step_{number}_{line}(value, {change})\n")).collect::<String>()
    };
    let text = |change: usize| format!("def work_{number}(value):\n{}", body(change));
    changed(&format!("src/part_{number}/work_{number}.py"), &text(0), &text(change))
}

#[test]
fn an_update_of_one_file_costs_a_tenth_of_the_calls_at_most() {
    let files: Vec<ReviewFile> = (0..60).map(|number| file(number, 1)).collect();
    let units = cut(&files);
    let first = bundle(&units, &Index::new(&units, &[]), Limits::default(), |_| true);
    assert!(first.len() >= 20, "{}", first.len());
    let answered: Vec<String> = first.iter().flat_map(|bundle| bundle.units.clone()).collect();
    let state = State::default().after(&units, &answered, "abc", "rules", Kept::default());
    let state = State::read(&state.write()).unwrap();
    // The same again, after a rebase: nothing is asked.
    assert!(units.iter().flat_map(|file| &file.units).all(|unit| !state.pending("rules", unit)));
    let update: Vec<ReviewFile> =
        (0..60).map(|number| file(number, if number == 7 { 2 } else { 1 })).collect();
    let units = cut(&update);
    let second =
        bundle(&units, &Index::new(&units, &[]), Limits::default(), |unit| state.pending("rules", unit));
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].paths, ["src/part_7/work_7.py"]);
    // Other rules make everything a question again.
    assert!(units.iter().flat_map(|file| &file.units).all(|unit| state.pending("other rules", unit)));
}

#[test]
fn units_whose_call_failed_are_asked_about_again() {
    let files = [file(1, 1), file(2, 1)];
    let units = cut(&files);
    let answered = [units[0].units[0].hash.clone()];
    let state = State::default().after(&units, &answered, "abc", "rules", Kept::default());
    assert!(!state.pending("rules", &units[0].units[0]) && state.pending("rules", &units[1].units[0]));
    // What is no longer part of the change is forgotten.
    let later = state.after(&units[1..], &[], "abd", "rules", Kept::default());
    assert!(later.units.is_empty());
}

#[test]
fn what_only_the_summary_told_is_told_again_until_its_code_changes() {
    let files = [file(1, 1)];
    let units = cut(&files);
    let unit = units[0].units[0].hash.clone();
    let told = Told {
        fingerprint: "x".to_owned(),
        rule: "logic".to_owned(),
        path: "old.py".to_owned(),
        line: 90,
        severity: Severity::Low,
        title: "Wröng".to_owned(),
        unit: unit.clone(),
    };
    let state = State { told: vec![told], ..State::default() };
    let state = State::read(&state.write()).unwrap();
    let carried = state.carried(&units, &[], &HashSet::new());
    assert_eq!(
        (carried[0].path.as_str(), carried[0].line, carried[0].title.as_str()),
        ("src/part_1/work_1.py", 2, "Wröng")
    );
    assert!(state.carried(&units, &[unit], &HashSet::new()).is_empty());
    assert!(state.carried(&cut(&[file(1, 2)]), &[], &HashSet::new()).is_empty());
    // Its file is left out since: that hides nothing.
    assert_eq!(state.carried(&[], &[], &HashSet::from(["old.py"])), state.told);
}

#[test]
fn a_state_is_small_ascii_and_read_with_care() {
    let long = "ü".repeat(10_000);
    let told = Told {
        fingerprint: long.clone(),
        rule: long.clone(),
        path: long.clone(),
        line: 1,
        severity: Severity::Low,
        title: long,
        unit: "a".repeat(HASH),
    };
    let units = (0..50_000).map(|number| format!("{number:022}")).collect();
    let open = Open { fingerprint: "x".repeat(LONGEST), severity: Severity::High, unit: "a".repeat(HASH) };
    let fixed = (0..500).map(|number| format!("{number:024}")).collect();
    let kept = Kept { told: vec![told; 500], open: vec![open; 500], fixed };
    let state = State { units, ..State::default().after(&[], &[], "h", "b", kept) };
    let written = state.write();
    assert!(written.is_ascii() && written.len() <= MOST_BYTES, "{}", written.len());
    let read = State::read(&written).unwrap();
    assert!(read.units.len() > 150 && !read.told.is_empty(), "{}", read.units.len());
    for text in ["", "{}", "{\"v\":2}", "[1]", &written[1..], &"x".repeat(100_000)] {
        assert_eq!(State::read(text), None);
    }
    assert!(State::read("{\"v\":1,\"head\":\"\",\"basis\":\"\",\"units\":\"üüüü\"}").is_none());
}

#[test]
fn a_unit_that_nobody_reviewed_can_not_be_given_the_hash_of_one_that_was() {
    let hash = cut(&[file(1, 1)])[0].units[0].hash.clone();
    // 128 bits: two texts with the same hash are out of reach.
    assert_eq!((hash.len(), HASH), (22, 22));
}

#[test]
fn what_comments_told_stands_until_its_unit_is_looked_at_again() {
    let files = [file(1, 1), file(2, 1)];
    let units = cut(&files);
    let unit = units[0].units[0].hash.clone();
    let told = Open { fingerprint: "x".to_owned(), severity: Severity::High, unit: unit.clone() };
    let state = State::default().after(
        &units,
        &[],
        "abc",
        "rules",
        Kept { open: vec![told.clone()], ..Kept::default() },
    );
    let state = State::read(&state.write()).unwrap();
    assert_eq!(state.standing(&units, &[], |_| false), state.open);
    assert_eq!(state.standing(&[], &[], |fingerprint| fingerprint == "x"), [told]);
    assert!(state.standing(&units, &[unit], |_| true).is_empty());
    assert!(state.standing(&units[1..], &[], |_| false).is_empty());
}

#[test]
fn of_a_large_change_whole_files_are_remembered() {
    let text = |version: usize| -> String {
        (0..40)
            .map(|at| format!("def work_{at}(value):\n    return step_{at}(value, {version})\n\n\n"))
            .collect()
    };
    let file =
        |number: usize, version: usize| changed(&format!("src/work_{number}.py"), &text(0), &text(version));
    let files: Vec<ReviewFile> = (0..60).map(|number| file(number, 1)).collect();
    let units = cut(&files);
    let all: Vec<String> = units.iter().flat_map(|file| &file.units).map(|unit| unit.hash.clone()).collect();
    assert_eq!(all.len(), 2_400);
    let state = State::default().after(&units, &all, "abc", "rules", Kept::default());
    let state = State::read(&state.write()).unwrap();
    let pending = |state: &State, files: &[ReviewFile]| {
        let units = cut(files);
        units.iter().flat_map(|file| &file.units).filter(|unit| state.pending("rules", unit)).count()
    };
    assert_eq!(pending(&state, &files), 0);
    let update: Vec<ReviewFile> =
        (0..60).map(|number| file(number, if number == 7 { 2 } else { 1 })).collect();
    assert_eq!(pending(&state, &update), 40);
    // What was remembered as a whole stays so when nothing is asked.
    let later = state.after(&cut(&update), &[], "abd", "rules", Kept::default());
    assert_eq!(pending(&later, &update), 40);
}

#[test]
fn comments_about_what_is_fixed_are_remembered_the_newest_first_of_all() {
    let mut fixed: Vec<String> = (0..300).map(|number| format!("comment-{number}")).collect();
    fixed.push("x".repeat(1_000));
    fixed.push("ü".to_owned());
    let kept = Kept { fixed: fixed.clone(), ..Kept::default() };
    let state = State::default().after(&[], &[], "abc", "rules", kept);
    assert_eq!(State::read(&state.write()).unwrap().fixed, fixed[200..300]);
}

#[test]
fn findings_that_there_is_no_room_for_are_asked_about_again() {
    let files: Vec<ReviewFile> = (0..100).map(|number| file(number, 1)).collect();
    let units = cut(&files);
    let hashes: Vec<String> = units.iter().map(|file| file.units[0].hash.clone()).collect();
    let told = |severity, unit: &String| Told {
        fingerprint: String::new(),
        rule: "logic".to_owned(),
        path: "a.py".to_owned(),
        line: 1,
        severity,
        title: "x".to_owned(),
        unit: unit.clone(),
    };
    // Somebody hides one that is bad behind many that are worse, which are mended then.
    let mut many: Vec<Told> = hashes[1..].iter().map(|unit| told(Severity::Critical, unit)).collect();
    many.insert(0, told(Severity::High, &hashes[0]));
    let answered = hashes.clone();
    let pending = |state: &State, at: usize| state.pending("rules", &units[at].units[0]);
    let kept = Kept { told: many.clone(), ..Kept::default() };
    let state = State::default().after(&units, &answered, "abc", "rules", kept);
    assert!(
        state.told.len() <= MOST_TOLD && state.told.iter().all(|told| told.severity == Severity::Critical)
    );
    let forgotten = |at: &usize| {
        let is_kept = state.told.iter().any(|told| told.unit == hashes[*at]);
        !is_kept && !pending(&state, *at)
    };
    assert_eq!((0..hashes.len()).filter(forgotten).collect::<Vec<_>>(), [0_usize; 0]);
    assert!(pending(&state, 0));
    let open =
        |told: &Told| Open { fingerprint: String::new(), severity: told.severity, unit: told.unit.clone() };
    let kept = Kept { open: many.iter().map(open).collect(), ..Kept::default() };
    let state = State::default().after(&units, &answered, "abc", "rules", kept);
    assert_eq!((state.open.len(), pending(&state, 0)), (MOST_OPEN, true));
}

#[test]
fn no_names_make_a_state_too_long_for_a_comment() {
    for name in ["-", "<", "'", "\"", "\\", "ü", "🦀"] {
        let told = Told {
            fingerprint: "x".repeat(LONGEST),
            rule: "logic".to_owned(),
            path: name.repeat(4_000),
            line: 1,
            severity: Severity::High,
            title: name.repeat(4_000),
            unit: "a".repeat(HASH),
        };
        let kept = Kept { told: vec![told; 100], ..Kept::default() };
        let units = (0..5_000).map(|number| format!("{number:022}")).collect();
        let state = State { units, ..State::default().after(&[], &[], "h", "b", kept) };
        for hidden in [Hidden::Html, Hidden::LinkDefinition] {
            let text = Mark::named("PRReview/summary").state(state.write()).write("", hidden);
            assert!(text.len() < MOST_BYTES + 300, "{name}: {}", text.len());
        }
        assert!(!state.told.is_empty() && State::read(&state.write()).unwrap().told == state.told, "{name}");
    }
}
