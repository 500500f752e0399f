//! The steps, one file each, in groups.

pub mod code;
pub mod forge;
pub mod llm;
pub mod pr;
pub mod review;
pub mod scan;

use patchwork_core::step::ErasedStep;

/// Every step.
pub fn all() -> Vec<Box<dyn ErasedStep>> {
    [scan::steps(), code::steps(), llm::steps(), pr::steps(), forge::steps(), review::steps()]
        .into_iter()
        .flatten()
        .collect()
}
