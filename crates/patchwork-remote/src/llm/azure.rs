//! Azure OpenAI: every customer has a host, and models go by the names of deployments.

use reqwest::Url;

use super::catalog::Protocol;

/// The base of calls below the address that the user gave: the resource itself, or a path of it. With `api_version` the dated
/// API is used, where the deployment is in the path.
pub(super) fn base(mut url: Url, deployment: &str, protocol: Protocol, api_version: Option<&str>) -> Url {
    let path = url.path().trim_end_matches('/').to_owned();
    let version = api_version.map(str::trim).filter(|version| !version.is_empty());
    let dated = version.is_some() || url.query_pairs().any(|(name, _)| name == "api-version");
    match path.as_str() {
        "" | "/openai" if dated && protocol == Protocol::OpenAiResponses => url.set_path("/openai/"),
        "" | "/openai" if dated => {
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.clear().extend(["openai", "deployments", deployment, ""]);
            }
        }
        "" | "/openai" => url.set_path("/openai/v1/"),
        _ => {}
    }
    // The undated API knows only `v1` and `preview`, and takes the first by itself.
    if let Some(version) = version.filter(|_| !url.path().ends_with("/openai/v1/"))
        && !url.query_pairs().any(|(name, _)| name == "api-version")
    {
        url.query_pairs_mut().append_pair("api-version", version);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::destination::{base_url, join};

    #[test]
    fn addresses_are_taken_as_people_have_them() {
        let at = |url: &str, version: Option<&str>| {
            let base = base(base_url(url).unwrap(), "my gpt", Protocol::OpenAiChat, version);
            join(&base, "chat/completions").to_string()
        };
        let undated = "https://res.openai.azure.com/openai/v1/chat/completions";
        let deployed = "https://res.openai.azure.com/openai/deployments/my%20gpt/chat/completions";
        let dated = format!("{deployed}?api-version=2024-10-21");
        for url in ["https://res.openai.azure.com", "https://res.openai.azure.com/openai/", undated] {
            assert_eq!(at(url, None), undated, "{url}");
        }
        assert_eq!(at("https://res.openai.azure.com/openai/v1", Some("2024-10-21")), undated);
        for url in ["https://res.openai.azure.com/", "https://res.openai.azure.com/openai", &dated] {
            assert_eq!(at(url, Some("2024-10-21")), dated, "{url}");
        }
        assert_eq!(at(&dated, None), dated);
        assert_eq!(at(deployed, Some("2024-10-21")), dated);
    }

    #[test]
    fn dated_responses_are_below_no_deployment() {
        let url = base_url("https://res.openai.azure.com").unwrap();
        let base = base(url, "gpt", Protocol::OpenAiResponses, Some("2025-04-01-preview"));
        let call = "https://res.openai.azure.com/openai/responses?api-version=2025-04-01-preview";
        assert_eq!(join(&base, "responses").as_str(), call);
    }
}
