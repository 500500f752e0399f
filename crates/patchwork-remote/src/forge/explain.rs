//! What the refusals of sites mean for the user.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::ForgeError;

use crate::http::HttpError;

/// What a site is called, and what helps where it refuses.
pub(super) struct Words<'a> {
    /// The site (`Gitea`).
    pub(super) site: &'a str,
    /// What it calls a repository.
    pub(super) thing: &'a str,
    /// The repository's name.
    pub(super) name: &'a str,
    /// Where a token is given (`gitea_api_key or in GITEA_TOKEN`).
    pub(super) option: &'a str,
    /// The token that can do all that we do; none was given where `anonymous`.
    pub(super) token: &'a str,
    pub(super) anonymous: bool,
    /// The statuses that say that a thing can't be done, whoever asks.
    pub(super) impossible: &'a [u16],
}

/// What a refusal means for the user; `doing` says what was tried (`open the pull request`).
pub(super) fn explain(error: HttpError, doing: &str, words: &Words<'_>) -> ForgeError {
    let Words { site, thing, name, option, token, anonymous, impossible } = words;
    if matches!(error, HttpError::RateLimited { .. }) {
        return told(error, format!("{site} lets us wait: can't {doing} in {name}"), &[]);
    }
    match error.status() {
        Some(401) if *anonymous => {
            told(error, format!("nobody may {doing} in {name} without a token"), &[token])
        }
        Some(401) => {
            let hint = format!("give a valid one as {option}; it may have expired or been revoked");
            told(error, format!("{site} does not accept the token"), &[&hint])
        }
        Some(403) => {
            let needs = match &error {
                HttpError::Status { needs: Some(needs), .. } => format!(": {needs}"),
                _ => String::new(),
            };
            told(error, format!("the token may not {doing} in {name}{needs}"), &[token])
        }
        Some(404) => {
            let hint = format!("check the remote `origin` and what the token given as {option} may read");
            told(error, format!("{site} finds no {thing} {name}, or the token has no access to it"), &[&hint])
        }
        Some(status) if impossible.contains(&status) => {
            told(error, format!("{site} can't {doing} in {name}"), &[])
        }
        _ => Failure::from(error).into(),
    }
}

/// A refusal in our words, with those of the server as the cause.
pub(super) fn told(error: HttpError, message: String, hints: &[&str]) -> ForgeError {
    let failure = Failure::from(error);
    let told = Failure { message, ..failure.clone() }.cause(failure.message);
    hints.iter().fold(told, |told, hint| told.hint(*hint)).into()
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
