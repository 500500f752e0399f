//! Worktrees on disk: made by git, found and removed by us, so that a half-made or half-removed one is no obstacle and the
//! user's own worktrees are never pruned along.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use patchwork_core::failure::Failure;
use patchwork_core::run::RunId;

use super::argument;
use super::remove::remove_tree;
use crate::git::Git;

/// Where the worktree of a run stands. The folder above it is made, readable by its owner only.
pub(super) fn place(repository: &Path, worktrees_dir: &Path, run: &RunId) -> Result<PathBuf, Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    let folder =
        builder.create(worktrees_dir).and_then(|()| worktrees_dir.canonicalize()).map_err(|error| {
            Failure::configuration(format!(
                "the folder for worktrees `{}` can't be made",
                worktrees_dir.display()
            ))
            .caused_by(&error)
            .hint("choose another state folder: --state-dir")
        })?;
    if folder.starts_with(repository) {
        return Err(Failure::configuration(format!(
            "the folder for worktrees `{}` is inside of the repository",
            folder.display()
        ))
        .hint("choose a state folder outside of it: --state-dir"));
    }
    Ok(folder.join(run.as_str()))
}

/// Waits until no other run makes, removes or lists worktrees of the repository: git stumbles over one that is half made. The
/// lock is on the folder itself, so it leaves nothing behind; where folders can't be locked there is none.
pub(super) async fn turn(common: &Path) -> Option<fs::File> {
    let common = common.to_owned();
    let wait = move || {
        let folder = fs::File::open(common).ok()?;
        folder.lock().ok()?;
        Some(folder)
    };
    tokio::task::spawn_blocking(wait).await.ok().flatten()
}

/// Makes a worktree with a detached HEAD and answers its admin folder.
pub(super) async fn add(git: &Git, common: &Path, root: &Path, commit: &str) -> Result<PathBuf, Failure> {
    let path = argument(root)?;
    let _turn = turn(common).await;
    git.command(["worktree", "add", "--quiet", "--detach", "--", path, commit]).run().await.map_err(
        |error| {
            let mut failure = Failure::from(error);
            failure.causes.insert(0, failure.message);
            failure.message = format!("the worktree `{}` can't be made", root.display());
            failure
        },
    )?;
    admin_of(common, root).ok_or_else(|| {
        Failure::internal(format!("git made the worktree `{}` without registering it", root.display()))
    })
}

/// The admin folder of a worktree that is whole.
pub(super) async fn usable(git: &Git, common: &Path, root: &Path) -> Option<PathBuf> {
    let admin = admin_of(common, root)?;
    // Git locks a worktree while it makes it: still locked means that it never came to the end.
    if admin.join("locked").exists() || !root.join(".git").is_file() {
        return None;
    }
    let inside = git.at(root);
    let top = inside.text(["rev-parse", "--show-toplevel"]).await.ok()?;
    let head = inside.resolve("HEAD^{commit}").await.ok()?;
    let index = inside.text(["ls-files", "--", ".gitmodules"]).await;
    (Path::new(&top) == root && head.is_some() && index.is_ok() && admin.join("index").is_file())
        .then_some(admin)
}

/// Removes the locks that a killed git left behind; nobody else works in the worktree of a run.
pub(super) fn break_stale_locks(admin: &Path) -> Result<(), Failure> {
    for name in ["index.lock", "HEAD.lock"] {
        let lock = admin.join(name);
        absent(fs::remove_file(&lock)).map_err(|error| cannot_remove(&lock, &error))?;
    }
    Ok(())
}

/// Removes a worktree and its admin folder, whatever is left of them.
pub(super) async fn discard(common: &Path, root: &Path) -> Result<(), Failure> {
    let _turn = turn(common).await;
    let (common, root) = (common.to_owned(), root.to_owned());
    let work = move || {
        remove_tree(&root).map_err(|error| cannot_remove(&root, &error))?;
        // After the files: an admin folder without files is found and removed by the next sweep, the reverse is not.
        while let Some(admin) = admin_of(&common, &root) {
            remove_tree(&admin).map_err(|error| cannot_remove(&admin, &error))?;
        }
        // As git does; fails when the user has worktrees of their own.
        let _ = fs::remove_dir(common.join("worktrees"));
        Ok(())
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::internal("the removal of a worktree broke off").caused_by(&error))?
}

/// The runs that have something in `worktrees_dir` that belongs to this repository, or to no repository any more.
pub(super) fn runs(common: &Path, worktrees_dir: &Path) -> Vec<RunId> {
    let Ok(folder) = worktrees_dir.canonicalize() else { return Vec::new() };
    let registered = entries(common)
        .into_iter()
        .filter(|entry| entry.worktree.parent() == Some(&folder))
        .filter_map(|entry| run_of(&entry.worktree));
    let orphans = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir() && !belongs_somewhere(path))
        .filter_map(|path| run_of(&path));
    let mut runs: Vec<RunId> = registered.chain(orphans).collect();
    runs.sort();
    runs.dedup();
    runs
}

fn run_of(worktree: &Path) -> Option<RunId> {
    RunId::parse(worktree.file_name()?.to_str()?)
}

/// Whether the `.git` file of a worktree leads to an admin folder.
fn belongs_somewhere(worktree: &Path) -> bool {
    let Ok(text) = fs::read_to_string(worktree.join(".git")) else { return false };
    text.trim_end().strip_prefix("gitdir: ").is_some_and(|admin| worktree.join(admin).is_dir())
}

struct Entry {
    admin: PathBuf,
    worktree: PathBuf,
}

/// What is registered in `.git/worktrees`.
fn entries(common: &Path) -> Vec<Entry> {
    let folders = fs::read_dir(common.join("worktrees")).into_iter().flatten();
    folders
        .filter_map(|folder| {
            let admin = folder.ok()?.path();
            let text = fs::read_to_string(admin.join("gitdir")).ok()?;
            let link = admin.join(text.trim_end_matches(['\n', '\r']));
            let worktree = normal(link.parent()?);
            Some(Entry { admin, worktree })
        })
        .collect()
}

fn admin_of(common: &Path, root: &Path) -> Option<PathBuf> {
    entries(common).into_iter().find(|entry| entry.worktree == root).map(|entry| entry.admin)
}

/// A path without `..`: git may register worktrees relative to their admin folder.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                out.pop();
            }
            std::path::Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

fn cannot_remove(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("`{}` can't be removed", path.display())).caused_by(error)
}

fn absent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
