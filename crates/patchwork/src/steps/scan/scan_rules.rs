//! Scans with Patchwork's own rules.

use async_trait::async_trait;
use patchwork_core::port::scanner::{ScanRequest, Scanner};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::paths::{Paths, path_key};
use crate::scanners::rules::{RulesScanner, Selection};

/// Scans with the rules that are built into Patchwork and with the repository's own; needs no program and no network. Own
/// rules are YAML files in ast-grep's format below `.patchwork/rules/`, as they are committed; one with the id of a built-in
/// rule takes its place, and one with only `id` and `severity: off` switches it off.
///
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
    /// The ids of the rules to use, or globs over them (`python-*`); all when empty.
    #[serde(default)]
    pub rules: Vec<String>,
    /// The ids of rules to leave out, or globs over them.
    #[serde(default)]
    pub exclude_rules: Vec<String>,
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
        let selection = Selection { rules: input.rules, exclude_rules: input.exclude_rules };
        let sarif_values = RulesScanner { selection, known: false }.scan(ctx, &request).await?;
        Ok(ScanRulesOutput { sarif_values })
    }
}
