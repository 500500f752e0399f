//! What stand-ins share: every request is judged, refused when it has faults, and every fault is kept.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, Method, Uri};
use serde_json::Value;

use super::{Description, GraphqlSchema, Operation, Request};

/// Judges a stand-in's requests and answers by a description, and keeps the faults.
#[derive(Debug)]
pub struct Judge {
    description: &'static Description,
    faults: Mutex<Vec<String>>,
}

/// The word on a request.
#[derive(Debug, Clone)]
pub enum Judgement {
    /// The forge takes it.
    Accepted(Accepted),
    /// The forge refuses it; the faults are kept.
    Refused(Refused),
}

/// A request that the description allows, taken apart.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// What it asks for.
    pub operation: &'static Operation,
    /// The parameters of the path by name, unescaped.
    pub path_params: BTreeMap<String, String>,
    /// The query, unescaped, in order.
    pub query: Vec<(String, String)>,
    /// The body; null when it is empty.
    pub body: Value,
}

/// A request that the forge would not take.
#[derive(Debug, Clone)]
pub struct Refused {
    /// 404 for an unknown path, 405 for an unknown method, else what the forge refuses with.
    pub status: u16,
    /// One sentence for every fault.
    pub faults: Vec<String>,
}

impl Accepted {
    /// The operation's id.
    pub fn id(&self) -> &'static str {
        self.operation.id()
    }

    /// A parameter of the path; empty when there is none.
    pub fn path(&self, name: &str) -> &str {
        self.path_params.get(name).map_or("", String::as_str)
    }

    /// A parameter of the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Judge {
    /// A judge without faults yet.
    pub fn new(description: &'static Description) -> Self {
        Self { description, faults: Mutex::default() }
    }

    /// The description it judges by.
    pub fn description(&self) -> &'static Description {
        self.description
    }

    /// Judges a request as it came in.
    pub fn judge_http(&self, method: &Method, uri: &Uri, headers: &HeaderMap, bytes: &[u8]) -> Judgement {
        let refuse = |status, faults: Vec<String>| {
            self.keep(&faults);
            Judgement::Refused(Refused { status, faults })
        };
        let place = format!("{method} {}", uri.path());
        let Ok(query) = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri) else {
            return refuse(400, vec![format!("{place}: the query can't be read")]);
        };
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let body = match serde_json::from_slice(bytes) {
            Ok(body) => Some(body),
            Err(_) if bytes.is_empty() => None,
            Err(error) => return refuse(400, vec![format!("{place}: the body is not JSON: {error}")]),
        };
        let request = Request {
            method: method.as_str(),
            path: uri.path(),
            query: &query.0,
            headers: &headers,
            body: body.as_ref(),
        };
        match self.description.judge(&request) {
            Ok(judged) => Judgement::Accepted(Accepted {
                operation: judged.operation,
                path_params: judged.path_params,
                query: query.0,
                body: body.unwrap_or_default(),
            }),
            Err(faults) => refuse(self.status(method, uri.path()), faults),
        }
    }

    /// Judges a request to GitHub's GraphQL; its body when it is fine. GitHub answers faults with 200 and `errors`.
    pub fn judge_graphql(&self, bytes: &[u8]) -> Result<Value, Refused> {
        let body =
            serde_json::from_slice(bytes).map_err(|error| vec![format!("the body is not JSON: {error}")]);
        let judged = body.and_then(|body| GraphqlSchema::github().judge(&body).map(|()| body));
        judged.map_err(|faults| {
            let faults: Vec<_> = faults.into_iter().map(|fault| format!("POST /graphql: {fault}")).collect();
            self.keep(&faults);
            Refused { status: 200, faults }
        })
    }

    /// Judges the `data` with which the stand-in answers a query.
    pub fn check_graphql_answer(&self, query: &str, data: &Value) {
        if let Err(faults) = GraphqlSchema::github().check_answer(query, data) {
            self.keep(&faults);
        }
    }

    /// Judges an answer of the stand-in itself: what the description does not allow is a fault too.
    pub fn check_answer(&self, operation: &str, status: u16, body: &Value) {
        if let Err(faults) = self.description.check_answer(operation, status, body) {
            self.keep(&faults);
        }
    }

    /// All faults so far, in order.
    pub fn faults(&self) -> Vec<String> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All faults so far; they are forgotten: for a test that sends bad requests on purpose.
    pub fn take_faults(&self) -> Vec<String> {
        std::mem::take(&mut self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fails the test when there were faults. For the `drop` of a stand-in, on the test's own thread.
    ///
    /// # Panics
    /// With all faults, unless the thread is panicking already.
    pub fn assert_no_faults(&self) {
        let faults = self.faults();
        assert!(faults.is_empty() || std::thread::panicking(), "not as described:\n{}", faults.join("\n"));
    }

    fn keep(&self, faults: &[String]) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(faults);
    }

    fn status(&self, method: &Method, path: &str) -> u16 {
        let known = |method: &str| self.description.find(method, path).is_ok();
        match ["GET", "POST", "PUT", "PATCH", "DELETE"].iter().any(|one| known(one)) {
            false => 404,
            true if known(method.as_str()) => self.description.refuses_with,
            true => 405,
        }
    }
}
