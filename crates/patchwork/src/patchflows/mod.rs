//! The patchflows that are shipped: a folder each, with `patchflow.yml` and `prompts.yml`.

use patchwork_core::registry::BuiltIn;

/// Every shipped patchflow.
pub const ALL: [BuiltIn; 0] = [];
