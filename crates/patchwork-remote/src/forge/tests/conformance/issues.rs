//! Issues.

use patchwork_core::port::forge::ensure::issue as ensure;
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Ensured, IssueSpec, PullRequestState, Query, Trust};

use super::*;

fn mark() -> Mark {
    Mark::named("AutoFix/issue")
}

fn wanted(title: &str, body: &str, labels: &[&str]) -> IssueSpec {
    IssueSpec {
        title: title.into(),
        body: body.into(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    }
}

pub(super) async fn made_once_and_updated_in_place(world: &World) {
    let (made, how) = ensure(&*world.forge, &mark(), &wanted("Findings", "one", &["bug"])).await.unwrap();
    assert_eq!((how, made.title.as_str(), made.author.trust), (Ensured::Created, "Findings", Trust::Own));
    assert!(made.url.starts_with(world.server.url()), "{}", made.url);
    let (_, how) = ensure(&*world.forge, &mark(), &wanted("Findings", "one", &["bug"])).await.unwrap();
    assert_eq!(how, Ensured::Unchanged);
    let (same, how) = ensure(&*world.forge, &mark(), &wanted("Found", "two", &["bug", "new"])).await.unwrap();
    assert_eq!((how, same.number), (Ensured::Updated, made.number));
    let read = world.forge.issue(made.number).await.unwrap();
    assert_eq!((read.title.as_str(), read.state), ("Found", PullRequestState::Open));
    assert!(read.body.contains("two"), "{}", read.body);
    let labels: &[&str] = if world.can(Ability::Labels) { &["bug", "new"] } else { &[] };
    assert_eq!(read.labels, labels);
    assert_eq!(world.server.issues().len(), 1);
}

pub(super) async fn two_runs_make_one(world: &World) {
    let other = world.connect_as(Some(world.token));
    let (mark, wanted) = (mark(), wanted("Findings", "one", &[]));
    let (one, two) = tokio::join!(ensure(&*world.forge, &mark, &wanted), ensure(&*other, &mark, &wanted));
    one.unwrap();
    two.unwrap();
    assert_eq!(world.server.issues().iter().filter(|issue| issue.open).count(), 1);
}

pub(super) async fn one_that_is_not_there(world: &World) {
    let error = world.forge.issue(999).await.unwrap_err();
    assert!(matches!(error, ForgeError::NotFound { .. }), "{error:?}");
}

pub(super) async fn many(world: &World) {
    for number in 0..130 {
        world.server.add_issue("patchwork-bot", &format!("ours {number}"), "x");
        world.server.add_issue("mallory", &format!("theirs {number}"), "x");
    }
    for limit in [130, 101, 7] {
        let query = Query { state: Some(PullRequestState::Open), limit };
        let issues = world.forge.own_issues(&query).await.unwrap();
        assert_eq!(issues.len(), limit);
        assert!(issues.iter().all(|issue| issue.author.trust == Trust::Own));
        assert_eq!(issues[0].title, "ours 129");
    }
}
