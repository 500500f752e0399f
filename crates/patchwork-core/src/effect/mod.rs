//! What a run does to a forge, as data: what a step proposes, policy decides about, and `apply` carries out later.

mod carry_out;
mod gate;
mod policy;
pub mod reach;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use carry_out::{Destination, Done};
pub use gate::Gate;
pub use policy::{Allowance, FileKind, Policy, PolicyFile, Violation};

use crate::port::forge::ensure::MarkedComment;
use crate::port::forge::mark::Mark;
use crate::port::forge::{CheckSpec, IssueSpec, PullRequestSpec, SarifSpec, Thing};

/// One thing to do to a forge. Each is idempotent: done again it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// A branch of the remote.
    Push(PushSpec),
    /// A pull request from that branch.
    PullRequest(PullRequestSpec),
    /// A comment in a conversation, changed in place when it is there.
    Comment {
        /// What it is on.
        on: Thing,
        /// By what it is known again.
        mark: Mark,
        /// Markdown.
        body: String,
    },
    /// Comments on lines of a pull request.
    Review {
        /// The pull request.
        number: u64,
        /// The commit that was looked at.
        commit: String,
        /// The name in the comments' marks.
        name: String,
        /// A sentence for all of them.
        summary: String,
        /// The comments; those whose key is there already are left out.
        comments: Vec<MarkedComment>,
    },
    /// An answer in a thread.
    Reply {
        /// The pull request.
        number: u64,
        /// The thread.
        thread: String,
        /// By what it is known again.
        mark: Mark,
        /// Markdown.
        body: String,
    },
    /// A thread that is resolved, or open again.
    Resolve {
        /// The pull request.
        number: u64,
        /// The thread.
        thread: String,
        /// Resolved or open.
        resolved: bool,
    },
    /// An issue.
    Issue {
        /// By what it is known again.
        mark: Mark,
        /// What it says.
        spec: IssueSpec,
    },
    /// A check of a commit.
    Check(CheckSpec),
    /// A report of code scanning.
    Sarif(SarifSpec),
}

/// A commit to push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushSpec {
    /// The remote (`origin`).
    pub remote: String,
    /// The branch on the remote.
    pub branch: String,
    /// The commit.
    pub commit: String,
    /// Whether a remote branch that stands elsewhere may be moved; see
    /// [`PushRequest::force`](crate::port::checkout::PushRequest::force).
    pub force: bool,
}

/// The kind of an effect, for policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// [`Effect::Push`].
    Push,
    /// [`Effect::PullRequest`].
    PullRequest,
    /// [`Effect::Comment`].
    Comment,
    /// [`Effect::Review`]; counted by its comments.
    Review,
    /// [`Effect::Reply`].
    Reply,
    /// [`Effect::Resolve`].
    Resolve,
    /// [`Effect::Issue`].
    Issue,
    /// [`Effect::Check`].
    Check,
    /// [`Effect::Sarif`].
    Sarif,
}

impl EffectKind {
    /// The word of policies (`pull_request`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::PullRequest => "pull_request",
            Self::Comment => "comment",
            Self::Review => "review",
            Self::Reply => "reply",
            Self::Resolve => "resolve",
            Self::Issue => "issue",
            Self::Check => "check",
            Self::Sarif => "sarif",
        }
    }
}

impl std::fmt::Display for EffectKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Effect {
    /// Its kind.
    pub fn kind(&self) -> EffectKind {
        match self {
            Self::Push(_) => EffectKind::Push,
            Self::PullRequest(_) => EffectKind::PullRequest,
            Self::Comment { .. } => EffectKind::Comment,
            Self::Review { .. } => EffectKind::Review,
            Self::Reply { .. } => EffectKind::Reply,
            Self::Resolve { .. } => EffectKind::Resolve,
            Self::Issue { .. } => EffectKind::Issue,
            Self::Check(_) => EffectKind::Check,
            Self::Sarif(_) => EffectKind::Sarif,
        }
    }

    /// What it is about, for people (`comment on pull request 7`).
    pub fn describe(&self) -> String {
        match self {
            Self::Push(push) => format!("push to {}/{}", push.remote, push.branch),
            Self::PullRequest(spec) => format!("pull request of {} into {}", spec.head, spec.base),
            Self::Comment { on, .. } => format!("comment on {on}"),
            Self::Review { number, comments, .. } => {
                format!("review of pull request {number} with {} comments", comments.len())
            }
            Self::Reply { number, .. } => format!("reply on pull request {number}"),
            Self::Resolve { number, resolved: true, .. } => {
                format!("resolve a thread of pull request {number}")
            }
            Self::Resolve { number, .. } => format!("open a thread of pull request {number} again"),
            Self::Issue { spec, .. } => format!("issue {:?}", spec.title),
            Self::Check(spec) => format!("check {:?} of {}", spec.name, spec.commit),
            Self::Sarif(spec) => format!("code scanning report for {}", spec.reference),
        }
    }

    /// What it makes and under which name, for people; `url` is its page, or empty.
    pub fn produced(&self, url: &str) -> (String, String) {
        let what = match self {
            Self::Push(push) => {
                return ("pushed branch".to_owned(), format!("{}/{}", push.remote, push.branch));
            }
            other => other.kind().as_str().replace('_', " "),
        };
        (what, if url.is_empty() { self.describe() } else { url.to_owned() })
    }

    /// What it counts as, against a policy's limit.
    pub fn count(&self) -> usize {
        match self {
            Self::Review { comments, .. } => comments.len(),
            _ => 1,
        }
    }

    /// Its texts that forges show as Markdown, to be read or changed.
    pub fn markdown(&mut self) -> Vec<&mut String> {
        match self {
            Self::PullRequest(spec) => vec![&mut spec.body],
            Self::Comment { body, .. } | Self::Reply { body, .. } => vec![body],
            Self::Review { summary, comments, .. } => std::iter::once(summary)
                .chain(comments.iter_mut().map(|marked| &mut marked.comment.body))
                .collect(),
            Self::Issue { spec, .. } => vec![&mut spec.body],
            Self::Check(spec) => vec![&mut spec.summary],
            Self::Push(_) | Self::Resolve { .. } | Self::Sarif(_) => Vec::new(),
        }
    }

    /// All of its texts that people read.
    pub fn texts(&mut self) -> Vec<&mut String> {
        match self {
            Self::PullRequest(spec) => vec![&mut spec.title, &mut spec.body],
            Self::Issue { spec, .. } => vec![&mut spec.title, &mut spec.body],
            Self::Check(spec) => [&mut spec.title, &mut spec.summary]
                .into_iter()
                .chain(spec.annotations.iter_mut().flat_map(|a| [&mut a.title, &mut a.message]))
                .collect(),
            Self::Sarif(spec) => vec![&mut spec.sarif],
            _ => self.markdown(),
        }
    }

    /// Its texts that forges show as they are: titles and remarks.
    pub fn lines(&mut self) -> Vec<&mut String> {
        match self {
            Self::PullRequest(spec) => vec![&mut spec.title],
            Self::Issue { spec, .. } => vec![&mut spec.title],
            Self::Check(spec) => std::iter::once(&mut spec.title)
                .chain(spec.annotations.iter_mut().flat_map(|a| [&mut a.title, &mut a.message]))
                .collect(),
            _ => Vec::new(),
        }
    }
}
