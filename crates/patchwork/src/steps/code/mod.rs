//! Steps that read, change and check code.

pub mod conclude;
pub mod extract_code;
mod masked;
pub mod modify_code;
pub mod modify_code_once;
pub mod prove_fixes;
pub mod report;
mod source_file;
pub mod verify_patch;

use patchwork_core::step::{ErasedStep, erase};

/// The steps of this group.
pub fn steps() -> Vec<Box<dyn ErasedStep>> {
    vec![
        erase(extract_code::ExtractCode),
        erase(modify_code_once::ModifyCodeOnce),
        erase(modify_code::ModifyCode),
        erase(verify_patch::VerifyPatch),
        erase(prove_fixes::ProveFixes),
        erase(report::Report),
        erase(conclude::Conclude),
    ]
}
