use patchwork_core::change::Side;
use patchwork_core::port::forge::LinePlace;
use proptest::prelude::*;

use super::*;
use crate::review::memory::Dismissal;
use crate::review::said::DismissedBy;

fn finding(line: u32, code: &str, severity: Severity, percent: u8) -> ReviewFinding {
    ReviewFinding {
        fingerprint: Fingerprint::of("logic", "a.py", "f", Side::New, [code]).to_string(),
        rule: "logic".to_owned(),
        path: "a.py".to_owned(),
        old_path: None,
        side: Side::New,
        start_line: line,
        line,
        other_line: None,
        unit: "f".to_owned(),
        severity,
        confidence: Confidence::from_share(f64::from(percent) / 100.0),
        title: format!("The {code} of {code}{line} fails"),
        explanation: String::new(),
        code: code.to_owned(),
        suggestion: None,
        suggestion_dropped: None,
    }
}

fn said(finding: &ReviewFinding, still: Still) -> Said {
    Said {
        fingerprint: finding.fingerprint.clone(),
        comment: "1".to_owned(),
        thread: Some("1".to_owned()),
        resolved: false,
        again: 0,
        fixed: false,
        place: None,
        title: finding.title.clone(),
        dismissed: None,
        still,
    }
}

fn chosen(findings: Vec<ReviewFinding>, said: &[Said], choice: &Choice) -> Chosen {
    choose(findings, &[], choice, Known { memory: &Memory::default(), said })
}

fn why(chosen: &Chosen) -> Vec<&NotSaid> {
    chosen.dropped.iter().map(|dropped| &dropped.why).collect()
}

#[test]
fn a_persona_says_what_it_stands_for() {
    let all = || {
        vec![
            finding(1, "alpha", Severity::Critical, 70),
            finding(20, "beta", Severity::High, 40),
            finding(40, "gamma", Severity::Medium, 50),
            finding(60, "delta", Severity::Low, 70),
            finding(80, "epsilon", Severity::Info, 90),
        ]
    };
    for (persona, min, lines) in [
        (Persona::Quiet, 0, vec![1]),
        (Persona::Normal, 0, vec![1, 20, 40]),
        (Persona::Strict, 0, vec![1, 20, 40, 60, 80]),
        (Persona::Strict, 60, vec![1, 60, 80]),
    ] {
        let choice = Choice {
            persona,
            min_confidence: Confidence::from_share(f64::from(min) / 100.0),
            max_comments: 10,
        };
        let chosen = chosen(all(), &[], &choice);
        assert_eq!(chosen.comments.iter().map(|f| f.line).collect::<Vec<_>>(), lines, "{persona:?}");
    }
    let two = chosen(all(), &[], &Choice { max_comments: 1, ..Choice::default() });
    assert_eq!((two.comments.len(), two.more.len()), (1, 2));
}

#[test]
fn nothing_is_said_twice_in_one_review() {
    let mut same_lines = finding(1, "beta", Severity::Low, 90);
    same_lines.rule = "words".to_owned();
    let mut same_words = finding(9, "alpha", Severity::High, 80);
    same_words.fingerprint = finding(9, "omega", Severity::High, 80).fingerprint;
    same_words.title = finding(1, "alpha", Severity::High, 90).title;
    let chosen = chosen(
        vec![same_lines, finding(1, "alpha", Severity::High, 90), same_words],
        &[],
        &Choice::default(),
    );
    assert_eq!(chosen.comments.len(), 1);
    assert_eq!(why(&chosen), [&NotSaid::Repeated, &NotSaid::Repeated]);
}

#[test]
fn refuted_ones_are_dropped_and_a_second_opinion_weighs() {
    let (alpha, beta) = (finding(1, "alpha", Severity::High, 90), finding(20, "beta", Severity::High, 90));
    let verdict = |finding: &ReviewFinding, stands| Verdict {
        fingerprint: finding.fingerprint.clone(),
        stands,
        reason: "guarded".to_owned(),
        confidence: Confidence::LOW,
    };
    let verdicts = [verdict(&alpha, false), verdict(&beta, true)];
    let known = Known { memory: &Memory::default(), said: &[] };
    let chosen = choose(vec![alpha, beta], &verdicts, &Choice::default(), known);
    assert_eq!(why(&chosen), [&NotSaid::Refuted("guarded".to_owned())]);
    assert_eq!(chosen.comments[0].confidence.percent(), 60);
}

#[test]
fn what_was_said_or_dismissed_is_not_raised_again() {
    let old = finding(1, "alpha", Severity::High, 90);
    let mut again = finding(31, "alpha", Severity::Low, 50);
    again.title = "In entirely different language".to_owned();
    assert_eq!(
        why(&chosen(vec![again.clone()], &[said(&old, Still::Here)], &Choice::default())),
        [&NotSaid::Said]
    );
    let resolved = Said { resolved: true, ..said(&old, Still::Here) };
    assert_eq!(why(&chosen(vec![again.clone()], &[resolved], &Choice::default())), [&NotSaid::Said]);
    let by = DismissedBy { by: "ada".to_owned(), reason: "known".to_owned() };
    let dismissed = Said { dismissed: Some(by), ..said(&old, Still::Here) };
    let reason = NotSaid::Dismissed("known".to_owned());
    assert_eq!(why(&chosen(vec![again.clone()], &[dismissed], &Choice::default())), [&reason]);
    let mut memory = Memory::default();
    memory.add(vec![Dismissal {
        fingerprint: old.fingerprint,
        rule: String::new(),
        path: "a.py".to_owned(),
        reason: "known".to_owned(),
        by: String::new(),
        when: String::new(),
    }]);
    let known = Known { memory: &memory, said: &[] };
    assert_eq!(why(&choose(vec![again], &[], &Choice::default(), known)), [&reason]);
}

#[test]
fn what_was_fixed_and_is_back_is_said_unless_a_person_closed_it() {
    let old = finding(1, "alpha", Severity::High, 90);
    let again =
        |said: Said| why(&chosen(vec![old.clone()], &[said], &Choice::default())).first().copied().cloned();
    let fixed = Said { fixed: true, resolved: true, ..said(&old, Still::Here) };
    assert_eq!(again(fixed.clone()), None);
    // Opened again by somebody: readers see it.
    assert_eq!(again(Said { resolved: false, ..fixed.clone() }), Some(NotSaid::Said));
    let by = DismissedBy { by: "ada".to_owned(), reason: "known".to_owned() };
    let dismissed = Said { dismissed: Some(by), ..fixed.clone() };
    assert_eq!(again(dismissed), Some(NotSaid::Dismissed("known".to_owned())));
    // Where there are no threads, who resolves is a person.
    let alone = Said { thread: None, resolved: false, ..fixed };
    assert_eq!(again(alone.clone()), None);
    assert_eq!(again(Said { resolved: true, ..alone }), Some(NotSaid::Said));
    // The second of two equal lines is not taken for the first one, which was fixed.
    let two = [Said { fixed: true, resolved: true, ..said(&old, Still::Gone) }, {
        let second = old.fingerprint.replace("-1.0", "-1.1");
        Said { fingerprint: second, ..said(&old, Still::Here) }
    }];
    assert_eq!(why(&chosen(vec![old.clone()], &two, &Choice::default())), [&NotSaid::Said]);
}

#[test]
fn of_equal_lines_as_many_are_new_as_were_not_said() {
    let mut two = [finding(5, "alpha", Severity::High, 90), finding(50, "alpha", Severity::High, 90)];
    two[1].fingerprint = two[1].fingerprint.replace("-1.0", "-1.1");
    two[1].title = "Another matter".to_owned();
    let chosen_two = chosen(two.to_vec(), &[said(&two[0], Still::Here)], &Choice::default());
    assert_eq!((chosen_two.comments.len(), chosen_two.comments[0].line), (1, 50));
    // The first of two is fixed: what was the second is the first now.
    let both = [said(&two[0], Still::Gone), said(&two[1], Still::Here)];
    assert_eq!(
        why(&chosen(vec![finding(45, "alpha", Severity::High, 90)], &both, &Choice::default())),
        [&NotSaid::Said]
    );
    let only_second = [said(&two[1], Still::Here)];
    assert_eq!(
        why(&chosen(vec![finding(45, "alpha", Severity::High, 90)], &only_second, &Choice::default())),
        [&NotSaid::Said]
    );
}

#[test]
fn moved_lines_are_known_and_copied_ones_are_new() {
    let old = finding(1, "alpha", Severity::High, 90);
    let mut moved = old.clone();
    moved.path = "b.py".to_owned();
    moved.fingerprint = Fingerprint::of("logic", "b.py", "g", Side::New, ["alpha"]).to_string();
    let gone = [said(&old, Still::Moved)];
    let again = chosen(vec![moved.clone()], &gone, &Choice::default());
    assert_eq!(why(&again), [&NotSaid::Said]);
    // By that a word against the comment is about this finding as well.
    assert_eq!(again.dropped[0].finding.fingerprint, old.fingerprint);
    let still_there = [said(&old, Still::Here)];
    assert_eq!(chosen(vec![moved], &still_there, &Choice::default()).comments.len(), 1);
}

#[test]
fn other_words_or_another_rule_for_the_same_lines_are_no_news() {
    let old = finding(10, "alpha", Severity::High, 90);
    let place = LinePlace { path: "a.py".to_owned(), side: Side::New, start_line: Some(9), line: Some(11) };
    let known = [Said { place: Some(place), ..said(&old, Still::Here) }];
    // The same rule on a line more.
    let mut wider = finding(11, "alpha and beta", Severity::High, 90);
    wider.title = "Quite something else".to_owned();
    assert_eq!(why(&chosen(vec![wider.clone()], &known, &Choice::default())), [&NotSaid::Said]);
    // Another rule and another matter.
    wider.rule = "words".to_owned();
    wider.fingerprint = Fingerprint::of("words", "a.py", "f", Side::New, ["alpha and beta"]).to_string();
    assert_eq!(chosen(vec![wider], &known, &Choice::default()).comments.len(), 1);
}

#[test]
fn nothing_hides_behind_what_was_dismissed() {
    let old = finding(10, "alpha", Severity::High, 90);
    let by = DismissedBy { by: "ada".to_owned(), reason: "known".to_owned() };
    let place = LinePlace { path: "a.py".to_owned(), side: Side::New, start_line: None, line: Some(10) };
    let known = [Said { place: Some(place), dismissed: Some(by), ..said(&old, Still::Here) }];
    let dismissed = [&NotSaid::Dismissed("known".to_owned())];
    let mut same = finding(10, "alpha(", Severity::High, 90);
    same.start_line = 10;
    assert_eq!(why(&chosen(vec![same.clone()], &known, &Choice::default())), dismissed);
    // A line more, which may be what is wrong.
    let wider = ReviewFinding { line: 11, ..same };
    assert_eq!(chosen(vec![wider], &known, &Choice::default()).comments.len(), 1);
    // The same lines in another file.
    let moved = |path: &str| ReviewFinding {
        path: path.to_owned(),
        fingerprint: Fingerprint::of("logic", path, "g", Side::New, ["alpha"]).to_string(),
        ..old.clone()
    };
    let gone = known.map(|known| Said { still: Still::Moved, ..known });
    assert_eq!(why(&chosen(vec![moved("lib/a.py")], &gone, &Choice::default())), dismissed);
    assert_eq!(chosen(vec![moved("b.py")], &gone, &Choice::default()).comments.len(), 1);
}

#[test]
fn a_lesser_finding_hides_no_worse_one() {
    let sure = finding(1, "alpha", Severity::Medium, 100);
    let mut worse = finding(1, "beta", Severity::Critical, 45);
    worse.rule = "words".to_owned();
    let chosen = chosen(vec![sure, worse], &[], &Choice::default());
    assert_eq!(chosen.comments.len(), 2);
}

proptest! {
    #[test]
    fn the_order_does_not_matter_and_nothing_is_lost(
        lines in prop::collection::vec((1_u32..60, 0_usize..5, 0_u8..=100), 0..12), seed in any::<u64>(),
    ) {
        let codes = ["alpha", "beta", "gamma", "delta", "epsilon"];
        let mut findings: Vec<_> =
            lines.iter().map(|(line, code, percent)| finding(*line, codes[*code], Severity::Medium, *percent)).collect();
        let mut prints: Vec<_> = findings.iter().filter_map(|f| Fingerprint::parse(&f.fingerprint)).collect();
        crate::review::fingerprint::number(prints.iter_mut());
        for (finding, print) in findings.iter_mut().zip(&prints) {
            finding.fingerprint = print.to_string();
        }
        let known = findings.first().map(|first| said(first, Still::Here));
        let known: Vec<Said> = known.into_iter().collect();
        let first = chosen(findings.clone(), &known, &Choice::default());
        prop_assert_eq!(first.comments.len() + first.more.len() + first.dropped.len(), findings.len());
        let turn = usize::try_from(seed % 13).unwrap() % findings.len().max(1);
        findings.rotate_left(turn);
        prop_assert_eq!(chosen(findings, &known, &Choice::default()), first);
    }
}
