//! Findings of our own as SARIF 2.1.0.

use serde_json::{Value, json};

use super::Replacement;

/// The tool that found something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A rule, described.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleText {
    /// Its id.
    pub id: String,
    /// What it finds, in one sentence.
    pub summary: String,
    /// SARIF level: `note`, `warning` or `error`.
    pub level: &'static str,
    /// `security-severity`, 0 to 10, when the rule is about security.
    pub score: Option<f64>,
    /// Weakness ids (`CWE-79`).
    pub cwe: Vec<String>,
    /// A page about it.
    pub url: Option<String>,
}

/// A place where a rule fired. Lines and columns are 1-based, columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScanResult {
    /// File, relative to the root of the repository, with `/`.
    pub path: String,
    /// First line and column.
    pub start: (u32, u32),
    /// Last line, and the column after the last character.
    pub end: (u32, u32),
    /// The rule: its place in the list that is given to [`write`].
    pub rule: usize,
    /// What is wrong here.
    pub message: String,
    /// What the rule's fix does, and its replacements in this file.
    pub fix: Option<(String, Vec<Replacement>)>,
    /// The reason for which a comment in the code suppresses it.
    pub suppressed: Option<String>,
}

/// The log of one run of a tool. `problems` are files that it could not read.
pub fn write(tool: &Tool, rules: &[RuleText], results: &[ScanResult], problems: &[String]) -> Value {
    let rules_out: Vec<Value> = rules.iter().map(rule).collect();
    let results_out: Vec<Value> =
        results.iter().filter_map(|r| Some(result(r, rules.get(r.rule)?))).collect();
    let notifications: Vec<Value> =
        problems.iter().map(|text| json!({ "level": "error", "message": { "text": text } })).collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": tool.name, "semanticVersion": tool.version, "rules": rules_out } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notifications }],
            "results": results_out,
        }],
    })
}

fn rule(rule: &RuleText) -> Value {
    let mut tags = vec!["security".to_owned()];
    tags.extend(rule.cwe.iter().map(|id| format!("external/cwe/{}", id.to_ascii_lowercase())));
    let mut out = json!({
        "id": rule.id,
        "shortDescription": { "text": rule.summary },
        "defaultConfiguration": { "level": rule.level },
        "properties": { "tags": tags },
    });
    if let Some(url) = &rule.url {
        out["helpUri"] = json!(url);
    }
    if let Some(score) = rule.score {
        // A text, as GitHub expects it.
        out["properties"]["security-severity"] = json!(format!("{score:.1}"));
    }
    out
}

fn result(result: &ScanResult, rule: &RuleText) -> Value {
    // Readers decode percent signs, so one in a file's name must be written as what decodes to it.
    let artifact = json!({ "uri": uri(&result.path), "uriBaseId": "%SRCROOT%" });
    let mut out = json!({
        "ruleId": rule.id,
        "ruleIndex": result.rule,
        "level": rule.level,
        "message": { "text": result.message },
        "locations": [{ "physicalLocation": {
            "artifactLocation": artifact,
            "region": region(result.start, result.end),
        } }],
    });
    if let Some(reason) = &result.suppressed {
        out["suppressions"] = json!([{ "kind": "inSource", "status": "accepted", "justification": reason }]);
    }
    if let Some((description, replacements)) = &result.fix {
        let replacements: Vec<Value> = replacements
            .iter()
            .map(|r| {
                json!({
                    "deletedRegion": region((r.start_line, r.start_column), (r.end_line, r.end_column)),
                    "insertedContent": { "text": r.text },
                })
            })
            .collect();
        out["fixes"] = json!([{
            "description": { "text": description },
            "artifactChanges": [{ "artifactLocation": artifact, "replacements": replacements }],
        }]);
    }
    out
}

fn region(start: (u32, u32), end: (u32, u32)) -> Value {
    json!({ "startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1 })
}

/// A relative path as a URI reference: what is no unreserved character is percent-encoded.
pub(crate) fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
