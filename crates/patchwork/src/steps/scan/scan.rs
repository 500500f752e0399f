//! Scans with the scanner that is there.

use async_trait::async_trait;
use patchwork_core::port::scanner::ScanRequest;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::paths::{Paths, path_key};
use super::sarif_input::{SarifValues, given_report};
use crate::scanners::{Choice, choose};

/// Scans with Semgrep where it can run, else with Patchwork's own rules. With a report given nothing is scanned.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanInput {
    /// Which scanner: `auto`, `semgrep` or `rules`.
    #[serde(default)]
    pub scanner: Choice,
    /// A SARIF 2.1.0 report of any tool to take instead of scanning: its file, absolute or relative to the
    /// repository.
    #[serde(default)]
    pub sarif_file_path: Option<String>,
    /// A SARIF 2.1.0 report to take instead of scanning; `sarif_file_path` goes first.
    #[serde(default)]
    pub sarif_values: Option<SarifValues>,
    /// More arguments for `semgrep scan`, in one text that is split as a shell splits words. Without a `--config` the rules
    /// are those of Semgrep's registry, `p/default`, which needs the network.
    #[serde(default)]
    pub semgrep_extra_args: String,
    /// What to scan, relative to the root of the repository; all of it when empty.
    #[serde(default)]
    pub paths: Paths,
    /// The key of the path when `paths` holds objects.
    #[serde(default = "path_key")]
    pub path_key: String,
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

    async fn run(&self, ctx: &Context, input: ScanInput) -> Result<ScanOutput, StepError> {
        if let Some(sarif_values) = given_report(ctx, input.sarif_file_path, input.sarif_values).await? {
            return Ok(ScanOutput { sarif_values, scanner: None, scanner_name: String::new() });
        }
        let request = ScanRequest { paths: input.paths.into_list(&input.path_key)? };
        let (choice, scanner) = choose(ctx, input.scanner, &input.semgrep_extra_args).await?;
        let sarif_values = scanner.scan(ctx, &request).await?;
        Ok(ScanOutput { sarif_values, scanner: Some(choice), scanner_name: scanner.name() })
    }
}
