//! One call: a method, a path below the base, headers and a body.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::HttpError;
use super::error::tidy;

/// Where a call goes.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// Below the base; each segment is escaped as a whole.
    Below { segments: Vec<String>, query: Vec<(&'static str, String)> },
    /// An address of the server's own (the next page), which was looked at: it is below the base.
    At(Url),
}

/// One call: a method, a path below the base, headers and a body.
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Value>,
    pub(super) repeatable: bool,
    pub(super) timeout: Option<Duration>,
}

impl Call {
    fn new<S: Into<String>>(method: Method, segments: impl IntoIterator<Item = S>) -> Self {
        let repeatable = method != Method::POST;
        let target =
            Target::Below { segments: segments.into_iter().map(Into::into).collect(), query: Vec::new() };
        Self { method, target, headers: HeaderMap::new(), body: None, repeatable, timeout: None }
    }

    /// Reads. Each segment of the path is escaped as a whole.
    pub fn get<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::GET, segments)
    }

    /// Makes something. Not tried again after it may have reached the server, unless [`Call::repeatable`].
    pub fn post<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::POST, segments)
    }

    /// Puts something in a place.
    pub fn put<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::PUT, segments)
    }

    /// Changes something.
    pub fn patch<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::PATCH, segments)
    }

    /// Deletes something. When the first try arrived and its answer did not, a second one finds nothing (404).
    pub fn delete<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::DELETE, segments)
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        match &mut self.target {
            Target::Below { query, .. } => query.push((name, value.into())),
            Target::At(url) => drop(url.query_pairs_mut().append_pair(name, &value.into())),
        }
        self
    }

    /// Sends a header with this call, in place of the door's own of that name.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    /// Sets a body of JSON.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, HttpError> {
        let body = serde_json::to_value(body).map_err(|e| HttpError::Setup { problem: e.to_string() })?;
        self.body = Some(body);
        Ok(self)
    }

    /// Lets a `POST` be tried again like the other methods: for callers that looked first, and whose server refuses to
    /// make the same thing twice; and for those that only read.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Ends a try that a server may have carried out: for a `PATCH` that is not the same a second time.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// Sets how long one try may take, in place of the door's own limit: for large bodies.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// The call in words: `POST /repos/owner/name/pulls`.
    pub(super) fn describe(&self) -> String {
        match &self.target {
            Target::Below { segments, .. } => format!("{} /{}", self.method, segments.join("/")),
            Target::At(url) => format!("{} {}", self.method, url.path()),
        }
    }

    /// The same call at another address.
    pub(super) fn at(&self, url: Url) -> Self {
        Self { target: Target::At(url), ..self.clone() }
    }
}

/// A server's answer to a call that it carried out.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(super) call: String,
    pub(super) host: String,
    /// Its status, 200 to 299.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; empty for 204 and 205.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        serde_json::from_slice(&self.bytes).map_err(|error| self.malformed(error.to_string()))
    }

    /// The body as text.
    pub fn text(self) -> Result<String, HttpError> {
        String::from_utf8(self.bytes).map_err(|error| HttpError::Malformed {
            call: self.call,
            host: self.host,
            problem: error.utf8_error().to_string(),
        })
    }

    /// A header's text; none when it is absent or no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The error of an answer that is not what it should be.
    pub fn malformed(&self, problem: impl Into<String>) -> HttpError {
        HttpError::Malformed { call: self.call.clone(), host: self.host.clone(), problem: problem.into() }
    }

    /// The error of an answer that says in its body that the call was refused.
    pub fn refused<'a>(&self, status: u16, said: impl Iterator<Item = &'a str>) -> HttpError {
        let mut said = said.map(tidy);
        HttpError::Status {
            call: self.call.clone(),
            host: self.host.clone(),
            status,
            message: said.next().unwrap_or_default(),
            details: said.take(10).collect(),
            needs: None,
        }
    }
}
