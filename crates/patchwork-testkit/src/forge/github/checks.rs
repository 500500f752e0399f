//! Checks of commits, and code scanning.

use std::io::Read as _;

use base64::Engine as _;
use patchwork_core::port::forge::{Annotation, AnnotationLevel};
use serde_json::{Value, json};

use super::refusal;
use crate::described::Description;
use crate::forge::answer::{Answer, Request};
use crate::forge::dialect::like;
use crate::forge::state::{Check, Sarif, State};

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let id = request.number("check_run_id");
    let writes = matches!(request.operation, "checks/create" | "checks/update");
    if writes && !state.installation {
        return refusal(403, "You must authenticate via a GitHub App.");
    }
    match request.operation {
        "checks/create" => {
            let id = state.next_id();
            let text = |name: &str| request.text(name).unwrap_or_default().to_owned();
            let check = Check { id, commit: text("head_sha"), name: text("name"), ..Check::default() };
            state.checks.push(check);
            change(state, id, request, 201)
        }
        "checks/update" => change(state, id, request, 200),
        "checks/get" => match state.checks.iter().find(|check| check.id == id) {
            Some(check) => Answer::json(200, &show(state, check)),
            None => refusal(404, "Not Found"),
        },
        "checks/list-for-ref" => {
            let name = request.param("check_name");
            let wanted = |check: &&Check| {
                check.commit == request.path("ref") && name.is_none_or(|name| check.name == name)
            };
            // Of a name only the latest is listed, unless all are asked for.
            let latest: Vec<Value> =
                state.checks.iter().rev().find(wanted).map(|check| show(state, check)).into_iter().collect();
            Answer::json(200, &json!({ "total_count": latest.len(), "check_runs": latest }))
        }
        "code-scanning/upload-sarif" => upload(state, request),
        _ => refusal(404, "Not Found"),
    }
}

fn change(state: &mut State, id: u64, request: &Request, status: u16) -> Answer {
    let Some(check) = state.checks.iter_mut().find(|check| check.id == id) else {
        return refusal(404, "Not Found");
    };
    if let Some(conclusion) = request.text("conclusion") {
        check.conclusion = conclusion.to_owned();
    }
    if let Some(url) = request.text("details_url") {
        check.details_url = Some(url.to_owned());
    }
    if let Some(output) = request.body.get("output") {
        let text = |name: &str| output.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        (check.title, check.summary) = (text("title"), text("summary"));
        let more: Vec<Annotation> = output
            .get("annotations")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(annotation)
            .collect();
        if !more.is_empty() {
            check.batches.push(more.len());
        }
        // What is there stays: GitHub only ever adds.
        check.annotations.extend(more);
    }
    let shown = state.checks.iter().find(|check| check.id == id).map(|check| show(state, check));
    Answer::json(status, &shown.unwrap_or_default())
}

fn annotation(value: &Value) -> Annotation {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let line = |name: &str| {
        value.get(name).and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok()).unwrap_or(0)
    };
    Annotation {
        path: text("path"),
        start_line: line("start_line"),
        end_line: line("end_line"),
        level: match text("annotation_level").as_str() {
            "warning" => AnnotationLevel::Warning,
            "failure" => AnnotationLevel::Failure,
            _ => AnnotationLevel::Notice,
        },
        title: text("title"),
        message: text("message"),
    }
}

fn show(state: &State, check: &Check) -> Value {
    let ours = json!({
        "id": check.id,
        "name": check.name,
        "head_sha": check.commit,
        "status": "completed",
        "conclusion": check.conclusion,
        "details_url": check.details_url,
        "html_url": format!("{}/{}/runs/{}", state.url, state.slug, check.id),
        "output": {
            "title": check.title,
            "summary": check.summary,
            "annotations_count": check.annotations.len(),
        },
    });
    like(Description::github(), ("checks/create", 201), ours)
}

fn upload(state: &mut State, request: &Request) -> Answer {
    if let Err(refused) = super::may_write(state, "security_events") {
        return refused;
    }
    let packed = base64::engine::general_purpose::STANDARD.decode(request.text("sarif").unwrap_or_default());
    let mut text = String::new();
    let read = flate2::read::GzDecoder::new(packed.unwrap_or_default().as_slice()).read_to_string(&mut text);
    if read.is_err() || serde_json::from_str::<Value>(&text).is_err() {
        return refusal(400, "Invalid SARIF. The file is not a gzip-compressed, Base64-encoded report.");
    }
    let text_of = |name: &str| request.text(name).unwrap_or_default().to_owned();
    state.sarif.push(Sarif { commit: text_of("commit_sha"), reference: text_of("ref"), text });
    let id = "47177e22-5596-11eb-80a1-c1e54ef945c6";
    let url = format!("https://api.github.com/repos/{}/code-scanning/sarifs/{id}", state.slug);
    Answer::json(202, &json!({ "id": id, "url": url }))
}
