//! The options that say how calls are made: the same for every step that asks a model.

use patchwork_core::budget::Limits;
use patchwork_core::step::StepError;
use patchwork_core::usage::MicroUsd;
use schemars::JsonSchema;
use serde::Deserialize;

/// How calls are made.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct CallOptions {
    /// Prompts that are sent at most, the first of the list, and calls of this step at most; -1 for all.
    #[serde(default = "unlimited")]
    #[schemars(range(min = -1))]
    pub max_llm_calls: i64,
    /// US dollars that the calls of this step may cost at most. What a call may cost is set aside before it is made; one
    /// that does not fit is not made.
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub max_cost: Option<f64>,
    /// Tokens of prompts and answers that the calls of this step may take at most.
    #[serde(default)]
    pub max_tokens: Option<u64>,
    /// Whether models of unknown price may be asked under `max_cost`, counting nothing.
    #[serde(default)]
    pub allow_unknown_price: bool,
    /// Calls at the same time.
    #[serde(default = "eight")]
    #[schemars(range(min = 1, max = 256))]
    pub concurrency: u32,
    /// Whether an answer that was cut at the output limit is used; otherwise it is withheld like a failed call.
    #[serde(default)]
    pub allow_truncated: bool,
    /// How often an answer that is not JSON of the wanted form is asked for again, with what was wrong.
    #[serde(default = "two")]
    #[schemars(range(max = 10))]
    pub json_retries: u32,
    /// An image, a PDF or a text that goes with the last user message of each prompt, 14 MiB at most. A relative path starts
    /// at the root of the repository.
    #[serde(default)]
    pub file: Option<String>,
    /// A file to which each paid call is added as one line of JSON: model, request, response. An absolute path.
    #[serde(default)]
    pub save_responses_to_file: Option<String>,
}

fn unlimited() -> i64 {
    -1
}

fn eight() -> u32 {
    8
}

fn two() -> u32 {
    2
}

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            max_llm_calls: unlimited(),
            max_cost: None,
            max_tokens: None,
            allow_unknown_price: false,
            concurrency: eight(),
            allow_truncated: false,
            json_retries: two(),
            file: None,
            save_responses_to_file: None,
        }
    }
}

const MAX_CONCURRENCY: u32 = 256;

const MAX_JSON_RETRIES: u32 = 10;

impl CallOptions {
    /// Calls at the same time.
    pub(super) fn concurrency(&self) -> Result<usize, StepError> {
        match self.concurrency {
            n @ 1..=MAX_CONCURRENCY => Ok(n as usize),
            n => {
                let problem = format!("{n} is out of range: expected 1 to {MAX_CONCURRENCY}");
                Err(StepError::input("concurrency", problem))
            }
        }
    }

    /// Calls for an answer that is not of the wanted form, beside the first.
    pub(super) fn json_retries(&self) -> Result<usize, StepError> {
        match self.json_retries {
            n @ 0..=MAX_JSON_RETRIES => Ok(n as usize),
            n => {
                let problem = format!("{n} is out of range: expected 0 to {MAX_JSON_RETRIES}");
                Err(StepError::input("json_retries", problem))
            }
        }
    }

    /// What the calls of the step may take.
    pub(super) fn limits(&self) -> Result<Limits, StepError> {
        let cost = self.max_cost.map(|dollars| {
            let micros = (dollars * 1e6).floor();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "negative and odd numbers are refused, and what is too large is no limit either way"
            )]
            let cost = MicroUsd(micros as u64);
            if micros >= 0.0 {
                Ok(cost)
            } else {
                Err(StepError::input("max_cost", format!("{dollars} is no sum of money")))
            }
        });
        Ok(Limits {
            cost: cost.transpose()?,
            tokens: self.max_tokens,
            calls: u64::try_from(self.max_llm_calls).ok(),
            allow_unknown_price: self.allow_unknown_price,
        })
    }
}
