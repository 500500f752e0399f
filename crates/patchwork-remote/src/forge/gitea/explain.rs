//! What Gitea's refusals mean for the user.

use patchwork_core::port::forge::ForgeError;

use super::Gitea;
use crate::forge::explain::{Words, explain};
use crate::http::HttpError;

/// The token that can do all that we do.
const TOKEN: &str = "give a token with the scopes write:repository, write:issue and read:user as gitea_api_key or in GITEA_TOKEN";

impl Gitea {
    /// What a refusal means for the user; `doing` says what was tried (`open the pull request`).
    pub(super) fn explain(&self, error: HttpError, doing: &str) -> ForgeError {
        let words = Words {
            site: "Gitea",
            thing: "repository",
            name: &self.slug.to_string(),
            option: "gitea_api_key or in GITEA_TOKEN",
            token: TOKEN,
            anonymous: self.token.is_none(),
            impossible: &[400, 405, 409, 412, 413, 422, 423],
        };
        explain(error, doing, &words)
    }

    /// The same where 404 says that the thing itself is not there.
    pub(super) fn explain_of(&self, error: HttpError, doing: &str, what: &str) -> ForgeError {
        if error.status() == Some(404) {
            return ForgeError::NotFound { what: format!("{what} in {}", self.slug) };
        }
        self.explain(error, doing)
    }
}
