//! A SARIF log without what nobody asks for: snippets, help pages, graphs. It is made while the log is read, so that a report
//! of 100 MB is held nowhere.
//!
//! What stays is SARIF. Flows become lines of text in the property [`FLOW`] of a result: as SARIF they would be ten times as
//! long. Links in messages become the places they lead to.

use std::collections::HashSet;

use serde::de::{DeserializeSeed, Deserializer};
use serde_json::{Value, json};

use super::bases::Bases;
use super::rules::{ID_LIMIT, MESSAGE_LIMIT};
use super::shape::Shape::{self, All, Ends, List, Named, Object, Presence, Scalar, Text};
use super::{flow, sonar};

/// The property of a result that holds the way to it: a list of `path:line what is there`, the source first.
pub(super) const FLOW: &str = "patchwork/flow";

/// How the ids of rules begin that no result is about, in a report for others.
const UNUSED: &str = "patchwork/unused";

/// The most results, artifacts or rules of a run.
const MOST: usize = 200_000;

/// Bytes of the longest path there is, each percent-encoded.
pub(super) const LONGEST_URI: usize = 3 * 4096;

const MESSAGE: Shape = Object(&[
    ("text", Text(MESSAGE_LIMIT)),
    ("markdown", Text(MESSAGE_LIMIT)),
    ("id", Scalar),
    ("arguments", List(50, &Text(MESSAGE_LIMIT))),
]);

/// A link to a rule's part of a component.
const REFERENCE: Shape = Object(&[
    ("id", Text(ID_LIMIT)),
    ("index", Scalar),
    ("guid", Scalar),
    ("toolComponent", Object(&[("name", Scalar), ("index", Scalar), ("guid", Scalar)])),
]);

pub(super) const ARTIFACT: Shape =
    Object(&[("uri", Text(LONGEST_URI)), ("uriBaseId", Scalar), ("index", Scalar)]);

const REGION: Shape = Object(&[
    ("startLine", Scalar),
    ("startColumn", Scalar),
    ("endLine", Scalar),
    ("endColumn", Scalar),
    ("charOffset", Scalar),
    ("charLength", Scalar),
]);

const LOCATION: Shape =
    Object(&[("physicalLocation", Object(&[("artifactLocation", ARTIFACT), ("region", REGION)]))]);

const PROPERTIES: Shape = Object(&[
    ("security-severity", Scalar),
    ("problem.severity", Scalar),
    ("severity", Scalar),
    ("issue_severity", Scalar),
    ("tags", List(50, &Scalar)),
    ("cwe", List(20, &Scalar)),
    ("CWE", List(20, &Scalar)),
    ("cwes", List(20, &Scalar)),
    (FLOW, List(flow::MOST, &Text(flow::LINE))),
]);

const CONFIGURATION: Shape = Object(&[("level", Scalar), ("enabled", Scalar)]);

const RULE: Shape = Object(&[
    ("id", Text(ID_LIMIT)),
    ("name", Scalar),
    ("guid", Scalar),
    ("defaultConfiguration", CONFIGURATION),
    ("shortDescription", MESSAGE),
    ("fullDescription", MESSAGE),
    ("messageStrings", Named(20, &MESSAGE)),
    ("helpUri", Scalar),
    ("properties", PROPERTIES),
    ("relationships", List(20, &Object(&[("target", REFERENCE)]))),
]);

const COMPONENT: Shape = Object(&[
    ("name", Scalar),
    ("guid", Scalar),
    ("version", Scalar),
    ("semanticVersion", Scalar),
    ("globalMessageStrings", Named(1_000, &MESSAGE)),
    ("rules", All(MOST, &RULE)),
]);

const NOTIFICATIONS: Shape = List(
    1_000,
    &Object(&[
        ("level", Scalar),
        ("message", MESSAGE),
        ("locations", List(1, &LOCATION)),
        ("exception", Object(&[("message", Text(MESSAGE_LIMIT))])),
    ]),
);

const INVOCATION: Shape = Object(&[
    ("executionSuccessful", Scalar),
    ("exitCodeDescription", Scalar),
    ("workingDirectory", ARTIFACT),
    ("toolExecutionNotifications", NOTIFICATIONS),
    ("toolConfigurationNotifications", NOTIFICATIONS),
    (
        "ruleConfigurationOverrides",
        List(5_000, &Object(&[("descriptor", REFERENCE), ("configuration", CONFIGURATION)])),
    ),
]);

const RUN: &[(&str, Shape)] = &[
    ("tool", Object(&[("driver", COMPONENT), ("extensions", List(1_000, &COMPONENT))])),
    ("invocations", List(100, &INVOCATION)),
    ("originalUriBaseIds", Named(1_000, &ARTIFACT)),
    ("artifacts", All(MOST, &Object(&[("location", ARTIFACT)]))),
    ("columnKind", Scalar),
    ("externalPropertyFileReferences", Named(100, &Presence)),
    ("results", All(MOST, &RESULT)),
];

const REPLACEMENT: Shape =
    Object(&[("deletedRegion", REGION), ("insertedContent", Object(&[("text", Text(MESSAGE_LIMIT))]))]);

const FIX: Shape = Object(&[
    ("description", MESSAGE),
    (
        "artifactChanges",
        List(100, &Object(&[("artifactLocation", ARTIFACT), ("replacements", List(1_000, &REPLACEMENT))])),
    ),
]);

const RESULT: Shape = Object(&[
    ("ruleId", Text(ID_LIMIT)),
    ("ruleIndex", Scalar),
    ("rule", REFERENCE),
    ("level", Scalar),
    ("kind", Scalar),
    ("baselineState", Scalar),
    ("message", MESSAGE),
    ("locations", List(100, &LOCATION)),
    ("suppressions", List(20, &Object(&[("kind", Scalar), ("status", Scalar), ("justification", Scalar)]))),
    ("fingerprints", Named(5, &Scalar)),
    ("partialFingerprints", Named(5, &Scalar)),
    ("fixes", List(5, &FIX)),
    ("taxa", List(20, &REFERENCE)),
    ("properties", PROPERTIES),
    // Both are made shorter again when the run is known.
    (
        "codeFlows",
        List(
            1,
            &Object(&[("threadFlows", List(1, &Object(&[("locations", Ends(flow::MOST, &flow::STEP))])))]),
        ),
    ),
    ("relatedLocations", List(20, &flow::RELATED)),
]);

const LOG: Shape = Shape::Open(&[
    ("version", Scalar),
    ("runs", List(MOST, &Object(RUN))),
    ("inlineExternalProperties", List(1, &Presence)),
    // Of Sonar, whose reports have a form of their own.
    ("issues", All(MOST, &sonar::ISSUE)),
    ("rules", List(MOST, &sonar::RULE)),
]);

/// Reads a log of SARIF, or one of Sonar's, which becomes SARIF. That it is one of these stays to be judged by
/// [`super::check`].
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let mut log = (&LOG).deserialize(deserializer)?;
    if let Value::Object(map) = &mut log
        && !map.contains_key("runs")
        && let Some(Value::Array(issues)) = map.remove("issues")
    {
        log = sonar::log(issues, &map.remove("rules").unwrap_or_default());
    }
    if let Value::Object(map) = &mut log
        && map.contains_key("runs")
    {
        map.retain(|key, value| !value.is_null() || matches!(key.as_str(), "runs" | "version"));
    }
    for run in log.get_mut("runs").and_then(Value::as_array_mut).into_iter().flatten() {
        finish(run);
    }
    Ok(log)
}

/// What can only be said when all of a run is known.
fn finish(run: &mut Value) {
    let Some(Value::Array(mut results)) = run.get_mut("results").map(Value::take) else { return };
    let bases = Bases::of(run);
    for result in &mut results {
        flow::settle(result, &bases);
    }
    drop_unused(run, &results);
    run["results"] = Value::Array(results);
}

/// Empties the rules and artifacts that no result is about; they keep their places, which is how results name them.
fn drop_unused(run: &mut Value, results: &[Value]) {
    let mut ids: HashSet<&str> = HashSet::new();
    let mut indexes: HashSet<u64> = HashSet::new();
    let mut artifacts: HashSet<u64> = HashSet::new();
    for result in results {
        for id in [&result["ruleId"], &result["rule"]["id"]].into_iter().filter_map(Value::as_str) {
            ids.insert(id);
            ids.extend(id.rsplit_once('/').map(|(rule, _)| rule));
        }
        let index = [&result["ruleIndex"], &result["rule"]["index"]];
        indexes.extend(index.into_iter().filter_map(Value::as_u64));
        let places = result["locations"].as_array().into_iter().flatten();
        let places = places.map(|location| &location["physicalLocation"]["artifactLocation"]);
        let changes = result["fixes"].as_array().into_iter().flatten();
        let changes = changes.flat_map(|fix| fix["artifactChanges"].as_array().into_iter().flatten());
        for place in places.chain(changes.map(|change| &change["artifactLocation"])) {
            artifacts
                .extend(place["index"].as_u64().filter(|_| place["uri"].as_str().is_none_or(str::is_empty)));
        }
    }
    let empty = |items: &mut Value, used: &dyn Fn(u64, &Value) -> bool| {
        for (index, item) in (0_u64..).zip(items.as_array_mut().into_iter().flatten()) {
            if !used(index, item) {
                *item = Value::Null;
            }
        }
    };
    let is_used = |index: u64, rule: &Value| {
        indexes.contains(&index) || rule["id"].as_str().is_some_and(|id| ids.contains(id))
    };
    if let Some(tool) = run.get_mut("tool").and_then(Value::as_object_mut) {
        let mut components: Vec<&mut Value> = Vec::new();
        for (key, value) in tool.iter_mut() {
            match key.as_str() {
                "driver" => components.push(value),
                _ => components.extend(value.as_array_mut().into_iter().flatten()),
            }
        }
        for rules in components.into_iter().filter_map(|component| component.get_mut("rules")) {
            empty(rules, &is_used);
        }
    }
    if let Some(all) = run.get_mut("artifacts") {
        empty(all, &|index, _| artifacts.contains(&index));
    }
}

/// A slim log as the text of a report that others read: rules and artifacts that were emptied keep their places, each another one, as
/// SARIF wants it.
pub fn to_text(mut log: Value) -> String {
    let fill = |items: Option<&mut Value>, with: &dyn Fn(usize) -> Value| {
        for (at, item) in items.and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
            if item.is_null() {
                *item = with(at);
            }
        }
    };
    let rule = |at| json!({ "id": format!("{UNUSED}/{at}") });
    for run in log.get_mut("runs").and_then(Value::as_array_mut).into_iter().flatten() {
        fill(run.get_mut("artifacts"), &|at| json!({ "location": { "index": at } }));
        let Some(tool) = run.get_mut("tool") else { continue };
        fill(tool.pointer_mut("/driver/rules"), &rule);
        for component in tool.get_mut("extensions").and_then(Value::as_array_mut).into_iter().flatten() {
            fill(component.get_mut("rules"), &rule);
        }
    }
    log.to_string()
}
