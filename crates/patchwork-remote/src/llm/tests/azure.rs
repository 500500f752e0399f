//! Azure OpenAI at addresses of the user's own.

use patchwork_core::message::Finish;

use super::*;

const AZURE_KEY: &str = "0123456789abcdef0123456789abcdef";

fn azure_at(server: &ModelServer) -> Models {
    let base_urls = BTreeMap::from([("azure".to_owned(), server.url())]);
    Models::new(ModelsSettings { base_urls, ..quick() })
}

fn deployment(api_version: Option<&str>) -> Target {
    Target {
        keys: BTreeMap::from([("azure_openai_api_key".to_owned(), Secret::new(AZURE_KEY))]),
        model: Some("azure/my-gpt".to_owned()),
        api_version: api_version.map(str::to_owned),
        ..Target::default()
    }
}

#[tokio::test]
async fn both_apis_are_spoken_with_its_header() {
    let server = ModelServer::start(|_| Reply::text("done"));
    for (version, path) in [
        (None, "/openai/v1/chat/completions"),
        (Some("2024-10-21"), "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"),
    ] {
        let answer = chat(&azure_at(&server), &deployment(version), &hello()).await.unwrap();
        let seen = server.requests().pop().unwrap();
        assert_eq!((seen.path.as_str(), seen.model.as_str(), answer.text.as_str()), (path, "my-gpt", "done"));
        assert_eq!((seen.header("api-key"), seen.header("authorization")), (AZURE_KEY, ""));
    }
    server.assert_polite();
}

#[tokio::test]
async fn its_host_is_known_in_the_base_url() {
    let models = Models::new(quick());
    let target = Target { base_url: Some("https://res.openai.azure.com".to_owned()), ..deployment(None) };
    let route = models.route(&target).await.unwrap();
    let told = (route.vendor.as_str(), route.model.as_str(), route.base_url.as_str());
    assert_eq!(told, ("azure", "my-gpt", "https://res.openai.azure.com/openai/v1"));
    let nowhere = models.route(&deployment(None)).await.unwrap_err();
    assert!(nowhere.hint.unwrap().contains("client_base_url"));
}

#[tokio::test]
async fn what_its_filter_refuses_is_a_withheld_answer() {
    let body = r#"{"error": {
        "message": "The response was filtered due to the prompt triggering our content management policy.",
        "type": null, "param": "prompt", "code": "content_filter", "status": 400,
        "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}}
    }}"#;
    let server = ModelServer::start(move |_| Reply::raw(400, body));
    let answer = chat(&azure_at(&server), &deployment(None), &hello()).await.unwrap();
    assert_eq!((answer.finish, answer.attempts, answer.usage.input_tokens), (Finish::ContentFilter, 1, 0));
    assert!(answer.text.contains("content management policy"), "{}", answer.text);
}

#[tokio::test]
async fn a_deployment_that_is_not_there_is_told() {
    let body = r#"{"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}}"#;
    let server = ModelServer::start(move |_| Reply::raw(404, body));
    let error = chat(&azure_at(&server), &deployment(Some("2024-10-21")), &hello()).await.unwrap_err();
    assert_eq!((error.kind, error.status), (ProviderErrorKind::UnknownModel, Some(404)));
    assert!(error.hint.unwrap().contains("name of a deployment"), "{}", error.message);
}
