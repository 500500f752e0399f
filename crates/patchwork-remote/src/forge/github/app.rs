//! GitHub Apps: a signed request gives a token of the app's installation, which is good for an hour.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use patchwork_core::failure::Failure;
use patchwork_core::port::clock::{Clock, SystemClock};
use patchwork_core::secret::Secret;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::SigningKey;
use serde_json::json;
use tokio::sync::Mutex;

use super::wire::{Installation, InstallationToken};
use crate::http::{Auth, Call, Http, HttpError};

/// Clocks may differ by this much, seconds: GitHub refuses a request that comes from the future.
const SKEW: i64 = 60;

/// How long a signed request is good, seconds; GitHub takes ten minutes at most, by its own clock.
const GOOD_FOR: i64 = 540;

/// A token is renewed when it ends within this time, milliseconds: what begins with it must also end with it.
const RENEWED_BEFORE_MS: i64 = 5 * 60 * 1000;

/// A GitHub App as one repository sees it.
pub(super) struct App {
    id: String,
    installation: Option<String>,
    key: Arc<dyn SigningKey>,
    /// The PEM, to be hidden.
    pem: Secret,
    token: Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    token: Secret,
    until_ms: i64,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("id", &self.id).finish_non_exhaustive()
    }
}

impl App {
    pub(super) fn new(id: &str, installation: Option<&str>, pem: &Secret) -> Result<Self, Failure> {
        let wrong = |problem: &str| {
            Failure::configuration(format!("`github_app_private_key`: {problem}"))
                .hint("give the text of the .pem file that GitHub made for the app")
        };
        let id = number(id, "github_app_id")?;
        let installation = installation.map(|id| number(id, "github_app_installation_id")).transpose()?;
        // In variables of CI systems line ends are often written as `\n`.
        let text = pem.expose().replace("\\n", "\n");
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_| wrong("it is no private key in PEM form (-----BEGIN RSA PRIVATE KEY-----)"))?;
        let key = any_supported_type(&key).map_err(|_| wrong("it can't be used for signing"))?;
        if key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).is_none() {
            return Err(wrong("it is no RSA key"));
        }
        Ok(Self { id, installation, key, pem: pem.clone(), token: Mutex::new(None) })
    }

    /// A token of the installation that holds the repository: the last one, as long as it is good.
    pub(super) async fn token(&self, http: &Http, slug: &(String, String)) -> Result<Secret, HttpError> {
        let mut last = self.token.lock().await;
        let now = SystemClock.now_ms();
        if let Some(token) = last.as_ref().filter(|token| token.until_ms - RENEWED_BEFORE_MS > now) {
            return Ok(token.token.clone());
        }
        let signed = self.signed(now / 1000)?;
        let http = http.clone().auth(&Auth::Bearer(signed))?.hide(&self.pem);
        let installation = match &self.installation {
            Some(id) => id.clone(),
            None => {
                let call = Call::get(["repos", &slug.0, &slug.1, "installation"]);
                http.call::<Installation>(&call).await?.id.to_string()
            }
        };
        let call = Call::post(["app", "installations", &installation, "access_tokens"]);
        // One more token does no harm.
        let call = call.json(&json!({ "repositories": [slug.1] }))?.repeatable();
        let made: InstallationToken = http.call(&call).await?;
        let until = made.expires_at.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond);
        let token = Token { token: Secret::new(made.token), until_ms: until.unwrap_or(now) };
        *last = Some(token.clone());
        Ok(token.token)
    }

    /// The signed request: who asks, and until when it is good.
    fn signed(&self, now: i64) -> Result<Secret, HttpError> {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({ "alg": "RS256", "typ": "JWT" }));
        let claims = part(json!({ "iat": now - SKEW, "exp": now + GOOD_FOR, "iss": self.id }));
        let text = format!("{header}.{claims}");
        let signer = self.key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
        let signature = signer.and_then(|signer| signer.sign(text.as_bytes()).ok());
        let signature = signature.ok_or_else(|| HttpError::Setup {
            problem: "the key given as github_app_private_key does not sign".into(),
        })?;
        Ok(Secret::new(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

/// An id, which goes into an address. Newer apps are also known by a client id (`Iv1.…`).
fn number(id: &str, option: &str) -> Result<String, Failure> {
    let id = id.trim();
    if !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') {
        return Ok(id.to_owned());
    }
    Err(Failure::configuration(format!("`{option}`: expected the number that GitHub shows, such as 123456")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_what_github_reads() {
        let app = App::new("123456", None, &Secret::new(include_str!("tests/app.pem"))).unwrap();
        let signed = app.signed(1_770_000_000).unwrap();
        let parts: Vec<&str> = signed.expose().split('.').collect();
        let text = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        assert_eq!(text(parts[0]), r#"{"alg":"RS256","typ":"JWT"}"#);
        assert_eq!(text(parts[1]), r#"{"iat":1769999940,"exp":1770000540,"iss":"123456"}"#);
        // As `openssl dgst -sha256 -sign` writes it.
        let expected = concat!(
            "qOlL7BSk3dUMySYAId12jUQ_dg6m7XSfNoRWhA0dQqsPorJR92OGRtBQ4it2VDZXbI9tNSbs_StnoARS_XTMTQ",
            "89VrlYPZM8gXPtQo_jw6ApJj6H9gmt9UbUELHv4tXkm48xj8aXY8sBAtkops4_VUZSKu-YsKw5XvqhFgjMZ5yp",
            "QA0hx7PWW4m34HArjSjCBHdzoCAE-7jQ2BLNTnJcjyr6dCtHl8UrYrsPNByn-VVCQd3mm-yxonkWYB1I75uzw7",
            "iwQhSQm_Nz_2f1CWGFOZavhwipDUekr7TRETknyVRxiV1UPSNZgdfGw3tLLvY-RggV9l7oBLKjM6ONB51FYA",
        );
        assert_eq!(parts[2], expected);
    }
}
