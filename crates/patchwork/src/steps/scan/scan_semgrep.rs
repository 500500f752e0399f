//! Scans with Semgrep, or takes a report that is already there.

use async_trait::async_trait;
use patchwork_core::port::scanner::Scanner as _;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::options::ScanOptions;
use crate::scanners::semgrep::Semgrep;

/// Scans with Semgrep: the `semgrep` on PATH, else by `uvx` or `pipx run`. With a report given nothing is scanned.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanSemgrepInput {
    /// What is scanned, or taken in place of a scan.
    #[serde(flatten)]
    pub options: ScanOptions,
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

    async fn run(&self, ctx: &Context, mut input: ScanSemgrepInput) -> Result<ScanSemgrepOutput, StepError> {
        if let Some(sarif_values) = input.options.take_report(ctx).await? {
            return Ok(ScanSemgrepOutput { sarif_values });
        }
        let semgrep = Semgrep::find(ctx, &input.options.semgrep_extra_args)?;
        Ok(ScanSemgrepOutput { sarif_values: semgrep.scan(ctx, &input.options.request()?).await? })
    }
}
