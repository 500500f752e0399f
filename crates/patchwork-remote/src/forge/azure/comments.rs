//! Comments of pull requests, in their threads.

use patchwork_core::port::forge::{Comment, ForgeError, Reaction, Thing, Trust};

use super::super::wire::milliseconds;
use super::Azure;
use super::access::account;
use super::explain::is_gone;
use super::thread::{NewComment, NewThread, OPEN, RESOLVED, Thread, Written};
use super::wire::Many;

impl Azure {
    /// All comments, oldest first. Azure DevOps gives them at once, however many there are.
    pub(super) async fn read_comments(&self, number: u64) -> Result<Vec<Comment>, ForgeError> {
        let explain = |error| self.explain_of(error, "read the comments", &what(number));
        let mut call = self.get(self.of_pull(number, ["threads"]));
        // Without an iteration a thread is told where it stood when it was made.
        if let Some(newest) = self.iterations(number).await?.pop() {
            call = call.query("$iteration", newest.id.to_string());
        }
        let threads: Many<Thread> = self.call(&call).await.map_err(explain)?;
        let mut comments = Vec::new();
        for thread in threads.value.into_iter().filter(|thread| !thread.is_deleted) {
            comments.extend(self.read(number, thread).await?);
        }
        comments.sort_by_cached_key(|(key, _)| *key);
        Ok(comments.into_iter().map(|(_, comment)| comment).collect())
    }

    /// The comments of a thread as the port shows them, each with what orders it.
    pub(super) async fn read(
        &self,
        number: u64,
        mut thread: Thread,
    ) -> Result<Vec<((i64, u64, u64), Comment)>, ForgeError> {
        let own = self.user().await?.map(|user| user.id.as_str());
        let written = std::mem::take(&mut thread.comments);
        let first = written.first().map(|first| first.id);
        let read = |one: &Written| {
            let author = account(one.author.as_ref(), own);
            let mut reactions: Vec<Reaction> = Vec::new();
            if author.trust == Trust::Own {
                let like = |by| Reaction { approves: Some(true), by: account(Some(by), own) };
                reactions.extend(one.users_liked.iter().map(like));
                reactions.extend(thread.dismissal().filter(|_| Some(one.id) == first));
            }
            let created_ms = milliseconds(&one.published_date);
            let comment = Comment {
                id: format!("{}/{}", thread.id, one.id),
                url: format!("{}?discussionId={}", self.page_of(Thing::PullRequest(number)), thread.id),
                author,
                body: one.content.clone(),
                created_ms,
                place: thread.place(),
                thread: Some(thread.id.to_string()),
                resolved: thread.is_resolved(),
                reactions,
            };
            ((created_ms, thread.id, one.id), comment)
        };
        Ok(written.iter().filter(|one| one.is_shown()).map(read).collect())
    }

    /// The first comment of a thread that was just made.
    pub(super) async fn first(&self, number: u64, thread: Thread) -> Result<Comment, ForgeError> {
        let comments = self.read(number, thread).await?;
        let first = comments.into_iter().next().map(|(_, comment)| comment);
        first.ok_or_else(|| self.empty("a thread without a comment"))
    }

    pub(super) async fn make_comment(&self, number: u64, body: &str) -> Result<Comment, ForgeError> {
        let explain = |error| self.explain_of(error, "write a comment", &what(number));
        let new = NewThread {
            comments: [NewComment::new(body, 0)],
            status: None,
            thread_context: None,
            pull_request_thread_context: None,
        };
        let call = self.post(self.of_pull(number, ["threads"])).json(&new).map_err(explain)?;
        let thread = self.call(&call).await.map_err(explain)?;
        self.first(number, thread).await
    }

    pub(super) async fn change_comment(
        &self,
        number: u64,
        id: &str,
        body: &str,
    ) -> Result<Comment, ForgeError> {
        let what = format!("comment {id} on {}", what(number));
        let explain = |error| self.explain_of(error, "change the comment", &what);
        let (thread, comment) = self.named(number, id)?;
        let call = self.patch(self.of_pull(number, ["threads", thread, "comments", comment]));
        let call = call.json(&serde_json::json!({ "content": body })).map_err(explain)?;
        let changed: Written = self.call(&call).await.map_err(explain)?;
        self.with_thread(number, thread, changed).await
    }

    pub(super) async fn remove_comment(&self, number: u64, id: &str) -> Result<(), ForgeError> {
        let (thread, comment) = self.named(number, id)?;
        let path = self.of_pull(number, ["threads", thread, "comments", comment]);
        match self.answer(&self.delete(path)).await {
            Ok(_) => Ok(()),
            Err(error) if is_gone(&error) => Ok(()),
            Err(error) => Err(self.explain(error, "delete the comment")),
        }
    }

    pub(super) async fn answer_in(
        &self,
        number: u64,
        thread: &str,
        body: &str,
    ) -> Result<Comment, ForgeError> {
        let what = format!("thread {thread} on {}", what(number));
        let explain = |error| self.explain_of(error, "answer in the thread", &what);
        // The first of a thread has the number 1.
        let call = self.post(self.of_pull(number, ["threads", thread, "comments"]));
        let call = call.json(&NewComment::new(body, 1)).map_err(explain)?;
        let written: Written = self.call(&call).await.map_err(explain)?;
        self.with_thread(number, thread, written).await
    }

    pub(super) async fn set_resolved(
        &self,
        number: u64,
        thread: &str,
        resolved: bool,
    ) -> Result<(), ForgeError> {
        let what = format!("thread {thread} on {}", what(number));
        let doing = if resolved { "resolve the thread" } else { "open the thread again" };
        let explain = |error| self.explain_of(error, doing, &what);
        let status = if resolved { RESOLVED } else { OPEN };
        let call = self.patch(self.of_pull(number, ["threads", thread]));
        let call = call.json(&serde_json::json!({ "status": status })).map_err(explain)?;
        self.answer(&call).await.map(drop).map_err(explain)
    }

    /// A comment that was just written, with what its thread says of all of them.
    async fn with_thread(&self, number: u64, thread: &str, written: Written) -> Result<Comment, ForgeError> {
        let what = format!("thread {thread} on {}", what(number));
        let call = self.get(self.of_pull(number, ["threads", thread]));
        let mut read: Thread =
            self.call(&call).await.map_err(|error| self.explain_of(error, "read the thread", &what))?;
        read.comments = vec![written];
        self.first(number, read).await
    }

    /// The thread and the comment that an id of ours names.
    fn named<'a>(&self, number: u64, id: &'a str) -> Result<(&'a str, &'a str), ForgeError> {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        id.split_once('/').filter(|(thread, comment)| is_number(thread) && is_number(comment)).ok_or_else(
            || ForgeError::NotFound {
                what: format!("comment {id} on {} in {}", what(number), self.full_name()),
            },
        )
    }
}

fn what(number: u64) -> String {
    Thing::PullRequest(number).to_string()
}
