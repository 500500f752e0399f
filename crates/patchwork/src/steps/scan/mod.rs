//! Steps that find weaknesses.

#[cfg(test)]
pub(crate) mod fixture;
pub mod options;
pub mod paths;
pub mod sarif_input;
#[expect(clippy::module_inception, reason = "a step lives in a file of its own name")]
pub mod scan;
pub mod scan_rules;
pub mod scan_semgrep;

use patchwork_core::step::{ErasedStep, erase};

/// The steps of this group.
pub fn steps() -> Vec<Box<dyn ErasedStep>> {
    vec![erase(scan::Scan), erase(scan_rules::ScanRules), erase(scan_semgrep::ScanSemgrep)]
}

#[cfg(test)]
mod tests;
