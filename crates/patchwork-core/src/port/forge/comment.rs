//! Comments on pull requests and issues, and reviews made of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Account;
use crate::change::Side;

/// What a comment is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "number", rename_all = "snake_case")]
pub enum Thing {
    /// A pull request, by its number.
    PullRequest(u64),
    /// An issue, by its number.
    Issue(u64),
}

impl Thing {
    /// Its number.
    pub fn number(self) -> u64 {
        match self {
            Self::PullRequest(number) | Self::Issue(number) => number,
        }
    }
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PullRequest(number) => write!(f, "pull request {number}"),
            Self::Issue(number) => write!(f, "issue {number}"),
        }
    }
}

/// Lines of a pull request's diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinePlace {
    /// The file, by its new path; of a deleted file the old one.
    pub path: String,
    /// Whether the lines are counted in the old file or in the new one.
    pub side: Side,
    /// The first of several lines, 1-based; none when it is one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_line: Option<u32>,
    /// The last line, 1-based; none when the place is no longer in the diff.
    pub line: Option<u32>,
}

/// What somebody thinks of a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reaction {
    /// True for thumbs up, false for thumbs down, none for anything else.
    pub approves: Option<bool>,
    /// Who.
    pub by: Account,
}

/// A comment that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Comment {
    /// What the forge calls it, for [`Forge::edit_comment`](super::Forge::edit_comment); opaque.
    pub id: String,
    /// Its page.
    pub url: String,
    /// Who wrote it.
    pub author: Account,
    /// Markdown.
    pub body: String,
    /// When it was written, milliseconds since 1970; 0 when the forge does not say.
    pub created_ms: i64,
    /// The lines that it is on; none for one of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<LinePlace>,
    /// The thread that it belongs to, for [`Forge::reply`](super::Forge::reply); opaque. None where there are no threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Whether its thread is resolved.
    #[serde(default)]
    pub resolved: bool,
    /// What people think of it. Forges are only asked about comments of our own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
}

/// A comment to make on lines of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLineComment {
    /// The file, by its new path; of a deleted file the old one.
    pub path: String,
    /// The file's old path, when it was renamed.
    #[serde(default)]
    pub old_path: Option<String>,
    /// Whether the lines are counted in the old file or in the new one.
    pub side: Side,
    /// The first of several lines, 1-based; none for one line.
    #[serde(default)]
    pub start_line: Option<u32>,
    /// The last line, 1-based.
    pub line: u32,
    /// The number of the last line on the other side, when the line was not changed.
    #[serde(default)]
    pub other_line: Option<u32>,
    /// Markdown, with the mark and any suggestion.
    pub body: String,
}
