//! What only GraphQL tells: whose the token is, and which threads are resolved.

use std::collections::HashMap;

use patchwork_core::port::forge::ForgeError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::GitHub;
use crate::http::{Call, HttpError, MAX_PAGES};

/// A thread of comments on lines.
#[derive(Debug, Clone)]
pub(super) struct Thread {
    /// GraphQL's own id.
    pub(super) node: String,
    pub(super) resolved: bool,
}

#[derive(Deserialize)]
struct Reply<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    message: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Viewer {
    viewer: Login,
}

#[derive(Deserialize)]
struct Login {
    login: String,
}

#[derive(Deserialize)]
struct Repository {
    repository: Option<Pull>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    pull_request: Option<Threads>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Threads {
    review_threads: Connection,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection {
    nodes: Vec<Option<Node>>,
    page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    id: String,
    is_resolved: bool,
    comments: Comments,
}

#[derive(Deserialize)]
struct Comments {
    nodes: Vec<Option<First>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct First {
    full_database_id: Option<Value>,
}

const VIEWER: &str = "query { viewer { login } }";

const THREADS: &str = "query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        nodes { id isResolved comments(first: 1) { nodes { fullDatabaseId } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}";

const RESOLVE: &str = "mutation($thread: ID!) {
  resolveReviewThread(input: { threadId: $thread }) { thread { id } }
}";

const UNRESOLVE: &str = "mutation($thread: ID!) {
  unresolveReviewThread(input: { threadId: $thread }) { thread { id } }
}";

impl GitHub {
    /// The login of the token's account; a token of an app's installation has one too, `NAME[bot]`.
    pub(super) async fn viewer(&self) -> Result<Option<String>, ForgeError> {
        match self.graphql::<Viewer>(VIEWER, json!({})).await {
            Ok(found) => Ok(Some(found.viewer.login)),
            Err(error) if error.transient() || error.status() == Some(401) => {
                Err(self.explain(error, "ask whose the token is"))
            }
            // A proxy or an old server without GraphQL: nothing counts as our own then.
            Err(error) => {
                tracing::debug!(%error, "whose the token is can't be told");
                Ok(None)
            }
        }
    }

    /// The threads of a pull request by the number of their first comment. Nobody without a token may ask: then none.
    pub(super) async fn resolved_threads(&self, number: u64) -> Result<HashMap<String, Thread>, ForgeError> {
        let mut threads = HashMap::new();
        if self.is_anonymous() {
            return Ok(threads);
        }
        let (owner, name) = self.current().await?;
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let variables = json!({ "owner": owner, "name": name, "number": number, "after": after });
            let found = match self.graphql::<Repository>(THREADS, variables).await {
                Ok(found) => found,
                // An old server without such a field: nothing is known to be resolved then.
                Err(error) if matches!(error.status(), Some(404 | 422)) => {
                    tracing::debug!(%error, "which threads are resolved can't be told");
                    break;
                }
                Err(error) => return Err(self.explain(error, "read which threads are resolved")),
            };
            let Some(pull) = found.repository.and_then(|repository| repository.pull_request) else { break };
            for node in pull.review_threads.nodes.into_iter().flatten() {
                let first = node.comments.nodes.into_iter().flatten().next();
                let id = match first.and_then(|first| first.full_database_id) {
                    Some(Value::String(id)) => id,
                    Some(Value::Number(id)) => id.to_string(),
                    _ => continue,
                };
                threads.insert(id, Thread { node: node.id, resolved: node.is_resolved });
            }
            after = pull.review_threads.page_info.end_cursor;
            if !pull.review_threads.page_info.has_next_page || after.is_none() {
                break;
            }
        }
        Ok(threads)
    }

    pub(super) async fn resolve_thread(
        &self,
        number: u64,
        thread: &str,
        resolved: bool,
    ) -> Result<(), ForgeError> {
        let threads = self.resolved_threads(number).await?;
        let Some(found) = threads.get(thread) else {
            return Err(ForgeError::NotFound {
                what: format!("thread `{}` of pull request {number} in {}", thread.escape_debug(), self.slug),
            });
        };
        let mutation = if resolved { RESOLVE } else { UNRESOLVE };
        let done = self.graphql::<Value>(mutation, json!({ "thread": found.node })).await;
        done.map(drop).map_err(|error| self.explain(error, "resolve a thread"))
    }

    async fn graphql<T: DeserializeOwned>(&self, query: &str, variables: Value) -> Result<T, HttpError> {
        // Each of ours is the same when it is done twice.
        let call =
            Call::post(["graphql"]).json(&json!({ "query": query, "variables": variables }))?.repeatable();
        let answer = self.authorized(&self.graphql).await?.send(&call).await?;
        let Reply { data, errors } = answer.json::<Reply<T>>()?;
        let Some(said) = errors.first() else {
            return data.ok_or_else(|| answer.malformed("it has neither data nor errors"));
        };
        // GraphQL answers 200 whatever happened.
        let status = match said.kind.as_str() {
            "FORBIDDEN" | "INSUFFICIENT_SCOPES" => 403,
            "NOT_FOUND" => 404,
            "RATE_LIMITED" => 429,
            _ => 422,
        };
        Err(answer.refused(status, errors.iter().map(|said| said.message.as_str())))
    }
}
