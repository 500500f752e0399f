//! `Conclude`: ends a run well, or with the failure that an earlier step worked out.

use async_trait::async_trait;
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ends a run well, or with a failure.
pub struct Conclude;

/// Ends a run well, or with the failure that an earlier step worked out.
///
/// A step that fails has no outputs; one that answers its failure beside its lists, for this step to fail with, keeps them
/// among the outputs of the run.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConcludeInput {
    /// What the run fails with; it ends well when absent.
    #[serde(default)]
    pub failure: Option<Failure>,
}

/// Nothing.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ConcludeOutput {}

#[async_trait]
impl Step for Conclude {
    type Input = ConcludeInput;
    type Output = ConcludeOutput;

    const ID: &'static str = "Conclude";
    const EFFECTS: Effects = Effects::NONE;

    async fn run(&self, _: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        match input.failure {
            None => Ok(ConcludeOutput {}),
            // The engine alone knows of these; it acts on the first.
            Some(Failure { kind: FailureKind::Interrupted | FailureKind::Internal, .. }) => {
                let problem =
                    "a run can't be ended as interrupted or internal: expected `failed` or the like";
                Err(StepError::input("failure.kind", problem))
            }
            Some(failure) => Err(StepError::Failed(failure)),
        }
    }
}

#[cfg(test)]
mod tests {
    use patchwork_testkit::context::TestContext;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_failure_is_passed_on_as_it_is() {
        let test = TestContext::new();
        assert_eq!(test.run_json(Conclude, json!({})).await.unwrap(), (json!({}), None));
        let failure =
            Failure::new(FailureKind::BelowEvidence, "nothing held").cause("a.py").hint("ask again");
        let error = test.run_json(Conclude, json!({ "failure": failure })).await.unwrap_err();
        assert_eq!(error.into_failure(), failure);
        let odd = json!({ "failure": { "kind": "interrupted", "message": "x" } });
        let error = test.run_json(Conclude, odd).await.unwrap_err().into_failure();
        assert_eq!(error.kind, FailureKind::Configuration);
    }
}
