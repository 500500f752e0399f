//! Comments on lines of a pull request, made as one review.

use patchwork_core::change::Side;
use patchwork_core::port::forge::{Comment, ForgeError, NewLineComment, Thing};

use super::Gitea;
use super::wire::{NewReview, OnLine, Review};
use crate::http::Call;

impl Gitea {
    pub(super) async fn make_review(
        &self,
        number: u64,
        commit: &str,
        summary: &str,
        comments: &[NewLineComment],
    ) -> Result<Vec<Comment>, ForgeError> {
        let explain = |error| {
            self.explain_of(error, "review the pull request", &Thing::PullRequest(number).to_string())
        };
        if comments.is_empty() {
            return Ok(Vec::new());
        }
        // Gitea takes a comment on any line, and shows one outside of the diff nowhere.
        let changes = self.read_changes(number).await?;
        let outside = comments.iter().find(|comment| {
            let file = changes.files.iter().find(|file| file.path == comment.path);
            match file {
                Some(file) => file.left_out.is_none() && !file.holds(comment.side, comment.line),
                None => changes.complete,
            }
        });
        if let Some(outside) = outside {
            return Err(ForgeError::OutsideDiff { path: outside.path.clone(), line: outside.line });
        }
        let review = NewReview {
            commit_id: commit,
            body: summary,
            event: "COMMENT",
            comments: comments.iter().map(on_line).collect(),
        };
        let path = self.at(["pulls", &number.to_string(), "reviews"]).await?;
        let call = Call::post(path).json(&review).map_err(explain)?;
        let made: Review = self.http.call(&call).await.map_err(explain)?;
        self.of_review(number, made.id).await
    }
}

fn on_line(comment: &NewLineComment) -> OnLine<'_> {
    let line = |side| (comment.side == side).then_some(comment.line);
    OnLine {
        path: &comment.path,
        body: &comment.body,
        old_position: line(Side::Old),
        new_position: line(Side::New),
    }
}
