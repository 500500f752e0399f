//! Comments on lines of a pull request: a thread for each.

use patchwork_core::port::forge::{Comment, ForgeError, NewLineComment, Thing};

use super::Azure;
use super::changes::path_of;
use super::thread::{Context, IterationContext, NewComment, NewPullContext, NewThread, OPEN};

impl Azure {
    /// Azure DevOps takes a thread on any line of any file; one on a file that the pull request does not change would be shown
    /// nowhere.
    pub(super) async fn make_review(
        &self,
        number: u64,
        commit: &str,
        comments: &[NewLineComment],
    ) -> Result<Vec<Comment>, ForgeError> {
        let what = Thing::PullRequest(number).to_string();
        let explain = |error| self.explain_of(error, "write a comment on a line", &what);
        if comments.is_empty() {
            return Ok(Vec::new());
        }
        let iterations = self.iterations(number).await?;
        let looked_at = iterations.iter().rfind(|one| one.source_ref_commit.commit_id == commit);
        let iteration = looked_at.or(iterations.last()).map_or(1, |one| one.id);
        let (entries, complete) = self.entries(number, iteration).await?;
        let mut made = Vec::with_capacity(comments.len());
        for comment in comments {
            let entry = entries.iter().find(|one| path_of(&one.item.path) == Some(&comment.path));
            if entry.is_none() && complete {
                return Err(ForgeError::OutsideDiff { path: comment.path.clone(), line: comment.line });
            }
            let new = NewThread {
                comments: [NewComment::new(&comment.body, 0)],
                status: Some(OPEN),
                thread_context: Some(Context::of(comment)),
                pull_request_thread_context: Some(NewPullContext {
                    change_tracking_id: entry.and_then(|entry| entry.change_tracking_id),
                    iteration_context: IterationContext {
                        first_comparing_iteration: iteration,
                        second_comparing_iteration: iteration,
                    },
                }),
            };
            let call = self.post(self.of_pull(number, ["threads"])).json(&new).map_err(explain)?;
            let thread = self.call(&call).await.map_err(explain)?;
            made.push(self.first(number, thread).await?);
        }
        Ok(made)
    }
}
