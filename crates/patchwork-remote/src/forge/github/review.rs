//! Comments on lines of a pull request, and answers in their threads.

use patchwork_core::change::Side;
use patchwork_core::port::forge::{Comment, ForgeError, NewLineComment, PullRequestChanges, Thing};

use super::GitHub;
use super::comments::{Kind, sent};
use super::explain::remarks;
use super::wire::{self, NewReview, OnLines, Review};
use crate::http::{Call, PER_PAGE};

/// What GitHub remarks about a line that it does not show.
const OUTSIDE: &[&str] =
    &["part of the diff", "could not be resolved", "part of the same hunk", "path is invalid", "position"];

impl GitHub {
    pub(super) async fn make_review(
        &self,
        number: u64,
        commit: &str,
        summary: &str,
        comments: &[NewLineComment],
    ) -> Result<Vec<Comment>, ForgeError> {
        let pull = self.read_pull(number).await?;
        if pull.head.sha == commit {
            // GitHub refuses a whole review for one line, and does not say which.
            let changes = self.list_changes(number).await?;
            if let Some(outside) = comments.iter().find(|comment| !takes(&changes, comment)) {
                return Err(ForgeError::OutsideDiff { path: outside.path.clone(), line: outside.line });
            }
        }
        let explain =
            |error| self.explain_of(error, "review the pull request", &format!("pull request {number}"));
        let review = NewReview {
            commit_id: commit,
            body: summary,
            event: "COMMENT",
            comments: comments.iter().map(|comment| on_lines(comment, None)).collect(),
        };
        let number_text = number.to_string();
        let path = self.at(["pulls", &number_text, "reviews"]).await?;
        let call = Call::post(path).json(&review).map_err(explain)?;
        let http = self.http().await?;
        let made = match http.call::<Review>(&call).await {
            Ok(made) => made,
            Err(error) if remarks(&error, OUTSIDE) => return self.one_by_one(number, commit, comments).await,
            Err(error) if error.may_have_arrived() => {
                let there = self.list_comments(Thing::PullRequest(number)).await?;
                let ours =
                    |comment: &NewLineComment| sent(there.clone(), |c| c.place.is_some(), &comment.body);
                let there: Option<Vec<Comment>> = comments.iter().map(ours).collect();
                return there.ok_or_else(|| explain(error));
            }
            Err(error) => return Err(explain(error)),
        };
        let path = self.at(["pulls", &number_text, "reviews", &made.id.to_string(), "comments"]).await?;
        let call = Call::get(path).query("per_page", PER_PAGE);
        let listed = http.list::<wire::Comment>(&call, usize::MAX).await.map_err(explain)?;
        let mut found = Vec::with_capacity(listed.items.len());
        for comment in listed.items {
            found.push(self.comment(comment, Kind::Lines).await?);
        }
        Ok(found)
    }

    /// Finds the comment that a review was refused for: the first that is refused alone.
    async fn one_by_one(
        &self,
        number: u64,
        commit: &str,
        comments: &[NewLineComment],
    ) -> Result<Vec<Comment>, ForgeError> {
        let mut made = Vec::with_capacity(comments.len());
        for comment in comments {
            let explain = |error| self.explain(error, "comment on a line");
            let path = self.at(["pulls", &number.to_string(), "comments"]).await?;
            let call = Call::post(path).json(&on_lines(comment, Some(commit))).map_err(explain)?;
            match self.http().await?.call(&call).await {
                Ok(one) => made.push(self.comment(one, Kind::Lines).await?),
                Err(error) if remarks(&error, OUTSIDE) => {
                    return Err(ForgeError::OutsideDiff { path: comment.path.clone(), line: comment.line });
                }
                Err(error) => return Err(explain(error)),
            }
        }
        Ok(made)
    }

    pub(super) async fn answer(&self, number: u64, thread: &str, body: &str) -> Result<Comment, ForgeError> {
        let what = || format!("thread `{}` of pull request {number}", thread.escape_debug());
        if thread.parse::<u64>().is_err() {
            return Err(ForgeError::NotFound { what: what() });
        }
        let explain = |error| self.explain_of(error, "answer in a thread", &what());
        let path = self.at(["pulls", &number.to_string(), "comments", thread, "replies"]).await?;
        let call = Call::post(path).json(&serde_json::json!({ "body": body })).map_err(explain)?;
        match self.http().await?.call(&call).await {
            Err(error) if error.may_have_arrived() => {
                let there = self.list_comments(Thing::PullRequest(number)).await?;
                let there = sent(there, |comment| comment.thread.as_deref() == Some(thread), body);
                there.ok_or_else(|| explain(error))
            }
            made => self.comment(made.map_err(explain)?, Kind::Lines).await,
        }
    }
}

/// Whether the diff shows the lines of a comment, as far as it is known.
fn takes(changes: &PullRequestChanges, comment: &NewLineComment) -> bool {
    let Some(file) = changes.files.iter().find(|file| file.path == comment.path) else {
        return !changes.complete;
    };
    if file.left_out.is_some() {
        return true;
    }
    let Some(hunk) = file.hunk_of(comment.side, comment.line) else { return false };
    comment.start_line.is_none_or(|start| start <= comment.line && hunk.holds(comment.side, start))
}

fn on_lines<'a>(comment: &'a NewLineComment, commit: Option<&'a str>) -> OnLines<'a> {
    let side = match comment.side {
        Side::Old => "LEFT",
        Side::New => "RIGHT",
    };
    let start = comment.start_line.filter(|start| *start < comment.line);
    OnLines {
        path: &comment.path,
        body: &comment.body,
        commit_id: commit,
        line: comment.line,
        side,
        start_line: start,
        start_side: start.map(|_| side),
    }
}
