//! Steps that ask models.

mod answer_file;
pub mod call_llm;
pub mod extract_model_response;
pub mod find_model;
#[expect(clippy::module_inception, reason = "a step's file has the name of the step")]
pub mod llm;
pub mod model_options;
pub mod prepare_prompt;
pub(crate) mod sections;

use patchwork_core::step::{ErasedStep, erase};

/// The steps of this group.
pub fn steps() -> Vec<Box<dyn ErasedStep>> {
    vec![
        erase(prepare_prompt::PreparePrompt),
        erase(call_llm::CallLLM),
        erase(extract_model_response::ExtractModelResponse),
        erase(llm::LLM),
        erase(find_model::FindModel),
    ]
}
