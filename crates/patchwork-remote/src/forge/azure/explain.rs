//! What Azure DevOps' refusals mean for the user.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::ForgeError;

use super::Azure;
use crate::forge::explain::{said, told};
use crate::http::HttpError;

/// The token that can do all that we do.
const TOKEN: &str = "give a personal access token with the scopes Code (Read & write), Code (Status), Pull Request Threads (Read & write) and Work Items (Read & write) as azuredevops_api_key or in AZURE_DEVOPS_EXT_PAT";

/// What a build's own account lacks, unless somebody gave it.
const BUILD: &str = "of a pipeline's System.AccessToken the account is `PROJECT Build Service`: let it `Contribute`, `Contribute to pull requests` and `Create branch` under Project settings > Repositories > Security";

const NOT_ACCEPTED: &str = "Azure DevOps does not accept the token";

/// Azure DevOps gives the same answer to all of these.
const MAYBE: &str =
    "it may have expired, been revoked, be of another organization or lack one of these scopes";

impl Azure {
    /// What a refusal means for the user; `doing` says what was tried (`open the pull request`).
    pub(super) fn explain(&self, error: HttpError, doing: &str) -> ForgeError {
        let path = self.full_name();
        let status = error.status();
        let limited = matches!(error, HttpError::RateLimited { .. });
        // Who is not let in is sent to another host, to sign in there.
        let away = matches!(error, HttpError::Elsewhere { .. });
        let forbidden = status == Some(403) || is_permission(&error);
        let (message, hints): (String, &[&str]) = match status {
            _ if limited => (format!("Azure DevOps lets us wait: can't {doing} in {path}"), &[]),
            Some(401) | None if self.token.is_none() && (away || status.is_some()) => {
                (format!("Azure DevOps does not let anybody {doing} in {path}"), &[TOKEN])
            }
            Some(401) => (NOT_ACCEPTED.to_owned(), &[TOKEN, MAYBE]),
            None if away => (NOT_ACCEPTED.to_owned(), &[TOKEN, MAYBE]),
            _ if forbidden => (format!("the token may not {doing} in {path}"), &[TOKEN, BUILD]),
            Some(404) => (
                format!("Azure DevOps finds no repository {path}, or the token has no access to it"),
                &["check the remote `origin` and what the token given as azuredevops_api_key may read"],
            ),
            Some(400 | 405 | 409 | 412 | 413 | 422) => (format!("Azure DevOps can't {doing} in {path}"), &[]),
            _ => return Failure::from(error).into(),
        };
        told(error, message, hints)
    }

    /// The same where 404 says that the thing itself is not there.
    pub(super) fn explain_of(&self, error: HttpError, doing: &str, what: &str) -> ForgeError {
        if is_gone(&error) {
            return ForgeError::NotFound { what: format!("{what} in {}", self.full_name()) };
        }
        self.explain(error, doing)
    }
}

/// Whether one of these words (numbers of messages, names of exceptions) is in what the server said.
pub(super) fn says(error: &HttpError, words: &[&str]) -> bool {
    let said = said(error);
    words.iter().any(|word| said.contains(word))
}

/// Whether the thing that was asked for is not there, while its repository and project are.
pub(super) fn is_gone(error: &HttpError) -> bool {
    let around = ["TF401019", "TF200016", "VS800075", "GitRepositoryNotFound", "ProjectDoesNotExist"];
    error.status() == Some(404) && !says(error, &around)
}

/// Whether a refusal with another status than 403 is about permissions.
fn is_permission(error: &HttpError) -> bool {
    says(error, &["TF401027", "GitNeedsPermission", "AccessCheckException"])
}

/// Whether a server is older than the version that was asked for.
pub(super) fn is_too_new(error: &HttpError) -> bool {
    let words = ["VssVersionOutOfRange", "VssInvalidPreviewVersion", "out of range for this server"];
    error.status() == Some(400) && says(error, &words)
}
