//! Scans with Semgrep, or takes a report that is already there.

use async_trait::async_trait;
use patchwork_core::port::scanner::{ScanRequest, Scanner};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::paths::{Paths, path_key};
use super::sarif_input::{SarifValues, given_report};
use crate::scanners::semgrep::Semgrep;

/// Scans with Semgrep: the `semgrep` on PATH, else by `uvx` or `pipx run`. With a report given nothing is scanned.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanSemgrepInput {
    /// A SARIF 2.1.0 report of any tool to take instead of scanning: its file, absolute or relative to the
    /// repository.
    #[serde(default)]
    pub sarif_file_path: Option<String>,
    /// A SARIF 2.1.0 report to take instead of scanning; `sarif_file_path` goes first.
    #[serde(default)]
    pub sarif_values: Option<SarifValues>,
    /// More arguments for `semgrep scan`, in one text that is split as a shell splits words. Paths in it are relative to
    /// the repository. Without a `--config` the rules are those of Semgrep's registry, `p/default`, which needs
    /// the network.
    #[serde(default)]
    pub semgrep_extra_args: String,
    /// What to scan, relative to the root of the repository; all of it when empty.
    #[serde(default)]
    pub paths: Paths,
    /// The key of the path when `paths` holds objects.
    #[serde(default = "path_key")]
    pub path_key: String,
}

/// What Semgrep found, or what the given report says.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ScanSemgrepOutput {
    /// The report, SARIF 2.1.0.
    pub sarif_values: Value,
}

/// See [`ScanSemgrepInput`].
pub struct ScanSemgrep;

#[async_trait]
impl Step for ScanSemgrep {
    type Input = ScanSemgrepInput;
    type Output = ScanSemgrepOutput;

    const ID: &'static str = "ScanSemgrep";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::RUNS_COMMANDS).and(Effects::NETWORK);

    async fn run(&self, ctx: &Context, input: ScanSemgrepInput) -> Result<ScanSemgrepOutput, StepError> {
        if let Some(sarif_values) = given_report(ctx, input.sarif_file_path, input.sarif_values).await? {
            return Ok(ScanSemgrepOutput { sarif_values });
        }
        let request = ScanRequest { paths: input.paths.into_list(&input.path_key)? };
        let semgrep = Semgrep::find(ctx, &input.semgrep_extra_args)?;
        Ok(ScanSemgrepOutput { sarif_values: semgrep.scan(ctx, &request).await? })
    }
}
