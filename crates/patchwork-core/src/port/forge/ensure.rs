//! Looks first, writes then: the same call again changes nothing, and two runs at once leave one of each thing.

mod text;

pub use text::{one_line, same_text, within};

use super::mark::Mark;
use super::{
    Ability, CheckSpec, Comment, Ensured, Forge, ForgeError, FoundIssue, FoundPullRequest, IssueSpec,
    NewLineComment, PullRequestSpec, PullRequestState, Query, TextChange, Thing,
};

/// Issues that are looked through for one of ours.
const ISSUES_LOOKED_AT: usize = 500;

/// A line comment that should be there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MarkedComment {
    /// Sets it apart from the others of the review: a finding's fingerprint.
    pub key: String,
    /// Where it stands and what it says, without the mark.
    pub comment: NewLineComment,
}

/// What became of a review.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reviewed {
    /// The comments that are new.
    pub made: Vec<Comment>,
    /// Keys of comments that were there.
    pub there: Vec<String>,
    /// Keys of comments that the forge does not take, because their line is not in the diff.
    pub outside: Vec<String>,
}

/// A pull request with this head and base that says this. Of an open one title, body and missing labels are changed.
pub async fn pull_request(
    forge: &dyn Forge,
    spec: &PullRequestSpec,
) -> Result<(FoundPullRequest, Ensured), ForgeError> {
    let found = forge.find_pull_request(&spec.base, &spec.head).await?;
    put_pull_request(forge, spec, found).await
}

/// [`pull_request`] for whoever has just asked which one is there: `found`.
pub async fn put_pull_request(
    forge: &dyn Forge,
    spec: &PullRequestSpec,
    found: Option<FoundPullRequest>,
) -> Result<(FoundPullRequest, Ensured), ForgeError> {
    let limits = forge.limits();
    let spec = &PullRequestSpec {
        title: one_line(&spec.title, limits.title),
        body: within(&spec.body, limits.body, str::to_owned),
        ..spec.clone()
    };
    if let Some(found) = found {
        return update_pull_request(forge, spec, found).await;
    }
    match forge.open_pull_request(spec).await {
        Ok(pull) => Ok((pull, Ensured::Created)),
        // Somebody opened it since we looked, or our first try arrived and its answer did not.
        Err(ForgeError::Exists { what }) => match forge.find_pull_request(&spec.base, &spec.head).await? {
            Some(found) => update_pull_request(forge, spec, found).await,
            None => Err(ForgeError::Exists { what }),
        },
        Err(error) => Err(error),
    }
}

async fn update_pull_request(
    forge: &dyn Forge,
    spec: &PullRequestSpec,
    found: FoundPullRequest,
) -> Result<(FoundPullRequest, Ensured), ForgeError> {
    let change = TextChange {
        title: (found.title != spec.title).then(|| spec.title.clone()),
        body: (!same_text(&found.body, &spec.body)).then(|| spec.body.clone()),
        open: None,
        labels: missing(forge, &spec.labels, &found.labels),
    };
    if change.is_empty() {
        return Ok((found, Ensured::Unchanged));
    }
    Ok((forge.change_pull_request(found.pull.number, &change).await?, Ensured::Updated))
}

/// A comment of ours with this mark that says this. One that a person has edited is left as it is, and a new one made.
pub async fn comment(
    forge: &dyn Forge,
    on: Thing,
    mark: &Mark,
    body: &str,
) -> Result<(Comment, Ensured), ForgeError> {
    let found = own_comment(forge, on, mark).await?;
    put_comment(forge, on, mark, body, found).await
}

/// [`comment`] for whoever has just asked for [`own_comment`]: `found`.
pub async fn put_comment(
    forge: &dyn Forge,
    on: Thing,
    mark: &Mark,
    body: &str,
    found: Option<Comment>,
) -> Result<(Comment, Ensured), ForgeError> {
    let text = marked(forge, mark, body);
    if let Some(found) = found {
        return update_comment(forge, on, found, &text).await;
    }
    let made = forge.add_comment(on, &text).await?;
    // Another run may have looked when we did. The older comment stays, for both runs see the same order.
    match own_comment(forge, on, mark).await? {
        Some(first) if first.id != made.id => {
            forge.delete_comment(on, &made.id).await?;
            update_comment(forge, on, first, &text).await
        }
        _ => Ok((made, Ensured::Created)),
    }
}

/// The comment of ours that [`comment`] would change.
pub async fn own_comment(forge: &dyn Forge, on: Thing, mark: &Mark) -> Result<Option<Comment>, ForgeError> {
    Ok(oldest(&forge.comments(on).await?, mark))
}

async fn update_comment(
    forge: &dyn Forge,
    on: Thing,
    found: Comment,
    text: &str,
) -> Result<(Comment, Ensured), ForgeError> {
    if same_text(&found.body, text) {
        return Ok((found, Ensured::Unchanged));
    }
    Ok((forge.edit_comment(on, &found.id, text).await?, Ensured::Updated))
}

/// The oldest comment of ours with this mark that nobody else has edited.
fn oldest(comments: &[Comment], mark: &Mark) -> Option<Comment> {
    let ours = |comment: &&Comment| {
        comment.place.is_none()
            && Mark::of(comment).is_some_and(|found| found.mark.is_same(mark) && found.as_written)
    };
    comments.iter().filter(ours).min_by_key(|comment| (comment.created_ms, order(&comment.id))).cloned()
}

/// Ids are numbers nearly everywhere, and count upwards.
fn order(id: &str) -> (u64, String) {
    let digits = id.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    (digits.parse().unwrap_or(u64::MAX), id.to_owned())
}

/// Line comments on a pull request that is open: those that are not there yet, whatever became of the others.
pub async fn review(
    forge: &dyn Forge,
    number: u64,
    commit: &str,
    name: &str,
    summary: &str,
    comments: &[MarkedComment],
) -> Result<Reviewed, ForgeError> {
    let state = forge.pull_request(number).await?.state;
    if state != PullRequestState::Open {
        return Err(ForgeError::Closed { what: Thing::PullRequest(number).to_string(), state });
    }
    let known: Vec<String> = forge
        .comments(Thing::PullRequest(number))
        .await?
        .iter()
        .filter_map(Mark::of)
        .filter(|found| found.mark.name == name)
        .map(|found| found.mark.key)
        .collect();
    let mut reviewed = Reviewed::default();
    let mut left: Vec<(&str, NewLineComment)> = Vec::new();
    for MarkedComment { key, comment } in comments {
        if known.contains(key) || left.iter().any(|(other, _)| other == key) {
            reviewed.there.push(key.clone());
            continue;
        }
        let mark = Mark::named(name).key(key.as_str());
        left.push((key, NewLineComment { body: marked(forge, &mark, &comment.body), ..comment.clone() }));
    }
    while !left.is_empty() {
        let bodies: Vec<NewLineComment> = left.iter().map(|(_, comment)| comment.clone()).collect();
        match forge.add_line_comments(number, commit, summary, &bodies).await {
            Ok(made) => {
                reviewed.made.extend(made);
                break;
            }
            Err(ForgeError::OutsideDiff { path, line }) => {
                let before = left.len();
                left.retain(|(key, comment)| {
                    let outside = comment.path == path && comment.line == line;
                    if outside {
                        reviewed.outside.push((*key).to_owned());
                    }
                    !outside
                });
                if left.len() == before {
                    return Err(ForgeError::OutsideDiff { path, line });
                }
                // A site that takes them one by one has made those before.
                let now = forge.comments(Thing::PullRequest(number)).await?;
                let made = |key: &str| {
                    now.iter().find(|comment| {
                        Mark::of(comment)
                            .is_some_and(|found| found.mark.name == name && found.mark.key == key)
                    })
                };
                let mut rest = Vec::new();
                for (key, comment) in left {
                    match made(key) {
                        Some(there) => reviewed.made.push(there.clone()),
                        None => rest.push((key, comment)),
                    }
                }
                left = rest;
            }
            Err(error) => return Err(error),
        }
    }
    if !reviewed.made.is_empty() {
        leave_one_of_each(forge, number, &mut reviewed).await?;
    }
    Ok(reviewed)
}

/// Takes back the comments of ours that another run, which looked when we did, has made as well. The oldest stays, for all runs
/// see the same order.
async fn leave_one_of_each(
    forge: &dyn Forge,
    number: u64,
    reviewed: &mut Reviewed,
) -> Result<(), ForgeError> {
    let on = Thing::PullRequest(number);
    let there = forge.comments(on).await?;
    for made in std::mem::take(&mut reviewed.made) {
        let mark = Mark::of(&made).map(|found| found.mark);
        let is_twin = |comment: &&Comment| {
            mark.as_ref().is_some_and(|mark| Mark::of(comment).is_some_and(|found| found.mark.is_same(mark)))
        };
        let is_there = there.iter().any(|comment| comment.id == made.id);
        let first = there.iter().filter(is_twin).min_by_key(|one| (one.created_ms, order(&one.id)));
        match (first, &mark) {
            (Some(first), Some(mark)) if is_there && first.id != made.id => {
                forge.delete_comment(on, &made.id).await?;
                reviewed.there.push(mark.key.clone());
            }
            _ => reviewed.made.push(made),
        }
    }
    Ok(())
}

/// An answer of ours with this mark in a thread.
pub async fn reply(
    forge: &dyn Forge,
    number: u64,
    thread: &str,
    mark: &Mark,
    body: &str,
) -> Result<(Comment, Ensured), ForgeError> {
    let comments = forge.comments(Thing::PullRequest(number)).await?;
    let there = comments.iter().find(|comment| {
        comment.thread.as_deref() == Some(thread)
            && Mark::of(comment).is_some_and(|found| found.mark.is_same(mark))
    });
    match there {
        Some(comment) => Ok((comment.clone(), Ensured::Unchanged)),
        None => Ok((forge.reply(number, thread, &marked(forge, mark, body)).await?, Ensured::Created)),
    }
}

/// A thread that is resolved, or open again. A thread that is gone is as good as resolved.
pub async fn resolved(
    forge: &dyn Forge,
    number: u64,
    thread: &str,
    resolved: bool,
) -> Result<Ensured, ForgeError> {
    let comments = forge.comments(Thing::PullRequest(number)).await?;
    match comments.iter().find(|comment| comment.thread.as_deref() == Some(thread)) {
        Some(comment) if comment.resolved != resolved => {
            forge.resolve(number, thread, resolved).await?;
            Ok(Ensured::Updated)
        }
        _ => Ok(Ensured::Unchanged),
    }
}

/// An open issue of ours with this mark that says this.
pub async fn issue(
    forge: &dyn Forge,
    mark: &Mark,
    spec: &IssueSpec,
) -> Result<(FoundIssue, Ensured), ForgeError> {
    let found = own_issue(forge, mark).await?;
    put_issue(forge, mark, spec, found).await
}

/// [`issue`] for whoever has just asked for [`own_issue`]: `found`.
pub async fn put_issue(
    forge: &dyn Forge,
    mark: &Mark,
    spec: &IssueSpec,
    found: Option<FoundIssue>,
) -> Result<(FoundIssue, Ensured), ForgeError> {
    let limits = forge.limits();
    let spec = &IssueSpec {
        title: one_line(&spec.title, limits.title),
        body: within(&spec.body, limits.body, |body| mark.write(body, forge.hidden())),
        labels: spec.labels.clone(),
    };
    if let Some(found) = found {
        return update_issue(forge, spec, found).await;
    }
    let made = forge.open_issue(spec).await?;
    match own_issue(forge, mark).await? {
        Some(first) if first.number < made.number => {
            let close = TextChange { open: Some(false), ..TextChange::default() };
            forge.change_issue(made.number, &close).await?;
            update_issue(forge, spec, first).await
        }
        _ => Ok((made, Ensured::Created)),
    }
}

/// The open issue of ours that [`issue`] would change.
pub async fn own_issue(forge: &dyn Forge, mark: &Mark) -> Result<Option<FoundIssue>, ForgeError> {
    let query = Query { state: Some(PullRequestState::Open), limit: ISSUES_LOOKED_AT };
    let ours = |issue: &FoundIssue| Mark::read(&issue.body).is_some_and(|found| found.mark.is_same(mark));
    let issues = forge.own_issues(&query).await?;
    Ok(issues.into_iter().filter(ours).min_by_key(|issue| issue.number))
}

async fn update_issue(
    forge: &dyn Forge,
    spec: &IssueSpec,
    found: FoundIssue,
) -> Result<(FoundIssue, Ensured), ForgeError> {
    let edited = Mark::read(&found.body).is_some_and(|found| !found.as_written);
    let change = TextChange {
        title: (found.title != spec.title).then(|| spec.title.clone()),
        // What a person has written into it stays.
        body: (!edited && !same_text(&found.body, &spec.body)).then(|| spec.body.clone()),
        open: None,
        labels: missing(forge, &spec.labels, &found.labels),
    };
    if change.is_empty() {
        return Ok((found, Ensured::Unchanged));
    }
    Ok((forge.change_issue(found.number, &change).await?, Ensured::Updated))
}

/// A check of this commit and name that says this; answers its page.
pub async fn check(forge: &dyn Forge, spec: &CheckSpec) -> Result<(String, Ensured), ForgeError> {
    match forge.find_check(spec).await? {
        Some(found) if found.same => Ok((found.url, Ensured::Unchanged)),
        found => {
            let put = forge.put_check(spec, found.as_ref()).await?;
            let how = if found.is_some() { Ensured::Updated } else { Ensured::Created };
            Ok((put.url, how))
        }
    }
}

/// A comment as it is sent: marked, and not longer than the forge takes.
fn marked(forge: &dyn Forge, mark: &Mark, body: &str) -> String {
    within(body, forge.limits().comment, |body| mark.write(body, forge.hidden()))
}

/// Labels that a thing lacks; none where there are no labels.
fn missing(forge: &dyn Forge, wanted: &[String], there: &[String]) -> Vec<String> {
    if !forge.can(Ability::Labels) {
        return Vec::new();
    }
    let is_there = |label: &&String| there.iter().any(|other| other.eq_ignore_ascii_case(label));
    wanted.iter().filter(|label| !is_there(label)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_ordered_by_their_number() {
        assert!(order("issue/9") < order("issue/10"));
        assert!(order("x") > order("1"));
    }
}
