//! Access tokens of Google Cloud: from a service account, the user's own login, a workload identity, or the machine itself.
//!
//! Own code, because the crates for it bring an HTTP client of their own that knows no proxy, read the environment
//! themselves, and leave out workload identities, which CI systems use.

mod fetch;
mod file;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use patchwork_core::port::provider::{ProviderError, ProviderErrorKind};
use patchwork_core::secret::Secret;
use tokio::sync::Mutex;

pub(super) use self::fetch::Clients;
use self::fetch::{Problem, fetch};
use self::file::{Credentials, Kind};

/// A token is not used in its last minutes: a call may wait before it is sent.
const SPARE: Duration = Duration::from_mins(5);

/// How to get to credentials.
const LOG_IN: &str = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to the file of a \
                      service account, or pass a token: `google_access_token`";

/// Where credentials of Google Cloud are looked for, in this order; nowhere by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoogleSettings {
    /// The file that the user names (`GOOGLE_APPLICATION_CREDENTIALS`).
    pub file: Option<PathBuf>,
    /// Where `gcloud auth application-default login` leaves its file; it need not be there.
    pub login: Option<PathBuf>,
    /// The metadata server of a machine of Google's (`http://metadata.google.internal`); it need not be there.
    pub metadata: Option<String>,
}

/// The latest token, and where it came from.
#[derive(Debug, Default)]
pub(super) struct GoogleTokens(Mutex<Option<Kept>>);

#[derive(Debug)]
struct Kept {
    credentials: Credentials,
    token: Secret,
    until: Instant,
}

impl GoogleTokens {
    /// Finds the credentials that are there; asks the metadata server when there is no file.
    pub(super) async fn find(
        &self,
        settings: &GoogleSettings,
        clients: Clients<'_>,
    ) -> Result<Credentials, ProviderError> {
        let mut looked = Vec::new();
        match &settings.file {
            None => looked.push("GOOGLE_APPLICATION_CREDENTIALS is not set".to_owned()),
            Some(path) => {
                return Credentials::read(path).await.map_err(|problem| {
                    let message =
                        format!("the Google credentials in {} can't be used: {problem}", path.display());
                    not_configured(message, "GOOGLE_APPLICATION_CREDENTIALS names that file")
                });
            }
        }
        if let Some(path) = &settings.login {
            if tokio::fs::try_exists(path).await.unwrap_or(false) {
                return Credentials::read(path).await.map_err(|problem| {
                    let message =
                        format!("the Google credentials in {} can't be used: {problem}", path.display());
                    not_configured(message, "run `gcloud auth application-default login` again")
                });
            }
            looked.push(format!("there is no {}", path.display()));
        }
        if let Some(server) = &settings.metadata {
            let kind = Kind::Machine { server: server.clone() };
            let kept = self.0.lock().await.as_ref().map(|kept| kept.credentials.clone());
            if let Some(known) = kept.filter(|credentials| credentials.kind == kind) {
                return Ok(known);
            }
            if let Some(project) = fetch::metadata_project(server, clients).await {
                return Ok(Credentials { project: Some(project), file: None, kind });
            }
            looked.push("no metadata server answers".to_owned());
        }
        let message = format!("there are no Google credentials for Vertex AI: {}", looked.join(", "));
        Err(not_configured(message, LOG_IN))
    }

    /// A token that is good for some minutes more. Callers that come meanwhile wait for the same one.
    pub(super) async fn token(
        &self,
        credentials: &Credentials,
        clients: Clients<'_>,
    ) -> Result<Secret, ProviderError> {
        let mut kept = self.0.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.credentials == *credentials)
            && kept.until > Instant::now() + SPARE
        {
            return Ok(kept.token.clone());
        }
        let from = Instant::now();
        let fetched = fetch(credentials, clients).await.map_err(|problem| error(&problem, credentials))?;
        let until = from + fetched.lifetime;
        *kept = Some(Kept { credentials: credentials.clone(), token: fetched.token.clone(), until });
        Ok(fetched.token)
    }
}

fn error(problem: &Problem, credentials: &Credentials) -> ProviderError {
    let place = credentials
        .file
        .as_ref()
        .map_or("of this machine".to_owned(), |file| format!("in {}", file.display()));
    let (kind, message, hint) = match problem {
        Problem::Key(problem) => (
            ProviderErrorKind::NotConfigured,
            format!("the Google credentials {place} can't be used: {problem}"),
            LOG_IN.to_owned(),
        ),
        Problem::Refused { host, status, said } => (
            ProviderErrorKind::Authentication,
            format!("{host} gave no token for the Google credentials {place}: it answered {status}{said}"),
            LOG_IN.to_owned(),
        ),
        Problem::Unreached { host, cause } => (
            ProviderErrorKind::Connection,
            format!("{host} can't be reached for a token for the Google credentials {place}: {cause}"),
            "check the network and the proxy settings (HTTPS_PROXY)".to_owned(),
        ),
        Problem::Unreadable { host } => (
            ProviderErrorKind::Malformed,
            format!("{host} answered without a token for the Google credentials {place}"),
            "check the addresses in that file".to_owned(),
        ),
    };
    ProviderError { kind, message, status: None, retry_after: None, hint: Some(hint) }
}

fn not_configured(message: String, hint: &str) -> ProviderError {
    let hint = Some(hint.to_owned());
    ProviderError { kind: ProviderErrorKind::NotConfigured, message, status: None, retry_after: None, hint }
}
