//! Comments: the notes of merge requests and issues, in their threads.

use futures_util::{StreamExt, TryStreamExt, stream};
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Comment, ForgeError, Reaction, Thing, Trust};

use super::access::Accounts;
use super::explain::is_forbidden;
use super::note::{Award, Discussion, Note};
use super::position::from_gitlab;
use super::{GitLab, Identity, kind_of};
use crate::http::Call;

/// Comments whose reactions are asked for at the same time.
const AT_ONCE: usize = 4;

impl GitLab {
    /// All comments, oldest first.
    pub(super) async fn read_comments(&self, on: Thing) -> Result<Vec<Comment>, ForgeError> {
        let head = match on {
            Thing::PullRequest(number) => Some(self.read_merge_request(number).await?.sha),
            Thing::Issue(_) => None,
        };
        let mut comments = self.read_threads(on, head.as_deref()).await?;
        comments.sort_by_cached_key(|comment| (comment.created_ms, comment.id.parse().unwrap_or(u64::MAX)));
        let asked: Vec<usize> =
            (0..).zip(&comments).filter(|(_, one)| is_ours(one)).map(|(at, _)| at).collect();
        let ids: Vec<(usize, String)> =
            asked.into_iter().filter_map(|at| Some((at, comments.get(at)?.id.clone()))).collect();
        let reactions: Vec<(usize, Vec<Reaction>)> = stream::iter(ids)
            .map(|(at, id)| async move { Ok::<_, ForgeError>((at, self.reactions(on, &id).await?)) })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        for (at, found) in reactions {
            if let Some(comment) = comments.get_mut(at) {
                comment.reactions = found;
            }
        }
        Ok(comments)
    }

    async fn read_threads(&self, on: Thing, head: Option<&str>) -> Result<Vec<Comment>, ForgeError> {
        let explain = |error| self.explain_of(error, "read the comments", &on.to_string());
        let (kind, number) = kind_of(on);
        let threads = match (on, &self.identity) {
            (Thing::PullRequest(_), Identity::Nobody | Identity::Token(_)) => {
                let path = self.at([kind, &number, "discussions"]).await?;
                let call = Call::get(path);
                self.list::<Discussion>(call, usize::MAX).await.map_err(explain)?.items
            }
            // A job's token may read notes, but not how they hang together; of an issue nobody asks.
            _ => {
                let path = self.at([kind, &number, "notes"]).await?;
                let call = Call::get(path).query("sort", "asc");
                let notes = self.list::<Note>(call, usize::MAX).await.map_err(explain)?.items;
                notes.into_iter().map(|note| Discussion { id: String::new(), notes: vec![note] }).collect()
            }
        };
        self.read(on, threads, head).await
    }

    /// Comments of threads as the port shows them.
    pub(super) async fn read(
        &self,
        on: Thing,
        threads: Vec<Discussion>,
        head: Option<&str>,
    ) -> Result<Vec<Comment>, ForgeError> {
        let authors = threads.iter().flat_map(|thread| &thread.notes).map(|note| note.author.as_ref());
        let accounts = self.accounts(authors).await?;
        let page = self.page_of(on);
        let mut comments = Vec::new();
        for thread in threads {
            let resolvable = thread.notes.iter().filter(|note| note.resolvable.unwrap_or(false));
            let open = resolvable.clone().any(|note| !note.resolved.unwrap_or(false));
            let resolved = !open && resolvable.count() > 0;
            let name = Some(thread.id).filter(|id| !id.is_empty());
            for note in thread.notes.into_iter().filter(|note| !note.system) {
                comments.push(comment(note, &page, name.clone(), resolved, &accounts, head));
            }
        }
        Ok(comments)
    }

    async fn reactions(&self, on: Thing, id: &str) -> Result<Vec<Reaction>, ForgeError> {
        let (kind, number) = kind_of(on);
        let path = self.at([kind, &number, "notes", id, "award_emoji"]).await?;
        let listed = self.list::<Award>(Call::get(path), usize::MAX).await;
        let awards = match listed {
            Ok(listed) => listed.items,
            // The comment is gone since, or the token may not know.
            Err(error) if is_forbidden(&error) => return Ok(Vec::new()),
            Err(error) => return Err(self.explain(error, "read the reactions")),
        };
        let accounts = self.accounts(awards.iter().map(|award| award.user.as_ref())).await?;
        let read = |award: &Award| Reaction {
            approves: match award.name.as_str() {
                name if name.starts_with("thumbsup") => Some(true),
                name if name.starts_with("thumbsdown") => Some(false),
                _ => None,
            },
            by: accounts.account(award.user.as_ref()),
        };
        Ok(awards.iter().map(read).collect())
    }

    pub(super) async fn make_comment(&self, on: Thing, body: &str) -> Result<Comment, ForgeError> {
        let explain = |error| self.explain_of(error, "write a comment", &on.to_string());
        let (kind, number) = kind_of(on);
        let call = Call::post(self.at([kind, &number, "notes"]).await?);
        let call = call.json(&serde_json::json!({ "body": body })).map_err(explain)?;
        let answer = self.http.send(&call).await.map_err(explain)?;
        let Ok(note) = answer.json::<Note>() else {
            // 202: every line was a command, and was carried out.
            if answer.status == 202 {
                let message = format!("GitLab took the comment on {on} for commands and kept no text");
                return Err(Failure::failed(message)
                    .hint("a line that begins with / and a word is one")
                    .into());
            }
            return Err(explain(answer.malformed("it is no comment")));
        };
        self.one(on, note, None, None).await
    }

    pub(super) async fn change_comment(
        &self,
        on: Thing,
        id: &str,
        body: &str,
    ) -> Result<Comment, ForgeError> {
        let explain = |error| self.explain_of(error, "change the comment", &format!("comment {id} on {on}"));
        let (kind, number) = kind_of(on);
        let call = Call::put(self.at([kind, &number, "notes", id]).await?);
        let call = call.json(&serde_json::json!({ "body": body })).map_err(explain)?;
        let note = self.http.call(&call).await.map_err(explain)?;
        self.one(on, note, None, None).await
    }

    pub(super) async fn remove_comment(&self, on: Thing, id: &str) -> Result<(), ForgeError> {
        let (kind, number) = kind_of(on);
        let call = Call::delete(self.at([kind, &number, "notes", id]).await?);
        match self.http.send(&call).await {
            Ok(_) => Ok(()),
            Err(error) if error.status() == Some(404) => Ok(()),
            Err(error) => Err(self.explain(error, "delete the comment")),
        }
    }

    pub(super) async fn answer(&self, number: u64, thread: &str, body: &str) -> Result<Comment, ForgeError> {
        let on = Thing::PullRequest(number);
        let explain =
            |error| self.explain_of(error, "answer in the thread", &format!("thread {thread} on {on}"));
        let (kind, number) = kind_of(on);
        let call = Call::post(self.at([kind, &number, "discussions", thread, "notes"]).await?);
        let call = call.json(&serde_json::json!({ "body": body })).map_err(explain)?;
        let note = self.http.call(&call).await.map_err(explain)?;
        self.one(on, note, Some(thread.to_owned()), None).await
    }

    pub(super) async fn set_resolved(
        &self,
        number: u64,
        thread: &str,
        resolved: bool,
    ) -> Result<(), ForgeError> {
        let on = Thing::PullRequest(number);
        let doing = if resolved { "resolve the thread" } else { "open the thread again" };
        let explain = |error| self.explain_of(error, doing, &format!("thread {thread} on {on}"));
        let (kind, number) = kind_of(on);
        let call = Call::put(self.at([kind, &number, "discussions", thread]).await?);
        let call = call.json(&serde_json::json!({ "resolved": resolved })).map_err(explain)?;
        self.http.send(&call).await.map(drop).map_err(explain)
    }

    /// One comment that was just written.
    async fn one(
        &self,
        on: Thing,
        note: Note,
        thread: Option<String>,
        head: Option<&str>,
    ) -> Result<Comment, ForgeError> {
        let accounts = self.accounts(std::iter::once(note.author.as_ref())).await?;
        let resolved = note.resolved.unwrap_or(false);
        Ok(comment(note, &self.page_of(on), thread, resolved, &accounts, head))
    }
}

/// Whether people's reactions to it are of interest.
fn is_ours(comment: &Comment) -> bool {
    comment.author.trust == Trust::Own && Mark::of(comment).is_some()
}

fn comment(
    note: Note,
    page: &str,
    thread: Option<String>,
    resolved: bool,
    accounts: &Accounts,
    head: Option<&str>,
) -> Comment {
    let created = note.created_at.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    Comment {
        id: note.id.to_string(),
        url: format!("{page}#note_{}", note.id),
        author: accounts.account(note.author.as_ref()),
        body: note.body.unwrap_or_default(),
        created_ms: created.map_or(0, |time| time.as_millisecond()),
        place: note.position.as_ref().map(|position| from_gitlab(position, head)),
        thread,
        resolved,
        reactions: Vec::new(),
    }
}
