//! Talking to the site that hosts a repository. Moving commits is the checkout's work, not the forge's.
//!
//! A site implements small reads and writes; looking first and writing then is written once, in [`ensure`].

mod ability;
mod account;
mod check;
mod comment;
pub mod ensure;
mod error;
mod issue;
pub mod mark;
mod pull_request;
mod repository;

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use ability::{Ability, Hidden, TextLimits};
pub use account::{Account, Trust};
pub use check::{Annotation, AnnotationLevel, CheckSpec, Conclusion, FoundCheck, SarifSpec};
pub use comment::{Comment, LinePlace, NewLineComment, Reaction, Thing};
pub use error::ForgeError;
pub use issue::{FoundIssue, IssueSpec};
pub use pull_request::{
    End, FoundPullRequest, PullRequest, PullRequestChanges, PullRequestCommit, PullRequestSpec,
    PullRequestState, PullRequestText, Query, TextChange,
};
pub use repository::{Credential, ForgeKind, ForgeTarget, GitCredential, Located, RepositoryFacts};

use crate::failure::Failure;

/// What an `ensure` call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ensured {
    /// It is new.
    Created,
    /// It was there and was changed.
    Updated,
    /// It was there as it should be.
    #[default]
    Unchanged,
    /// It was written down to be done later, and is not done.
    Proposed,
}

/// One repository on a forge. What a site can't do answers [`ForgeError::Unsupported`], which is what these methods do by
/// themselves.
#[async_trait]
pub trait Forge: Send + Sync {
    /// Which site it is.
    fn kind(&self) -> ForgeKind;

    /// The forge, for messages (`GitHub`).
    fn name(&self) -> &str {
        self.kind().as_str()
    }

    /// Whether it can do this.
    fn can(&self, ability: Ability) -> bool;

    /// How many characters it takes.
    fn limits(&self) -> TextLimits;

    /// How text is hidden from readers.
    fn hidden(&self) -> Hidden {
        Hidden::Html
    }

    /// The addresses of the repository's pages, under the name that the remote has and, once it is known, the one that it goes by
    /// now: links to them and below lead nowhere else.
    fn homes(&self) -> Vec<String>;

    /// The ref under which the repository keeps a pull request's commits (`refs/pull/7/head`); none where only the
    /// source branch has them.
    fn head_ref(&self, _number: u64) -> Option<String> {
        None
    }

    /// A block of Markdown that offers `code` in place of the last `lines` lines up to the one commented on; none where
    /// there is no such thing.
    fn suggestion(&self, _lines: u32, _code: &str) -> Option<String> {
        None
    }

    /// Says before any work whether the token can write what is needed.
    async fn check(&self) -> Result<(), ForgeError>;

    /// What the forge says about the repository.
    async fn repository(&self) -> Result<RepositoryFacts, ForgeError>;

    /// The name of the token's account; none when there is no token, or the forge does not tell.
    async fn account(&self) -> Result<Option<String>, ForgeError>;

    /// How git shows the forge who we are; none without a credential.
    async fn git_credential(&self) -> Result<Option<GitCredential>, ForgeError>;

    /// The open pull request with this head and base, both in this repository.
    async fn find_pull_request(&self, base: &str, head: &str)
    -> Result<Option<FoundPullRequest>, ForgeError>;

    /// The pull request of this number, in any state; [`ForgeError::NotFound`] when there is none.
    async fn pull_request(&self, number: u64) -> Result<FoundPullRequest, ForgeError>;

    /// Pull requests, the newest first.
    async fn pull_requests(&self, query: &Query) -> Result<Vec<FoundPullRequest>, ForgeError>;

    /// Opens a pull request; [`ForgeError::Exists`] when there is an open one for these branches.
    async fn open_pull_request(&self, spec: &PullRequestSpec) -> Result<FoundPullRequest, ForgeError>;

    /// Changes what a pull request says, or opens or closes it.
    async fn change_pull_request(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundPullRequest, ForgeError>;

    /// What a pull request changes.
    async fn changes(&self, number: u64) -> Result<PullRequestChanges, ForgeError>;

    /// The commits of a pull request, oldest first.
    async fn commits(&self, number: u64) -> Result<Vec<PullRequestCommit>, ForgeError>;

    /// All comments, oldest first, those on lines too. What the site itself writes (`changed the title`) is left out.
    async fn comments(&self, on: Thing) -> Result<Vec<Comment>, ForgeError>;

    /// Adds a comment to the conversation.
    async fn add_comment(&self, on: Thing, body: &str) -> Result<Comment, ForgeError>;

    /// Changes a comment of our own.
    async fn edit_comment(&self, on: Thing, id: &str, body: &str) -> Result<Comment, ForgeError>;

    /// Deletes a comment of our own; done when it is gone already.
    async fn delete_comment(&self, on: Thing, id: &str) -> Result<(), ForgeError>;

    /// Comments on lines of a pull request, at once where the site can, with a sentence for all of them. `commit` is the one
    /// that was looked at. A site that takes them one by one ends at the first that fails; those before stay.
    async fn add_line_comments(
        &self,
        _number: u64,
        _commit: &str,
        _summary: &str,
        _comments: &[NewLineComment],
    ) -> Result<Vec<Comment>, ForgeError> {
        Err(self.unsupported(Ability::LineComments))
    }

    /// Answers in a thread.
    async fn reply(&self, _number: u64, _thread: &str, _body: &str) -> Result<Comment, ForgeError> {
        Err(self.unsupported(Ability::Threads))
    }

    /// Resolves a thread, or opens it again.
    async fn resolve(&self, _number: u64, _thread: &str, _resolved: bool) -> Result<(), ForgeError> {
        Err(self.unsupported(Ability::Threads))
    }

    /// An issue; [`ForgeError::NotFound`] when there is none.
    async fn issue(&self, _number: u64) -> Result<FoundIssue, ForgeError> {
        Err(self.unsupported(Ability::Issues))
    }

    /// Issues that the token's account opened, the newest first.
    async fn own_issues(&self, _query: &Query) -> Result<Vec<FoundIssue>, ForgeError> {
        Err(self.unsupported(Ability::Issues))
    }

    /// Opens an issue.
    async fn open_issue(&self, _spec: &IssueSpec) -> Result<FoundIssue, ForgeError> {
        Err(self.unsupported(Ability::Issues))
    }

    /// Changes what an issue says, or opens or closes it.
    async fn change_issue(&self, _number: u64, _change: &TextChange) -> Result<FoundIssue, ForgeError> {
        Err(self.unsupported(Ability::Issues))
    }

    /// The newest check of ours with the spec's commit and name.
    async fn find_check(&self, _spec: &CheckSpec) -> Result<Option<FoundCheck>, ForgeError> {
        Err(self.unsupported(Ability::Checks))
    }

    /// Makes a check, or changes the one that was found.
    async fn put_check(
        &self,
        _spec: &CheckSpec,
        _found: Option<&FoundCheck>,
    ) -> Result<FoundCheck, ForgeError> {
        Err(self.unsupported(Ability::Checks))
    }

    /// Hands in a report of code scanning; answers a page or an address where it can be followed.
    async fn upload_sarif(&self, _spec: &SarifSpec) -> Result<String, ForgeError> {
        Err(self.unsupported(Ability::Sarif))
    }

    /// The error of something that the site can't do.
    fn unsupported(&self, ability: Ability) -> ForgeError {
        ForgeError::Unsupported { forge: self.name().to_owned(), ability }
    }
}

/// Finds the forge of a repository.
pub trait Forges: Send + Sync {
    /// The forge that a target leads to; a failure that says why when there is none. Sends nothing.
    fn connect(&self, target: &ForgeTarget) -> Result<Arc<dyn Forge>, Failure>;

    /// Reads the address of a page of a pull request or an issue, in every form that people copy from a browser
    /// (`…/pull/7/files#r1`). `target` says, by its `api_url` and credentials, which site a host is that nobody knows by name.
    fn locate(&self, url: &str, target: &ForgeTarget) -> Result<Located, Failure>;
}
