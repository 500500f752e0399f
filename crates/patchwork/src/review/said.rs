//! What was said in earlier reviews, read from the marked comments of our own account, and what became of it.
//!
//! What is fixed and comes back is said once more, in a new comment whose key counts how often that was. Of the comments about one
//! finding the newest counts.

mod dismissed;
mod look;

use std::collections::HashMap;

use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Comment, LinePlace};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
pub(super) use look::is_here;
pub use look::look;

/// Characters of a title that are read.
const TITLE: usize = 300;

/// What stands in a key between the fingerprint and how often it was said again.
const AGAIN: char = '~';

/// A finding that was said before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    /// The fingerprint it was said with.
    pub fingerprint: String,
    /// How often it had come back when it was said.
    #[serde(default)]
    pub again: u32,
    /// The comment.
    pub comment: String,
    /// The thread, for a reply or to resolve it; none where the forge has no threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Whether the thread is resolved.
    pub resolved: bool,
    /// Whether an earlier review found its lines gone.
    #[serde(default)]
    pub fixed: bool,
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

impl Said {
    /// Whether it was fixed, and nobody has thought otherwise since: should its lines come back, that is news. Of a thread that was
    /// open when its lines were gone we ourselves have resolved it; where there are no threads, only people resolve a comment.
    pub fn is_over(&self) -> bool {
        self.fixed && self.dismissed.is_none() && self.resolved == self.thread.is_some()
    }
}

/// The findings among all comments of a pull request, oldest first: those of our own account whose mark has this name and a key of a
/// finding. Of several comments about one the newest is answered, with whatever people said in any of them. `fixed` are the ids of
/// comments whose lines an earlier review found gone.
pub fn said(comments: &[Comment], name: &str, fixed: &[String]) -> Vec<Said> {
    let own = comments.iter().filter_map(|comment| Some((comment, Mark::of(comment)?)));
    let all = own.filter(|(_, marked)| marked.mark.name == name).filter_map(|(comment, marked)| {
        let (fingerprint, again) = of_key(&marked.mark.key)?;
        let same_thread = |other: &&Comment| {
            other.id != comment.id && other.thread.is_some() && other.thread == comment.thread
        };
        Some(Said {
            dismissed: dismissed::by(comment, comments.iter().filter(same_thread)),
            fingerprint: fingerprint.to_owned(),
            again,
            comment: comment.id.clone(),
            thread: comment.thread.clone(),
            resolved: comment.resolved,
            fixed: fixed.contains(&comment.id),
            place: comment.place.clone(),
            title: title_of(&marked.body),
            still: Still::Unknown,
        })
    });
    newest(all.collect())
}

/// The key of the comment that says a finding now: no comment had it before.
pub fn key(fingerprint: &str, said: &[Said]) -> String {
    let before = said.iter().filter(|said| said.fingerprint == fingerprint).map(|said| said.again).max();
    match before {
        None => fingerprint.to_owned(),
        Some(again) => format!("{fingerprint}{AGAIN}{}", again.saturating_add(1)),
    }
}

/// The fingerprint in a key, and how often its finding had come back.
fn of_key(key: &str) -> Option<(&str, u32)> {
    let (fingerprint, again) = match key.split_once(AGAIN) {
        None => (key, 0),
        Some((fingerprint, again)) => (fingerprint, again.parse().ok()?),
    };
    Fingerprint::parse(fingerprint).map(|_| (fingerprint, again))
}

/// Without those that were said again since.
fn newest(all: Vec<Said>) -> Vec<Said> {
    let mut last: HashMap<String, u32> = HashMap::new();
    let mut words: HashMap<String, DismissedBy> = HashMap::new();
    for said in &all {
        let again = last.entry(said.fingerprint.clone()).or_default();
        *again = said.again.max(*again);
        if let Some(word) = &said.dismissed {
            words.entry(said.fingerprint.clone()).or_insert_with(|| word.clone());
        }
    }
    let kept = all.into_iter().filter(|said| last.get(&said.fingerprint) == Some(&said.again));
    kept.map(|said| Said { dismissed: words.get(&said.fingerprint).cloned(), ..said }).collect()
}

/// Those that are fixed by now: their lines are gone, and neither a person nor an earlier review has closed the matter. Looked at
/// before.
pub fn resolved(said: &[Said]) -> Vec<&Said> {
    let done = |said: &&Said| said.resolved || said.fixed || said.dismissed.is_some();
    said.iter().filter(|said| said.still == Still::Gone && !done(said)).collect()
}

/// The ids of the comments about what is fixed, for the next review: those of `now`, and the earlier ones but for threads that somebody
/// opened again when their lines were back.
pub fn fixed(said: &[Said], now: &[&Said]) -> Vec<String> {
    let opened = |said: &&Said| {
        said.thread.is_some() && !said.resolved && matches!(said.still, Still::Here | Still::Moved)
    };
    let earlier = said.iter().filter(|said| said.fixed && !opened(said));
    earlier.chain(now.iter().copied()).map(|said| said.comment.clone()).collect()
}

/// The title in the text of a comment: what is bold in its first line.
fn title_of(body: &str) -> String {
    let line = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let bold = line.split_once("**").and_then(|(_, rest)| rest.split_once("**"));
    bold.map_or(line, |(title, _)| title).trim().chars().take(TITLE).collect()
}

#[cfg(test)]
mod tests;
