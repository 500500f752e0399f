//! The HTTP door for forges: calls below one base address, with time-outs, retries, rate limits and pages.

mod auth;
mod cache;
mod call;
mod error;
mod pages;
mod scope;
pub(crate) mod wait;

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use patchwork_core::port::clock::{Clock, SystemClock};
use patchwork_core::secret::{MASK, Secret};
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, USER_AGENT};
use reqwest::{Method, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

pub use auth::Auth;
use cache::Cache;
use call::Target;
pub use call::{Answer, Call};
pub use error::HttpError;
pub use pages::{Listed, MAX_PAGES, PER_PAGE};

/// Bytes that an answer may have; no call of ours comes near.
const MAX_ANSWER: usize = 16 << 20;

/// Redirects followed within the base host; a renamed repository takes one.
const MAX_REDIRECTS: usize = 3;

/// How patient a door is.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long one try may take; 30 s.
    pub timeout: Duration,
    /// Tries after the first; 4.
    pub retries: usize,
    /// Wait before the first of them, doubled for each further one unless the server says how long; 500 ms.
    pub first_wait: Duration,
    /// How long a call may take with all its waits; 2 minutes. A server that asks for more ends the call.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            retries: 4,
            first_wait: Duration::from_millis(500),
            patience: Duration::from_secs(120),
        }
    }
}

/// A door to one base address. The token goes there and nowhere else: redirects and next pages on another host, scheme or
/// port are errors. Clones share their connections and what they remember of answers.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    base: Url,
    headers: HeaderMap,
    secrets: Vec<Secret>,
    pace: Pace,
    cache: Cache,
}

impl Http {
    /// A door to `base`, which has the scheme `http` or `https` and neither credentials, query nor fragment.
    pub fn new(base: &str) -> Result<Self, HttpError> {
        let base = parse_base(base)?;
        let client = client_for(&base)?;
        let mut headers = HeaderMap::new();
        let agent = HeaderValue::from_static(concat!("patchwork/", env!("CARGO_PKG_VERSION")));
        headers.insert(USER_AGENT, agent);
        let (pace, cache) = (Pace::default(), Cache::default());
        Ok(Self { client, base, headers, secrets: Vec::new(), pace, cache })
    }

    /// Sends a fixed header with every call.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    /// Shows with every call who we are, and masks the token in every error.
    pub fn auth(mut self, auth: &Auth) -> Result<Self, HttpError> {
        let (name, value, secrets) = auth.header()?;
        self.headers.insert(name, value);
        self.secrets.extend(secrets);
        Ok(self)
    }

    /// Masks a value in every error.
    #[must_use]
    pub fn hide(mut self, secret: &Secret) -> Self {
        self.secrets.push(secret.clone());
        self
    }

    /// Sets how patient it is.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// The base address.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Calls, and reads the answer as JSON.
    pub async fn call<T: DeserializeOwned>(&self, call: &Call) -> Result<T, HttpError> {
        self.send(call).await?.json()
    }

    /// Calls until there is an answer, patience ends, or trying again can't help.
    pub async fn send(&self, call: &Call) -> Result<Answer, HttpError> {
        let url = self.url(call);
        let started = Instant::now();
        let mut waits = ExponentialBuilder::new()
            .with_min_delay(self.pace.first_wait)
            .with_max_times(self.pace.retries)
            .with_jitter()
            .build();
        loop {
            let (error, asked) = match self.once(call, url.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => (failed.error, failed.asked),
            };
            // Who says that there were too many calls has not carried this one out.
            let refused = matches!(error, HttpError::RateLimited { .. });
            let again = error.transient() && (call.repeatable || refused || error.never_arrived());
            let Some(own) = waits.next().filter(|_| again) else { return Err(error) };
            let wait = asked.unwrap_or(own);
            // A server may ask for more seconds than a sum can hold.
            if wait > self.pace.patience.saturating_sub(started.elapsed()) {
                return Err(error);
            }
            tracing::debug!(call = call.describe(), wait_ms = wait.as_millis(), %error, "calling again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn once(&self, call: &Call, url: Url) -> Result<Answer, Failed> {
        let mut headers = self.headers.clone();
        headers.extend(call.headers.clone());
        let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let key = (call.method == Method::GET).then(|| format!("{accept} {url}"));
        let kept = key.as_ref().and_then(|key| self.cache.get(key));
        if let Some(kept) = &kept {
            headers.insert(IF_NONE_MATCH, kept.etag.clone());
        }
        let mut request = self
            .client
            .request(call.method.clone(), url)
            .headers(headers)
            .timeout(call.timeout.unwrap_or(self.pace.timeout));
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|e| self.no_answer(call, e))?;
        let status = response.status();
        let mut headers = response.headers().clone();
        let mut bytes = self.read(call, response).await?;
        let (described, host) = (call.describe(), self.host());
        match kept {
            Some(kept) if status == StatusCode::NOT_MODIFIED => {
                headers.extend(kept.headers);
                bytes = kept.bytes;
                return Ok(Answer { call: described, host, status: 200, headers, bytes });
            }
            _ if !status.is_success() => return Err(self.refused(call, status, &headers, &bytes)),
            _ => {}
        }
        if let Some(key) = key {
            self.cache.keep(&key, &headers, &bytes);
        }
        Ok(Answer { call: described, host, status: status.as_u16(), headers, bytes })
    }

    async fn read(&self, call: &Call, mut response: Response) -> Result<Vec<u8>, Failed> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.no_answer(call, e))? {
            if bytes.len() + chunk.len() > MAX_ANSWER {
                let problem = format!("it is longer than {} MiB", MAX_ANSWER >> 20);
                let (call, host) = (call.describe(), self.host());
                return Err(HttpError::Malformed { call, host, problem }.into());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn no_answer(&self, call: &Call, error: reqwest::Error) -> Failed {
        let (call, host) = (call.describe(), self.host());
        if error.is_timeout() && !error.is_connect() {
            return HttpError::Timeout { call, host, limit: self.pace.timeout }.into();
        }
        let arrived = !error.is_connect();
        let reason = self.mask(&innermost(&error.without_url()));
        HttpError::Connection { call, host, reason, arrived }.into()
    }

    fn refused(&self, call: &Call, status: StatusCode, headers: &HeaderMap, bytes: &[u8]) -> Failed {
        let (call, host) = (call.describe(), self.host());
        if status.is_redirection() {
            return HttpError::Elsewhere { call, host }.into();
        }
        let (message, details) = error::server_words(bytes);
        let message = self.mask(&message);
        let details = details.iter().map(|d| self.mask(d)).collect();
        let now = wait::server_time(headers).unwrap_or_else(|| SystemClock.now_ms());
        let asked = wait::asked(status, headers, &message, now);
        let needs = scope::needs(status, headers, bytes).map(|needs| self.mask(&needs));
        let status = status.as_u16();
        let error = match asked {
            Some(wait) if status != 503 => {
                let until_ms = now.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
                HttpError::RateLimited { call, host, status, message, until_ms }
            }
            _ => HttpError::Status { call, host, status, message, details, needs },
        };
        Failed { error, asked }
    }

    fn url(&self, call: &Call) -> Url {
        let (segments, query) = match &call.target {
            Target::At(url) => return url.clone(),
            Target::Below { segments, query } => (segments, query),
        };
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    fn mask(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| {
            if secret.expose().is_empty() { text } else { text.replace(secret.expose(), MASK) }
        })
    }
}

/// A try that failed, and how long the server wants us to wait.
struct Failed {
    error: HttpError,
    asked: Option<Duration>,
}

impl From<HttpError> for Failed {
    fn from(error: HttpError) -> Self {
        Self { error, asked: None }
    }
}

fn parse_base(base: &str) -> Result<Url, HttpError> {
    // The address itself is not repeated: whoever put credentials into it should not find them in a log.
    let wrong = |problem: &str| HttpError::Setup { problem: format!("the address of the API {problem}") };
    let url = Url::parse(base).map_err(|e| wrong(&format!("is not a URL: {e}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("must begin with https:// or http:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not hold credentials"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must not have a query or a fragment"));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(wrong("is not https: a token would cross the network in the clear"));
    }
    Ok(url)
}

/// Whether an address, read as every call reads it, is on this machine.
pub fn is_local(address: &str) -> bool {
    Url::parse(address.trim()).is_ok_and(|url| is_loopback(&url))
}

/// Whether a URL leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn client_for(base: &Url) -> Result<reqwest::Client, HttpError> {
    crate::install_tls();
    let origin = base.origin();
    let stay = reqwest::redirect::Policy::custom(move |attempt| {
        if attempt.url().origin() == origin && attempt.previous().len() <= MAX_REDIRECTS {
            attempt.follow()
        } else {
            attempt.stop()
        }
    });
    let mut builder =
        reqwest::Client::builder().redirect(stay).connect_timeout(Duration::from_secs(10)).referer(false);
    if base.scheme() == "http" {
        // Only ever this machine: no proxy is between, and a system without root certificates will do.
        builder = builder.no_proxy().tls_certs_only([]);
    }
    builder.build().map_err(|error| HttpError::Setup { problem: innermost(&error) })
}

/// The cause at the end of an error's chain: the one that says something (`Connection refused`).
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests;
