//! The commits of a run's repository and of its remotes, read through git.

mod changes;
mod fetch;
mod log;
mod read;
mod reference;
mod shallow;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use patchwork_core::change::FileChange;
use patchwork_core::failure::Failure;
use patchwork_core::port::history::{Commit, FetchRequest, History};
use patchwork_core::run::RunId;

use crate::git::{Git, GitCommand, GitError};

/// The history that a run sees. What it fetches is kept by refs below `refs/patchwork/<run>/fetched`, which go with the
/// run's checkout.
#[derive(Debug, Clone)]
pub struct GitHistory {
    git: Git,
    /// The repository whose branches and remotes are meant, where that is not the run's own.
    names: Option<Git>,
    run: RunId,
    offline: bool,
    /// Held while something is fetched.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl GitHistory {
    pub(crate) fn new(git: Git, names: Option<Git>, run: RunId) -> Self {
        Self { git, names, run, offline: false, turn: Arc::default() }
    }

    /// The same without remotes: commits that are here are all there are.
    #[must_use]
    pub fn offline(self) -> Self {
        Self { offline: true, ..self }
    }

    /// Git where branches and remotes are looked up.
    fn names(&self) -> &Git {
        self.names.as_ref().unwrap_or(&self.git)
    }

    /// A command that only reads. Attributes in the files of the worktree do not count: whoever wrote the change could hide it
    /// with them.
    fn reading(&self, id: &str, args: &[&str]) -> GitCommand<'_> {
        let empty_tree = if id.len() == 64 { EMPTY_TREE_SHA256 } else { EMPTY_TREE_SHA1 };
        self.git.command(args.iter().copied()).env("GIT_ATTR_SOURCE", empty_tree)
    }

    /// Whether a commit is here.
    async fn has(&self, id: &str) -> Result<bool, GitError> {
        let args = ["cat-file", "-e", &format!("{id}^{{commit}}")];
        Ok(self.reading(id, &args).accepting(&[1, 128]).await?.code == 0)
    }

    /// Why git could do nothing with these commits.
    async fn explained(&self, error: GitError, commits: &[&str]) -> Failure {
        for commit in commits {
            if matches!(self.has(commit).await, Ok(false)) {
                return Failure::failed(format!("commit {commit} is not in the repository"))
                    .hint("it may be gone since it was fetched, or since the run was recorded: fetch it again: git fetch origin COMMIT");
            }
        }
        error.into()
    }
}

/// The tree without files, which git knows without having it.
const EMPTY_TREE_SHA1: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const EMPTY_TREE_SHA256: &str = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";

/// Refuses what is not the whole id of a commit: git would take it for an option or an expression.
fn whole_ids(ids: &[&str]) -> Result<(), Failure> {
    match ids.iter().find(|id| !reference::is_whole_id(id)) {
        None => Ok(()),
        Some(id) => Err(Failure::usage(format!("`{}` is not the whole id of a commit", shown(id)))),
    }
}

/// Text from outside, for a message.
fn shown(text: &str) -> String {
    const SHOWN: usize = 200;
    text.chars().take(SHOWN).collect::<String>().escape_debug().to_string()
}

#[async_trait]
impl History for GitHistory {
    async fn resolve(&self, revision: &str) -> Result<Option<String>, Failure> {
        if !reference::is_revision(revision) {
            return Ok(None);
        }
        let expression = format!("{revision}^{{commit}}");
        if let Some(id) = resolved(&self.git, &expression).await? {
            return Ok(Some(id));
        }
        // HEAD is what the run stands on, whatever the user has checked out meanwhile.
        match &self.names {
            Some(names) if !reference::begins_at_head(revision) => Ok(resolved(names, &expression).await?),
            _ => Ok(None),
        }
    }

    async fn default_branch(&self, remote: &str) -> Result<Option<String>, Failure> {
        let prefix = format!("refs/remotes/{remote}/");
        if !reference::is_reference(&format!("{prefix}HEAD")) {
            return Ok(None);
        }
        let args = ["symbolic-ref", "--quiet", &format!("{prefix}HEAD")];
        let output = self.names().command(args).accepting(&[1, 128]).await?;
        Ok(output.text().strip_prefix(&prefix).filter(|_| output.code == 0).map(str::to_owned))
    }

    async fn fetch(&self, request: &FetchRequest) -> Result<Vec<Option<String>>, Failure> {
        self.fetch_commits(request).await
    }

    async fn merge_base(&self, a: &str, b: &str) -> Result<Option<String>, Failure> {
        whole_ids(&[a, b])?;
        match self.reading(a, &["merge-base", a, b]).accepting(&[1]).await {
            Ok(output) => Ok(Some(output.text()).filter(|_| output.code == 0)),
            Err(error) => Err(self.explained(error, &[a, b]).await),
        }
    }

    async fn is_ancestor(&self, ancestor: &str, commit: &str) -> Result<bool, Failure> {
        whole_ids(&[ancestor, commit])?;
        match self.reading(commit, &["merge-base", "--is-ancestor", ancestor, commit]).accepting(&[1]).await {
            Ok(output) => Ok(output.code == 0),
            Err(error) => Err(self.explained(error, &[ancestor, commit]).await),
        }
    }

    async fn commits(&self, from: &str, to: &str, limit: usize) -> Result<Vec<Commit>, Failure> {
        whole_ids(&[from, to])?;
        match self.log(from, to, limit).await {
            Ok(commits) => Ok(commits),
            Err(error) => Err(self.explained(error, &[from, to]).await),
        }
    }

    async fn changes(&self, from: &str, to: &str) -> Result<Vec<FileChange>, Failure> {
        whole_ids(&[from, to])?;
        self.changes_between(from, to).await
    }

    async fn files(&self, commit: &str) -> Result<Vec<String>, Failure> {
        whole_ids(&[commit])?;
        self.paths_of(commit).await
    }

    async fn read(&self, commit: &str, paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, Failure> {
        whole_ids(&[commit])?;
        self.read_files(commit, paths).await
    }
}

/// What an expression stands for; none for nonsense too.
async fn resolved(git: &Git, expression: &str) -> Result<Option<String>, GitError> {
    let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", expression];
    let output = git.command(args).accepting(&[1, 128]).await?;
    Ok(Some(output.text()).filter(|text| output.code == 0 && reference::is_whole_id(text)))
}
