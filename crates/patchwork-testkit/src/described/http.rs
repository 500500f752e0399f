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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(judge: &Judge, line: &str, body: &str) -> Judgement {
        let (method, target) = line.split_once(' ').unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        judge.judge_http(&method.parse().unwrap(), &target.parse().unwrap(), &headers, body.as_bytes())
    }

    #[test]
    fn an_accepted_request_is_taken_apart() {
        let judge = Judge::new(Description::gitlab());
        let Judgement::Accepted(found) =
            judged(&judge, "PUT /api/v4/projects/a%2Fb/merge_requests/7/notes/1", r#"{"body":"x"}"#)
        else {
            panic!("{:?}", judge.faults())
        };
        assert_eq!(
            (found.id(), found.path("id"), found.path("x")),
            ("merge-requests/update-note", "a/b", "")
        );
        assert_eq!(found.body, json!({"body": "x"}));
        let Judgement::Accepted(found) =
            judged(&judge, "GET /api/v4/projects/1/labels?search=a%20b&page=2", "")
        else {
            panic!("{:?}", judge.faults())
        };
        assert_eq!((found.query("search"), found.query("per_page")), (Some("a b"), None));
        assert_eq!(found.body, Value::Null);
        judge.assert_no_faults();
    }

    #[test]
    fn a_refused_request_has_the_status_of_the_forge() {
        let judge = Judge::new(Description::github());
        let rows = [
            ("GET /repos/a/b/pull/1", "", 404),
            ("PUT /repos/a/b/pulls/1", "", 405),
            ("PATCH /repos/a/b/pulls/1", "{", 400),
            ("PATCH /repos/a/b/pulls/1", r#"{"title": 1}"#, 422),
        ];
        for (line, body, status) in rows {
            match judged(&judge, line, body) {
                Judgement::Refused(refused) => assert_eq!(refused.status, status, "{line}"),
                Judgement::Accepted(_) => panic!("{line} is accepted"),
            }
        }
        let faults = judge.take_faults();
        assert_eq!(faults.len(), 4);
        assert_eq!(
            faults[3],
            r#"PATCH /repos/a/b/pulls/1 (pulls/update): body: title: 1 is not of type "string""#
        );
        judge.assert_no_faults();
    }

    #[test]
    #[should_panic(expected = "answer 201 of issueCreateComment: id: \"1\" is not of type \"integer\"")]
    fn an_answer_that_is_not_as_described_fails_the_test() {
        let judge = Judge::new(Description::gitea());
        judge.check_answer(
            "issueCreateComment",
            201,
            &json!({"id": 1, "body": "x", "user": null, "more": 1}),
        );
        judge.check_answer("issueCreateComment", 503, &json!("out of order"));
        judge.assert_no_faults();
        judge.check_answer("issueCreateComment", 201, &json!({"id": "1"}));
        judge.assert_no_faults();
    }

    #[test]
    fn queries_are_judged_too() {
        let judge = Judge::new(Description::github());
        assert_eq!(
            judge.judge_graphql(br#"{"query": "{ viewer { login } }"}"#).unwrap()["query"],
            "{ viewer { login } }"
        );
        judge.check_graphql_answer("{ viewer { login } }", &json!({"viewer": {"login": "a"}}));
        judge.assert_no_faults();
        assert_eq!(judge.judge_graphql(br#"{"query": "{ viewer { name2 } }"}"#).unwrap_err().status, 200);
        assert_eq!(judge.take_faults(), ["POST /graphql: Query.viewer: name2 is no field of User"]);
    }
}
