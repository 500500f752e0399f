//! Checkpoints of the worktree, and its diff.

use patchwork_core::failure::Failure;
use patchwork_core::port::checkout::Checkpoint;

use super::GitCheckout;
use crate::git::{Git, GitError};

/// What is known of the checkpoints.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The newest, with the commit that keeps it and all before it alive.
    newest: Option<(Checkpoint, String)>,
}

impl GitCheckout {
    pub(super) async fn take_checkpoint(&self) -> Result<Checkpoint, Failure> {
        let mut state = self.state.lock().await;
        self.stage().await?;
        let (tree, commit) = tokio::try_join!(
            self.git.text(["write-tree"]),
            self.git.text(["rev-parse", "--verify", "HEAD"])
        )?;
        let checkpoint = Checkpoint { commit, tree };
        if state.newest.as_ref().is_some_and(|(newest, _)| *newest == checkpoint) {
            return Ok(checkpoint);
        }
        let reference = self.reference("checkpoint");
        let previous = match state.newest.take() {
            Some((_, keeper)) => Some(keeper),
            None => self.git.resolve(&reference).await?,
        };
        let mut command = self.git.command(["commit-tree", "-m", "checkpoint", "-p", &checkpoint.commit]);
        if let Some(previous) = &previous {
            command = command.args(["-p", previous]);
        }
        let keeper = command.args([&checkpoint.tree]).text().await?;
        self.git.text(["update-ref", "--end-of-options", &reference, &keeper]).await?;
        state.newest = Some((checkpoint.clone(), keeper));
        Ok(checkpoint)
    }

    pub(super) async fn bring_back(&self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        let _turn = self.state.lock().await;
        let tree = self.git.resolve(&format!("{}^{{tree}}", checkpoint.tree)).await?;
        let commit = self.git.resolve(&format!("{}^{{commit}}", checkpoint.commit)).await?;
        let (Some(tree), Some(commit)) = (tree, commit) else {
            return Err(Failure::failed(format!(
                "the state {} of run {} is no longer in the repository",
                checkpoint.tree, self.run
            ))
            .hint("start a new run"));
        };
        self.git.text(["read-tree", "--reset", "-u", &tree]).await?;
        self.materialise(&tree).await?;
        // Twice `-f`: also repositories that a tool cloned into the worktree.
        self.git.text(["clean", "-ffdq"]).await?;
        self.git.text(["update-ref", "--no-deref", "HEAD", &commit]).await?;
        Ok(())
    }

    /// In a sparse checkout, git leaves out files beyond the folders that the user chose. Those that differ from the base are
    /// the run's work and belong on disk.
    async fn materialise(&self, tree: &str) -> Result<(), GitError> {
        if !self.admin.join("info/sparse-checkout").exists() {
            return Ok(());
        }
        let args = [
            "diff-tree",
            "-r",
            "-z",
            "--name-only",
            "--no-renames",
            "--diff-filter=d",
            &self.base.commit,
            tree,
        ];
        let changed = self.git.command(args).run().await?.stdout;
        if !changed.is_empty() {
            let args = ["update-index", "-z", "--no-skip-worktree", "--stdin"];
            self.git.command(args).stdin(changed.clone()).run().await?;
            let args = ["checkout-index", "--force", "--index", "-z", "--stdin"];
            self.git.command(args).stdin(changed).run().await?;
        }
        Ok(())
    }

    pub(super) async fn diff_against_base(&self) -> Result<String, Failure> {
        let _turn = self.state.lock().await;
        self.stage().await?;
        let args = [
            "diff-index",
            "--cached",
            "--patch",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-renames",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            &self.base.commit,
            "--",
        ];
        Ok(String::from_utf8_lossy(&self.git.command(args).run().await?.stdout).into_owned())
    }

    /// Brings the worktree's index up to its files. Repositories inside of it are left out: they are not part of this
    /// one, and `git add` fails on those without a commit.
    async fn stage(&self) -> Result<(), GitError> {
        let listing = self
            .git
            .command(["ls-files", "-z", "-t", "--modified", "--deleted", "--others", "--exclude-standard"])
            .run()
            .await?;
        let mut known = Vec::new();
        let mut new = Vec::new();
        for line in listing.fields().filter(|line| !line.ends_with(b"/")) {
            let paths = if line.starts_with(b"? ") { &mut new } else { &mut known };
            paths.extend_from_slice(line.get(2..).unwrap_or_default());
            paths.push(0);
        }
        // First what is gone: a new file may stand in a folder that was a file.
        let paths = [known, new].concat();
        if !paths.is_empty() {
            let args = ["update-index", "-z", "--add", "--remove", "--replace", "--stdin"];
            self.git.command(args).stdin(paths).run().await?;
        }
        Ok(())
    }
}

/// The submodules of a commit.
pub(super) async fn gitlinks(git: &Git, commit: &str) -> Result<Vec<String>, Failure> {
    let output = git.command(["ls-tree", "-r", "-d", "-z", "--full-tree", commit]).run().await?;
    Ok(output
        .fields()
        .filter_map(|line| String::from_utf8_lossy(line).strip_prefix("160000 ").map(str::to_owned))
        .filter_map(|line| line.split_once('\t').map(|(_, path)| path.to_owned()))
        .collect())
}
