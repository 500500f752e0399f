//! Worktree checkouts, the git and process doors, edits and excerpts of Patchwork.

pub mod edits;
pub mod excerpt;
pub mod language;
pub mod syntax;
pub mod text;

pub mod checkout;
pub mod git;
pub mod history;
pub mod process;
#[cfg(unix)]
pub mod trial;
