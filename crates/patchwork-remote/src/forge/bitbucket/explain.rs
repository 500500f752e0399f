//! What Bitbucket's refusals mean for the user.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::ForgeError;

use super::Bitbucket;
use crate::http::HttpError;

/// The token that can do all that we do.
const TOKEN: &str = "give an access token with the scopes account, repository:write and pullrequest:write, or USER:APP_PASSWORD, as bitbucket_api_key or in BITBUCKET_TOKEN";

impl Bitbucket {
    /// What a refusal means for the user; `doing` says what was tried (`open the pull request`).
    pub(super) fn explain(&self, error: HttpError, doing: &str) -> ForgeError {
        let slug = self.slug_text();
        let status = error.status();
        let limited = matches!(error, HttpError::RateLimited { .. });
        let needs = match &error {
            HttpError::Status { needs, .. } => needs.clone(),
            _ => None,
        };
        let failure = Failure::from(error);
        let (message, hint) = match status {
            _ if limited => (format!("Bitbucket lets us wait: can't {doing} in {slug}"), ""),
            Some(401) if self.credential.is_none() => {
                (format!("nobody may {doing} in {slug} without a token"), TOKEN)
            }
            Some(401) => (
                "Bitbucket does not accept the token".to_owned(),
                "give a valid one as bitbucket_api_key or in BITBUCKET_TOKEN; it may have expired or been revoked",
            ),
            Some(403) => match needs {
                Some(needs) => (format!("the token may not {doing} in {slug}: {needs}"), TOKEN),
                None => (format!("the token may not {doing} in {slug}"), TOKEN),
            },
            Some(404) => (
                format!("Bitbucket finds no repository {slug}, or the token has no access to it"),
                "check the remote `origin` and what the token given as bitbucket_api_key or in BITBUCKET_TOKEN may read",
            ),
            Some(400 | 409 | 410 | 422) => (format!("Bitbucket can't {doing} in {slug}"), ""),
            _ => return failure.into(),
        };
        let failure = Failure { message, ..failure.clone() }.cause(failure.message);
        if hint.is_empty() { failure.into() } else { failure.hint(hint).into() }
    }

    /// The same where 404 says that the thing itself is not there.
    pub(super) fn explain_of(&self, error: HttpError, doing: &str, what: &str) -> ForgeError {
        if matches!(error.status(), Some(404 | 410)) {
            return ForgeError::NotFound { what: format!("{what} in {}", self.slug_text()) };
        }
        self.explain(error, doing)
    }
}

/// What the server said beside a status; empty when there is no answer.
pub(super) fn said(error: &HttpError) -> String {
    match error {
        HttpError::Status { message, details, .. } => std::iter::once(message)
            .chain(details)
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
            .to_ascii_lowercase(),
        _ => String::new(),
    }
}
