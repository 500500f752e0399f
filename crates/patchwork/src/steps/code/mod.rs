//! Steps that read, change and check code.

pub mod modify_code;
pub mod modify_code_once;
mod source_file;

use patchwork_core::step::{ErasedStep, erase};

/// The steps of this group.
pub fn steps() -> Vec<Box<dyn ErasedStep>> {
    vec![erase(modify_code_once::ModifyCodeOnce), erase(modify_code::ModifyCode)]
}
