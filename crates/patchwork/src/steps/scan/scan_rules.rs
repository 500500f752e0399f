//! Scans with Patchwork's own rules.

use async_trait::async_trait;
use patchwork_core::port::scanner::ScanRequest;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::paths::{Paths, path_key};
use crate::scanners::rules;

/// Scans with the rules that are built into Patchwork (Python, JavaScript, TypeScript); needs no program and no network.
/// Files that `.gitignore` names, other people's code (`node_modules`, `vendor` …) and files above 1 MiB are left out. A
/// comment `ast-grep-ignore: RULE` on a line, or alone on the line before, silences a rule there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanRulesInput {
    /// What to scan, relative to the root of the repository; all of it when empty.
    #[serde(default)]
    pub paths: Paths,
    /// The key of the path when `paths` holds objects.
    #[serde(default = "path_key")]
    pub path_key: String,
}

/// What the rules found.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ScanRulesOutput {
    /// The report, SARIF 2.1.0, with the fixes that rules give.
    pub sarif_values: Value,
}

/// See [`ScanRulesInput`].
pub struct ScanRules;

#[async_trait]
impl Step for ScanRules {
    type Input = ScanRulesInput;
    type Output = ScanRulesOutput;

    const ID: &'static str = "ScanRules";
    const EFFECTS: Effects = Effects::READS_CHECKOUT;

    async fn run(&self, ctx: &Context, input: ScanRulesInput) -> Result<ScanRulesOutput, StepError> {
        let request = ScanRequest { paths: input.paths.into_list(&input.path_key)? };
        let sarif_values = rules::scanner().scan(ctx, &request).await?;
        Ok(ScanRulesOutput { sarif_values })
    }
}
