//! How a site speaks: HTTP on one side, the one model of a site on the other.

use patchwork_core::port::forge::ForgeKind;
use serde_json::Value;

use super::answer::{Answer, Request};
use super::azure::AZURE;
use super::bitbucket::BITBUCKET;
use super::gitea::GITEA;
use super::github::GITHUB;
use super::gitlab::GITLAB;
use super::state::State;
use crate::described::Description;

/// How a site speaks. Requests come judged: a dialect answers what the description allows.
pub trait Dialect: Send + Sync {
    /// What its requests and answers are judged by.
    fn description(&self) -> &'static Description;

    /// Where the API begins below the site's address (`/api/v3`); a request without it is fine too.
    fn bases(&self) -> &'static [&'static str];

    /// Whether a request is of a kind that is described at all: GraphQL is not, nor what redirects lead to.
    fn is_described(&self, _request: &Request) -> bool {
        true
    }

    /// Refuses a request that does not show the token, or not in a way that the site knows.
    fn admit(&self, state: &State, request: &Request) -> Result<(), Answer>;

    /// Answers a request that is not described.
    fn undescribed(&self, _state: &mut State, _request: &Request) -> Option<Answer> {
        None
    }

    /// Does what a request asks for, by its [`operation`](Request::operation).
    fn answer(&self, state: &mut State, request: &Request) -> Answer;

    /// The answer to a request that the site does not take, in its words.
    fn refusal(&self, status: u16, faults: &[String]) -> Answer;
}

/// The dialect of a site.
pub(super) fn of(kind: ForgeKind) -> &'static dyn Dialect {
    match kind {
        ForgeKind::GitHub => &GITHUB,
        ForgeKind::GitLab => &GITLAB,
        ForgeKind::AzureDevOps => &AZURE,
        ForgeKind::Gitea => &GITEA,
        ForgeKind::Bitbucket => &BITBUCKET,
    }
}

/// What a description gives as an example, with other values in some places: an answer that has every field of a real one.
/// `example` names an operation; of a list its first item is taken.
pub fn like(description: &Description, (operation, status): (&str, u16), ours: Value) -> Value {
    let example = description.example(operation, status).cloned().unwrap_or_default();
    let mut example = match example {
        Value::Array(items) => items.into_iter().next().unwrap_or_default(),
        other => other,
    };
    lay_over(&mut example, ours);
    example
}

/// Puts values over others; objects are gone into, everything else is replaced.
fn lay_over(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                lay_over(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above,
    }
}
