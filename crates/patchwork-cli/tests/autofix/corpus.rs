//! The corpus of proof: whole and well formed, and a part of it judged by the ladder. `cargo xtask bench proof` judges all.

use std::collections::BTreeSet;
use std::path::Path;

use patchwork_core::evidence::Level;

use crate::case::Case;
use crate::judge::{Ending, judge};

#[test]
fn every_case_is_well_formed() {
    let cases = Case::all();
    let faults: Vec<String> = cases.iter().flat_map(Case::faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let languages: BTreeSet<&str> = cases.iter().map(Case::language).collect();
    assert!(cases.len() >= 40 && languages.len() >= 5, "{} cases in {languages:?}", cases.len());
}

async fn endings(name: &str) -> Vec<Ending> {
    let case = Case::all().into_iter().find(|case| case.name == name).unwrap();
    judge(&case, Path::new(env!("CARGO_BIN_EXE_patchwork"))).await.unwrap()
}

#[tokio::test]
async fn fixes_end_where_they_must_in_python() {
    let endings = endings("python-sql-inventory").await;
    let level = |ending: &Ending| ending.level.map_or("-".to_owned(), |level| format!("{level:?}"));
    let ended: Vec<String> =
        endings.iter().map(|ending| format!("{} {}", ending.fix, level(ending))).collect();
    let expected =
        ["right L5", "wrong-behaviour L2", "wrong-exception -", "wrong-guard L1", "wrong-suppression -"];
    assert_eq!(ended[..5], expected, "{endings:#?}");
    // How far it comes is up to the rule: a test must show it at last.
    let symptom = &endings[5];
    assert!(symptom.level < Some(Level::L4), "{symptom:#?}");
    let suppression = &endings[4].why;
    assert!(suppression.contains("silences the scanner"), "{suppression}");
}

#[tokio::test]
async fn no_wrong_fix_gets_past_the_test_in_javascript() {
    let endings = endings("javascript-hmac-links").await;
    assert_eq!(endings[0].level, Some(Level::L5), "{:#?}", endings[0]);
    assert!(endings[1..].iter().all(|ending| ending.level < Some(Level::L4)), "{endings:#?}");
}
