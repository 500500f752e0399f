//! `ExtractModelResponse`: cuts sections out of what a model wrote.

use std::collections::BTreeMap;

use async_trait::async_trait;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sections::partition;

/// Cuts sections out of what a model wrote.
pub struct ExtractModelResponse;

/// Cuts sections out of what a model wrote.
///
/// Sections are cut by markers. A marker that is a heading (`B. Change summary:`) is found at the start of a line, whatever
/// Markdown surrounds it. Of a fenced code block the right closing fence is found even when the code holds fences itself;
/// a block that is never closed gives nothing.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtractModelResponseInput {
    /// What the model wrote, text by text.
    pub openai_responses: Vec<String>,
    /// How texts are cut.
    #[serde(flatten)]
    pub cut: PartitionOptions,
}

/// How texts are cut.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct PartitionOptions {
    /// The markers of each section, by the name it gets (`patch: ["D. Fixed Code:", "```", "\n", "```"]`). The section
    /// starts behind the last but one, each found behind the one before, and ends at the last. `[]` is the whole text, an
    /// empty last marker the end of the text, two fences at the end a code block. Absent: the whole text is `patch`.
    #[serde(default)]
    pub response_partitions: Option<BTreeMap<String, Vec<String>>>,
}

/// The sections.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ExtractModelResponseOutput {
    /// For each text its sections by name; those that are not there, or empty, are absent.
    pub extracted_responses: Vec<BTreeMap<String, String>>,
}

#[async_trait]
impl Step for ExtractModelResponse {
    type Input = ExtractModelResponseInput;
    type Output = ExtractModelResponseOutput;

    const ID: &'static str = "ExtractModelResponse";
    const EFFECTS: Effects = Effects::NONE;

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        if input.openai_responses.is_empty() {
            ctx.skip("there are no responses");
        }
        let extracted_responses = extract(ctx, &input.openai_responses, &input.cut);
        Ok(ExtractModelResponseOutput { extracted_responses })
    }
}

/// The sections of each text. A text without any of them is warned about.
pub(super) fn extract(
    ctx: &Context,
    texts: &[String],
    options: &PartitionOptions,
) -> Vec<BTreeMap<String, String>> {
    let whole = BTreeMap::from([("patch".to_owned(), Vec::new())]);
    let partitions = options.response_partitions.as_ref().unwrap_or(&whole);
    texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let mut sections = BTreeMap::new();
            let mut problems = Vec::new();
            for (name, markers) in partitions {
                match partition(text, markers) {
                    Ok("") => problems.push(format!("{name}: it is empty")),
                    Ok(section) => {
                        sections.insert(name.clone(), section.to_owned());
                    }
                    Err(problem) => problems.push(format!("{name}: {problem}")),
                }
            }
            // A text that is empty was reported by whoever made it so.
            if !problems.is_empty() && !text.trim().is_empty() {
                ctx.warn(format!("response {} lacks sections ({})", index + 1, problems.join("; ")));
            }
            sections
        })
        .collect()
}
