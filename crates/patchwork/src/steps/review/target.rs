//! What is reviewed: a pull request, or the commits of a branch.

use std::collections::HashSet;

use patchwork_core::change::FileChange;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Comment, FoundPullRequest, Thing};
use patchwork_core::step::{Context, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::review::file::ReviewFile;
use crate::review::finding::ReviewFinding;
use crate::review::memory::Memory;
use crate::review::prompt::Subject;
use crate::review::selection::{NotReviewed, Selection};
use crate::steps::forge::access::{ForgeAccess, REMOTE, until_cancelled};
use crate::steps::forge::{diffs, text};

/// Which commits are meant.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct TargetOptions {
    /// The address of the pull request's page, in any form.
    #[serde(default)]
    pub pr_url: Option<String>,
    /// Without a pull request: the branch or commit to compare with; the main branch when absent.
    #[serde(default)]
    pub base: Option<String>,
    /// Without a pull request: the branch or commit to review; the current one when absent.
    #[serde(default)]
    pub head: Option<String>,
}

/// The commits between which a review looks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    /// Where the branch left the one that it is to be merged into.
    pub from: String,
    /// The newest commit.
    pub to: String,
}

/// A pull request with what was said about it.
pub(super) struct Pull {
    pub found: FoundPullRequest,
    pub comments: Vec<Comment>,
}

/// What is reviewed.
pub(super) struct Target {
    pub range: Range,
    pub subject: Subject,
    pub pull: Option<Pull>,
}

impl TargetOptions {
    /// Finds the commits, and brings them here.
    pub(super) async fn find(&self, ctx: &Context, access: &ForgeAccess) -> Result<Target, StepError> {
        match given(&self.pr_url) {
            Some(url) => Self::pull_request(ctx, url, access).await,
            None => self.branch(ctx).await,
        }
    }

    async fn pull_request(ctx: &Context, url: &str, access: &ForgeAccess) -> Result<Target, StepError> {
        let (destination, number) = access.pull_request(ctx, url).await?;
        let forge = &destination.forge;
        let found = until_cancelled(ctx, forge.pull_request(number)).await?;
        let comments = until_cancelled(ctx, forge.comments(Thing::PullRequest(number))).await?;
        let on = Thing::PullRequest(number).to_string();
        ctx.heard(&found.author, &on).await?;
        text::hear(ctx, &comments, &on).await?;
        let diffs::Ends { from, to } = diffs::ends(ctx, &destination, &found).await?;
        Ok(Target {
            range: Range { from, to },
            subject: Subject { title: found.title.clone(), body: found.body.clone() },
            pull: Some(Pull { found, comments }),
        })
    }

    async fn branch(&self, ctx: &Context) -> Result<Target, StepError> {
        let history = ctx.history()?;
        let to = match given(&self.head) {
            Some(head) => commit(ctx, "head", head).await?,
            None => ctx.checkout()?.base().commit.clone(),
        };
        let base = match given(&self.base) {
            Some(base) => commit(ctx, "base", base).await?,
            None => main_branch(ctx).await?,
        };
        let from = history.merge_base(&base, &to).await?.ok_or_else(|| {
            Failure::failed("the two ends have no common commit here")
                .hint("a shallow clone? fetch the whole history: git fetch --unshallow")
        })?;
        let newest = history.commits(&from, &to, 1).await?;
        let message = newest.into_iter().next().map(|commit| commit.message).unwrap_or_default();
        let (title, body) = message.split_once('\n').unwrap_or((&message, ""));
        Ok(Target {
            subject: Subject { title: title.trim().to_owned(), body: body.trim().to_owned() },
            range: Range { from, to },
            pull: None,
        })
    }
}

async fn commit(ctx: &Context, option: &str, revision: &str) -> Result<String, StepError> {
    ctx.history()?.resolve(revision).await?.ok_or_else(|| {
        StepError::input(option, format!("there is no branch, tag or commit {revision:?} in this repository"))
    })
}

/// The branch that others are merged into: the remote's main one, else a local `main` or `master`.
async fn main_branch(ctx: &Context) -> Result<String, StepError> {
    let history = ctx.history()?;
    let remote = history.default_branch(REMOTE).await?.map(|name| format!("refs/remotes/{REMOTE}/{name}"));
    let local = ["refs/heads/main", "refs/heads/master"].map(str::to_owned);
    for name in remote.into_iter().chain(local) {
        if let Some(commit) = history.resolve(&name).await? {
            return Ok(commit);
        }
    }
    Err(StepError::input("base", "there is no main branch to compare with: give the branch, base=NAME"))
}

impl Range {
    /// Lets what was dismissed be about the lines that were meant: see [`Memory::look`].
    pub(super) async fn look(
        &self,
        ctx: &Context,
        memory: &mut Memory,
        findings: &[ReviewFinding],
        files: &[ReviewFile],
    ) -> Result<(), StepError> {
        if !findings.is_empty() && memory.dismissals().next().is_some() {
            let all: HashSet<String> = ctx.history()?.files(&self.to).await?.into_iter().collect();
            memory.look(findings, files, |path| all.contains(path));
        }
        Ok(())
    }

    /// The files that changed and are reviewed, with their texts, and those that are left out.
    pub(super) async fn files(
        &self,
        ctx: &Context,
        selection: &Selection,
    ) -> Result<(Vec<ReviewFile>, Vec<NotReviewed>), StepError> {
        let history = ctx.history()?;
        let selected = selection.select(history.changes(&self.from, &self.to).await?);
        let before: Vec<String> =
            selected.files.iter().map(|file: &FileChange| file.path_before().to_owned()).collect();
        let after: Vec<String> = selected.files.iter().map(|file| file.path.clone()).collect();
        let old = history.read(&self.from, &before).await?;
        let new = history.read(&self.to, &after).await?;
        let (mut files, mut left_out) = (Vec::new(), selected.left_out);
        for ((change, old), new) in selected.files.into_iter().zip(old).zip(new) {
            match ReviewFile::read(change, old, new) {
                Ok(file) => files.push(file),
                Err(reason) => left_out.push(reason),
            }
        }
        Ok((files, left_out))
    }
}

/// A text option, unless it is absent or blank.
fn given(option: &Option<String>) -> Option<&str> {
    option.as_deref().map(str::trim).filter(|text| !text.is_empty())
}
