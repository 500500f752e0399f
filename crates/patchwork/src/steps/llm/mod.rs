//! Steps that ask models.

use patchwork_core::step::ErasedStep;

/// The steps of this group.
pub fn steps() -> Vec<Box<dyn ErasedStep>> {
    vec![]
}
