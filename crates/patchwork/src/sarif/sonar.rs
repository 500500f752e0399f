//! Reports of SonarQube and SonarCloud, which write no SARIF: the answer of their search for issues (`api/issues/search`), and
//! the generic format for issues of other tools.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::rules::{ID_LIMIT, MESSAGE_LIMIT};
use super::shape::Shape::{self, Ends, List, Object, Scalar, Text};
use super::slim::{FLOW, LONGEST_URI};
use super::{flow, rules};

const RANGE: Shape = Object(&[("startLine", Scalar), ("endLine", Scalar)]);

const LOCATION: Shape = Object(&[
    ("filePath", Text(LONGEST_URI)),
    ("component", Text(LONGEST_URI)),
    ("message", Text(MESSAGE_LIMIT)),
    ("msg", Text(MESSAGE_LIMIT)),
    ("textRange", RANGE),
]);

/// An issue of either form.
pub(super) const ISSUE: Shape = Object(&[
    ("rule", Text(ID_LIMIT)),
    ("ruleId", Text(ID_LIMIT)),
    ("engineId", Scalar),
    ("severity", Scalar),
    ("impacts", List(10, &Object(&[("softwareQuality", Scalar), ("severity", Scalar)]))),
    ("component", Text(LONGEST_URI)),
    ("line", Scalar),
    ("textRange", RANGE),
    ("message", Text(MESSAGE_LIMIT)),
    ("status", Scalar),
    ("issueStatus", Scalar),
    ("resolution", Scalar),
    ("primaryLocation", LOCATION),
    ("secondaryLocations", List(flow::MOST, &LOCATION)),
    ("flows", List(1, &Object(&[("locations", Ends(flow::MOST, &LOCATION))]))),
    ("tags", List(20, &Scalar)),
]);

/// A rule of the generic format.
pub(super) const RULE: Shape = Object(&[
    ("id", Text(ID_LIMIT)),
    ("engineId", Scalar),
    ("severity", Scalar),
    ("description", Text(MESSAGE_LIMIT)),
    ("impacts", List(10, &Object(&[("softwareQuality", Scalar), ("severity", Scalar)]))),
]);

/// The issues as SARIF.
pub(super) fn log(issues: Vec<Value>, rules: &Value) -> Value {
    let tool = issues.iter().find_map(|issue| issue["engineId"].as_str());
    let listed = rules.as_array().map(Vec::as_slice).unwrap_or_default();
    let tool = tool.or_else(|| listed.first()?["engineId"].as_str()).unwrap_or("SonarQube").to_owned();
    let by_id: HashMap<&str, &Value> =
        listed.iter().filter_map(|rule| Some((rule["id"].as_str()?, rule))).collect();
    let results: Vec<Value> = issues.iter().map(|issue| result(issue, &by_id)).collect();
    json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": tool } }, "results": results }] })
}

fn result(issue: &Value, rules: &HashMap<&str, &Value>) -> Value {
    if !issue.is_object() {
        return issue.clone();
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let id = text(&issue["rule"]).or_else(|| text(&issue["ruleId"])).unwrap_or_default();
    let rule = rules.get(id.as_str()).copied().unwrap_or(&Value::Null);
    let primary = if issue["primaryLocation"].is_object() { &issue["primaryLocation"] } else { issue };
    let message = text(&primary["message"]).or_else(|| text(&rule["description"]));
    let start = Some(&primary["textRange"]["startLine"]).filter(|line| !line.is_null());
    let region = json!({
        "startLine": start.unwrap_or(&issue["line"]),
        "endLine": primary["textRange"]["endLine"],
    });
    let mut out = json!({
        "ruleId": id,
        "message": { "text": message.unwrap_or_default() },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": path(primary) }, "region": region } }],
        "properties": { "severity": severity(issue).or_else(|| severity(rule)), "tags": issue["tags"] },
    });
    let steps = issue["flows"][0]["locations"].as_array().or_else(|| issue["secondaryLocations"].as_array());
    let lines: Vec<String> = steps.into_iter().flatten().map(line).collect();
    if !lines.is_empty() {
        out["properties"][FLOW] = json!(lines);
    }
    let settled = ["resolution", "issueStatus", "status"].iter().find_map(|key| {
        let word = issue[*key].as_str()?;
        matches!(word, "FALSE-POSITIVE" | "FALSE_POSITIVE" | "WONTFIX" | "ACCEPTED" | "REVIEWED")
            .then_some(word)
    });
    if let Some(word) = settled {
        out["suppressions"] = json!([{ "kind": "external", "justification": word }]);
    }
    if matches!(issue["status"].as_str(), Some("CLOSED")) || issue["resolution"].as_str() == Some("FIXED") {
        out["baselineState"] = json!("absent");
    }
    out
}

/// The file of a location: what stands behind the key of the project in `component`.
fn path(location: &Value) -> Value {
    let component = |text: &str| text.rsplit_once(':').map_or(text, |(_, path)| path).to_owned();
    let path = location["filePath"].as_str().map(str::to_owned);
    path.or_else(|| location["component"].as_str().map(component)).map_or(Value::Null, Value::String)
}

fn line(location: &Value) -> String {
    let words = location["message"].as_str().or_else(|| location["msg"].as_str()).unwrap_or_default();
    let path = path(location);
    let path = path.as_str().unwrap_or_default();
    let line = format!("{path}:{} {words}", location["textRange"]["startLine"]);
    rules::shortened(line.trim_end(), flow::LINE)
}

/// A word that [`Severity::parse`](patchwork_core::finding::Severity::parse) knows. Sonar's CRITICAL is the second of five.
fn severity(issue: &Value) -> Option<&'static str> {
    let old = |word: &str| match word {
        "BLOCKER" => Some("critical"),
        "CRITICAL" | "HIGH" => Some("high"),
        "MAJOR" | "MEDIUM" => Some("medium"),
        "MINOR" | "LOW" => Some("low"),
        "INFO" => Some("info"),
        _ => None,
    };
    let impacts = issue["impacts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_security = impacts.iter().find(|impact| impact["softwareQuality"].as_str() == Some("SECURITY"));
    let impact = of_security.or(impacts.first()).and_then(|impact| impact["severity"].as_str()).and_then(old);
    impact.or_else(|| issue["severity"].as_str().and_then(old))
}
