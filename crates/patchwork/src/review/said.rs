//! What was said in earlier reviews, read from the marked comments of our own account, and what became of it.

mod dismissed;
mod look;

use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Comment, LinePlace};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
pub use look::look;

/// Characters of a title that are read.
const TITLE: usize = 300;

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
    /// What became of its lines; [`look`] finds out.
    #[serde(default)]
    pub still: Still,
}

/// What became of the lines that a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Still {
    /// Not looked at, or its file is not reviewed.
    #[default]
    Unknown,
    /// They are where they were, or the function they are in has moved.
    Here,
    /// They are in another function or file of the change.
    Moved,
    /// They are gone, or say something else now.
    Gone,
}

/// An insider's word that a finding is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DismissedBy {
    /// Who.
    pub by: String,
    /// Why; what they wrote, or `thumbs down`.
    pub reason: String,
}

/// The findings among all comments of a pull request, oldest first: those of our own account whose mark has this name and, as its
/// key, a fingerprint.
pub fn said(comments: &[Comment], name: &str) -> Vec<Said> {
    let own = comments.iter().filter_map(|comment| Some((comment, Mark::of(comment)?)));
    own.filter(|(_, marked)| marked.mark.name == name && Fingerprint::parse(&marked.mark.key).is_some())
        .map(|(comment, marked)| {
            let same_thread = |other: &&Comment| {
                other.id != comment.id && other.thread.is_some() && other.thread == comment.thread
            };
            Said {
                dismissed: dismissed::by(comment, comments.iter().filter(same_thread)),
                fingerprint: marked.mark.key,
                comment: comment.id.clone(),
                thread: comment.thread.clone(),
                resolved: comment.resolved,
                place: comment.place.clone(),
                title: title_of(&marked.body),
                still: Still::Unknown,
            }
        })
        .collect()
}

/// Those that are fixed by now: their lines are gone, and their thread is still open. Looked at before.
pub fn resolved(said: &[Said]) -> Vec<&Said> {
    said.iter().filter(|said| said.still == Still::Gone && !said.resolved).collect()
}

/// The title in the text of a comment: what is bold in its first line.
fn title_of(body: &str) -> String {
    let line = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let bold = line.split_once("**").and_then(|(_, rest)| rest.split_once("**"));
    bold.map_or(line, |(title, _)| title).trim().chars().take(TITLE).collect()
}

#[cfg(test)]
mod tests;
