//! What is run to prove a change, as options of the steps that do.

use patchwork_core::evidence::Level;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A check that runs the repository's own programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verification {
    /// It builds (L1).
    Build,
    /// The tests pass (L3).
    Tests,
}

/// Whether programs of a repository are held in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SandboxChoice {
    /// In the sandbox; not run at all where the kernel can't give one.
    #[default]
    Auto,
    /// With what the kernel gives, and without any where it gives nothing.
    Off,
}

/// How changes are proven by building and testing them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct VerifyOptions {
    /// What is run: `build`, `tests`. A command that is given is run without being named here. Commands that are not given
    /// are found by the files of the repository (`patchwork config` shows them).
    #[serde(default)]
    pub verify: Vec<Verification>,
    /// The shell line that builds, at the root of the checkout.
    #[serde(default)]
    pub build_command: Option<String>,
    /// The shell line that tests.
    #[serde(default)]
    pub test_command: Option<String>,
    /// The shell line that makes a fresh copy of the repository ready, once: what installs dependencies.
    #[serde(default)]
    pub setup_command: Option<String>,
    /// Seconds that each command may take.
    #[serde(default = "ten_minutes")]
    pub command_timeout: u64,
    /// The least level that a change must reach; the highest that the checks allow when absent.
    #[serde(default)]
    pub min_evidence: Option<Level>,
    /// Whether commands are run where the kernel can't hold them in.
    #[serde(default)]
    pub sandbox: SandboxChoice,
    /// Whether commands reach the network.
    #[serde(default)]
    pub sandbox_network: bool,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self {
            verify: Vec::new(),
            build_command: None,
            test_command: None,
            setup_command: None,
            command_timeout: ten_minutes(),
            min_evidence: None,
            sandbox: SandboxChoice::Auto,
            sandbox_network: false,
        }
    }
}

fn ten_minutes() -> u64 {
    600
}
