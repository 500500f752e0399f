//! The names that OpenTelemetry's conventions for generative AI give (release 1.42), and our own where they have none.

/// What is done: a conversation is continued.
pub(super) const CHAT: &str = "chat";

pub(super) const OPERATION: &str = "gen_ai.operation.name";
pub(super) const PROVIDER: &str = "gen_ai.provider.name";
pub(super) const REQUEST_MODEL: &str = "gen_ai.request.model";
pub(super) const RESPONSE_MODEL: &str = "gen_ai.response.model";
pub(super) const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
pub(super) const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
pub(super) const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
pub(super) const CACHE_READ_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
pub(super) const CACHE_WRITE_TOKENS: &str = "gen_ai.usage.cache_creation.input_tokens";
pub(super) const REASONING_TOKENS: &str = "gen_ai.usage.reasoning.output_tokens";
pub(super) const TOKEN_TYPE: &str = "gen_ai.token.type";
pub(super) const ERROR_TYPE: &str = "error.type";
pub(super) const HTTP_STATUS: &str = "http.response.status_code";
pub(super) const EXIT_CODE: &str = "process.exit.code";

pub(super) const PATCHFLOW: &str = "patchwork.patchflow";
pub(super) const RUN: &str = "patchwork.run.id";
pub(super) const RUN_STATUS: &str = "patchwork.run.status";
pub(super) const RUN_END: &str = "patchwork.run.end";
pub(super) const RESUMED: &str = "patchwork.run.resumed";
pub(super) const RECORDED: &str = "patchwork.run.recorded_nodes";
pub(super) const NODE: &str = "patchwork.node";
pub(super) const STEP: &str = "patchwork.step";
pub(super) const ATTEMPT: &str = "patchwork.attempt";
pub(super) const WILL_RETRY: &str = "patchwork.will_retry";
pub(super) const SKIPPED: &str = "patchwork.skipped";
pub(super) const UNFINISHED: &str = "patchwork.unfinished";
pub(super) const RETRIES: &str = "patchwork.model.retries";
pub(super) const REUSED: &str = "patchwork.model.reused_answers";
pub(super) const COST: &str = "patchwork.cost_usd";

/// Bounds of the histogram of tokens of a call.
pub(super) const TOKEN_BOUNDS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Bounds of the histogram of seconds of a call.
pub(super) const CALL_BOUNDS: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/// Bounds of the histogram of seconds of a run.
pub(super) const RUN_BOUNDS: &[f64] =
    &[1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0];

/// The well-known name of a vendor of the catalogue; its own where the conventions know none.
pub(super) fn provider_name(vendor: &str) -> &str {
    match vendor {
        "azure" => "azure.ai.openai",
        "bedrock" => "aws.bedrock",
        "gemini" => "gcp.gemini",
        "mistral" => "mistral_ai",
        "moonshot" => "moonshot_ai",
        "vertex" => "gcp.vertex_ai",
        "watsonx" => "ibm.watsonx.ai",
        "xai" => "x_ai",
        other => other,
    }
}

/// The exact name of the model that was asked for: without the vendor in front, which is ours.
pub(super) fn requested_model<'a>(requested: Option<&'a str>, vendor: &str, answered: &'a str) -> &'a str {
    let Some(requested) = requested.filter(|name| !name.is_empty()) else { return answered };
    requested.strip_prefix(vendor).and_then(|rest| rest.strip_prefix('/')).unwrap_or(requested)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_have_their_well_known_names_and_models_their_exact_ones() {
        let known = [("openai", "openai"), ("gemini", "gcp.gemini"), ("xai", "x_ai"), ("ollama", "ollama")];
        for (vendor, name) in known {
            assert_eq!(provider_name(vendor), name);
        }
        assert_eq!(requested_model(Some("openai/gpt-4o"), "openai", "gpt-4o-2024-08-06"), "gpt-4o");
        assert_eq!(requested_model(Some("openai/gpt-4o"), "openrouter", "x"), "openai/gpt-4o");
        assert_eq!(requested_model(Some("openaigpt"), "openai", "x"), "openaigpt");
        assert_eq!(requested_model(None, "openai", "gpt-4o"), "gpt-4o");
    }
}
