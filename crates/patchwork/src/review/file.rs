//! A changed file with its texts on both sides.

use patchwork_core::change::FileChange;
use patchwork_repo::excerpt::SourceFile;

/// A file that is reviewed.
#[derive(Debug)]
pub struct ReviewFile {
    /// What changed.
    pub change: FileChange,
    /// Before; none for a new file.
    pub old: Option<SourceFile>,
    /// After.
    pub new: Option<SourceFile>,
}
