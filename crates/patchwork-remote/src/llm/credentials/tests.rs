//! Tokens from servers on this machine in place of Google's.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use patchwork_core::port::provider::{Provider as _, Target, Vertex};
use patchwork_core::secret::Secret;
use patchwork_testkit::model::{ModelServer, Reply};
use rustls::pki_types::alg_id;
use serde_json::{Value, json};

use super::*;
use crate::llm::{Models, ModelsSettings, RetryPolicy};

const TOKEN: &str = "ya29.the-token-of-the-test";
const KEY: &str = include_str!("test-key.pem");
const PUBLIC_KEY: &[u8] = include_bytes!("test-key.pub.der");

/// A request that a server of tokens got.
#[derive(Debug, Clone)]
struct Seen {
    path: String,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    fn form(&self, name: &str) -> String {
        let url = reqwest::Url::parse(&format!("http://x/?{}", self.body)).unwrap();
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }
}

/// A server that answers by path.
struct TokenServer {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl TokenServer {
    async fn start(answer: fn(&str) -> (StatusCode, Value)) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = seen.clone();
        let app = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
            let body = String::from_utf8(body.to_vec()).unwrap();
            let path = uri.path().to_owned();
            let (status, answer) = answer(&path);
            log.lock().unwrap().push(Seen { path, headers, body });
            let answer = match answer {
                Value::String(text) => text,
                json => json.to_string(),
            };
            (status, [("metadata-flavor", "Google")], answer)
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, seen }
    }

    async fn granting() -> Self {
        Self::start(|_| {
            (StatusCode::OK, json!({"access_token": TOKEN, "expires_in": 3_599, "token_type": "Bearer"}))
        })
        .await
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn service_account(server: &TokenServer) -> Value {
    json!({
        "type": "service_account",
        "project_id": "the-project",
        "private_key_id": "the-key-id",
        "private_key": KEY,
        "client_email": "robot@the-project.iam.gserviceaccount.com",
        "token_uri": format!("{}/token", server.url),
    })
}

fn written(folder: &Path, credentials: &Value) -> GoogleSettings {
    let path = folder.join("credentials.json");
    fs::write(&path, credentials.to_string()).unwrap();
    GoogleSettings { file: Some(path), ..GoogleSettings::default() }
}

fn models(google: GoogleSettings, vertex: &ModelServer) -> Models {
    let mut settings = ModelsSettings { google, local: Vec::new(), ..ModelsSettings::default() };
    settings.retry = RetryPolicy { tries: 1, ..settings.retry };
    settings.base_urls.insert("vertex".to_owned(), format!("{}/v1", vertex.url()));
    Models::new(settings)
}

fn target(model: &str) -> Target {
    let vertex = Vertex { project: None, location: Some("us-central1".to_owned()) };
    Target { model: Some(model.to_owned()), vertex: Some(vertex), ..Target::default() }
}

async fn ask(models: &Models, target: &Target) -> Result<String, ProviderError> {
    use patchwork_core::message::{Message, Role};
    use patchwork_core::port::provider::{ChatRequest, Unwatched};

    let request = ChatRequest { messages: vec![Message::new(Role::User, "hello")], ..ChatRequest::default() };
    let cancel = tokio_util::sync::CancellationToken::new();
    models.chat(target, &request, &Unwatched, &cancel).await.map(|answer| answer.text)
}

#[tokio::test]
async fn a_service_account_signs_for_a_token_that_is_used_again() {
    let (folder, tokens) = (tempfile::tempdir().unwrap(), TokenServer::granting().await);
    let server = ModelServer::start(|_| Reply::text("done"));
    let models = models(written(folder.path(), &service_account(&tokens)), &server);
    for model in ["gemini-2.5-flash", "vertex/gemini-2.5-flash", "vertex/claude-sonnet-4-5@20250929"] {
        assert_eq!(ask(&models, &target(model)).await.unwrap(), "done", "{model}");
    }
    let place = "/v1/projects/the-project/locations/us-central1/publishers";
    let seen = server.requests();
    let paths: Vec<_> = seen.iter().map(|request| request.path.as_str()).collect();
    let gemini = format!("{place}/google/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    let claude = format!("{place}/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict");
    assert_eq!(paths, [gemini.as_str(), gemini.as_str(), claude.as_str()]);
    assert!(seen.iter().all(|request| request.header("authorization") == format!("Bearer {TOKEN}")));
    server.assert_polite();

    let [asked] = &tokens.seen()[..] else { panic!("asked {} times", tokens.seen().len()) };
    assert_eq!(asked.path, "/token");
    assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(asked.form("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let assertion = asked.form("assertion");
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let mut algorithms = provider.signature_verification_algorithms.all.iter();
    let rsa = algorithms.find(|algorithm| algorithm.signature_alg_id() == alg_id::RSA_PKCS1_SHA256).unwrap();
    rsa.verify_signature(PUBLIC_KEY, signed.as_bytes(), &decode(signature)).unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let json = |text: &str| serde_json::from_slice::<Value>(&decode(text)).unwrap();
    assert_eq!(json(header), json!({"alg": "RS256", "typ": "JWT", "kid": "the-key-id"}));
    let claims = json(claims);
    assert_eq!(claims["iss"], "robot@the-project.iam.gserviceaccount.com");
    assert_eq!(claims["aud"], format!("{}/token", tokens.url));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3_600);
}

#[tokio::test]
async fn a_login_is_refreshed_and_a_token_near_its_end_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let tokens =
        TokenServer::start(|_| (StatusCode::OK, json!({"access_token": TOKEN, "expires_in": 200}))).await;
    let server = ModelServer::start(|_| Reply::text("done"));
    let login = json!({
        "type": "authorized_user",
        "client_id": "id",
        "client_secret": "the secret&of=the client",
        "refresh_token": "1//refresh",
        "quota_project_id": "my-project",
        "token_uri": format!("{}/token", tokens.url),
    });
    let settings = written(folder.path(), &login);
    let settings = GoogleSettings { login: settings.file, ..GoogleSettings::default() };
    let models = models(settings, &server);
    ask(&models, &target("gemini-2.5-flash")).await.unwrap();
    ask(&models, &target("gemini-2.5-flash")).await.unwrap();
    let seen = tokens.seen();
    assert_eq!(seen.len(), 2, "it had 200 s left");
    assert_eq!(seen[0].form("grant_type"), "refresh_token");
    assert_eq!(
        (seen[0].form("refresh_token"), seen[0].form("client_secret")),
        ("1//refresh".to_owned(), "the secret&of=the client".to_owned())
    );
    assert!(server.requests()[0].path.contains("/projects/my-project/"));
}

#[tokio::test]
async fn a_workload_exchanges_its_own_token() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = TokenServer::start(|path| {
        let answer = match path {
            "/oidc" => json!({"value": "token-of-the-job"}),
            "/exchange" => json!({"access_token": "federated", "expires_in": 3_600}),
            _ => json!({"accessToken": TOKEN, "expireTime": "2099-01-01T00:00:00Z"}),
        };
        (StatusCode::OK, answer)
    })
    .await;
    let server = ModelServer::start(|_| Reply::text("done"));
    let workload = json!({
        "type": "external_account",
        "audience": "//iam.googleapis.com/pool",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{}/exchange", tokens.url),
        "service_account_impersonation_url": format!("{}/account:generateAccessToken", tokens.url),
        "credential_source": {
            "url": format!("{}/oidc", tokens.url),
            "headers": {"Authorization": "Bearer of-the-job"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        },
    });
    let models = models(written(folder.path(), &workload), &server);
    let vertex = Vertex { project: Some("named".to_owned()), location: None };
    let target = Target { vertex: Some(vertex), ..target("gemini-2.5-flash") };
    for _ in 0..2 {
        ask(&models, &target).await.unwrap();
    }
    let seen = tokens.seen();
    let paths: Vec<_> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/oidc", "/exchange", "/account:generateAccessToken"]);
    assert_eq!(seen[0].headers["authorization"], "Bearer of-the-job");
    assert_eq!(
        (seen[1].form("subject_token"), seen[1].form("audience")),
        ("token-of-the-job".to_owned(), "//iam.googleapis.com/pool".to_owned())
    );
    assert_eq!(seen[2].headers["authorization"], "Bearer federated");
    let asked = &server.requests()[0];
    assert!(asked.path.contains("/projects/named/locations/global/"), "{}", asked.path);
    assert_eq!(asked.header("authorization"), format!("Bearer {TOKEN}"));
}

#[tokio::test]
async fn a_machine_of_googles_has_a_token_and_a_project() {
    let tokens = TokenServer::start(|path| match path {
        "/computeMetadata/v1/project/project-id" => (StatusCode::OK, json!("machine-project")),
        _ => (StatusCode::OK, json!({"access_token": TOKEN, "expires_in": 3_000})),
    })
    .await;
    let server = ModelServer::start(|_| Reply::text("done"));
    let models =
        models(GoogleSettings { metadata: Some(tokens.url.clone()), ..GoogleSettings::default() }, &server);
    for _ in 0..2 {
        ask(&models, &target("gemini-2.5-flash")).await.unwrap();
    }
    assert_eq!(tokens.seen().len(), 2, "project and token, once each");
    assert!(tokens.seen().iter().all(|seen| seen.headers["metadata-flavor"] == "Google"));
    assert!(server.requests()[0].path.contains("/projects/machine-project/"));
}

#[tokio::test]
async fn a_token_that_is_given_needs_no_credentials() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let models = models(GoogleSettings::default(), &server);
    let keys = [("google_access_token".to_owned(), Secret::new(TOKEN))].into();
    let nameless = Target { keys, ..target("gemini-2.5-flash") };
    let error = ask(&models, &nameless).await.unwrap_err();
    assert!(error.message.contains("needs a project"), "{error}");
    assert!(error.hint.unwrap().contains("GOOGLE_CLOUD_PROJECT"));
    let vertex = Vertex { project: Some("named".to_owned()), location: None };
    assert_eq!(ask(&models, &Target { vertex: Some(vertex), ..nameless }).await.unwrap(), "done");
    assert_eq!(server.requests()[0].header("authorization"), format!("Bearer {TOKEN}"));
}

#[tokio::test]
async fn without_credentials_it_says_where_it_looked() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let folder = tempfile::tempdir().unwrap();
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let login = Some(folder.path().join("application_default_credentials.json"));
    let settings = GoogleSettings { file: None, login, metadata: Some(nobody) };
    let error = ask(&models(settings, &server), &target("gemini-2.5-flash")).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::NotConfigured);
    for word in
        ["GOOGLE_APPLICATION_CREDENTIALS", "application_default_credentials.json", "no metadata server"]
    {
        assert!(error.message.contains(word), "{error}");
    }
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("gcloud auth application-default login") && hint.contains("google_access_token"),
        "{hint}"
    );
}

#[tokio::test]
async fn files_that_are_no_credentials_are_told_and_not_shown() {
    let (folder, tokens) = (tempfile::tempdir().unwrap(), TokenServer::granting().await);
    let server = ModelServer::start(|_| Reply::text("done"));
    let mut no_email = service_account(&tokens);
    no_email["client_email"] = Value::Null;
    let mut no_key = service_account(&tokens);
    no_key["private_key"] = json!("MIIEvQIBADANBgkqhkiG9w0BAQ");
    let mut no_url = service_account(&tokens);
    no_url["token_uri"] = json!("file:///etc/passwd");
    for (credentials, word) in [
        (json!({"type": "gdch_service_account"}), "`gdch_service_account`"),
        (json!({"no": "type"}), "has no `type`"),
        (no_email, "has no `client_email`"),
        (no_key, "`private_key` is not a private key in PEM"),
        (no_url, "`token_uri` is not an http or https URL"),
    ] {
        let models = models(written(folder.path(), &credentials), &server);
        let error = ask(&models, &target("gemini-2.5-flash")).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::NotConfigured);
        assert!(error.message.contains(word) && error.message.contains("credentials.json"), "{error}");
        assert!(!error.message.contains("MII"), "{error}");
    }
    let settings = written(folder.path(), &json!(null));
    fs::write(settings.file.as_ref().unwrap(), "{\"private_key\": \"abc").unwrap();
    let error = ask(&models(settings, &server), &target("gemini-2.5-flash")).await.unwrap_err();
    assert!(error.message.contains("not JSON (line 1") && !error.message.contains("abc"), "{error}");
    assert_eq!((tokens.seen().len(), server.count()), (0, 0));
}

#[tokio::test]
async fn a_server_that_gives_no_token_is_told_with_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let server = ModelServer::start(|_| Reply::text("done"));
    let refusing = TokenServer::start(|_| {
        let said =
            json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."});
        (StatusCode::BAD_REQUEST, said)
    })
    .await;
    let silent = TokenServer::start(|_| (StatusCode::OK, json!({"id_token": "x"}))).await;
    for (tokens, kind, word) in [
        (&refusing, ProviderErrorKind::Authentication, "answered 400: invalid_grant: Token has been expired"),
        (&silent, ProviderErrorKind::Malformed, "without a token"),
    ] {
        let models = models(written(folder.path(), &service_account(tokens)), &server);
        let error = ask(&models, &target("gemini-2.5-flash")).await.unwrap_err();
        assert_eq!(error.kind, kind);
        assert!(error.message.contains(word) && error.hint.is_some(), "{error}");
    }
}
