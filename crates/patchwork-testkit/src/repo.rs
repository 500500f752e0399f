//! Real git repositories for tests, sealed against the machine they run on.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test part: what fails here is a failed test")]

mod branches;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

pub use branches::PullRefs;

/// A git repository in a temporary folder, on branch `main`, without a commit at first. Neither the developer's git
/// configuration nor their environment reaches into it. It is gone when dropped.
#[derive(Debug)]
pub struct TestRepo {
    folder: TempDir,
    root: PathBuf,
}

impl Default for TestRepo {
    fn default() -> Self {
        Self::new()
    }
}

impl TestRepo {
    /// An empty repository.
    pub fn new() -> Self {
        Self::named("repository")
    }

    /// An empty repository in a folder of this name.
    pub fn named(name: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("patchwork-test-").tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join(name);
        fs::create_dir_all(&root).unwrap();
        let repo = Self { folder, root };
        fs::create_dir_all(repo.home()).unwrap();
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo
    }

    /// A repository with these files in its first commit.
    pub fn with_files(files: &[(&str, &str)]) -> Self {
        let repo = Self::new();
        for (path, text) in files {
            repo.write(path, text);
        }
        repo.commit("first");
        repo
    }

    /// The top of the work tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A folder next to the repository, for whatever a test puts there; it goes with the repository. It is not made.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// Where a file is.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Reads a file.
    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Commits all files and answers the commit.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git in the repository and answers what it printed, without the final newline. It must succeed.
    pub fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.root, args)
    }

    /// [`TestRepo::git`] in another folder.
    pub fn git_in(&self, dir: &Path, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(args)
            .current_dir(dir)
            .env_clear()
            .envs(self.environment())
            .output()
            .unwrap_or_else(|error| panic!("git {args:?}: {error}"));
        let text = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
        assert!(output.status.success(), "git {args:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// Variables under which programs see nothing of the developer's own settings: for `SystemProcesses::new`, or for a
    /// process that a test starts.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut variables: Vec<(OsString, OsString)> = [
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.com"),
            ("GIT_AUTHOR_DATE", "1700000000 +0000"),
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "ada@example.com"),
            ("GIT_COMMITTER_DATE", "1700000000 +0000"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
        variables.push(("HOME".into(), self.home().into()));
        variables.extend(std::env::var_os("PATH").map(|path| ("PATH".into(), path)));
        variables
    }

    /// Adds a bare repository as `origin`, pushes `main` to it and answers where it is.
    pub fn with_remote(&self) -> PathBuf {
        let remote = self.beside("origin.git");
        fs::create_dir_all(&remote).unwrap();
        self.git_in(&remote, &["init", "--quiet", "--bare", "--initial-branch=main"]);
        self.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
        self.git(&["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
        remote
    }

    /// A digest of all that is the user's: HEAD, branches and tags, the index byte for byte, the configuration, the
    /// hooks, and every file, untracked and ignored ones too, with its bytes and mode. What a run may leave in `.git`
    /// does not count: its worktree, its objects, its own refs, logs, and what is known of remotes.
    pub fn fingerprint(&self) -> String {
        let mut digest = Sha256::new();
        for (path, entry) in self.belongings() {
            digest.update(path.as_bytes());
            digest.update([0]);
            digest.update(entry);
            digest.update([0]);
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The names of what is new, different or gone: `refs/heads/fixes`, `git/index`, `files/src/a.py`.
    pub fn changed_since(&self, before: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
        let now = self.belongings();
        let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        names.into_iter().filter(|name| before.get(*name) != now.get(*name)).cloned().collect()
    }

    /// Everything in the fingerprint by name.
    pub fn belongings(&self) -> BTreeMap<String, Vec<u8>> {
        let refs = self.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        let mut all: BTreeMap<String, Vec<u8>> = refs
            .lines()
            .filter(|line| !line.starts_with("refs/patchwork/") && !line.starts_with("refs/remotes/"))
            .filter_map(|line| line.split_once(' '))
            .map(|(name, id)| (name.to_owned(), id.as_bytes().to_vec()))
            .collect();
        let git_dir = PathBuf::from(self.git(&["rev-parse", "--absolute-git-dir"]));
        let skipped = ["worktrees", "objects", "refs", "packed-refs", "logs"].map(|name| git_dir.join(name));
        for (name, top) in [("files", &self.root), ("git", &git_dir)] {
            collect(name, top, &skipped, &git_dir, &mut all);
        }
        all
    }

    fn home(&self) -> PathBuf {
        self.beside("home")
    }
}

fn collect(
    name: &str,
    folder: &Path,
    skipped: &[PathBuf],
    git_dir: &Path,
    all: &mut BTreeMap<String, Vec<u8>>,
) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let inside_git = folder.starts_with(git_dir);
        if skipped.contains(&path) || (path == *git_dir && !inside_git) {
            continue;
        }
        let name = format!("{name}/{}", path.file_name().unwrap().to_string_lossy());
        let metadata = path.symlink_metadata().unwrap();
        let mut value = mode(&metadata).to_be_bytes().to_vec();
        if metadata.is_symlink() {
            value.extend(fs::read_link(&path).unwrap().to_string_lossy().as_bytes());
        } else if metadata.is_dir() {
            collect(&name, &path, skipped, git_dir, all);
        } else {
            value.extend(fs::read(&path).unwrap());
        }
        all.insert(name, value);
    }
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    metadata.mode()
}

#[cfg(not(unix))]
fn mode(metadata: &fs::Metadata) -> u32 {
    u32::from(metadata.permissions().readonly())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_sees_the_users_things_and_only_those() {
        let repo = TestRepo::with_files(&[("a.txt", "a\n"), (".gitignore", "ignored\n")]);
        repo.write("ignored", "x");
        let before = repo.fingerprint();
        assert_eq!(repo.fingerprint(), before);

        repo.git(&["update-ref", "refs/patchwork/r/checkpoint", "HEAD"]);
        let worktree = repo.beside("worktree");
        repo.git(&["worktree", "add", "--quiet", "--detach", worktree.to_str().unwrap()]);
        assert_eq!(repo.fingerprint(), before);

        repo.write("ignored", "y");
        let other = repo.fingerprint();
        assert_ne!(other, before);
        repo.write("ignored", "x");
        assert_eq!(repo.fingerprint(), before);
        let all = repo.belongings();
        repo.git(&["branch", "new"]);
        assert_ne!(repo.fingerprint(), before);
        assert_eq!(repo.changed_since(&all), ["refs/heads/new"]);
        repo.git(&["branch", "-D", "new"]);
        repo.write("a.txt", "b\n");
        repo.git(&["add", "a.txt"]);
        repo.write("a.txt", "a\n");
        assert_ne!(repo.fingerprint(), before);
    }
}
