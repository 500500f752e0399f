//! Steps that keep and publish changes.

pub mod change;
pub mod commit_changes;
pub mod options;
pub mod preflight;
mod publication;
mod untrusted;

use patchwork_core::step::{ErasedStep, erase};

/// The steps of this group.
pub fn steps() -> Vec<Box<dyn ErasedStep>> {
    vec![erase(preflight::Preflight), erase(commit_changes::CommitChanges)]
}
