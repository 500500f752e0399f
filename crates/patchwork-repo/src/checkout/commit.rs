//! Commits of the files in the worktree: made without its index, its hooks or a signature, and the same each time.

use std::collections::BTreeSet;

use patchwork_core::failure::Failure;
use patchwork_core::port::checkout::{CommitRequest, Committed};

use super::GitCheckout;
use super::branch::Branch;
use super::stream::{Change, Changes, Stream, read_raw_diff};

/// How often a branch is looked at that others keep moving.
const MAX_TRIES: u32 = 8;

impl GitCheckout {
    pub(super) async fn make_commits(&self, request: &CommitRequest) -> Result<Committed, Failure> {
        let _turn = self.state.lock().await;
        if let Some(name) = &request.branch {
            self.branch_reference(name).await?;
        }
        let all = self.changes(request).await?;
        let result = self.reference("result");
        let mut stream = Stream::new(result.clone(), &self.base.commit, request.date_ms);
        let mut left = all.clone();
        for commit in &request.commits {
            let changes: Changes = commit.paths.iter().filter_map(|path| left.remove_entry(path)).collect();
            if !changes.is_empty() {
                stream.commit(&commit.message, &changes, &all);
            }
        }
        if stream.is_empty() {
            self.git.text(["update-ref", &result, &self.base.commit]).await?;
            return Ok(Committed {
                commits: Vec::new(),
                head: self.base.commit.clone(),
                reference: result,
                kept: None,
            });
        }
        // The ref of a run may point at other commits of an earlier try: `--force`.
        let imported =
            self.git.command(["fast-import", "--quiet", "--force"]).stdin(stream.finish()).text().await?;
        let commits: Vec<String> = imported.lines().map(str::to_owned).collect();
        let Some(head) = commits.last().cloned() else {
            return Err(Failure::internal("git fast-import made no commit"));
        };
        let (reference, kept) = match &request.branch {
            Some(name) => self.point(name, &head, request.force).await?,
            None => (result, None),
        };
        self.git.text(["update-ref", "--no-deref", "HEAD", &head]).await?;
        // Without `-u`: the index follows the commit, the files stay as they are.
        self.git.text(["read-tree", "--reset", &head]).await?;
        Ok(Committed { commits, head, reference, kept })
    }

    /// What the listed files are, compared with the base, as `git add` would record them.
    async fn changes(&self, request: &CommitRequest) -> Result<Changes, Failure> {
        let mut paths = BTreeSet::new();
        for path in request.commits.iter().flat_map(|commit| &commit.paths) {
            let place = self.places.exact(path).map_err(|error| error.into_failure(path))?;
            paths.insert(place);
        }
        if paths.is_empty() {
            return Ok(Changes::new());
        }
        // An index of its own that starts from the base: git looks there for how a file's line ends were before.
        let index = self.admin.join("patchwork-commit-index");
        let changes = self.changes_by_index(super::argument(&index)?, &paths).await;
        let _ = std::fs::remove_file(&index);
        let changes = changes?;
        if let Some((path, _)) = changes.iter().find(
            |(_, change)| matches!(change, Change::Blob { mode, .. } if mode == "160000" || mode == "040000"),
        ) {
            return Err(Failure::failed(format!(
                "`{path}` is a repository of its own and can't be committed"
            )));
        }
        Ok(changes)
    }

    async fn changes_by_index(&self, index: &str, paths: &BTreeSet<String>) -> Result<Changes, Failure> {
        let stdin: Vec<u8> = paths.iter().flat_map(|path| path.bytes().chain([0])).collect();
        let git = |args: &[&str]| self.git.command(args.iter().copied()).env("GIT_INDEX_FILE", index);
        git(&["read-tree", &self.base.commit]).run().await?;
        git(&["update-index", "-z", "--add", "--remove", "--replace", "--stdin"]).stdin(stdin).run().await?;
        let raw = git(&[
            "diff-index",
            "--cached",
            "--raw",
            "-z",
            "--no-renames",
            "--no-abbrev",
            &self.base.commit,
            "--",
        ])
        .run()
        .await?;
        read_raw_diff(raw.fields())
            .ok_or_else(|| Failure::internal("git diff-index printed something unexpected"))
    }

    /// Makes the branch of this name point at `head`; answers its ref and where its old tip was kept.
    async fn point(&self, name: &str, head: &str, force: bool) -> Result<(String, Option<String>), Failure> {
        // Another run may move the branch between the look at it and the order: then it is looked at again.
        let mut tries = 0;
        loop {
            let branch = self.branch(name).await?;
            let moved = self.move_branch(&branch, head, force).await;
            tries += 1;
            if moved.is_err() && tries < MAX_TRIES && self.branch(name).await?.tip != branch.tip {
                continue;
            }
            return Ok((branch.reference, moved?));
        }
    }

    /// Makes a branch point at `head`, keeps its old tip reachable, and answers where.
    async fn move_branch(&self, branch: &Branch, head: &str, force: bool) -> Result<Option<String>, Failure> {
        let name = branch.reference.strip_prefix("refs/heads/").unwrap_or(&branch.reference);
        let kept = format!("refs/patchwork/kept/{name}/{}", self.run);
        if branch.tip.as_deref() == Some(head) {
            // Done by an earlier try of the same request, which may have kept something.
            return Ok(self.git.resolve(&kept).await?.map(|_| kept));
        }
        branch.check(force)?;
        let mut transaction = String::from("start\n");
        let mut keeps = false;
        if let Some(tip) = &branch.tip {
            let ancestor =
                self.git.command(["merge-base", "--is-ancestor", tip, head]).accepting(&[1]).await?;
            keeps = ancestor.code != 0;
            if keeps {
                transaction.push_str(&format!("update {kept} {tip}\n"));
            }
        }
        // The old value is part of the order: a branch that moved since it was looked at is left alone.
        let old = branch.tip.clone().unwrap_or_else(|| "0".repeat(head.len()));
        transaction.push_str(&format!("update {} {head} {old}\nprepare\ncommit\n", branch.reference));
        let reason = format!("patchwork: run {}", self.run);
        self.git.command(["update-ref", "-m", &reason, "--stdin"]).stdin(transaction).run().await?;
        Ok(keeps.then_some(kept))
    }
}
