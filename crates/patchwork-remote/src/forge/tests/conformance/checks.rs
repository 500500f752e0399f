//! Checks of commits, and reports of code scanning.

use patchwork_core::port::forge::ensure::check as ensure;
use patchwork_core::port::forge::{Annotation, CheckSpec, Conclusion, Ensured, SarifSpec};

use super::*;

fn wanted(title: &str, conclusion: Conclusion) -> CheckSpec {
    CheckSpec {
        commit: HEAD.into(),
        name: "Patchwork review".into(),
        conclusion,
        title: title.into(),
        summary: "What was found.".into(),
        details_url: Some("https://example.com/run/1".into()),
        annotations: Vec::new(),
    }
}

/// A pull request whose commit gets checks. GitHub takes them of apps only.
fn pull(world: &World) -> u64 {
    if world.kind == ForgeKind::GitHub {
        world.server.installation_token();
    }
    world.pull()
}

pub(super) async fn set_once_and_changed(world: &World) {
    pull(world);
    let good = wanted("Nothing found", Conclusion::Success);
    let (url, how) = ensure(&*world.forge, &good).await.unwrap();
    assert_eq!(how, Ensured::Created);
    assert!(url.starts_with("http"), "{url}");
    assert_eq!(ensure(&*world.forge, &good).await.unwrap().1, Ensured::Unchanged);
    let bad = wanted("2 findings", Conclusion::Failure);
    assert_eq!(ensure(&*world.forge, &bad).await.unwrap().1, Ensured::Updated);
    assert_eq!(ensure(&*world.forge, &bad).await.unwrap().1, Ensured::Unchanged);
    let last = world.server.checks().pop().unwrap();
    assert_eq!((last.commit.as_str(), last.title.as_str()), (HEAD, "2 findings"));
    assert!(last.conclusion.to_ascii_lowercase().starts_with("fail"), "{last:?}");
}

pub(super) async fn one_for_each_commit_and_name(world: &World) {
    let number = pull(world);
    let second = "2".repeat(40);
    world.server.push(number, &second, "Second", vec![file("src/a.rs", PATCH)]);
    let first = wanted("Fine", Conclusion::Neutral);
    for spec in [
        first.clone(),
        CheckSpec { name: "Another".into(), ..first.clone() },
        CheckSpec { commit: second, ..first.clone() },
    ] {
        assert_eq!(ensure(&*world.forge, &spec).await.unwrap().1, Ensured::Created);
    }
    assert_eq!(ensure(&*world.forge, &first).await.unwrap().1, Ensured::Unchanged);
    assert_eq!(world.server.checks().len(), 3);
}

pub(super) async fn with_hundreds_of_annotations(world: &World) {
    pull(world);
    let annotation = |line| Annotation {
        path: "src/a.rs".into(),
        start_line: line,
        end_line: line,
        title: "A finding".into(),
        message: "What is wrong.".into(),
        ..Annotation::default()
    };
    let annotations = (1..=230).map(annotation).collect();
    let spec = CheckSpec { annotations, ..wanted("230 findings", Conclusion::Failure) };
    assert_eq!(ensure(&*world.forge, &spec).await.unwrap().1, Ensured::Created);
    assert_eq!(ensure(&*world.forge, &spec).await.unwrap().1, Ensured::Unchanged);
    let kept = world.server.with(|state| {
        let reported: usize = state.bitbucket.reports.iter().map(|report| report.annotations.len()).sum();
        reported + state.checks.iter().map(|check| check.annotations.len()).sum::<usize>()
    });
    assert_eq!(kept, if world.can(Ability::Annotations) { 230 } else { 0 });
}

pub(super) async fn code_scanning(world: &World) {
    world.pull();
    let spec = SarifSpec {
        commit: HEAD.into(),
        reference: "refs/heads/main".into(),
        sarif: r#"{"version":"2.1.0","runs":[]}"#.into(),
    };
    let sent = world.forge.upload_sarif(&spec).await;
    if world.can(Ability::Sarif) {
        sent.unwrap();
        assert_eq!(world.server.sarif().len(), 1);
    } else {
        world.refuses(Ability::Sarif, sent);
        assert_eq!(world.server.writes().len(), 0);
    }
}
