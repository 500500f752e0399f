//! Programs and rule sets that find weaknesses.

use async_trait::async_trait;
use serde_json::Value;

use crate::step::{Context, StepError};

/// What to scan.
#[derive(Debug, Clone, Default)]
pub struct ScanRequest {
    /// Files and folders relative to the root of the checkout; all of it when empty.
    pub paths: Vec<String>,
}

/// A scanner, ready to run in the checkout of a context.
#[async_trait]
pub trait Scanner: Send + Sync {
    /// Its name and version for people (`Semgrep 1.182.0`).
    fn name(&self) -> String;

    /// Scans; the report is SARIF 2.1.0.
    async fn scan(&self, ctx: &Context, request: &ScanRequest) -> Result<Value, StepError>;
}
