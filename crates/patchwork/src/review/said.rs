//! What was said in earlier reviews, read from the marked comments of our own account.

use patchwork_core::port::forge::LinePlace;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A finding that was said before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    /// The fingerprint it was said with.
    pub fingerprint: String,
    /// The comment.
    pub comment: String,
    /// The thread, for a reply or to resolve it; none where the forge has no threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Whether the thread is resolved.
    pub resolved: bool,
    /// Where the comment stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<LinePlace>,
    /// Its title.
    #[serde(default)]
    pub title: String,
    /// Who dismissed it and why, when an insider did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissed: Option<DismissedBy>,
}

/// An insider's word that a finding is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DismissedBy {
    /// Who.
    pub by: String,
    /// Why; what they wrote, or `thumbs down`.
    pub reason: String,
}
