//! What a forge can do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that not every forge can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Pull requests that are not ready for review.
    Drafts,
    /// Labels of pull requests and issues.
    Labels,
    /// Comments on a line of a pull request.
    LineComments,
    /// Comments on several lines.
    MultiLineComments,
    /// Code in a comment that is committed with a click.
    Suggestions,
    /// Threads of comments that can be resolved.
    Threads,
    /// Reactions to comments.
    Reactions,
    /// Issues.
    Issues,
    /// Check runs or commit statuses.
    Checks,
    /// Remarks on lines that belong to a check.
    Annotations,
    /// Code scanning that takes SARIF reports.
    Sarif,
}

impl Ability {
    /// In words, as in "Bitbucket has no …".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drafts => "draft pull requests",
            Self::Labels => "labels",
            Self::LineComments => "line comments",
            Self::MultiLineComments => "comments on several lines",
            Self::Suggestions => "committable suggestions",
            Self::Threads => "threads that can be resolved",
            Self::Reactions => "reactions",
            Self::Issues => "issues",
            Self::Checks => "checks",
            Self::Annotations => "annotations of checks",
            Self::Sarif => "code scanning with SARIF",
        }
    }
}

impl fmt::Display for Ability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many characters a forge takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLimits {
    /// A title.
    pub title: usize,
    /// The body of a pull request or an issue.
    pub body: usize,
    /// A comment.
    pub comment: usize,
}

/// How a forge lets text be that readers do not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// As an HTML comment.
    Html,
    /// As the definition of a link that nothing refers to, where HTML comments are shown.
    LinkDefinition,
}
