//! What a pull request changes, and its commits. Azure DevOps tells which files and never which lines: those come from git.

use futures_util::{StreamExt, TryStreamExt, stream};
use patchwork_core::change::{ChangeStatus, FileChange, LeftOut};
use patchwork_core::port::forge::{ForgeError, PullRequestChanges, PullRequestCommit, Thing};

use super::Azure;
use super::wire::{Changes, Commit, Entry, Iteration, Many};
use crate::http::{HttpError, MAX_PAGES, PER_PAGE};

/// Files on a page of changes, the most that there can be.
const FILES: &str = "2000";

/// Commits whose whole message is read at the same time.
const AT_ONCE: usize = 4;

impl Azure {
    /// The states of a pull request, oldest first.
    pub(super) async fn iterations(&self, number: u64) -> Result<Vec<Iteration>, ForgeError> {
        let read = self.call::<Many<Iteration>>(&self.get(self.of_pull(number, ["iterations"]))).await;
        let what = Thing::PullRequest(number).to_string();
        let mut iterations =
            read.map_err(|error| self.explain_of(error, "read the iterations", &what))?.value;
        iterations.sort_by_key(|iteration| iteration.id);
        Ok(iterations)
    }

    /// What an iteration changes against the commit that the branches have in common, and whether that is all.
    pub(super) async fn entries(
        &self,
        number: u64,
        iteration: u64,
    ) -> Result<(Vec<Entry>, bool), ForgeError> {
        let what = Thing::PullRequest(number).to_string();
        let explain = |error| self.explain_of(error, "read the changes", &what);
        let (mut entries, mut skip) = (Vec::new(), 0);
        for _ in 0..MAX_PAGES {
            let call = self
                .get(self.of_pull(number, ["iterations", &iteration.to_string(), "changes"]))
                .query("$top", FILES)
                .query("$skip", skip.to_string());
            let page: Changes = self.call(&call).await.map_err(explain)?;
            entries.extend(page.change_entries);
            if page.next_skip <= skip {
                return Ok((entries, true));
            }
            skip = page.next_skip;
        }
        Ok((entries, false))
    }

    pub(super) async fn read_changes(&self, number: u64) -> Result<PullRequestChanges, ForgeError> {
        let Some(newest) = self.iterations(number).await?.pop() else {
            return Ok(PullRequestChanges::default());
        };
        let (entries, complete) = self.entries(number, newest.id).await?;
        Ok(PullRequestChanges { files: entries.iter().filter_map(file).collect(), complete })
    }

    pub(super) async fn read_commits(&self, number: u64) -> Result<Vec<PullRequestCommit>, ForgeError> {
        let what = Thing::PullRequest(number).to_string();
        let explain = |error| self.explain_of(error, "read the commits", &what);
        let mut newest_first = self.list_commits(number).await.map_err(explain)?;
        newest_first.reverse();
        let whole = |one: Commit| async move {
            let one = if one.comment_truncated { self.whole(one).await? } else { one };
            Ok(PullRequestCommit { id: one.commit_id, message: one.comment })
        };
        stream::iter(newest_first).map(whole).buffered(AT_ONCE).try_collect().await.map_err(explain)
    }

    async fn list_commits(&self, number: u64) -> Result<Vec<Commit>, HttpError> {
        let first = self.get(self.of_pull(number, ["commits"])).query("$top", PER_PAGE);
        let (mut commits, mut next) = (Vec::new(), Some(first.clone()));
        for _ in 0..MAX_PAGES {
            let Some(call) = next else { break };
            let answer = self.answer(&call).await?;
            let token = answer.header("x-ms-continuationtoken").filter(|token| !token.is_empty());
            next = token.map(|token| first.clone().query("continuationToken", token));
            commits.extend(answer.json::<Many<Commit>>()?.value);
        }
        Ok(commits)
    }

    /// A commit with its whole message, of which lists show the beginning.
    async fn whole(&self, commit: Commit) -> Result<Commit, HttpError> {
        match self.call::<Commit>(&self.get(self.at(["commits", &commit.commit_id]))).await {
            Ok(whole) => Ok(whole),
            // The fork that it is in may not be ours to read.
            Err(error) if error.status() == Some(404) => Ok(commit),
            Err(error) => Err(error),
        }
    }
}

/// A changed file; none for a folder, and for the old name of a renamed file, which comes beside the new one.
pub(super) fn file(entry: &Entry) -> Option<FileChange> {
    let is = |word: &str| entry.change_type.split(',').any(|one| one.trim().eq_ignore_ascii_case(word));
    let path = path_of(&entry.item.path)?;
    if entry.item.is_folder || entry.item.git_object_type == "tree" || is("sourceRename") {
        return None;
    }
    let before = [&entry.original_path, &entry.source_server_item];
    let before = before.into_iter().find_map(|path| path_of(path)).filter(|before| *before != path);
    let status = match () {
        () if is("delete") => ChangeStatus::Deleted,
        () if before.is_some() && (is("rename") || is("targetRename")) => ChangeStatus::Renamed,
        () if is("add") || is("branch") || is("undelete") => ChangeStatus::Added,
        () => ChangeStatus::Modified,
    };
    let moved_only = status == ChangeStatus::Renamed && !is("edit");
    let left_out = match entry.item.git_object_type.as_str() {
        "commit" => Some(LeftOut::Submodule),
        _ if entry.item.is_sym_link => Some(LeftOut::Symlink),
        _ => (!moved_only).then_some(LeftOut::NotGiven),
    };
    Some(FileChange {
        path: path.to_owned(),
        old_path: before.filter(|_| status == ChangeStatus::Renamed).map(str::to_owned),
        status,
        binary: false,
        old_mode: None,
        new_mode: None,
        hunks: Vec::new(),
        left_out,
        additions: 0,
        deletions: 0,
    })
}

/// A path as the port has it: without the slash at its beginning; none when nothing is left.
pub(super) fn path_of(path: &str) -> Option<&str> {
    Some(path.strip_prefix('/').unwrap_or(path)).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::wire::Item;
    use super::*;

    fn entry(change_type: &str, path: &str, original: &str) -> Entry {
        Entry {
            change_type: change_type.into(),
            item: Item { path: path.into(), git_object_type: "blob".into(), ..Item::default() },
            original_path: original.into(),
            ..Entry::default()
        }
    }

    #[test]
    fn words_of_a_change_are_read_one_by_one() {
        let told = |change: &str, original: &str| {
            file(&entry(change, "/src/new.rs", original)).map(|one| (one.status, one.old_path, one.left_out))
        };
        let not_given = Some(LeftOut::NotGiven);
        let old = Some("src/old.rs".to_owned());
        assert_eq!(told("edit", ""), Some((ChangeStatus::Modified, None, not_given)));
        assert_eq!(told("add", ""), Some((ChangeStatus::Added, None, not_given)));
        assert_eq!(told("delete", ""), Some((ChangeStatus::Deleted, None, not_given)));
        assert_eq!(told("rename", "/src/old.rs"), Some((ChangeStatus::Renamed, old.clone(), None)));
        assert_eq!(told("edit, rename", "/src/old.rs"), Some((ChangeStatus::Renamed, old, not_given)));
        assert_eq!(told("edit, rename", "/src/new.rs"), Some((ChangeStatus::Modified, None, not_given)));
        assert_eq!(told("delete, sourceRename", ""), None, "the file stands under its new name");
        assert_eq!(told("something new", ""), Some((ChangeStatus::Modified, None, not_given)));
    }

    #[test]
    fn folders_are_no_files_and_submodules_are_told() {
        let of = |kind: &str, is_folder| {
            let mut entry = entry("add", "/lib", "");
            entry.item.git_object_type = kind.into();
            entry.item.is_folder = is_folder;
            file(&entry)
        };
        assert_eq!((of("tree", false), of("", true)), (None, None));
        assert_eq!(of("commit", false).unwrap().left_out, Some(LeftOut::Submodule));
        assert_eq!(file(&entry("add", "/", "")), None);
    }
}
