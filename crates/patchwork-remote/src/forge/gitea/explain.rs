//! What Gitea's refusals mean for the user.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::ForgeError;

use super::Gitea;
use crate::http::HttpError;

/// The token that can do all that we do.
const TOKEN: &str = "give a token with the scopes write:repository, write:issue and read:user as gitea_api_key or in GITEA_TOKEN";

impl Gitea {
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
            _ if limited => (format!("the forge lets us wait: can't {doing} in {slug}"), ""),
            Some(401) if self.token.is_none() => {
                (format!("nobody may {doing} in {slug} without a token"), TOKEN)
            }
            Some(401) => (
                "Gitea does not accept the token".to_owned(),
                "give a valid one as gitea_api_key or in GITEA_TOKEN; it may have expired or been revoked",
            ),
            Some(403) => match needs {
                Some(needs) => (format!("the token may not {doing} in {slug}: {needs}"), TOKEN),
                None => (format!("the token may not {doing} in {slug}"), TOKEN),
            },
            Some(404) => (
                format!("Gitea finds no repository {slug}, or the token has no access to it"),
                "check the remote `origin` and what the token given as gitea_api_key or in GITEA_TOKEN may read",
            ),
            Some(400 | 405 | 409 | 412 | 413 | 422 | 423) => (format!("Gitea can't {doing} in {slug}"), ""),
            _ => return failure.into(),
        };
        let failure = Failure { message, ..failure.clone() }.cause(failure.message);
        if hint.is_empty() { failure.into() } else { failure.hint(hint).into() }
    }

    /// The same where 404 says that the thing itself is not there.
    pub(super) fn explain_of(&self, error: HttpError, doing: &str, what: &str) -> ForgeError {
        if error.status() == Some(404) {
            return ForgeError::NotFound { what: format!("{what} in {}", self.slug_text()) };
        }
        self.explain(error, doing)
    }
}

/// Whether a refusal says that the token may not: an answer that another token might get.
pub(super) fn is_forbidden(error: &HttpError) -> bool {
    matches!(error, HttpError::Status { status: 401 | 403 | 404, .. })
}
