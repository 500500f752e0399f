//! Files of credentials, as Google's own tools write them.

use std::path::{Path, PathBuf};

use patchwork_core::secret::Secret;
use reqwest::Url;
use serde_json::Value;

/// Bytes of a file of credentials at most; real ones have 3 KiB.
const MAX_FILE: u64 = 64 << 10;

/// Where a user's login is exchanged for a token.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::llm) struct Credentials {
    /// The project that they belong to, where they say so.
    pub(in crate::llm) project: Option<String>,
    /// The file that they come from.
    pub(super) file: Option<PathBuf>,
    pub(super) kind: Kind,
}

/// How they are turned into a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A key of a service account.
    ServiceAccount { email: String, key: Secret, key_id: Option<String>, token_url: Url },
    /// The user's own login.
    User { id: String, secret: Secret, refresh: Secret, token_url: Url },
    /// An identity of another system (a CI job's).
    Workload(Box<Workload>),
    /// The machine's.
    Machine { server: String },
}

/// An identity of another system, and how it becomes one of Google's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Workload {
    pub(super) audience: String,
    pub(super) subject_type: String,
    pub(super) token_url: Url,
    pub(super) subject: Subject,
    /// Where the token is exchanged for that of a service account.
    pub(super) account_url: Option<Url>,
}

/// Where the token of the other system comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) place: Place,
    /// The field that holds it, when it comes as JSON.
    pub(super) field: Option<String>,
}

/// Where the token of the other system is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    File(PathBuf),
    Url(Url, Vec<(String, Secret)>),
}

impl Credentials {
    /// Reads a file; an error says what is wrong with it, and never what is in it.
    pub(super) async fn read(path: &Path) -> Result<Self, String> {
        let size = tokio::fs::metadata(path).await.map_err(|error| error.to_string())?.len();
        if size > MAX_FILE {
            return Err(format!("it has {size} bytes, and credentials have {MAX_FILE} at most"));
        }
        let text = tokio::fs::read_to_string(path).await.map_err(|error| error.to_string())?;
        let json: Value = serde_json::from_str(&text)
            .map_err(|error| format!("it is not JSON (line {}, column {})", error.line(), error.column()))?;
        let kind = kind(&json)?;
        let project = ["project_id", "quota_project_id"].iter().find_map(|field| json[*field].as_str());
        Ok(Self { project: project.map(str::to_owned), file: Some(path.to_owned()), kind })
    }
}

fn kind(json: &Value) -> Result<Kind, String> {
    Ok(match text(json, "type")?.as_str() {
        "service_account" => Kind::ServiceAccount {
            email: text(json, "client_email")?,
            key: secret(json, "private_key")?,
            key_id: json["private_key_id"].as_str().map(str::to_owned),
            token_url: url(json, "token_uri")?.map_or_else(default_token_url, Ok)?,
        },
        "authorized_user" => Kind::User {
            id: text(json, "client_id")?,
            secret: secret(json, "client_secret")?,
            refresh: secret(json, "refresh_token")?,
            token_url: url(json, "token_uri")?.map_or_else(default_token_url, Ok)?,
        },
        "external_account" => Kind::Workload(Box::new(Workload {
            audience: text(json, "audience")?,
            subject_type: text(json, "subject_token_type")?,
            token_url: url(json, "token_url")?.ok_or("it has no `token_url`")?,
            subject: subject(&json["credential_source"])?,
            account_url: url(json, "service_account_impersonation_url")?,
        })),
        other => {
            return Err(format!(
                "its type is `{}`, and service_account, authorized_user and external_account are known",
                other.escape_debug()
            ));
        }
    })
}

fn subject(source: &Value) -> Result<Subject, String> {
    let place = if let Some(path) = source["file"].as_str() {
        Place::File(path.into())
    } else if let Some(url) = url(source, "url")? {
        let headers = source["headers"].as_object().into_iter().flatten();
        let headers = headers.filter_map(|(name, value)| Some((name.clone(), Secret::new(value.as_str()?))));
        Place::Url(url, headers.collect())
    } else {
        return Err("its `credential_source` has neither `file` nor `url`".to_owned());
    };
    let format = &source["format"];
    let field = if format["type"] == "json" { Some(text(format, "subject_token_field_name")?) } else { None };
    Ok(Subject { place, field })
}

fn text(json: &Value, field: &str) -> Result<String, String> {
    let text = json[field].as_str().filter(|text| !text.trim().is_empty());
    text.map(str::to_owned).ok_or_else(|| format!("it has no `{field}`"))
}

fn secret(json: &Value, field: &str) -> Result<Secret, String> {
    text(json, field).map(Secret::new)
}

fn url(json: &Value, field: &str) -> Result<Option<Url>, String> {
    let Some(text) = json[field].as_str() else { return Ok(None) };
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.map(Some).ok_or_else(|| format!("its `{field}` is not an http or https URL"))
}

fn default_token_url() -> Result<Url, String> {
    Url::parse(TOKEN_URL).map_err(|error| error.to_string())
}
