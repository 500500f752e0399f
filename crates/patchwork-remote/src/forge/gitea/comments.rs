//! Comments: of the conversation, of reviews, and on lines.

use patchwork_core::change::Side;
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Comment, ForgeError, LinePlace, Reaction, Thing, Trust};

use super::Gitea;
use super::wire::{self, LineComment, Review};
use crate::forge::explain::is_forbidden;
use crate::forge::wire::{is_page, milliseconds};
use crate::http::Call;

impl Gitea {
    /// All comments, oldest first.
    pub(super) async fn read_comments(&self, on: Thing) -> Result<Vec<Comment>, ForgeError> {
        let explain = |error| self.explain_of(error, "read the comments", &on.to_string());
        // This list has no pages.
        let call = Call::get(self.at(["issues", &on.number().to_string(), "comments"]).await?);
        let conversation: Vec<wire::Comment> = self.http.call(&call).await.map_err(explain)?;
        let mut comments = Vec::with_capacity(conversation.len());
        for one in conversation {
            comments.push(self.comment(on, one).await?);
        }
        if let Thing::PullRequest(number) = on {
            let call = Call::get(self.at(["pulls", &number.to_string(), "reviews"]).await?);
            let reviews = self.list::<Review>(&call, usize::MAX, |review| review.state != "PENDING").await;
            for review in reviews.map_err(explain)?.items {
                if review.comments_count > 0 {
                    comments.extend(self.of_review(number, review.id).await?);
                }
                if !review.body.trim().is_empty() {
                    comments.push(self.review_text(on, review).await?);
                }
            }
        }
        comments.sort_by_cached_key(|comment| (comment.created_ms, comment.id.parse().unwrap_or(u64::MAX)));
        for comment in comments.iter_mut().filter(|one| is_ours(one)) {
            comment.reactions = self.reactions(&comment.id).await?;
        }
        Ok(comments)
    }

    /// The comments on lines that belong to a review.
    pub(super) async fn of_review(&self, number: u64, review: u64) -> Result<Vec<Comment>, ForgeError> {
        let on = Thing::PullRequest(number);
        let path =
            self.at(["pulls", &number.to_string(), "reviews", &review.to_string(), "comments"]).await?;
        let listed: Vec<LineComment> = self
            .http
            .call(&Call::get(path))
            .await
            .map_err(|error| self.explain_of(error, "read the comments on lines", &on.to_string()))?;
        let mut comments = Vec::with_capacity(listed.len());
        for one in listed {
            comments.push(self.line_comment(on, one).await?);
        }
        Ok(comments)
    }

    pub(super) async fn make_comment(&self, on: Thing, body: &str) -> Result<Comment, ForgeError> {
        let explain = |error| self.explain_of(error, "write a comment", &on.to_string());
        let call = Call::post(self.at(["issues", &on.number().to_string(), "comments"]).await?);
        let call = call.json(&serde_json::json!({ "body": body })).map_err(explain)?;
        let made = self.http.call(&call).await.map_err(explain)?;
        self.comment(on, made).await
    }

    pub(super) async fn change_comment(
        &self,
        on: Thing,
        id: &str,
        body: &str,
    ) -> Result<Comment, ForgeError> {
        let explain = |error| self.explain_of(error, "change the comment", &format!("comment {id} on {on}"));
        let call = Call::patch(self.at(["issues", "comments", id]).await?);
        let call = call.json(&serde_json::json!({ "body": body })).map_err(explain)?;
        let changed = self.http.call(&call).await.map_err(explain)?;
        self.comment(on, changed).await
    }

    pub(super) async fn remove_comment(&self, id: &str) -> Result<(), ForgeError> {
        match self.http.send(&Call::delete(self.at(["issues", "comments", id]).await?)).await {
            Ok(_) => Ok(()),
            Err(error) if error.status() == Some(404) => Ok(()),
            Err(error) => Err(self.explain(error, "delete the comment")),
        }
    }

    async fn reactions(&self, id: &str) -> Result<Vec<Reaction>, ForgeError> {
        let call = Call::get(self.at(["issues", "comments", id, "reactions"]).await?);
        // Without a reaction the list is null.
        let listed = match self.http.call::<Option<Vec<wire::Reaction>>>(&call).await {
            Ok(listed) => listed.unwrap_or_default(),
            // The comment is gone since, or the token may not know.
            Err(error) if is_forbidden(&error) => return Ok(Vec::new()),
            Err(error) => return Err(self.explain(error, "read the reactions")),
        };
        let mut reactions = Vec::with_capacity(listed.len());
        for one in listed {
            let approves = match one.content.as_str() {
                "+1" => Some(true),
                "-1" => Some(false),
                _ => None,
            };
            reactions.push(Reaction { approves, by: self.who(one.user.as_ref()).await? });
        }
        Ok(reactions)
    }

    async fn comment(&self, on: Thing, comment: wire::Comment) -> Result<Comment, ForgeError> {
        Ok(Comment {
            url: self.page_of_comment(on, &comment.html_url, comment.id),
            id: comment.id.to_string(),
            author: self.who(comment.user.as_ref()).await?,
            body: comment.body,
            created_ms: milliseconds(&comment.created_at),
            place: None,
            thread: None,
            resolved: false,
            reactions: Vec::new(),
        })
    }

    async fn line_comment(&self, on: Thing, comment: LineComment) -> Result<Comment, ForgeError> {
        let (side, line) = match (comment.position, comment.original_position) {
            (0, line) if line > 0 => (Side::Old, line),
            (line, _) => (Side::New, line),
        };
        Ok(Comment {
            url: self.page_of_comment(on, &comment.html_url, comment.id),
            id: comment.id.to_string(),
            author: self.who(comment.user.as_ref()).await?,
            body: comment.body,
            created_ms: milliseconds(&comment.created_at),
            place: Some(LinePlace {
                path: comment.path,
                side,
                start_line: None,
                line: Some(line).filter(|line| *line > 0),
            }),
            thread: None,
            resolved: comment.resolver.is_some(),
            reactions: Vec::new(),
        })
    }

    /// What a review says as a whole. It can't be changed, so its id is not one of a comment.
    async fn review_text(&self, on: Thing, review: Review) -> Result<Comment, ForgeError> {
        Ok(Comment {
            url: if is_page(&review.html_url) { review.html_url } else { self.page_of(on) },
            id: format!("review-{}", review.id),
            author: self.who(review.user.as_ref()).await?,
            body: review.body,
            created_ms: milliseconds(&review.submitted_at),
            place: None,
            thread: None,
            resolved: false,
            reactions: Vec::new(),
        })
    }

    fn page_of_comment(&self, on: Thing, url: &str, id: u64) -> String {
        if is_page(url) { url.to_owned() } else { format!("{}#issuecomment-{id}", self.page_of(on)) }
    }
}

/// Whether people's reactions to it are of interest, and can be asked for.
fn is_ours(comment: &Comment) -> bool {
    comment.author.trust == Trust::Own
        && Mark::of(comment).is_some()
        && comment.id.bytes().all(|b| b.is_ascii_digit())
}
