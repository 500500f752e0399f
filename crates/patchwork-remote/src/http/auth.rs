//! How a door shows a server who we are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use patchwork_core::secret::Secret;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::HttpError;

/// How a door shows a server who we are.
#[derive(Debug, Clone)]
pub enum Auth {
    /// `Authorization: Bearer TOKEN`.
    Bearer(Secret),
    /// `Authorization: token TOKEN`, as Gitea reads it in every version.
    Token(Secret),
    /// `Authorization: Basic …` of a user, which may be empty, and a password or token.
    Basic {
        /// The user.
        user: String,
        /// The password or token.
        password: Secret,
    },
    /// A header of its own (`private-token`), in small letters.
    Header(&'static str, Secret),
}

impl Auth {
    /// The header, and what of it must never be shown.
    pub(super) fn header(&self) -> Result<(HeaderName, HeaderValue, Vec<Secret>), HttpError> {
        let (name, text, secret) = match self {
            Self::Bearer(token) => (AUTHORIZATION, format!("Bearer {}", token.expose()), token),
            Self::Token(token) => (AUTHORIZATION, format!("token {}", token.expose()), token),
            Self::Basic { user, password } => {
                let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
                (AUTHORIZATION, format!("Basic {pair}"), password)
            }
            Self::Header(name, token) => (HeaderName::from_static(name), token.expose().to_owned(), token),
        };
        let mut secrets = vec![secret.clone()];
        if let Self::Basic { .. } = self {
            secrets.push(Secret::new(text.trim_start_matches("Basic ")));
        }
        // Base64 hides a line end, which would end up in a password that is refused.
        let fits = !secret.expose().chars().any(char::is_control);
        let value = HeaderValue::from_str(&text).ok().filter(|_| fits);
        let mut value = value.ok_or_else(|| HttpError::Setup {
            problem: "the token has characters that a header can't hold (a line end?)".into(),
        })?;
        value.set_sensitive(true);
        Ok((name, value, secrets))
    }
}
