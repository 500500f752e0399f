//! What GitHub's refusals mean for the user.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::ForgeError;

use super::GitHub;
use crate::forge::explain::told;
use crate::http::HttpError;

impl GitHub {
    /// What a refusal means for the user; `doing` says what was tried (`open the pull request`).
    pub(super) fn explain(&self, error: HttpError, doing: &str) -> ForgeError {
        let slug = &self.slug;
        let status = error.status();
        let limited = matches!(error, HttpError::RateLimited { .. });
        let (said, needs) = match &error {
            HttpError::Status { message, needs, .. } => (message.clone(), needs.clone()),
            _ => (String::new(), None),
        };
        if limited {
            return told(error, format!("GitHub lets us wait: can't {doing} in {slug}"), &[]);
        }
        let (message, hint) = match status {
            Some(401) => (
                "GitHub does not accept the token".to_owned(),
                "give a valid one as github_api_key or in GITHUB_TOKEN; it may have expired or been revoked",
            ),
            Some(403) if said.contains("locked") => (
                format!("can't {doing} in {slug}: the conversation is locked"),
                "only people who may write to the repository can comment there",
            ),
            Some(403 | 404) if let Some(needs) = &needs => {
                (format!("the token may not {doing} in {slug}: {needs}"), GRANT)
            }
            Some(403) => (format!("the token may not {doing} in {slug}"), SCOPES),
            Some(404) => (
                format!("GitHub finds no repository {slug}, or the token has no access to it"),
                "check the remote `origin` and what the token given as github_api_key or in GITHUB_TOKEN may read",
            ),
            Some(410) => (
                format!("can't {doing} in {slug}: it is gone, or switched off"),
                "issues are switched on in the repository's settings",
            ),
            Some(422) => (format!("GitHub can't {doing} in {slug}"), ""),
            _ => return Failure::from(error).into(),
        };
        let hints: &[&str] = if hint.is_empty() { &[] } else { &[hint] };
        told(error, message, hints)
    }

    /// The same where 404 says that the thing itself is not there.
    pub(super) fn explain_of(&self, error: HttpError, doing: &str, what: &str) -> ForgeError {
        let hidden = matches!(&error, HttpError::Status { needs: Some(_), .. });
        match error.status() {
            Some(404 | 410) if !hidden => ForgeError::NotFound { what: format!("{what} in {}", self.slug) },
            _ => self.explain(error, doing),
        }
    }
}

const GRANT: &str = "give the token more, or another as github_api_key or in GITHUB_TOKEN; in GitHub Actions set it under `permissions:`";

const SCOPES: &str = "it needs the permissions \"Contents: write\" and \"Pull requests: write\" (classic: scope repo); in GitHub Actions set them under `permissions:` and allow Actions to create pull requests in the repository's settings";

/// Whether a refusal (422) has a remark with one of these texts, in small letters.
pub(super) fn remarks(error: &HttpError, texts: &[&str]) -> bool {
    match error {
        HttpError::Status { status: 422, details, message, .. } => {
            let mut said = details.iter().chain([message]).map(|text| text.to_ascii_lowercase());
            said.any(|said| texts.iter().any(|text| said.contains(text)))
        }
        _ => false,
    }
}
