//! Comments of the conversation, on lines, and the texts of reviews.

use std::collections::HashMap;

use patchwork_core::change::Side;
use patchwork_core::port::forge::ensure::same_text;
use patchwork_core::port::forge::{Account, Comment, ForgeError, LinePlace, Reaction, Thing, Trust};

use super::{GitHub, wire};
use crate::http::{Call, PER_PAGE};

/// Reactions to one comment that are looked at: whose they are must be asked for one by one, and anybody may add some.
const MAX_REACTIONS: usize = 100;

/// Where a comment lives: GitHub counts each kind in a row of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// In the conversation.
    Conversation,
    /// On lines.
    Lines,
    /// The text of a review.
    Review,
}

impl Kind {
    /// The comment's id for the port.
    pub(super) fn id(self, number: u64) -> String {
        match self {
            Self::Conversation => number.to_string(),
            Self::Lines => format!("line-{number}"),
            Self::Review => format!("review-{number}"),
        }
    }

    fn of(id: &str) -> Option<(Self, u64)> {
        let (kind, number) = match id.split_once('-') {
            None => (Self::Conversation, id),
            Some(("line", number)) => (Self::Lines, number),
            Some(("review", number)) => (Self::Review, number),
            Some(_) => return None,
        };
        Some((kind, number.parse().ok()?))
    }
}

impl GitHub {
    pub(super) async fn list_comments(&self, on: Thing) -> Result<Vec<Comment>, ForgeError> {
        let number = on.number().to_string();
        let mut all = self.list_kind(on, &["issues", &number, "comments"], Kind::Conversation).await?;
        if let Thing::PullRequest(pull) = on {
            let lines = self.list_kind(on, &["pulls", &number, "comments"], Kind::Lines).await?;
            let resolved =
                if lines.is_empty() { HashMap::new() } else { self.resolved_threads(pull).await? };
            let is_resolved = |thread: &str| resolved.get(thread).is_some_and(|state| state.resolved);
            all.extend(lines.into_iter().map(|mut comment| {
                comment.resolved = comment.thread.as_deref().is_some_and(is_resolved);
                comment
            }));
            let reviews = self.list_kind(on, &["pulls", &number, "reviews"], Kind::Review).await?;
            all.extend(reviews.into_iter().filter(|review| !review.body.is_empty()));
        }
        all.sort_by_key(|comment| comment.created_ms);
        Ok(all)
    }

    async fn list_kind(&self, on: Thing, path: &[&str], kind: Kind) -> Result<Vec<Comment>, ForgeError> {
        let call = Call::get(self.at(path.iter().copied()).await?).query("per_page", PER_PAGE);
        let listed = self.http().await?.list::<wire::Comment>(&call, usize::MAX).await;
        let listed = listed.map_err(|error| self.explain_of(error, "read the comments", &on.to_string()))?;
        if !listed.complete {
            // Whether something was said already can't be told from a part of them.
            let count = listed.items.len();
            let message = format!("{on} in {} has more than {count} comments", self.slug);
            return Err(patchwork_core::failure::Failure::failed(message).into());
        }
        let association: HashMap<String, String> = listed
            .items
            .iter()
            .filter_map(|c| Some((c.user.as_ref()?.login.clone(), c.author_association.clone())))
            .collect();
        let mut comments = Vec::with_capacity(listed.items.len());
        for comment in listed.items.into_iter().filter(|c| c.state.as_deref() != Some("PENDING")) {
            let reactions = comment.reactions.as_ref().map_or(0, |reactions| reactions.total_count);
            let number = comment.id;
            let mut comment = self.comment(comment, kind).await?;
            if reactions > 0 && comment.author.trust == Trust::Own {
                comment.reactions = self.reactions(kind, number, &association).await?;
            }
            comments.push(comment);
        }
        Ok(comments)
    }

    /// What people think of a comment.
    async fn reactions(
        &self,
        kind: Kind,
        number: u64,
        association: &HashMap<String, String>,
    ) -> Result<Vec<Reaction>, ForgeError> {
        let place = match kind {
            Kind::Conversation => "issues",
            Kind::Lines => "pulls",
            // GitHub does not list them by REST.
            Kind::Review => return Ok(Vec::new()),
        };
        let path = self.at([place, "comments", &number.to_string(), "reactions"]).await?;
        let call = Call::get(path).query("per_page", PER_PAGE);
        let listed = match self.http().await?.list::<wire::Reaction>(&call, MAX_REACTIONS).await {
            Ok(listed) => listed,
            // The comment is gone since.
            Err(error) if error.status() == Some(404) => return Ok(Vec::new()),
            Err(error) => return Err(self.explain(error, "read reactions")),
        };
        let mut reactions = Vec::new();
        for reaction in listed.items {
            let approves = match reaction.content.as_str() {
                "+1" => Some(true),
                "-1" => Some(false),
                _ => None,
            };
            let login = reaction.user.as_ref().map_or("", |user| user.login.as_str());
            // A reaction does not say how its author is related to the repository.
            let by = match association.get(login) {
                Some(association) => self.who(reaction.user.as_ref(), association).await?,
                None if approves.is_some() => self.collaborator(reaction.user.as_ref()).await?,
                None => self.who(reaction.user.as_ref(), "").await?,
            };
            reactions.push(Reaction { approves, by });
        }
        Ok(reactions)
    }

    /// An account whose relation to the repository must be asked for.
    async fn collaborator(&self, user: Option<&wire::User>) -> Result<Account, ForgeError> {
        let account = self.who(user, "").await?;
        if account.trust == Trust::Own || account.name.is_empty() {
            return Ok(account);
        }
        let path = self.at(["collaborators", &account.name, "permission"]).await?;
        match self.http().await?.call::<wire::Permission>(&Call::get(path)).await {
            Ok(found) if matches!(found.permission.as_str(), "admin" | "write") => {
                Ok(Account { trust: Trust::Insider, ..account })
            }
            Err(error) if error.transient() => Err(self.explain(error, "read who may write")),
            // Whoever may not be asked about is nobody known.
            _ => Ok(account),
        }
    }

    /// A comment as the port has it; of one on lines it is not known yet whether its thread is resolved.
    pub(super) async fn comment(&self, comment: wire::Comment, kind: Kind) -> Result<Comment, ForgeError> {
        let author = self.who(comment.user.as_ref(), &comment.author_association).await?;
        let place = comment.path.filter(|_| kind == Kind::Lines).map(|path| LinePlace {
            path,
            side: if comment.side.as_deref() == Some("LEFT") { Side::Old } else { Side::New },
            start_line: comment.start_line.filter(|_| comment.line.is_some()),
            line: comment.line,
        });
        let thread = match kind {
            Kind::Lines => Some(comment.in_reply_to_id.unwrap_or(comment.id).to_string()),
            _ => None,
        };
        let created = comment.created_at.as_deref().and_then(|time| time.parse::<jiff::Timestamp>().ok());
        Ok(Comment {
            id: kind.id(comment.id),
            url: self.page(&comment.html_url, "pull", comment.id),
            author,
            body: comment.body.unwrap_or_default(),
            created_ms: created.map_or(0, jiff::Timestamp::as_millisecond),
            place,
            thread,
            resolved: false,
            reactions: Vec::new(),
        })
    }

    pub(super) async fn make_comment(&self, on: Thing, body: &str) -> Result<Comment, ForgeError> {
        let explain = |error| self.explain_of(error, "comment", &on.to_string());
        let path = self.at(["issues", &on.number().to_string(), "comments"]).await?;
        let call = Call::post(path).json(&serde_json::json!({ "body": body })).map_err(explain)?;
        let http = self.http().await?;
        match http.call(&call).await {
            Err(error) if error.may_have_arrived() => {
                if let Some(there) = sent(self.list_comments(on).await?, |_| true, body) {
                    return Ok(there);
                }
                self.comment(http.call(&call).await.map_err(explain)?, Kind::Conversation).await
            }
            made => self.comment(made.map_err(explain)?, Kind::Conversation).await,
        }
    }

    pub(super) async fn change_comment(&self, id: &str, body: &str) -> Result<Comment, ForgeError> {
        let (kind, number) = Kind::of(id).ok_or_else(|| no_comment(id))?;
        let explain = |error| self.explain_of(error, "change a comment", &format!("comment {id}"));
        let text = serde_json::json!({ "body": body });
        let number = number.to_string();
        let call = match kind {
            Kind::Conversation => Call::patch(self.at(["issues", "comments", &number]).await?),
            Kind::Lines => Call::patch(self.at(["pulls", "comments", &number]).await?),
            // Its address has the pull request's number in it, which its id does not tell.
            Kind::Review => return Err(no_comment(id)),
        };
        let changed = self.http().await?.call(&call.json(&text).map_err(explain)?).await.map_err(explain)?;
        self.comment(changed, kind).await
    }

    pub(super) async fn remove_comment(&self, id: &str) -> Result<(), ForgeError> {
        let (kind, number) = Kind::of(id).ok_or_else(|| no_comment(id))?;
        let place = match kind {
            Kind::Conversation => "issues",
            Kind::Lines => "pulls",
            Kind::Review => return Err(no_comment(id)),
        };
        let call = Call::delete(self.at([place, "comments", &number.to_string()]).await?);
        match self.http().await?.send(&call).await {
            Ok(_) => Ok(()),
            Err(error) => match self.explain_of(error, "delete a comment", &format!("comment {id}")) {
                ForgeError::NotFound { .. } => Ok(()),
                error => Err(error),
            },
        }
    }
}

/// The newest comment of ours that says this: what was sent, when no answer came.
pub(super) fn sent(comments: Vec<Comment>, wanted: impl Fn(&Comment) -> bool, body: &str) -> Option<Comment> {
    let ours = |comment: &Comment| comment.author.trust == Trust::Own && same_text(&comment.body, body);
    comments.into_iter().rev().find(|comment| ours(comment) && wanted(comment))
}

fn no_comment(id: &str) -> ForgeError {
    ForgeError::NotFound { what: format!("comment `{}` that can be changed", id.escape_debug()) }
}
