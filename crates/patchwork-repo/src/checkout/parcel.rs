//! Commits as data, and back: made again they have the same ids, or they are refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use patchwork_core::failure::Failure;
use patchwork_core::port::checkout::{PackedCommit, PackedFile};

use patchwork_core::port::forge::GitCredential;

use super::branch::reference_of;
use super::push::{Source, raw_url, remote_tip};
use super::{GitCheckout, Repository};

/// Commits of one run at most.
const MAX_COMMITS: usize = 1_000;

/// Bytes of all changed files at most.
const MAX_BYTES: usize = 64 << 20;

/// The mode by which git's raw diffs say that there is no file.
const NONE: &str = "000000";

/// The mode of a submodule.
const SUBMODULE: &str = "160000";

impl GitCheckout {
    pub(super) async fn pack_commits(&self, tip: &str) -> Result<Vec<PackedCommit>, Failure> {
        let range = format!("{}..{tip}", self.base.commit);
        let ids =
            self.git.text(["rev-list", "--reverse", "--topo-order", "--end-of-options", &range]).await?;
        let ids: Vec<&str> = ids.lines().collect();
        if ids.len() > MAX_COMMITS {
            return Err(Failure::failed(format!("{} commits are too many for a bundle", ids.len()))
                .hint(format!("a bundle takes {MAX_COMMITS}")));
        }
        let (mut packed, mut bytes) = (Vec::with_capacity(ids.len()), 0);
        let mut parent = self.base.commit.clone();
        for id in ids {
            let object = self.git.command(["cat-file", "commit", id]).run().await?.stdout;
            let object = String::from_utf8(object).map_err(|_| {
                Failure::failed(format!("commit {id} is not UTF-8: it can't go into a bundle"))
            })?;
            let mut commit = PackedCommit { id: id.to_owned(), object, files: Vec::new() };
            if !commit.header("parent").eq([parent.as_str()]) {
                return Err(Failure::failed(format!("commit {id} does not stand on {parent} alone")));
            }
            for (path, entry) in self.changed_by(&parent, id).await? {
                let content = match &entry.mode {
                    None => None,
                    Some(mode) if mode == SUBMODULE => Some(STANDARD.encode(&entry.blob)),
                    Some(_) => {
                        let blob = self.git.command(["cat-file", "blob", &entry.blob]).run().await?.stdout;
                        bytes += blob.len();
                        Some(STANDARD.encode(blob))
                    }
                };
                if bytes > MAX_BYTES {
                    return Err(Failure::failed(format!(
                        "the changed files have more than {} MiB",
                        MAX_BYTES >> 20
                    ))
                    .hint("a bundle holds changed files as a whole"));
                }
                commit.files.push(PackedFile { path, old_mode: entry.old_mode, mode: entry.mode, content });
            }
            parent = id.to_owned();
            packed.push(commit);
        }
        Ok(packed)
    }

    pub(super) async fn unpack_commits(&self, commits: &[PackedCommit]) -> Result<(), Failure> {
        let _turn = self.state.lock().await;
        let index = self.admin.join("patchwork-unpack-index");
        let made = self.make_again(commits, super::argument(&index)?).await;
        let _ = std::fs::remove_file(&index);
        made?;
        if let Some(last) = commits.last() {
            self.git.text(["update-ref", &self.reference("result"), &last.id]).await?;
        }
        Ok(())
    }

    /// What a commit changes of its parent, by path.
    async fn changed_by(&self, parent: &str, id: &str) -> Result<Vec<(String, Entry)>, Failure> {
        let args = ["diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-abbrev", parent, id];
        raw_entries(&self.git.command(args).run().await?.stdout)
    }

    async fn make_again(&self, commits: &[PackedCommit], index: &str) -> Result<(), Failure> {
        let git = |args: &[&str]| self.git.command(args.iter().copied()).env("GIT_INDEX_FILE", index);
        git(&["read-tree", &self.base.commit]).run().await?;
        let mut parent = self.base.commit.as_str();
        for commit in commits {
            let other = |what: &str| {
                Failure::refused(format!(
                    "commit {} does not come out as the bundle says: {what}",
                    shown(&commit.id)
                ))
                .hint("the bundle was changed after it was made, or is broken")
            };
            if !commit.header("parent").eq([parent]) {
                return Err(other("it does not stand on the commit before it"));
            }
            let mut gone = Vec::new();
            let mut there = Vec::new();
            for file in &commit.files {
                match (&file.mode, &file.content) {
                    (None, None) => {
                        gone.extend(format!("0 {}\t{}\0", "0".repeat(parent.len()), file.path).bytes())
                    }
                    (Some(mode), Some(content)) => {
                        let bytes = STANDARD.decode(content).map_err(|_| other("a file is not base64"))?;
                        let id = if mode == SUBMODULE {
                            String::from_utf8(bytes).map_err(|_| other("a submodule has no commit"))?
                        } else {
                            // Without a path no filter of the repository's is asked: the bytes stay what they are.
                            self.git
                                .command(["hash-object", "-w", "-t", "blob", "--stdin"])
                                .stdin(bytes)
                                .text()
                                .await?
                        };
                        there.extend(format!("{mode} {id}\t{}\0", file.path).bytes());
                    }
                    _ => return Err(other("a file has a mode or contents, and not both")),
                }
            }
            gone.extend(there);
            git(&["update-index", "-z", "--replace", "--index-info"])
                .stdin(gone)
                .run()
                .await
                .map_err(|error| other("git does not take its paths").caused_by(&error))?;
            let tree = git(&["write-tree"]).text().await?;
            if !commit.header("tree").eq([tree.as_str()]) {
                return Err(other("its files are other ones"));
            }
            let object = self.git.command(["hash-object", "-w", "-t", "commit", "--stdin"]);
            let id = object.stdin(commit.object.as_bytes()).text().await?;
            if id != commit.id {
                return Err(other("its id is another one"));
            }
            // Policy was asked about what the bundle says of its files.
            let real = self.changed_by(parent, &id).await?;
            let real = real.iter().map(|(path, entry)| (path, &entry.old_mode, &entry.mode));
            if !real.eq(commit.files.iter().map(|file| (&file.path, &file.old_mode, &file.mode))) {
                return Err(other("it changes other files, or makes others of them"));
            }
            parent = &commit.id;
        }
        Ok(())
    }
}

impl Repository {
    /// Whether a commit of this id is in the repository.
    pub async fn has_commit(&self, id: &str) -> Result<bool, Failure> {
        Ok(self.git().resolve(&format!("{id}^{{commit}}")).await?.is_some())
    }

    /// Whether a commit is part of what is checked out.
    pub async fn is_checked_out(&self, id: &str) -> Result<bool, Failure> {
        let args = ["merge-base", "--is-ancestor", id, "HEAD"];
        // 128: nothing is checked out yet.
        Ok(self.git().command(args).accepting(&[1, 128]).await?.code == 0)
    }

    /// Whether a commit that is here is part of a branch that a remote has now; no ref is changed.
    pub async fn is_part_of(
        &self,
        remote: &str,
        branch: &str,
        id: &str,
        credential: Option<&GitCredential>,
    ) -> Result<bool, Failure> {
        let url = raw_url(self.git(), remote, false).await?.unwrap_or_default();
        let source = Source::of(self.git(), remote, &url, credential).await?;
        let reference = reference_of(self.git(), branch).await?;
        let Some(tip) = remote_tip(self.git(), &source, &reference).await? else { return Ok(false) };
        if !self.has_commit(&tip).await? {
            self.fetch_commit(remote, &tip, credential).await?;
        }
        let args = ["merge-base", "--is-ancestor", id, &tip];
        Ok(self.git().command(args).accepting(&[1]).await?.code == 0)
    }

    /// Brings a commit from a remote; no ref is changed.
    pub async fn fetch_commit(
        &self,
        remote: &str,
        id: &str,
        credential: Option<&GitCredential>,
    ) -> Result<(), Failure> {
        let url = raw_url(self.git(), remote, false).await?.unwrap_or_default();
        self.git()
            .command([
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--refmap=",
                "--",
                remote,
                id,
            ])
            .authenticated(&url, credential)
            .run()
            .await?;
        Ok(())
    }
}

struct Entry {
    old_mode: Option<String>,
    mode: Option<String>,
    /// The id of what is there afterwards.
    blob: String,
}

/// Reads `git diff-tree --raw -z --no-renames --no-abbrev`.
fn raw_entries(raw: &[u8]) -> Result<Vec<(String, Entry)>, Failure> {
    let unfit = || Failure::failed("a changed path is not UTF-8: it can't go into a bundle");
    let mut fields = raw.split(|byte| *byte == 0).filter(|field| !field.is_empty());
    let mut entries = Vec::new();
    while let (Some(header), Some(path)) = (fields.next(), fields.next()) {
        let header = std::str::from_utf8(header).map_err(|_| unfit())?;
        let words: Vec<&str> = header.trim_start_matches(':').split(' ').collect();
        let [old_mode, mode, _, blob, _] = words.as_slice() else {
            return Err(Failure::internal("git diff-tree printed something unexpected"));
        };
        let mode_of = |mode: &str| (mode != NONE).then(|| mode.to_owned());
        let path = std::str::from_utf8(path).map_err(|_| unfit())?.to_owned();
        entries.push((
            path,
            Entry { old_mode: mode_of(old_mode), mode: mode_of(mode), blob: (*blob).to_owned() },
        ));
    }
    Ok(entries)
}

fn shown(id: &str) -> String {
    id.chars().take(12).flat_map(char::escape_debug).collect()
}
