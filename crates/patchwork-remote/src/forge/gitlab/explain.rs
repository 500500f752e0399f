//! What GitLab's refusals mean for the user.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::ForgeError;

use super::{GitLab, Identity};
use crate::http::HttpError;

/// The token that can do all that we do.
const TOKEN: &str = "give a project access token with the role Developer and the scope `api` as gitlab_api_key or in GITLAB_TOKEN";

impl GitLab {
    /// What a refusal means for the user; `doing` says what was tried (`open the pull request`).
    pub(super) fn explain(&self, error: HttpError, doing: &str) -> ForgeError {
        let path = self.full_name();
        let status = error.status();
        let limited = matches!(error, HttpError::RateLimited { .. });
        let needs = match &error {
            HttpError::Status { needs, .. } => needs.clone(),
            _ => None,
        };
        let failure = Failure::from(error);
        let job = matches!(self.identity, Identity::Job(_));
        let nobody = matches!(self.identity, Identity::Nobody);
        let (message, hint) = match status {
            _ if limited => (format!("GitLab lets us wait: can't {doing} in {path}"), ""),
            Some(401 | 403 | 404) if job => (
                format!(
                    "the token of a CI job can't {doing} in {path}: it may read merge requests and notes, and write none"
                ),
                TOKEN,
            ),
            Some(401) if nobody => (format!("GitLab does not let anybody {doing} in {path}"), TOKEN),
            Some(401) => (
                "GitLab does not accept the token".to_owned(),
                "give a valid one as gitlab_api_key or in GITLAB_TOKEN; it may have expired or been revoked",
            ),
            Some(403) => match needs {
                Some(needs) => (format!("the token may not {doing} in {path}: {needs}"), TOKEN),
                None => (format!("the token may not {doing} in {path}"), TOKEN),
            },
            Some(404) => (
                format!("GitLab finds no project {path}, or the token has no access to it"),
                "check the remote `origin` and what the token given as gitlab_api_key or in GITLAB_TOKEN may read",
            ),
            Some(400 | 405 | 409 | 412 | 422) => (format!("GitLab can't {doing} in {path}"), ""),
            _ => return failure.into(),
        };
        let failure = Failure { message, ..failure.clone() }.cause(failure.message);
        if hint.is_empty() { failure.into() } else { failure.hint(hint).into() }
    }

    /// The same where 404 says that the thing itself is not there.
    pub(super) fn explain_of(&self, error: HttpError, doing: &str, what: &str) -> ForgeError {
        let project = said(&error).to_ascii_lowercase().contains("project");
        if error.status() == Some(404) && !project {
            return ForgeError::NotFound { what: format!("{what} in {}", self.full_name()) };
        }
        self.explain(error, doing)
    }
}

/// What the server said beside a status; empty when there is no answer.
pub(super) fn said(error: &HttpError) -> String {
    match error {
        HttpError::Status { message, details, .. } => {
            std::iter::once(message).chain(details).cloned().collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

/// Whether a refusal says that the token may not: an answer that another token might get.
pub(super) fn is_forbidden(error: &HttpError) -> bool {
    matches!(error, HttpError::Status { status: 401 | 403 | 404, .. })
}
