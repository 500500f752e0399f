//! Steps that read, change and check code.

use patchwork_core::step::ErasedStep;

/// The steps of this group.
pub fn steps() -> Vec<Box<dyn ErasedStep>> {
    vec![]
}
