//! What changed between two commits.

use std::collections::BTreeMap;

use patchwork_core::change::{ChangeStatus, FileChange, Hunk, LeftOut, read_hunks};
use patchwork_core::failure::Failure;

use super::GitHistory;
use super::read::LARGEST_FILE;
use crate::text;

/// Bytes of a diff that are read.
const LARGEST_DIFF: usize = 64 << 20;
/// New files that are compared with this many gone ones to find renames that were edited as well; beyond, only those of
/// unchanged content are found.
const MOST_RENAMES: u32 = 1000;

impl GitHistory {
    pub(super) async fn changes_between(&self, from: &str, to: &str) -> Result<Vec<FileChange>, Failure> {
        let (threshold, renames) =
            (format!("core.bigFileThreshold={LARGEST_FILE}"), format!("-l{MOST_RENAMES}"));
        let args = [
            "-r",
            "-z",
            "--raw",
            "--patch",
            "--full-index",
            "--unified=3",
            "--inter-hunk-context=0",
            "--find-renames",
            &renames,
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-relative",
            "--submodule=short",
            "--ignore-submodules=none",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            from,
            to,
            "--",
        ];
        let command = self.reading(to, &["diff-tree"]).args(args).setting(&threshold);
        let output = match command.up_to(LARGEST_DIFF).run().await {
            Ok(output) => output,
            Err(error) => return Err(self.explained(error, &[from, to]).await),
        };
        let (entries, patch) = entries(&output.stdout).ok_or_else(|| {
            Failure::failed(format!(
                "the list of files that differ between {from} and {to} is too long to be read"
            ))
        })?;
        let mut blocks = blocks(patch);
        if output.truncated {
            // What is cut off in the middle would be a wrong patch.
            blocks.pop();
        }
        let mut blocks = blocks.into_iter();
        let mut changes = Vec::with_capacity(entries.len());
        let mut unread = Vec::new();
        for entry in entries {
            let block = blocks.next();
            if entry.status == ChangeStatus::TypeChanged {
                // The one that is gone and the one that is new.
                blocks.next();
            }
            let missing = block.is_none();
            if missing && !output.truncated {
                return Err(Failure::internal("git gave a patch that lacks files"));
            }
            let change = entry.change(block);
            if change.binary {
                unread.push((changes.len(), entry));
            }
            changes.push(change);
        }
        self.mark_large(&mut changes, &unread).await?;
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(changes)
    }

    /// Git calls a file binary too that is larger than what it compares.
    async fn mark_large(&self, changes: &mut [FileChange], unread: &[(usize, Entry)]) -> Result<(), Failure> {
        if unread.is_empty() {
            return Ok(());
        }
        let ids = unread.iter().flat_map(|(_, entry)| [&entry.old_id, &entry.new_id]);
        let asked: String = ids.map(|id| format!("{id}\n")).collect();
        let args = ["cat-file", "--batch-check=%(objectname) %(objectsize)"];
        let answers = self.git.command(args).stdin(asked).text().await?;
        let sizes: BTreeMap<&str, u64> = answers
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(id, size)| Some((id, size.parse().ok()?)))
            .collect();
        for (index, entry) in unread {
            let large = |id: &str| sizes.get(id).is_some_and(|size| *size > LARGEST_FILE);
            if let Some(change) = changes.get_mut(*index)
                && (large(&entry.old_id) || large(&entry.new_id))
            {
                (change.binary, change.left_out) = (false, Some(LeftOut::TooLarge));
            }
        }
        Ok(())
    }
}

/// One file of the list that git writes before the patch.
#[derive(Debug)]
struct Entry {
    old_mode: String,
    new_mode: String,
    old_id: String,
    new_id: String,
    status: ChangeStatus,
    old_path: Option<Vec<u8>>,
    path: Vec<u8>,
}

impl Entry {
    /// Its change, by its part of the patch; none when the patch ends before it.
    fn change(&self, block: Option<&[u8]>) -> FileChange {
        let mode = |mode: &str| (mode != NO_MODE).then(|| mode.to_owned());
        let utf8 = |path: &[u8]| std::str::from_utf8(path).is_ok();
        let named = utf8(&self.path) && self.old_path.as_deref().is_none_or(utf8);
        let is = |kind: &str| self.old_mode.starts_with(kind) || self.new_mode.starts_with(kind);
        let body = block.map(body);
        let mut left_out = match body {
            _ if is("160") => Some(LeftOut::Submodule),
            _ if is("120") => Some(LeftOut::Symlink),
            _ if !named => Some(LeftOut::NotUtf8),
            None => Some(LeftOut::TooLarge),
            Some(_) => None,
        };
        let mut hunks = Vec::new();
        if let (None, Some(Body::Hunks(text))) = (left_out, &body) {
            match read(text) {
                Some(read) => hunks = read,
                None => left_out = Some(LeftOut::NotUtf8),
            }
        }
        let lossy = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
        let mut change = FileChange {
            path: lossy(&self.path),
            old_path: self.old_path.as_deref().map(lossy),
            status: self.status,
            binary: left_out.is_none() && matches!(body, Some(Body::Binary)),
            old_mode: mode(&self.old_mode),
            new_mode: mode(&self.new_mode),
            hunks,
            left_out,
            additions: 0,
            deletions: 0,
        };
        change.count();
        change
    }
}

/// Stands for no file.
const NO_MODE: &str = "000000";

/// Reads the list, and answers what comes after it; none when it does not end.
fn entries(bytes: &[u8]) -> Option<(Vec<Entry>, &[u8])> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    let field = |rest: &mut &[u8]| -> Option<Vec<u8>> {
        let end = rest.iter().position(|byte| *byte == 0)?;
        let (field, after) = rest.split_at_checked(end)?;
        let field = field.to_vec();
        *rest = after.get(1..)?;
        Some(field)
    };
    while rest.first() == Some(&b':') {
        let header = String::from_utf8(field(&mut rest)?).ok()?;
        let mut words = header.strip_prefix(':')?.split(' ').map(str::to_owned);
        let (old_mode, new_mode, old_id, new_id, letter) =
            (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
        let status = match letter.as_bytes().first()? {
            b'A' => ChangeStatus::Added,
            b'D' => ChangeStatus::Deleted,
            b'R' => ChangeStatus::Renamed,
            b'C' => ChangeStatus::Copied,
            b'T' => ChangeStatus::TypeChanged,
            _ => ChangeStatus::Modified,
        };
        let moved = matches!(status, ChangeStatus::Renamed | ChangeStatus::Copied);
        let old_path = if moved { Some(field(&mut rest)?) } else { None };
        let path = field(&mut rest)?;
        entries.push(Entry { old_mode, new_mode, old_id, new_id, status, old_path, path });
    }
    match (entries.is_empty(), rest) {
        (true, []) => Some((entries, rest)),
        // An empty field ends the list.
        (false, [0, patch @ ..]) => Some((entries, patch)),
        _ => None,
    }
}

/// The parts of a patch. Lines of files never begin as the first line of a part does: all have a character before them.
fn blocks(patch: &[u8]) -> Vec<&[u8]> {
    const START: &[u8] = b"diff --git ";
    let mut blocks = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(end) = patch.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
        at += end + 1;
        if patch.get(at..).is_some_and(|rest| rest.starts_with(START)) {
            blocks.extend(patch.get(start..at));
            start = at;
        }
    }
    blocks.extend(patch.get(start..).filter(|last| last.starts_with(START)));
    blocks
}

enum Body<'a> {
    /// Name, mode, nothing at all.
    Nothing,
    Binary,
    Hunks(&'a [u8]),
}

/// What comes after the headers of a part.
fn body(block: &[u8]) -> Body<'_> {
    let mut at = 0;
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"@@ ") {
            return Body::Hunks(block.get(at..).unwrap_or_default());
        }
        if line.starts_with(b"Binary files ") {
            return Body::Binary;
        }
        at += line.len();
    }
    Body::Nothing
}

fn read(hunks: &[u8]) -> Option<Vec<Hunk>> {
    match std::str::from_utf8(hunks) {
        Ok(text) => read_hunks(text).ok(),
        Err(_) => read_hunks(&text::characters(hunks)?).ok(),
    }
}
