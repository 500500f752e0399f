//! The patchflow language: document (spans kept) → check (all faults in one report) → plan (what runs).

pub mod plan;
