//! Comments: of the conversation, on lines, and in threads.

use std::collections::HashMap;

use patchwork_core::change::Side;
use patchwork_core::port::forge::{Comment, ForgeError, LinePlace, NewLineComment, Thing};

use super::Bitbucket;
use super::explain::said;
use super::wire::{self, Inline, NewComment, Parent, Raw};
use crate::forge::wire::{is_page, milliseconds};
use crate::http::Call;

/// Comments on a page, the most that Bitbucket gives.
const PER_PAGE: &str = "100";

impl Bitbucket {
    /// All comments, oldest first.
    pub(super) async fn read_comments(&self, on: Thing) -> Result<Vec<Comment>, ForgeError> {
        let call = Call::get(self.path_of(on, []).await?).query("sort", "created_on");
        let listed = self.list::<wire::Comment>(&call, PER_PAGE, usize::MAX, |_| true).await;
        let listed =
            listed.map_err(|error| self.explain_of(error, "read the comments", &on.to_string()))?.items;
        // Deleted ones stay in the list, for others answer them.
        let roots: HashMap<u64, (Option<u64>, bool)> = listed
            .iter()
            .map(|one| (one.id, (one.parent.as_ref().map(|parent| parent.id), one.resolution.is_some())))
            .collect();
        let mut comments = Vec::with_capacity(listed.len());
        for one in listed {
            // What an issue's change leaves is a comment without a text.
            if one.deleted || one.pending || one.content.raw.is_empty() {
                continue;
            }
            let root = root_of(one.id, &roots);
            let resolved = roots.get(&root).is_some_and(|(_, resolved)| *resolved);
            comments.push(self.comment(on, one, root, resolved).await?);
        }
        comments.sort_by_cached_key(|comment| (comment.created_ms, comment.id.parse().unwrap_or(u64::MAX)));
        Ok(comments)
    }

    pub(super) async fn make_comment(
        &self,
        on: Thing,
        body: &str,
        inline: Option<Inline>,
        parent: Option<u64>,
    ) -> Result<Comment, ForgeError> {
        let what = match parent {
            Some(thread) => format!("thread {thread} on {on}"),
            None => on.to_string(),
        };
        let explain = |error| self.explain_of(error, "write a comment", &what);
        let place = inline.as_ref().map(|inline| (inline.path.clone(), inline.to.or(inline.from)));
        let new = NewComment { content: Raw { raw: body }, inline, parent: parent.map(|id| Parent { id }) };
        let call = Call::post(self.path_of(on, []).await?).json(&new).map_err(explain)?;
        let made: wire::Comment = match self.http.call(&call).await {
            Ok(made) => made,
            Err(error) => {
                if let (Some((path, Some(line))), Some(400)) = (place, error.status())
                    && said(&error).contains("inline")
                {
                    return Err(ForgeError::OutsideDiff { path, line });
                }
                return Err(explain(error));
            }
        };
        self.learn(made.user.as_ref()).await;
        let root = parent.unwrap_or(made.id);
        self.comment(on, made, root, false).await
    }

    pub(super) async fn change_comment(
        &self,
        on: Thing,
        id: &str,
        body: &str,
    ) -> Result<Comment, ForgeError> {
        let explain = |error| self.explain_of(error, "change the comment", &format!("comment {id} on {on}"));
        let new = NewComment { content: Raw { raw: body }, inline: None, parent: None };
        let call = Call::put(self.path_of(on, [id]).await?).json(&new).map_err(explain)?;
        let changed: wire::Comment = self.http.call(&call).await.map_err(explain)?;
        let root = changed.parent.as_ref().map_or(changed.id, |parent| parent.id);
        let resolved = changed.resolution.is_some();
        self.comment(on, changed, root, resolved).await
    }

    pub(super) async fn remove_comment(&self, on: Thing, id: &str) -> Result<(), ForgeError> {
        match self.http.send(&Call::delete(self.path_of(on, [id]).await?)).await {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.status(), Some(404 | 410)) => Ok(()),
            Err(error) => Err(self.explain(error, "delete the comment")),
        }
    }

    /// Comments on lines, one after the other: Bitbucket has no call for several.
    pub(super) async fn make_review(
        &self,
        number: u64,
        comments: &[NewLineComment],
    ) -> Result<Vec<Comment>, ForgeError> {
        if comments.is_empty() {
            return Ok(Vec::new());
        }
        // Bitbucket takes a comment on any line of a file, and shows one outside of the diff apart from it.
        let changes = self.read_changes(number).await?;
        let outside = comments.iter().find(|comment| {
            match changes.files.iter().find(|file| file.path == comment.path) {
                Some(file) => file.left_out.is_none() && !file.holds(comment.side, comment.line),
                None => changes.complete,
            }
        });
        if let Some(outside) = outside {
            return Err(ForgeError::OutsideDiff { path: outside.path.clone(), line: outside.line });
        }
        let mut made = Vec::with_capacity(comments.len());
        for comment in comments {
            let inline = Some(inline(comment));
            made.push(self.make_comment(Thing::PullRequest(number), &comment.body, inline, None).await?);
        }
        Ok(made)
    }

    pub(super) async fn answer(&self, number: u64, thread: &str, body: &str) -> Result<Comment, ForgeError> {
        let on = Thing::PullRequest(number);
        let Ok(root) = thread.parse() else {
            return Err(ForgeError::NotFound { what: format!("thread `{}` on {on}", thread.escape_debug()) });
        };
        self.make_comment(on, body, None, Some(root)).await
    }

    pub(super) async fn set_resolved(
        &self,
        number: u64,
        thread: &str,
        resolved: bool,
    ) -> Result<(), ForgeError> {
        let on = Thing::PullRequest(number);
        let path = self.path_of(on, [thread, "resolve"]).await?;
        let (call, doing) = match resolved {
            // A second time nothing is changed.
            true => (Call::post(path).repeatable(), "resolve the thread"),
            false => (Call::delete(path), "open the thread again"),
        };
        let sent = self.http.send(&call).await.map(drop);
        sent.map_err(|error| {
            self.explain_of(error, doing, &format!("thread `{}` on {on}", thread.escape_debug()))
        })
    }

    async fn path_of<const N: usize>(&self, on: Thing, rest: [&str; N]) -> Result<Vec<String>, ForgeError> {
        let kind = if let Thing::PullRequest(_) = on { "pullrequests" } else { "issues" };
        let mut path = self.at([kind, &on.number().to_string(), "comments"]).await?;
        path.extend(rest.map(str::to_owned));
        Ok(path)
    }

    async fn comment(
        &self,
        on: Thing,
        comment: wire::Comment,
        root: u64,
        resolved: bool,
    ) -> Result<Comment, ForgeError> {
        let url = comment.links.html.as_ref().map(|link| link.href.clone()).filter(|url| is_page(url));
        Ok(Comment {
            url: url.unwrap_or_else(|| format!("{}#comment-{}", self.page_of(on), comment.id)),
            id: comment.id.to_string(),
            author: self.who(comment.user.as_ref()).await?,
            body: comment.content.raw,
            created_ms: milliseconds(&comment.created_on),
            place: comment.inline.map(place),
            thread: matches!(on, Thing::PullRequest(_)).then(|| root.to_string()),
            resolved,
            reactions: Vec::new(),
        })
    }
}

/// The first comment of a thread. A server could make a circle of them.
fn root_of(id: u64, known: &HashMap<u64, (Option<u64>, bool)>) -> u64 {
    let mut root = id;
    for _ in 0..known.len() {
        match known.get(&root) {
            Some((Some(parent), _)) => root = *parent,
            _ => break,
        }
    }
    root
}

fn inline(comment: &NewLineComment) -> Inline {
    let (line, start) = (Some(comment.line), comment.start_line.filter(|start| *start < comment.line));
    let path = comment.path.clone();
    match comment.side {
        Side::Old => Inline { path, from: line, start_from: start, ..Inline::default() },
        Side::New => Inline { path, to: line, start_to: start, ..Inline::default() },
    }
}

fn place(inline: Inline) -> LinePlace {
    let (side, line, start) = match (inline.to, inline.from) {
        (None, Some(line)) => (Side::Old, Some(line), inline.start_from),
        (line, _) => (Side::New, line, inline.start_to),
    };
    let start_line = start.filter(|start| line.is_some_and(|line| *start < line));
    LinePlace { path: inline.path, side, start_line, line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_found_from_any_answer_and_a_circle_ends() {
        let known = HashMap::from([(1, (None, true)), (2, (Some(1), false)), (3, (Some(2), false))]);
        assert_eq!([1, 2, 3, 9].map(|id| root_of(id, &known)), [1, 1, 1, 9]);
        let circle = HashMap::from([(1, (Some(2), false)), (2, (Some(1), false))]);
        assert!(matches!(root_of(1, &circle), 1 | 2));
    }

    #[test]
    fn places_go_there_and_back() {
        for (side, start_line) in
            [(Side::Old, None), (Side::New, None), (Side::Old, Some(2)), (Side::New, Some(2))]
        {
            let comment = NewLineComment {
                path: "a.rs".into(),
                old_path: None,
                side,
                start_line,
                line: 4,
                other_line: Some(5),
                body: String::new(),
            };
            let expected = LinePlace { path: "a.rs".into(), side, start_line, line: Some(4) };
            assert_eq!(place(inline(&comment)), expected);
        }
        assert_eq!(place(Inline { path: "a.rs".into(), ..Inline::default() }).line, None);
    }
}
