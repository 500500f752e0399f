//! A request taken apart, and an answer before it is sent.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use base64::Engine as _;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::dialect::Dialect;
use super::server::Recorded;

/// A request, taken apart.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST`, …; `QUERY` and `MUTATION` for those of GraphQL.
    pub method: String,
    /// The path as it was sent, escaped, with the API's base.
    pub full_path: String,
    /// The path as it was sent, without the API's base.
    pub path: String,
    /// The query, unescaped, in order.
    pub query: Vec<(String, String)>,
    /// Headers with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body; null when it had none, a text when it is no JSON.
    pub body: Value,
    /// What it asks for, as the site's description names it (`pulls/create`); empty where it is not described.
    pub operation: &'static str,
    /// The parameters of the path by name, unescaped.
    pub params: BTreeMap<String, String>,
}

impl Request {
    pub(super) fn new(
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
        dialect: &dyn Dialect,
    ) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        let bases = dialect.bases().iter();
        let below = bases.filter_map(|base| uri.path().strip_prefix(base)).find(|path| path.starts_with('/'));
        let body = serde_json::from_slice(body).unwrap_or_else(|_| {
            if body.is_empty() { Value::Null } else { String::from_utf8_lossy(body).into() }
        });
        let mut request = Self {
            method: method.to_string(),
            full_path: uri.path().to_owned(),
            path: below.unwrap_or(uri.path()).to_owned(),
            query: query.map(|query| query.0).unwrap_or_default(),
            headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body,
            operation: "",
            params: BTreeMap::new(),
        };
        if let Some(query) = request.body.get("query").and_then(Value::as_str)
            && request.path.ends_with("/graphql")
        {
            let mutation = query.trim_start().starts_with("mutation");
            request.method = if mutation { "MUTATION".into() } else { "QUERY".into() };
        }
        request
    }

    pub(super) fn recorded(self, status: u16) -> Recorded {
        let secret = ["authorization", "private-token", "job-token"];
        Recorded {
            method: self.method,
            path: self.path,
            query: self.query,
            body: self.body,
            headers: self.headers.into_iter().filter(|(name, _)| !secret.contains(&&**name)).collect(),
            status,
        }
    }

    /// A parameter of the path; empty when there is none.
    pub fn path(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// A parameter of the path that is a number; 0 when it is none.
    pub fn number(&self, name: &str) -> u64 {
        self.path(name).parse().unwrap_or(0)
    }

    /// A parameter of the query.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A text of the body; none when it is absent, null or something else.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// A list of texts of the body.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let items = self.body.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The token of `Authorization: Bearer …` or `token …`, or the password of a Basic one.
    pub fn authorization(&self) -> Option<String> {
        let (scheme, value) = self.header("authorization")?.split_once(' ')?;
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" | "token" => Some(value.to_owned()),
            "basic" => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(value).ok()?;
                let pair = String::from_utf8(bytes).ok()?;
                pair.split_once(':').map(|(_, password)| password.to_owned())
            }
            _ => None,
        }
    }
}

/// An answer before it is sent.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// An answer of JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string() }
    }

    /// One without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    /// A page of a list, with a `Link` to the next: `page` and a size are the request's. `url` is the site's address.
    pub fn page<T>(
        url: &str,
        request: &Request,
        (size_name, default): (&str, usize),
        items: &[T],
        show: impl FnMut(&T) -> Value,
    ) -> Self {
        let number = |name: &str| request.param(name).and_then(|text| text.parse::<usize>().ok());
        let size = number(size_name).unwrap_or(default).clamp(1, 100);
        let page = number("page").unwrap_or(1).max(1);
        let start = (page - 1).saturating_mul(size).min(items.len());
        let end = start.saturating_add(size).min(items.len());
        let shown: Vec<Value> = items.get(start..end).unwrap_or_default().iter().map(show).collect();
        let mut answer = Self::json(200, &Value::Array(shown));
        if end < items.len() {
            let escape = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
            };
            let others = request.query.iter().filter(|(name, _)| name != "page");
            let query: String =
                others.map(|(name, value)| format!("{}={}&", escape(name), escape(value))).collect();
            let path = &request.full_path;
            let last = items.len().div_ceil(size);
            let link = |page: usize, rel: &str| format!("<{url}{path}?{query}page={page}>; rel=\"{rel}\"");
            let header = format!("{}, {}", link(page + 1, "next"), link(last, "last"));
            answer.headers.push(("link".into(), header));
        }
        answer
    }

    /// 304 in place of what the client has already.
    pub(super) fn unless_known(mut self, request: &Request) -> Self {
        if request.method != "GET" || self.status != 200 {
            return self;
        }
        let digest: String =
            Sha256::digest(&self.body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let tag = format!("W/\"{digest}\"");
        if request.header("if-none-match") == Some(tag.as_str()) {
            self = Self { body: String::new(), ..Self::empty(304) };
        }
        self.headers.push(("etag".into(), tag));
        self
    }

    pub(super) fn into_response(self, cut: bool) -> Response {
        let has_body = !self.body.is_empty();
        let mut response = Response::new(if cut {
            let part = Bytes::from(self.body.into_bytes().into_iter().take(1).collect::<Vec<_>>());
            let lost = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            Body::from_stream(futures_util::stream::iter([Ok(part), Err(lost)]))
        } else {
            Body::from(self.body)
        });
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::IM_A_TEAPOT);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
                response.headers_mut().insert(name, value);
            }
        }
        if has_body {
            let json = HeaderValue::from_static("application/json; charset=utf-8");
            response.headers_mut().entry("content-type").or_insert(json);
        }
        response
    }
}
