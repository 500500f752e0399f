//! Scans with the scanner that is there.

use async_trait::async_trait;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::options::ScanOptions;
use crate::scanners::{Choice, choose};

/// Scans with Semgrep where it can run, else with Patchwork's own rules. With a report given nothing is scanned.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanInput {
    /// Which scanner: `auto`, `semgrep` or `rules`.
    #[serde(default)]
    pub scanner: Choice,
    /// What is scanned, or taken in place of a scan.
    #[serde(flatten)]
    pub options: ScanOptions,
}

/// What was found, and by whom.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ScanOutput {
    /// The report, SARIF 2.1.0.
    pub sarif_values: Value,
    /// The scanner that made it: `semgrep` or `rules`, never `auto`; null for a report that was given. Give it to later
    /// scans that are compared with this one.
    pub scanner: Option<Choice>,
    /// Its name and version (`Semgrep 1.182.0`); empty for a report that was given.
    pub scanner_name: String,
}

/// See [`ScanInput`].
pub struct Scan;

#[async_trait]
impl Step for Scan {
    type Input = ScanInput;
    type Output = ScanOutput;

    const ID: &'static str = "Scan";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::RUNS_COMMANDS).and(Effects::NETWORK);

    async fn run(&self, ctx: &Context, mut input: ScanInput) -> Result<ScanOutput, StepError> {
        if let Some(sarif_values) = input.options.take_report(ctx).await? {
            return Ok(ScanOutput { sarif_values, scanner: None, scanner_name: String::new() });
        }
        let (choice, scanner) = choose(ctx, input.scanner, &input.options.semgrep_extra_args).await?;
        let sarif_values = scanner.scan(ctx, &input.options.request()?).await?;
        Ok(ScanOutput { sarif_values, scanner: Some(choice), scanner_name: scanner.name() })
    }
}
