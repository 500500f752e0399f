//! A worktree in a repository of its own: for runs that must leave nothing in the user's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchwork_core::failure::Failure;
use patchwork_core::port::checkout::Base;
use patchwork_core::port::process::Processes;
use patchwork_core::run::RunId;

use super::{GitCheckout, repository, worktree};
use crate::git::{Git, GitError};

/// Settings of a repository that decide which bytes stand in its files.
const ABOUT_FILES: &str = r"^core\.(autocrlf|eol|symlinks|filemode)$";

impl GitCheckout {
    /// Makes the worktree of a run in a new repository `<folder>/repository` that borrows the objects of the one at
    /// `objects_of`, where nothing is written: no branch, no setting, no worktree. Nothing is fetched. `base.repository`
    /// is only what absolute paths of findings are below; it need not exist.
    pub async fn apart(
        objects_of: &Path,
        base: Base,
        run: &RunId,
        folder: &Path,
        processes: Arc<dyn Processes>,
    ) -> Result<Self, Failure> {
        let git = Git::new(processes, objects_of);
        let full = matches!(base.commit.len(), 40 | 64) && base.commit.bytes().all(|b| b.is_ascii_hexdigit());
        if !full {
            return Err(Failure::usage("the commit that the run started from is not the whole id of one"));
        }
        // A partial clone would ask its remote for what it lacks.
        let has = git
            .command(["rev-parse", "--verify", "--quiet", "--end-of-options"])
            .args([format!("{}^{{commit}}", base.commit)])
            .env("GIT_NO_LAZY_FETCH", "1")
            .accepting(&[1, 128])
            .await?;
        if has.code == 128 {
            // Says why there is no repository to look into, if there is none.
            repository::common_dir(&git).await?;
        }
        if has.code != 0 {
            return Err(Failure::usage(format!(
                "the repository at `{}` does not have the commit {} that the run started from",
                objects_of.display(),
                base.commit
            ))
            .hint("run this in a clone that has it, or fetch it: git fetch --unshallow, or git fetch origin COMMIT"));
        }
        let home = folder.join("repository");
        borrow(&git, &home).await?;
        let git = git.at(&home);
        let common = repository::common_dir(&git).await?;
        let root = worktree::place(&home, &folder.join("worktrees"), run)?;
        let checkout = Self::build(base, run, root, &common, &git).await?;
        Ok(Self { home, lender: Some(objects_of.to_owned()), ..checkout })
    }
}

/// Makes an empty repository that finds the objects of another. Not a clone: that would go by refs and transports, which
/// may be restricted, and take settings and templates along.
async fn borrow(git: &Git, home: &Path) -> Result<(), Failure> {
    let (objects, shallow, attributes, format) = tokio::try_join!(
        git_path(git, "objects"),
        git_path(git, "shallow"),
        git_path(git, "info/attributes"),
        git.text(["rev-parse", "--show-object-format"]),
    )?;
    let line = objects.to_str().filter(|line| !line.contains('\n') && !line.starts_with(['"', '#']));
    let Some(line) = line else {
        return Err(Failure::usage(format!(
            "git can't borrow from `{}`: its path is not UTF-8, or has line breaks",
            objects.display()
        )));
    };
    let failed = |error: std::io::Error| {
        Failure::unavailable(format!("a copy of the repository can't be made at `{}`", home.display()))
            .caused_by(&error)
    };
    std::fs::create_dir_all(home).map_err(failed)?;
    let here = git.at(home);
    let format = format!("--object-format={format}");
    here.command(["init", "--quiet", "--template=", "--initial-branch=patchwork", &format]).run().await?;
    let folder = home.join(".git");
    for name in ["info", "objects/info"] {
        std::fs::create_dir_all(folder.join(name)).map_err(failed)?;
    }
    std::fs::write(folder.join("objects/info/alternates"), format!("{line}\n")).map_err(failed)?;
    for (from, to) in [(shallow, "shallow"), (attributes, "info/attributes")] {
        if from.is_file() {
            std::fs::copy(from, folder.join(to)).map_err(failed)?;
        }
    }
    let settings = git.command(["config", "--local", "--null", "--get-regexp", ABOUT_FILES]);
    for setting in settings.accepting(&[1]).await?.fields() {
        let setting = String::from_utf8_lossy(setting);
        let (name, value) = setting.split_once('\n').unwrap_or((&setting, "true"));
        here.text(["config", "--local", name, value]).await?;
    }
    Ok(())
}

/// Where something of a repository stands.
async fn git_path(git: &Git, name: &str) -> Result<PathBuf, GitError> {
    let path = git.dir().join(git.text(["rev-parse", "--git-path", name]).await?);
    Ok(path.canonicalize().unwrap_or(path))
}
