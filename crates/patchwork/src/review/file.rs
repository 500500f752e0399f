//! A changed file with its texts on both sides.

use std::sync::OnceLock;

use patchwork_core::change::{FileChange, Hunk, LineKind, Numbered};
use patchwork_repo::excerpt::{Names, SourceFile};

use super::selection::{NotReviewed, Reason, names};

/// Bytes of a file at most.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// A file that is reviewed.
#[derive(Debug)]
pub struct ReviewFile {
    /// What changed.
    pub change: FileChange,
    /// Before; none for a new file.
    pub old: Option<SourceFile>,
    /// After.
    pub new: SourceFile,
    old_names: OnceLock<Names>,
    new_names: OnceLock<Names>,
}

impl ReviewFile {
    /// Takes a change with the bytes of the file before (none for a new one) and after it, as
    /// [`History::read`](patchwork_core::port::history::History::read) gives them. Answers why it is not reviewed when its text
    /// tells that nobody wrote it, or when the diff and the bytes are not of one file.
    pub fn read(change: FileChange, old: Option<Vec<u8>>, new: Option<Vec<u8>>) -> Result<Self, NotReviewed> {
        let not = |reason: Reason| NotReviewed::of(&change, reason);
        let Some(new) = new else { return Err(not(Reason::NotGiven)) };
        if new.len() > MAX_BYTES || old.as_ref().is_some_and(|old| old.len() > MAX_BYTES) {
            return Err(not(Reason::TooLarge));
        }
        let Ok(new) = SourceFile::new(&change.path, new) else { return Err(not(Reason::Binary)) };
        if let Some(reason) = names::reason_of_text(&change.path, new.source().text()) {
            return Err(not(reason));
        }
        if !change.hunks.iter().all(|hunk| fits(hunk, &new)) {
            return Err(not(Reason::NotGiven));
        }
        // Without the old text only names of what was removed are missing.
        let old = old.and_then(|old| SourceFile::new(change.path_before(), old).ok());
        Ok(Self { change, old, new, old_names: OnceLock::new(), new_names: OnceLock::new() })
    }

    /// Its path.
    pub fn path(&self) -> &str {
        &self.change.path
    }

    /// What it defines and calls before the change.
    pub(super) fn old_names(&self) -> &Names {
        self.old_names.get_or_init(|| self.old.as_ref().map(SourceFile::names).unwrap_or_default())
    }

    /// What it defines and calls after the change.
    pub(super) fn new_names(&self) -> &Names {
        self.new_names.get_or_init(|| self.new.names())
    }

    /// The lines of the diff with their numbers, hunk by hunk.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (usize, Numbered<'_>)> {
        let hunks = self.change.hunks.iter().enumerate();
        hunks.flat_map(|(at, hunk)| hunk.numbered().map(move |line| (at, line)))
    }
}

/// Whether a hunk's new lines are those of the text.
fn fits(hunk: &Hunk, new: &SourceFile) -> bool {
    hunk.numbered().filter(|numbered| numbered.line.kind != LineKind::Removed).all(|numbered| {
        let line =
            numbered.new.and_then(|line| line.checked_sub(1)).and_then(|line| usize::try_from(line).ok());
        let text = line.and_then(|line| new.source().line(line));
        // Forges and git give bytes of other encodings differently: that a line is there must do.
        text.is_some_and(|text| same(text, &numbered.line.text))
    })
}

fn same(text: &str, diff: &str) -> bool {
    let diff = diff.trim_start_matches('\u{feff}').trim_end_matches('\r');
    text == diff || diff.contains(char::REPLACEMENT_CHARACTER) || !diff.is_ascii()
}
