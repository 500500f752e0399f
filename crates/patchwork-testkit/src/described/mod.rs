//! Forges' published API descriptions, reduced: they judge what our clients send and what our stand-ins answer.

mod graphql;
mod http;
mod parameter;
mod path;
mod schema;
mod sites;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use graphql::GraphqlSchema;
pub use http::{Accepted, Judge, Judgement, Refused};

use self::parameter::QueryParameter;
use self::path::Template;
use self::schema::Schema;

/// What a forge publishes of its API, reduced to the operations that patchwork uses: a file of `descriptions/forges/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    note: String,
    #[serde(default)]
    bases: Vec<String>,
    refuses_with: u16,
    /// Answers hold null where the description says that a field may be absent.
    #[serde(default)]
    absent_is_null: bool,
    /// Paths are the same in capital and small letters.
    #[serde(default)]
    ignore_case: bool,
    operations: Vec<Operation>,
    definitions: Map<String, Value>,
}

/// One operation: a method on a path.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    id: String,
    #[serde(default)]
    from: Option<String>,
    method: String,
    path: Template,
    #[serde(default)]
    path_params: BTreeMap<String, Schema>,
    #[serde(default)]
    query: BTreeMap<String, QueryParameter>,
    #[serde(default)]
    body: Option<Body>,
    answers: BTreeMap<String, Answer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    content_type: String,
    #[serde(default)]
    required: bool,
    schema: Schema,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(default)]
    schema: Option<Schema>,
    #[serde(default)]
    example: Option<Value>,
    #[serde(default)]
    example_of: Option<String>,
}

/// A request to judge.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path as it is sent: escaped, with or without the base (`/api/v4`).
    pub path: &'a str,
    /// The query, unescaped, in order.
    pub query: &'a [(String, String)],
    /// Headers; names in small letters.
    pub headers: &'a [(String, String)],
    /// The body; `None` when it is empty.
    pub body: Option<&'a Value>,
}

/// What a request asks for, when it is one that the forge describes.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// The parameters of the path by name, unescaped.
    pub path_params: BTreeMap<String, String>,
}

impl Description {
    /// Reads a reduced description.
    ///
    /// # Errors
    /// Says where the text is not of the normal form.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// What it was made from.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The status with which the forge refuses a request that it can't take: 400 or 422.
    pub fn refuses_with(&self) -> u16 {
        self.refuses_with
    }

    /// All operations, by id.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation with this id (`pulls/create`).
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|one| one.id == id)
    }

    /// The answer that the description gives as an example for an operation.
    pub fn example(&self, operation: &str, status: u16) -> Option<&Value> {
        let answer = self.operation(operation)?.answers.get(&status.to_string())?;
        match &answer.example_of {
            Some(other) => {
                let (id, status) = other.split_once(' ')?;
                self.operation(id)?.answers.get(status)?.example.as_ref()
            }
            None => answer.example.as_ref(),
        }
    }

    /// The operation of a request.
    ///
    /// # Errors
    /// One sentence for every fault; each names its place. Objects in bodies are closed unless the description says otherwise.
    pub fn judge(&self, request: &Request<'_>) -> Result<Judged<'_>, Vec<String>> {
        let judged = self.find(request.method, request.path).map_err(|fault| vec![fault])?;
        let operation = judged.operation;
        let mut faults = Vec::new();
        for (name, text) in &judged.path_params {
            if let Some(schema) = operation.path_params.get(name) {
                faults.extend(
                    parameter::faults(schema, &self.definitions, &[text], None)
                        .map(|f| format!("path: {name}: {f}")),
                );
            }
        }
        faults.extend(parameter::query_faults(&operation.query, &self.definitions, request.query));
        faults.extend(operation.body_faults(request, &self.definitions));
        if faults.is_empty() {
            return Ok(judged);
        }
        Err(faults
            .into_iter()
            .map(|fault| format!("{} {} ({}): {fault}", request.method, request.path, operation.id))
            .collect())
    }

    /// Whether an answer is one that the description allows: required fields are there and known ones are of their kind.
    /// Fields that it does not know are fine, and so are errors (400 and above) that it does not list.
    ///
    /// # Errors
    /// One sentence for every fault.
    pub fn check_answer(&self, operation: &str, status: u16, body: &Value) -> Result<(), Vec<String>> {
        let Some(found) = self.operation(operation) else {
            return Err(vec![format!("{operation}: no such operation is described")]);
        };
        let place = format!("answer {status} of {operation}");
        let class = format!("{}XX", status / 100);
        let answer =
            [&*status.to_string(), &*class, "default"].iter().find_map(|key| found.answers.get(*key));
        let Some(answer) = answer else {
            return if status >= 400 {
                Ok(())
            } else {
                Err(vec![format!("{place}: no such status is described")])
            };
        };
        let Some(schema) = &answer.schema else { return Ok(()) };
        // Go writes an empty list so.
        if self.absent_is_null && body.is_null() {
            return Ok(());
        }
        let faults = if self.absent_is_null {
            schema.open_faults(&self.definitions, &without_nulls(body))
        } else {
            schema.open_faults(&self.definitions, body)
        };
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults.iter().map(|fault| format!("{place}: {fault}")).collect())
        }
    }

    /// The operation of a method and path; of several the one with the most literal text.
    ///
    /// # Errors
    /// What is described in its place.
    pub fn find(&self, method: &str, path: &str) -> Result<Judged<'_>, String> {
        let below = self
            .bases
            .iter()
            .find_map(|base| path.strip_prefix(base.as_str()).filter(|rest| rest.starts_with('/')));
        // Azure's `$Task`: clients may escape it or not.
        let below = &below.unwrap_or(path).replace("%24", "$");
        let mut found: Vec<_> = self
            .operations
            .iter()
            .filter_map(|one| one.path.matches(below, self.ignore_case).map(|params| (one, params)))
            .collect();
        if found.is_empty() {
            return Err(format!("{method} {path}: no such path is described"));
        }
        let methods: Vec<_> = found.iter().map(|(one, _)| one.method.clone()).collect();
        found.retain(|(one, _)| one.method == method);
        match found.into_iter().max_by_key(|(one, _)| one.path.weight()) {
            Some((operation, path_params)) => Ok(Judged { operation, path_params }),
            None => Err(format!("{method} {path}: only {} is described", methods.join(", "))),
        }
    }
}

impl Operation {
    /// Its id: what the forge calls it, else `group/verb-noun`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its method and path (`GET /user`).
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path.text())
    }

    /// The page it was written down from, where the forge's description lacks it.
    pub fn from(&self) -> Option<&str> {
        self.from.as_deref()
    }

    fn body_faults(&self, request: &Request<'_>, definitions: &Map<String, Value>) -> Vec<String> {
        let Some(body) = request.body else {
            let missing = self.body.as_ref().is_some_and(|body| body.required);
            return missing.then(|| "body: is missing".to_owned()).into_iter().collect();
        };
        let Some(described) = &self.body else { return vec!["body: none is described".to_owned()] };
        let mut faults = Vec::new();
        let sent =
            request.headers.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
        let essence = sent.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case(&described.content_type) {
            faults.push(format!("header content-type: is {sent:?}, not {:?}", described.content_type));
        }
        faults.extend(
            described
                .schema
                .closed_faults(definitions, body)
                .into_iter()
                .map(|fault| format!("body: {fault}")),
        );
        faults
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
