//! What GitLab's refusals mean for the user.

use patchwork_core::port::forge::ForgeError;

use super::{GitLab, Identity};
use crate::forge::explain::{Words, explain, told};
pub(super) use crate::forge::explain::{is_forbidden, said};
use crate::http::HttpError;

/// The token that can do all that we do.
const TOKEN: &str = "give a project access token with the role Developer and the scope `api` as gitlab_api_key or in GITLAB_TOKEN";

impl GitLab {
    /// What a refusal means for the user; `doing` says what was tried (`open the pull request`).
    pub(super) fn explain(&self, error: HttpError, doing: &str) -> ForgeError {
        let name = self.full_name();
        if matches!(self.identity, Identity::Job(_)) && is_forbidden(&error) {
            let message = format!(
                "the token of a CI job can't {doing} in {name}: it may read merge requests and notes, and write none"
            );
            return told(error, message, &[TOKEN]);
        }
        let words = Words {
            site: "GitLab",
            thing: "project",
            name,
            option: "gitlab_api_key or in GITLAB_TOKEN",
            token: TOKEN,
            anonymous: matches!(self.identity, Identity::Nobody),
            impossible: &[400, 405, 409, 412, 422],
        };
        explain(error, doing, &words)
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
