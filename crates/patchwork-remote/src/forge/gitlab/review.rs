//! Comments on lines of a merge request: drafts that are published together, so that readers are told once.

use patchwork_core::change::FileChange;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::ensure::same_text;
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Comment, ForgeError, NewLineComment, Thing, Trust};

use super::explain::said;
use super::note::{Discussion, Draft, NewDiscussion, NewDraft, NewPosition, Position};
use super::position::{is_shown, to_gitlab};
use super::wire::{DiffRefs, Version};
use super::{GitLab, diffs};
use crate::http::{Call, HttpError};

/// A comment with its position.
struct Placed<'a> {
    comment: &'a NewLineComment,
    position: NewPosition,
    /// Whether the diff that we were given has its line.
    shown: bool,
}

impl GitLab {
    pub(super) async fn make_review<'a>(
        &self,
        number: u64,
        commit: &str,
        comments: &'a [NewLineComment],
    ) -> Result<Vec<Comment>, ForgeError> {
        if comments.is_empty() {
            return Ok(Vec::new());
        }
        let (refs, files) = self.diff_of(number, commit).await?;
        let place = |comment: &'a NewLineComment| {
            let change = files.iter().find(|file| file.path == comment.path);
            let (position, shown) = (to_gitlab(comment, change, &refs), is_shown(comment, change));
            Placed { comment, position, shown }
        };
        let placed: Vec<Placed<'_>> = comments.iter().map(place).collect();
        if let Some(there) = self.drafts(number).await?
            && self.make_drafts(number, &placed, there).await?
        {
            return self.published(number, &placed).await;
        }
        self.one_by_one(number, &placed, &refs).await
    }

    /// The diff with this head: the commits that it stands on and what it changes; the newest one, when there is none with it.
    async fn diff_of(&self, number: u64, commit: &str) -> Result<(DiffRefs, Vec<FileChange>), ForgeError> {
        let text = number.to_string();
        let explain = |error| {
            let what = Thing::PullRequest(number).to_string();
            self.explain_of(error, "read the versions of the diff", &what)
        };
        let call = Call::get(self.at(["merge_requests", &text, "versions"]).await?);
        let versions = self.list::<Version>(call, usize::MAX).await.map_err(explain)?.items;
        let looked_at = versions.iter().position(|version| version.head_commit_sha == commit).unwrap_or(0);
        let Some(version) = versions.get(looked_at) else {
            let message = format!("GitLab has not made the diff of pull request {number} yet");
            return Err(Failure::unavailable(message).hint("resume the run in a minute").into());
        };
        let files = if looked_at == 0 {
            self.read_changes(number).await?.files
        } else {
            let path = self.at(["merge_requests", &text, "versions", &version.id.to_string()]).await?;
            let whole: Version = self.http.call(&Call::get(path)).await.map_err(explain)?;
            whole.diffs.into_iter().map(diffs::file).collect()
        };
        let refs = DiffRefs {
            base_sha: version.base_commit_sha.clone(),
            start_sha: version.start_commit_sha.clone(),
            head_sha: version.head_commit_sha.clone(),
        };
        Ok((refs, files))
    }

    /// The drafts of the token's account that are there; none where the server knows no drafts.
    async fn drafts(&self, number: u64) -> Result<Option<Vec<Draft>>, ForgeError> {
        let path = self.at(["merge_requests", &number.to_string(), "draft_notes"]).await?;
        // GitLab gives all of them at once: this list has no pages.
        match self.http.call(&Call::get(path)).await {
            Ok(drafts) => Ok(Some(drafts)),
            Err(error) if is_unknown(&error) => Ok(None),
            Err(error) => Err(self.explain(error, "read the drafts of comments")),
        }
    }

    /// Makes the drafts that are not there from a run that broke off, and publishes all of them; false where the server can't.
    async fn make_drafts(
        &self,
        number: u64,
        placed: &[Placed<'_>],
        there: Vec<Draft>,
    ) -> Result<bool, ForgeError> {
        let explain = |error| self.explain(error, "draft a comment");
        let text = number.to_string();
        let drafts = ["merge_requests", &text, "draft_notes"];
        let (mut ours, mut others) = (Vec::new(), Vec::new());
        let mut left: Vec<&Placed<'_>> = placed.iter().collect();
        for draft in there {
            let before = left.len();
            left.retain(|one| !is_it(&draft, one));
            if left.len() < before {
                ours.push(draft.id);
            } else if placed.iter().any(|one| is_same_mark(draft.note.as_deref(), &one.comment.body)) {
                self.delete_draft(number, draft.id).await?;
            } else {
                others.push(draft.id);
            }
        }
        for one in left {
            let new = NewDraft { note: &one.comment.body, position: &one.position };
            let call = Call::post(self.at(drafts).await?).json(&new).map_err(explain)?;
            let draft: Draft = match self.http.call(&call).await {
                Ok(draft) => draft,
                Err(error) if is_unknown(&error) => return Ok(false),
                Err(error) if is_misplaced(&error) => return Err(outside(one.comment)),
                Err(error) => return Err(explain(error)),
            };
            // GitLab takes a draft on any line, and loses it when it is published.
            if draft.line_code.is_none() && !one.shown {
                self.delete_draft(number, draft.id).await?;
                return Err(outside(one.comment));
            }
            ours.push(draft.id);
        }
        self.publish(number, &ours, others.is_empty()).await?;
        Ok(true)
    }

    async fn publish(&self, number: u64, ours: &[u64], all: bool) -> Result<(), ForgeError> {
        let explain = |error| self.explain(error, "publish the comments");
        let text = number.to_string();
        if all {
            let path = self.at(["merge_requests", &text, "draft_notes", "bulk_publish"]).await?;
            // A second time there is nothing left to publish.
            return self.http.send(&Call::post(path).repeatable()).await.map(drop).map_err(explain);
        }
        // Drafts that the account's person has not finished stay what they are.
        for id in ours {
            let path = self.at(["merge_requests", &text, "draft_notes", &id.to_string(), "publish"]).await?;
            match self.http.send(&Call::put(path)).await {
                Ok(_) => {}
                Err(error) if error.status() == Some(404) => {}
                Err(error) => return Err(explain(error)),
            }
        }
        Ok(())
    }

    async fn delete_draft(&self, number: u64, id: u64) -> Result<(), ForgeError> {
        let (number, id) = (number.to_string(), id.to_string());
        let path = self.at(["merge_requests", &number, "draft_notes", &id]).await?;
        match self.http.send(&Call::delete(path)).await {
            Ok(_) => Ok(()),
            Err(error) if error.status() == Some(404) => Ok(()),
            Err(error) => Err(self.explain(error, "delete a draft of a comment")),
        }
    }

    /// The comments that came of the drafts. One that is not there had a place that GitLab did not find.
    async fn published(&self, number: u64, placed: &[Placed<'_>]) -> Result<Vec<Comment>, ForgeError> {
        let there = self.read_comments(Thing::PullRequest(number)).await?;
        let find = |one: &Placed<'_>| {
            let newest_first = there.iter().rev();
            let own = |comment: &&Comment| comment.author.trust == Trust::Own && comment.place.is_some();
            newest_first
                .filter(own)
                .find(|comment| is_same_comment(Some(&comment.body), &one.comment.body))
                .cloned()
                .ok_or_else(|| outside(one.comment))
        };
        placed.iter().map(find).collect()
    }

    async fn one_by_one(
        &self,
        number: u64,
        placed: &[Placed<'_>],
        refs: &DiffRefs,
    ) -> Result<Vec<Comment>, ForgeError> {
        let on = Thing::PullRequest(number);
        let explain = |error| self.explain_of(error, "write a comment on a line", &on.to_string());
        let text = number.to_string();
        let mut made = Vec::with_capacity(placed.len());
        for one in placed {
            let new = NewDiscussion { body: &one.comment.body, position: &one.position };
            let path = self.at(["merge_requests", &text, "discussions"]).await?;
            let call = Call::post(path).json(&new).map_err(explain)?;
            match self.http.call::<Discussion>(&call).await {
                Ok(thread) => made.extend(self.read(on, vec![thread], Some(&refs.head_sha)).await?),
                Err(error) if is_misplaced(&error) => return Err(outside(one.comment)),
                Err(error) => return Err(explain(error)),
            }
        }
        Ok(made)
    }
}

fn outside(comment: &NewLineComment) -> ForgeError {
    ForgeError::OutsideDiff { path: comment.path.clone(), line: comment.line }
}

/// Whether a server does not know an address at all.
fn is_unknown(error: &HttpError) -> bool {
    matches!(error.status(), Some(404 | 405))
}

/// Whether a refusal is about the place: `Note {:line_code=>["can't be blank", "must be a valid line code"]}`.
fn is_misplaced(error: &HttpError) -> bool {
    let said = said(error);
    let place = ["line_code", "line code", "position"].iter().any(|word| said.contains(word));
    matches!(error.status(), Some(400 | 422)) && place
}

/// Whether a draft is this comment, on this line of the same diff.
fn is_it(draft: &Draft, wanted: &Placed<'_>) -> bool {
    let at = |position: &Position| {
        position.head_sha.as_deref() == Some(&wanted.position.head_sha)
            && position.new_path.as_deref() == Some(&wanted.position.new_path)
            && (position.old_line, position.new_line) == (wanted.position.old_line, wanted.position.new_line)
    };
    let note = draft.note.as_deref().unwrap_or_default();
    same_text(note, &wanted.comment.body) && draft.position.as_ref().is_some_and(at)
}

fn is_same_mark(a: Option<&str>, b: &str) -> bool {
    let marks = Mark::read(a.unwrap_or_default()).zip(Mark::read(b));
    marks.is_some_and(|(a, b)| a.mark.is_same(&b.mark))
}

/// Whether two texts are the same comment: by the mark, for GitLab may change the text.
fn is_same_comment(a: Option<&str>, b: &str) -> bool {
    is_same_mark(a, b) || same_text(a.unwrap_or_default(), b)
}
