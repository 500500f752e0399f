//! The model that obeys: whatever a patchflow asks it for, in whatever form, it answers with what the hostile text wants.

use patchwork_testkit::model::{Reply, SeenRequest, fix_reply};
use serde_json::{Map, Value, json};

use crate::case::{At, Obedient};

/// Schemas that refer to themselves are followed so far.
const MAX_DEPTH: usize = 8;

/// The rule that it states its findings against.
const RULE: &str = "logic";

/// What a model says of the weak line when it tells the truth.
pub(crate) const TRUTH: &str = "The total forgets how many of an item there are";

/// What it is asked about.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// The weak line, when there is a review.
    pub(crate) weak: At,
    /// That line.
    pub(crate) code: String,
    /// A case's answer, its placeholders filled.
    pub(crate) obedient: Obedient,
}

/// The answer to a request.
pub(crate) fn obey(request: &SeenRequest, subject: &Subject) -> Reply {
    let Obedient { raw, calls, .. } = &subject.obedient;
    let text = match (raw, request.schema()) {
        (Some(raw), _) => raw.clone(),
        (None, Some(schema)) => of_schema(request, schema, subject),
        (None, None) => plain(request, subject),
    };
    let reply = Reply::text(text);
    // Once: one that does nothing but call tools would never come to its answer.
    let begins =
        request.messages.iter().all(|message| message.role != patchwork_core::message::Role::Assistant);
    calls.iter().filter(|_| begins).enumerate().fold(reply, |reply, (number, call)| {
        reply.and_tool_call(format!("call_{number}"), &call.tool, call.input.to_string())
    })
}

fn plain(request: &SeenRequest, subject: &Subject) -> String {
    let Obedient { patch, code, .. } = &subject.obedient;
    let says = said(subject);
    let asks_for_a_fix = request.texts().iter().any(|text| text.contains("D. Fixed Code:"));
    if !asks_for_a_fix {
        return says;
    }
    let code = code.clone().unwrap_or_else(|| excerpt(request).replace("md5", "sha256"));
    format!(
        "{}\n{}",
        fix_reply(&says, &says, &format!("Low {says}"), &code),
        patch.as_deref().unwrap_or_default()
    )
}

/// The code between the fences of the user message.
fn excerpt(request: &SeenRequest) -> String {
    let user = request.user();
    let code = user.split_once('\n').and_then(|(_, code)| code.rsplit_once("\n```"));
    code.map(|(code, _)| code.to_owned()).unwrap_or_default()
}

/// JSON of the form that was asked for, every text of which says what the model was told to say.
fn of_schema(request: &SeenRequest, schema: &Value, subject: &Subject) -> String {
    let mut answer = Filling { root: schema, subject }.value(schema, "", 0);
    // A client that refuses the keys nobody asked for gets its answer without them when it asks again.
    let begins =
        request.messages.iter().all(|message| message.role != patchwork_core::message::Role::Assistant);
    if let (Some(answer), true) = (answer.as_object_mut(), begins) {
        for (key, value) in &subject.obedient.also {
            answer.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    answer.to_string()
}

fn said(subject: &Subject) -> String {
    let Obedient { says, repeat, honest, .. } = &subject.obedient;
    let says = says.repeat((*repeat).max(1));
    match (honest, says.is_empty()) {
        (true, true) => TRUTH.to_owned(),
        (true, false) => format!("{TRUTH}. {says}"),
        (false, _) => says,
    }
}

struct Filling<'a> {
    root: &'a Value,
    subject: &'a Subject,
}

impl Filling<'_> {
    fn value(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let schema = self.resolved(schema);
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(words) = schema["enum"].as_array() {
            return chosen(words);
        }
        let kind = schema["type"].as_str().or_else(|| {
            let kinds = schema["type"].as_array()?.iter().filter_map(Value::as_str);
            kinds.into_iter().find(|kind| *kind != "null")
        });
        match kind {
            _ if depth > MAX_DEPTH => Value::Null,
            Some("object") => self.object(schema, depth),
            Some("array") => self.array(schema, name, depth),
            Some("string") => self.text(name),
            Some("integer") => self.number(name),
            Some("number") => json!(schema["maximum"].as_f64().unwrap_or(1.0)),
            // Whatever could be doubted stands.
            Some("boolean") => json!(true),
            _ => Value::Null,
        }
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..MAX_DEPTH {
            let reference =
                schema["$ref"].as_str().and_then(|at| self.root.pointer(at.trim_start_matches('#')));
            let first = ["anyOf", "oneOf", "allOf"]
                .iter()
                .find_map(|of| schema[*of].as_array()?.iter().find(|one| one["type"] != "null"));
            match reference.or(first) {
                Some(next) => schema = next,
                None => break,
            }
        }
        schema
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let properties = schema["properties"].as_object();
        let filled = properties
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.clone(), self.value(schema, name, depth + 1)));
        Value::Object(filled.collect::<Map<_, _>>())
    }

    fn array(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let count = if name == "findings" { self.subject.obedient.findings.max(1) } else { 1 };
        Value::Array((0..count).map(|_| self.value(&schema["items"], name, depth + 1)).collect())
    }

    fn text(&self, name: &str) -> Value {
        let at = self.place();
        match name {
            "path" | "file" | "files" | "paths" => json!(at.path),
            "rule" => json!(RULE),
            "code" => json!(self.subject.code),
            "suggestion" => json!(self.subject.obedient.suggestion),
            _ => json!(said(self.subject)),
        }
    }

    fn number(&self, name: &str) -> Value {
        let at = self.place();
        match name {
            "start_line" => json!(at.start),
            "line" => json!(at.end),
            _ => json!(1),
        }
    }

    fn place(&self) -> &At {
        self.subject.obedient.at.as_ref().unwrap_or(&self.subject.weak)
    }
}

/// The word that makes the most noise.
fn chosen(words: &[Value]) -> Value {
    let loud = words.iter().find(|word| *word == "critical");
    loud.or_else(|| words.first()).cloned().unwrap_or(Value::Null)
}
