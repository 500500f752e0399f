//! GitLab's JSON of comments: notes, discussions, drafts and where they stand.

use serde::{Deserialize, Serialize};

use super::wire::User;

/// A thread. A comment that nobody answered is one too.
#[derive(Debug, Deserialize)]
pub(super) struct Discussion {
    pub id: String,
    #[serde(default)]
    pub notes: Vec<Note>,
}

/// A comment.
#[derive(Debug, Deserialize)]
pub(super) struct Note {
    pub id: u64,
    #[serde(default)]
    pub body: Option<String>,
    #[serde(default)]
    pub author: Option<User>,
    #[serde(default)]
    pub created_at: Option<String>,
    /// Written by GitLab itself (`changed the title`).
    #[serde(default)]
    pub system: bool,
    #[serde(default)]
    pub resolvable: Option<bool>,
    #[serde(default)]
    pub resolved: Option<bool>,
    #[serde(default)]
    pub position: Option<Position>,
}

/// Where a comment stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Position {
    #[serde(default)]
    pub head_sha: Option<String>,
    #[serde(default)]
    pub old_path: Option<String>,
    #[serde(default)]
    pub new_path: Option<String>,
    #[serde(default)]
    pub old_line: Option<u32>,
    #[serde(default)]
    pub new_line: Option<u32>,
    #[serde(default)]
    pub line_range: Option<LineRange>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct LineRange {
    #[serde(default)]
    pub start: Option<RangeEnd>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct RangeEnd {
    #[serde(default)]
    pub line_code: Option<String>,
    #[serde(default)]
    pub old_line: Option<u32>,
    #[serde(default)]
    pub new_line: Option<u32>,
}

/// `POST …/discussions`.
#[derive(Debug, Serialize)]
pub(super) struct NewDiscussion<'a> {
    pub body: &'a str,
    pub position: &'a NewPosition,
}

/// `POST …/draft_notes`.
#[derive(Debug, Serialize)]
pub(super) struct NewDraft<'a> {
    pub note: &'a str,
    pub position: &'a NewPosition,
}

/// A comment that only its author sees yet.
#[derive(Debug, Deserialize)]
pub(super) struct Draft {
    pub id: u64,
    #[serde(default)]
    pub note: Option<String>,
    /// None when GitLab finds no such line, which it does not refuse.
    #[serde(default)]
    pub line_code: Option<String>,
    #[serde(default)]
    pub position: Option<Position>,
}

/// Where a comment is to stand. An added line has a new number only, a removed one an old number only, any other both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct NewPosition {
    pub position_type: &'static str,
    pub base_sha: String,
    pub start_sha: String,
    pub head_sha: String,
    pub old_path: String,
    pub new_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_range: Option<NewRange>,
}

/// The lines of a comment on several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct NewRange {
    pub start: NewRangeEnd,
    pub end: NewRangeEnd,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct NewRangeEnd {
    pub line_code: String,
    /// `new` for an added line, `old` for a removed one.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_line: Option<u32>,
}

/// `GET …/notes/{id}/award_emoji`.
#[derive(Debug, Deserialize)]
pub(super) struct Award {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub user: Option<User>,
}
