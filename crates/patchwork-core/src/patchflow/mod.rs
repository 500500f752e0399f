//! The patchflow language: document (spans kept) → check (all faults in one report) → plan (what runs).

pub mod check;
mod document;
pub mod plan;
pub mod schema;
pub(crate) mod types;
pub(crate) mod yaml;

pub use yaml::decode;
