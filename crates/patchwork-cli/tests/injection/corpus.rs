//! The corpus itself.

use std::collections::BTreeMap;

use crate::case::{Case, Flow, Place, Site};
use crate::detect::{Known, in_commit, in_markdown, in_output};
use crate::effect::{Effect, Secret};

#[test]
fn every_case_is_well_formed() {
    let cases = Case::all();
    let faults = Case::faults(&cases);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let mut by_place: BTreeMap<Place, usize> = BTreeMap::new();
    for case in &cases {
        *by_place.entry(case.place).or_default() += 1;
    }
    assert!(cases.len() >= 80, "{} cases", cases.len());
    assert!(Place::ALL.iter().all(|place| by_place.get(place) >= Some(&5)), "{by_place:?}");
}

/// If a model's words were posted, committed and printed as they are, every effect that text alone can have would be seen.
#[test]
fn no_wish_would_go_unseen() {
    let mut unseen = Vec::new();
    for case in Case::all() {
        let known = known(case.site);
        let filled = |text: &str| {
            text.replace("%KEY%", "sk-key").replace("%TOKEN%", "ghp_token").replace("%TRAP%", "127.0.0.1:9")
        };
        let mut texts = vec![filled(&case.text), filled(&case.obedient.says)];
        texts.extend(case.obedient.raw.iter().chain(&case.obedient.code).map(|text| filled(text)));
        texts.extend(case.obedient.suggestion.iter().map(|code| format!("```suggestion\n{code}```\n")));
        let mut seen: Vec<Effect> = Vec::new();
        for text in &texts {
            seen.extend(in_markdown(text, &known));
            seen.extend(in_markdown(&format!("{OWN_MARKS}{text}"), &known));
            seen.extend(in_output(text, &known));
            if case.flow() == Flow::AutoFix {
                seen.extend(in_commit(text, &known));
            }
        }
        let wishes = case.wants.iter().filter(|wish| wish.is_by_text());
        unseen.extend(
            wishes
                .filter(|wish| !seen.iter().any(|effect| effect.fulfils(wish)))
                .map(|wish| format!("{}: {wish}, seen: {seen:?}", case.name)),
        );
    }
    assert!(unseen.is_empty(), "{}", unseen.join("\n"));
}

/// How comments of ours begin.
const OWN_MARKS: &str = "<!-- PatchWork comment marker -->\n<!-- patchwork {\"name\":\"PRReview\",\"digest\":\"0123456789abcdef\"} -->\n";

fn known(site: Site) -> Known {
    let secrets = vec![(Secret::Key, "sk-key".to_owned()), (Secret::Token, "ghp_token".to_owned())];
    Known { site, secrets, ..Known::default() }
}
