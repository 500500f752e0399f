//! Steps that ask models.

mod answer_file;
mod attachment;
pub mod call_llm;
pub mod call_options;
pub mod extract_model_response;
pub mod find_model;
mod fit;
#[expect(clippy::module_inception, reason = "a step's file has the name of the step")]
pub mod llm;
pub mod model_options;
pub mod prepare_prompt;
pub(crate) mod sections;
pub mod simplified_llm;
pub mod simplified_llm_once;
pub(crate) mod structured;

use patchwork_core::step::{ErasedStep, erase};

/// The steps of this group.
pub fn steps() -> Vec<Box<dyn ErasedStep>> {
    vec![
        erase(prepare_prompt::PreparePrompt),
        erase(call_llm::CallLLM),
        erase(extract_model_response::ExtractModelResponse),
        erase(llm::LLM),
        erase(simplified_llm::SimplifiedLLM),
        erase(simplified_llm_once::SimplifiedLLMOnce),
        erase(find_model::FindModel),
    ]
}
