//! The ladder of evidence: one mechanism for every patchflow that edits code.
//!
//! What a file says by itself (L0) and what a scanner says (L2) is seen in the run's own checkout, for many candidates at
//! once. What takes a build (L1) or the tests (L3 and above) is seen in trials, one for each candidate.

pub mod commands;
pub mod dependencies;
mod ladder;
mod options;
pub mod outcomes;
pub mod refusals;
mod rungs;

pub use ladder::{BUILDS, BaseLine, Judgement, Ladder, Seen, TESTS, TestRun, Together, Verdict};
pub use options::{SandboxChoice, Verification, VerifyOptions};
pub use rungs::{Required, Rungs};
