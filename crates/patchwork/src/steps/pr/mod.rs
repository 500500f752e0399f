//! Steps that keep and publish changes.

pub mod change;
pub mod commit_changes;
pub mod create_pr;
#[cfg(test)]
mod fixture;
pub mod options;
#[expect(clippy::module_inception, reason = "a step's file has the name of the step")]
pub mod pr;
pub mod preflight;
pub mod prepare_pr;
mod publication;
pub(crate) mod untrusted;

use patchwork_core::step::{ErasedStep, erase};

/// The steps of this group.
pub fn steps() -> Vec<Box<dyn ErasedStep>> {
    vec![
        erase(preflight::Preflight),
        erase(commit_changes::CommitChanges),
        erase(prepare_pr::PreparePR),
        erase(create_pr::CreatePR),
        erase(pr::PR),
    ]
}
