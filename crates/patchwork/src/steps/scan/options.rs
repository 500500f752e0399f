//! The options that scanning steps share.

use patchwork_core::port::scanner::ScanRequest;
use patchwork_core::step::{Context, StepError};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::paths::{Paths, path_key};
use super::sarif_input::SarifValues;
use crate::sarif;

/// What is scanned, or taken in place of a scan.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct ScanOptions {
    /// A report of any tool to take instead of scanning, SARIF 2.1.0 or a list of issues of SonarQube: its file, absolute or
    /// relative to the repository.
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

impl ScanOptions {
    /// The report that was given instead of a scan, if one was; the step is then said to have skipped.
    pub(super) async fn take_report(&mut self, ctx: &Context) -> Result<Option<Value>, StepError> {
        let file = self.sarif_file_path.take().filter(|file| !file.trim().is_empty());
        let report = match (file, self.sarif_values.take()) {
            (Some(file), _) => {
                // Joining an absolute path gives that path.
                let path = ctx.checkout()?.base().repository.join(&file);
                sarif::read_file(&path, &format!("sarif_file_path {file}")).await?
            }
            (None, Some(values)) if !values.is_blank() => values.into_value("sarif_values")?,
            _ => return Ok(None),
        };
        ctx.skip("using the SARIF given");
        Ok(Some(report))
    }

    /// What is to be scanned.
    pub(super) fn request(self) -> Result<ScanRequest, StepError> {
        Ok(ScanRequest { paths: self.paths.into_list(&self.path_key)? })
    }
}
