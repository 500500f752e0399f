//! Worktree checkouts, the git and process doors, edits and excerpts of Patchwork.
