//! Turns credentials into a token.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use patchwork_core::secret::Secret;
use reqwest::{Client, RequestBuilder, Url};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::file::{Credentials, Kind, Place, Subject, Workload};
use crate::llm::clean::{clean, message_in};
use crate::llm::destination::is_loopback;

/// What a token is for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// How long a server of tokens may take.
const LIMIT: Duration = Duration::from_secs(30);

/// How long the metadata server may take: it is on the same machine, or nowhere.
const METADATA_LIMIT: Duration = Duration::from_secs(2);

/// How long a token is good for when nobody says so.
const USUAL_LIFETIME: Duration = Duration::from_mins(10);

/// Bytes of an answer of a server of tokens at most.
const MAX_ANSWER: usize = 256 << 10;

/// Clocks differ: what we sign was signed a minute ago.
const SKEW: i64 = 60;

/// The connections that tokens come over.
#[derive(Debug, Clone, Copy)]
pub(in crate::llm) struct Clients<'a> {
    /// To this machine.
    pub(in crate::llm) near: &'a Client,
    /// To everywhere else, through the proxy.
    pub(in crate::llm) far: &'a Client,
}

impl Clients<'_> {
    fn to(&self, url: &Url) -> &Client {
        if is_loopback(url) { self.near } else { self.far }
    }
}

/// A token and how long it is good for.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) token: Secret,
    pub(super) lifetime: Duration,
}

/// Why there is no token.
#[derive(Debug)]
pub(super) enum Problem {
    /// The key itself, or the token of the other system.
    Key(String),
    /// The server said no; what it said begins with a colon.
    Refused { host: String, status: u16, said: String },
    /// The server can't be reached.
    Unreached { host: String, cause: String },
    /// The answer has no token.
    Unreadable { host: String },
}

/// Asks for a token.
pub(super) async fn fetch(credentials: &Credentials, clients: Clients<'_>) -> Result<Fetched, Problem> {
    match &credentials.kind {
        Kind::ServiceAccount { email, key, key_id, token_url } => {
            let assertion = assertion(email, key, key_id.as_deref(), token_url).map_err(Problem::Key)?;
            let form = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("assertion", assertion.expose()),
            ];
            ask(form_to(clients, token_url, &form), token_url, &[key, &assertion])
                .await
                .and_then(|it| token(&it, token_url))
        }
        Kind::User { id, secret, refresh, token_url } => {
            let form = [
                ("grant_type", "refresh_token"),
                ("client_id", id),
                ("client_secret", secret.expose()),
                ("refresh_token", refresh.expose()),
            ];
            ask(form_to(clients, token_url, &form), token_url, &[secret, refresh])
                .await
                .and_then(|it| token(&it, token_url))
        }
        Kind::Workload(workload) => {
            let Workload { audience, subject_type, token_url, subject, account_url } = &**workload;
            let given = other_token(subject, clients).await?;
            let form = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                ("audience", audience),
                ("scope", SCOPE),
                ("subject_token_type", subject_type),
                ("subject_token", given.expose()),
            ];
            let answer = ask(form_to(clients, token_url, &form), token_url, &[&given]).await?;
            let exchanged = token(&answer, token_url)?;
            let Some(url) = account_url else { return Ok(exchanged) };
            let request = clients.to(url).post(url.clone()).bearer_auth(exchanged.token.expose());
            let answer =
                ask(request.json(&json!({"scope": [SCOPE]})), url, &[&given, &exchanged.token]).await?;
            token(&answer, url)
        }
        Kind::Machine { server } => {
            let url = metadata_url(server, "instance/service-accounts/default/token");
            let url = url
                .ok_or_else(|| Problem::Key("the address of the metadata server is not a URL".to_owned()))?;
            let request = clients.near.get(url.clone()).header("metadata-flavor", "Google");
            ask(request, &url, &[]).await.and_then(|it| token(&it, &url))
        }
    }
}

/// The project of this machine, when it is one of Google's.
pub(super) async fn metadata_project(server: &str, clients: Clients<'_>) -> Option<String> {
    let url = metadata_url(server, "project/project-id")?;
    let request = clients.near.get(url).header("metadata-flavor", "Google").timeout(METADATA_LIMIT);
    let response = request.send().await.ok()?.error_for_status().ok()?;
    // Without this mark it is some other server that answers to every name.
    if response.headers().get("metadata-flavor")? != "Google" {
        return None;
    }
    let bytes = beginning(response).await.ok()?;
    let project = String::from_utf8(bytes).ok()?.trim().to_owned();
    (!project.is_empty()).then_some(project)
}

fn metadata_url(server: &str, path: &str) -> Option<Url> {
    let server = if server.contains("://") { server.to_owned() } else { format!("http://{server}") };
    Url::parse(&format!("{}/computeMetadata/v1/{path}", server.trim_end_matches('/'))).ok()
}

fn form_to(clients: Clients<'_>, url: &Url, form: &[(&str, &str)]) -> RequestBuilder {
    // Only URLs know how a form is encoded here.
    let mut encoded = url.clone();
    encoded.query_pairs_mut().clear().extend_pairs(form);
    let request = clients.to(url).post(url.clone());
    let body = encoded.query().unwrap_or_default().to_owned();
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

async fn ask(request: RequestBuilder, url: &Url, secrets: &[&Secret]) -> Result<Value, Problem> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let unreached = |error: reqwest::Error| {
        // The outer error repeats the URL.
        let cause = std::error::Error::source(&error)
            .map_or_else(|| "it did not answer in time".to_owned(), ToString::to_string);
        Problem::Unreached { host: host.clone(), cause: clean(&cause, secrets.iter().copied(), [""; 0]) }
    };
    let response =
        request.timeout(LIMIT).header("accept", "application/json").send().await.map_err(unreached)?;
    let status = response.status();
    let bytes = beginning(response).await.map_err(unreached)?;
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if status.is_success() {
        return Ok(body);
    }
    let words = [body["error"].as_str(), body["error_description"].as_str()];
    let said = match message_in(&body).filter(|_| body["error"].is_object()) {
        Some(message) => message,
        None => words.into_iter().flatten().collect::<Vec<_>>().join(": "),
    };
    let said = clean(&said, secrets.iter().copied(), [""; 0]);
    let said = if said.is_empty() { said } else { format!(": {said}") };
    Err(Problem::Refused { host, status: status.as_u16(), said })
}

async fn beginning(mut response: reqwest::Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_ANSWER {
            break;
        }
    }
    Ok(bytes)
}

fn token(answer: &Value, url: &Url) -> Result<Fetched, Problem> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let token = ["access_token", "accessToken"].iter().find_map(|field| answer[*field].as_str());
    let token = token.filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
    let Some(token) = token else { return Err(Problem::Unreadable { host }) };
    let seconds = answer["expires_in"].as_u64().map(Duration::from_secs);
    let until = answer["expireTime"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
    let left = until.and_then(|until| Duration::try_from(until.duration_since(Timestamp::now())).ok());
    Ok(Fetched { token: Secret::new(token), lifetime: seconds.or(left).unwrap_or(USUAL_LIFETIME) })
}

/// What proves to Google that the key is ours: a signed claim (RFC 7523).
fn assertion(email: &str, key: &Secret, key_id: Option<&str>, token_url: &Url) -> Result<Secret, String> {
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|_| "its `private_key` is not a private key in PEM".to_owned())?;
    let key = any_supported_type(&key).map_err(|_| "its `private_key` can't be used".to_owned())?;
    let signer = key
        .choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
        .ok_or("its `private_key` is not an RSA key")?;
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(id) = key_id {
        header["kid"] = json!(id);
    }
    let from = Timestamp::now().as_second() - SKEW;
    let claims = json!({
        "iss": email,
        "scope": SCOPE,
        "aud": token_url.as_str(),
        "iat": from,
        "exp": from + 3_600,
    });
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let signed =
        format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
    let signature = signer.sign(signed.as_bytes()).map_err(|_| "its `private_key` can't sign".to_owned())?;
    Ok(Secret::new(format!("{signed}.{}", encode(&signature))))
}

/// The token of the other system.
async fn other_token(subject: &Subject, clients: Clients<'_>) -> Result<Secret, Problem> {
    let bytes = match &subject.place {
        Place::File(path) => tokio::fs::read(path).await.map_err(|error| {
            Problem::Key(format!("the token of the other system in {}: {error}", path.display()))
        })?,
        Place::Url(url, headers) => {
            let mut request = clients.to(url).get(url.clone()).timeout(LIMIT);
            for (name, value) in headers {
                request = request.header(name, value.expose());
            }
            let host = url.host_str().unwrap_or_default().to_owned();
            let unreached = |error: reqwest::Error| Problem::Unreached {
                host: host.clone(),
                cause: error.without_url().to_string(),
            };
            let response = request.send().await.map_err(unreached)?;
            let status = response.status();
            if !status.is_success() {
                return Err(Problem::Refused { host, status: status.as_u16(), said: String::new() });
            }
            beginning(response).await.map_err(unreached)?
        }
    };
    let text = String::from_utf8(bytes).unwrap_or_default();
    let token = match &subject.field {
        None => text.trim().to_owned(),
        Some(field) => {
            let json: Value = serde_json::from_str(&text).unwrap_or_default();
            json[field.as_str()].as_str().unwrap_or_default().to_owned()
        }
    };
    if token.is_empty() {
        return Err(Problem::Key("the token of the other system is empty".to_owned()));
    }
    Ok(Secret::new(token))
}
