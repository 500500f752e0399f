//! Steps, patchflows, prompts and scanners: patchwork as a library.

pub mod affected;
pub mod bundle;
pub mod demo;
pub mod kept_answers;
pub mod learn;
pub mod local;
pub mod models;
pub mod patchflows;
pub mod planned;
pub mod replay;
pub mod report;
pub mod review;
pub mod sarif;
pub mod scanners;
pub mod steps;
pub mod suppressions;
pub mod undo;
pub mod verify;

use patchwork_core::registry::Registry;
/// Telemetry of a run, for OpenTelemetry collectors.
pub use patchwork_remote::otlp as telemetry;

/// All steps and patchflows that are shipped.
pub fn registry() -> Registry {
    Registry::new()
        .with_steps(steps::all())
        .with_alias("ModifyCodePB", "ModifyCodeOnce")
        .with_alias("PRPB", "PR")
        .with_alias("ReadPRDiffsPB", "ReadPRDiffs")
        .with_alias("SimplifiedLLMOncePB", "SimplifiedLLMOnce")
        .with_patchflows(patchflows::ALL)
}
