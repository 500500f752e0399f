//! What Bitbucket's refusals mean for the user.

use patchwork_core::port::forge::ForgeError;

use super::Bitbucket;
use crate::forge::explain::{self, Words, explain};
use crate::http::HttpError;

/// The token that can do all that we do.
const TOKEN: &str = "give an access token with the scopes account, repository:write and pullrequest:write, or USER:APP_PASSWORD, as bitbucket_api_key or in BITBUCKET_TOKEN";

impl Bitbucket {
    /// What a refusal means for the user; `doing` says what was tried (`open the pull request`).
    pub(super) fn explain(&self, error: HttpError, doing: &str) -> ForgeError {
        let words = Words {
            site: "Bitbucket",
            thing: "repository",
            name: &self.slug.to_string(),
            option: "bitbucket_api_key or in BITBUCKET_TOKEN",
            token: TOKEN,
            anonymous: self.credential.is_none(),
            impossible: &[400, 409, 410, 422],
        };
        explain(error, doing, &words)
    }

    /// The same where 404 says that the thing itself is not there.
    pub(super) fn explain_of(&self, error: HttpError, doing: &str, what: &str) -> ForgeError {
        if matches!(error.status(), Some(404 | 410)) {
            return ForgeError::NotFound { what: format!("{what} in {}", self.slug) };
        }
        self.explain(error, doing)
    }
}

/// What the server said beside a status, in small letters; empty when there is no answer.
pub(super) fn said(error: &HttpError) -> String {
    explain::said(error).to_ascii_lowercase()
}
