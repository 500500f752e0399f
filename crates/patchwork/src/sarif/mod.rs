//! SARIF 2.1.0, read leniently and written strictly.

mod bases;
mod document;
mod fingerprint;
mod fix;
mod flow;
mod location;
mod read;
mod region;
mod rules;
mod shape;
mod slim;
mod sonar;
mod write;

#[cfg(test)]
mod tests;

pub use document::{SarifError, check, parse, read_file, slimmed};
pub use fix::{Fix, Replacement, Together, patch_of};
pub use read::{Complaint, Files, Report, read};
pub use slim::to_text;
pub(crate) use write::uri;
pub use write::{RuleText, ScanResult, Tool, write};

/// The name of our own rules as a tool. Only its fixes are taken over as edits: those of other tools are shown to the
/// model as suggestions.
pub const OWN_TOOL: &str = "Patchwork rules";
