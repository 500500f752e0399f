//! What models answer: findings, and second opinions on them.

use patchwork_core::change::Side;
use patchwork_core::finding::Severity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::finding::Confidence;
use crate::steps::llm::structured::Form;

/// Bytes of an answer that are read.
const MOST_BYTES: usize = 2 << 20;

/// Findings, files and verdicts of one answer.
const MOST_FINDINGS: usize = 200;

/// Characters of the parts of a finding.
const PATH: usize = 1_000;
const TITLE: usize = 200;
const EXPLANATION: usize = 3_000;
const CODE: usize = 8_000;

/// Why an answer can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer can't be read: {0}")]
pub struct Misread(String);

/// A finding as a model states it: nothing of it is checked but its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stated {
    /// The id of the rule.
    pub rule: String,
    /// The file.
    pub path: String,
    /// The side of the lines.
    pub side: Side,
    /// The first line.
    pub start_line: u32,
    /// The last line.
    pub line: u32,
    /// The code of these lines, or of one of them, as the model quotes it.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the model is.
    pub confidence: Confidence,
    /// What is wrong, in one line.
    pub title: String,
    /// Why.
    pub explanation: String,
    /// Code in place of exactly these lines; empty to remove them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// A second opinion on a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// [`ReviewFinding::fingerprint`](super::finding::ReviewFinding::fingerprint).
    pub fingerprint: String,
    /// Whether it stands.
    pub stands: bool,
    /// Why. A model's words.
    #[serde(default)]
    pub reason: String,
    /// How sure that is.
    pub confidence: Confidence,
}

/// What one call said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ReviewAnswer {
    /// What it finds wrong.
    pub findings: Vec<Stated>,
    /// For each file what the change does, in a sentence.
    pub about: Vec<About>,
    /// Findings that could not be read, or were too many.
    pub unread: usize,
}

/// What a change does to a file. A model's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct About {
    /// The file.
    pub path: String,
    /// In a sentence.
    pub about: String,
}

/// The JSON Schema of answers to `review`.
pub fn review_schema() -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    let line = |about: &str| json!({ "type": "integer", "minimum": 1, "description": about });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["files", "findings"],
        "properties": {
            "files": { "type": "array", "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["path", "about"],
                "properties": {
                    "path": text("the file, as it is named above its lines"),
                    "about": text("what the change does to it, in one sentence of at most 20 words"),
                },
            } },
            "findings": { "type": "array", "items": {
                "type": "object",
                "additionalProperties": false,
                "required": [
                    "rule", "path", "side", "start_line", "line", "code", "severity", "confidence", "title",
                    "explanation", "suggestion",
                ],
                "properties": {
                    "rule": text("the id of the rule that is broken"),
                    "path": text("the file, as it is named above its lines"),
                    "side": { "type": "string", "enum": ["new", "old"],
                        "description": "new: numbers of the second column; old: of the first, for removed lines" },
                    "start_line": line("number of the first line, as printed"),
                    "line": line("number of the last line, as printed"),
                    "code": text("these lines, or the first of them, copied without number and sign"),
                    "severity": { "type": "string", "enum": ["info", "low", "medium", "high", "critical"] },
                    "confidence": { "type": "number", "minimum": 0, "maximum": 1 },
                    "title": text("what is wrong, in at most 12 words"),
                    "explanation": text("when it goes wrong and with what effect, in at most 4 sentences"),
                    "suggestion": { "type": ["string", "null"],
                        "description": "code in place of exactly these lines, else null" },
                },
            } },
        },
    })
}

/// The JSON Schema of answers to `refute`.
pub fn refute_schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["verdicts"],
        "properties": { "verdicts": { "type": "array", "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["finding", "reason", "stands", "confidence"],
            "properties": {
                "finding": { "type": "integer", "minimum": 1, "description": "the number of the finding" },
                "reason": { "type": "string", "description": "what in the code decides it, in one or two sentences" },
                "stands": { "type": "boolean", "description": "false when the code shows that it is wrong" },
                "confidence": { "type": "number", "minimum": 0, "maximum": 1 },
            },
        } } },
    })
}

/// Reads an answer to `review`: strict JSON, JSON with prose or a fence around it, or broken JSON that can be mended. A finding
/// that lacks what can't be guessed is left out and counted.
pub async fn read_review(text: &str) -> Result<ReviewAnswer, Misread> {
    let value = json_of(text).await?;
    review_of(&value)
}

/// The same of JSON that is read already.
pub fn review_of(value: &Value) -> Result<ReviewAnswer, Misread> {
    // A list alone, or another word for it, is what models that do not see the schema write.
    let list = ["findings", "issues", "comments", "results"].iter().find_map(|key| value.get(key));
    let Some(items) = list.unwrap_or(value).as_array() else {
        return Err(Misread("it has no list `findings`".to_owned()));
    };
    let findings: Vec<Stated> = items.iter().filter_map(stated).take(MOST_FINDINGS).collect();
    let about = value.get("files").and_then(Value::as_array).into_iter().flatten();
    let about = about.filter_map(|item| {
        let about = words(item, &["about", "summary"], TITLE)?;
        Some(About { path: words(item, &["path", "file"], PATH)?, about })
            .filter(|said| !said.about.is_empty())
    });
    Ok(ReviewAnswer {
        unread: items.len() - findings.len(),
        about: about.take(MOST_FINDINGS).collect(),
        findings,
    })
}

/// Reads an answer to `refute` about findings with these fingerprints, in the order of their numbers. What is not said of a
/// finding, or not understood, is no verdict on it.
pub async fn read_refute(text: &str, fingerprints: &[String]) -> Result<Vec<Verdict>, Misread> {
    let value = json_of(text).await?;
    refute_of(&value, fingerprints)
}

/// The same of JSON that is read already.
pub fn refute_of(value: &Value, fingerprints: &[String]) -> Result<Vec<Verdict>, Misread> {
    let Some(items) = value.get("verdicts").unwrap_or(value).as_array() else {
        return Err(Misread("it has no list `verdicts`".to_owned()));
    };
    let mut verdicts: Vec<Verdict> = Vec::new();
    for item in items.iter().take(MOST_FINDINGS) {
        let number = item.get("finding").or_else(|| item.get("number")).and_then(whole);
        let fingerprint = number.and_then(|n| fingerprints.get(usize::try_from(n).ok()?.checked_sub(1)?));
        let (Some(fingerprint), Some(stands)) = (fingerprint, item.get("stands").and_then(truth)) else {
            continue;
        };
        // Of two words on one finding neither counts more: it stands when one of them says so.
        match verdicts.iter_mut().find(|known| known.fingerprint == *fingerprint) {
            Some(known) => known.stands |= stands,
            None => verdicts.push(Verdict {
                fingerprint: fingerprint.clone(),
                stands,
                reason: words(item, &["reason"], EXPLANATION).unwrap_or_default(),
                confidence: item.get("confidence").and_then(confidence).unwrap_or(Confidence::MEDIUM),
            }),
        }
    }
    Ok(verdicts)
}

async fn json_of(text: &str) -> Result<Value, Misread> {
    if text.len() > MOST_BYTES {
        return Err(Misread(format!("it has {} bytes: more than {MOST_BYTES}", text.len())));
    }
    let read = Form::any().read(text).await;
    read.map(|fitting| fitting.value).map_err(|misfit| Misread(misfit.to_string()))
}

fn stated(item: &Value) -> Option<Stated> {
    let line = item.get("line").or_else(|| item.get("end_line")).and_then(whole);
    let start = item.get("start_line").and_then(whole);
    let (start, end) = (start.or(line)?, line.or(start)?);
    let number = |line: u64| u32::try_from(line).ok().filter(|line| *line > 0);
    let (start, end) = (number(start)?, number(end)?);
    let title = words(item, &["title", "message", "summary"], TITLE).filter(|title| !title.is_empty())?;
    Some(Stated {
        rule: words(item, &["rule", "rule_id"], TITLE)?,
        path: words(item, &["path", "file"], PATH)?,
        side: match words(item, &["side"], TITLE)?.to_ascii_lowercase().as_str() {
            "old" | "left" | "removed" => Side::Old,
            _ => Side::New,
        },
        start_line: start.min(end),
        line: start.max(end),
        code: words(item, &["code", "quote"], CODE)?,
        severity: item
            .get("severity")
            .and_then(Value::as_str)
            .and_then(Severity::parse)
            .unwrap_or(Severity::Medium),
        confidence: item.get("confidence").and_then(confidence).unwrap_or(Confidence::MEDIUM),
        explanation: words(item, &["explanation", "description", "body"], EXPLANATION).unwrap_or_default(),
        // Cut code is no code.
        suggestion: item
            .get("suggestion")
            .and_then(Value::as_str)
            .filter(|code| code.len() <= CODE)
            .map(str::to_owned),
        title,
    })
}

/// A text of an item, cut; numbers count as what they are written as.
fn words(item: &Value, keys: &[&str], limit: usize) -> Option<String> {
    let value = keys.iter().find_map(|key| item.get(key))?;
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
        _ => return None,
    };
    let text = text.trim_matches(['\n', '\r']);
    Some(text.char_indices().nth(limit).map_or(text, |(end, _)| text.get(..end).unwrap_or(text)).to_owned())
}

/// A number, also in quotes.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().trim_start_matches(['L', 'l', '+', '-']).parse().ok())
}

fn truth(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| match value.as_str()?.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "stands" => Some(true),
        "false" | "no" | "refuted" => Some(false),
        _ => None,
    })
}

fn confidence(value: &Value) -> Option<Confidence> {
    match value.as_f64() {
        // Some count in percent.
        Some(number) if number > 1.0 => Some(Confidence::from_share(number / 100.0)),
        Some(number) => Some(Confidence::from_share(number)),
        None => Confidence::parse(value.as_str()?),
    }
}

#[cfg(test)]
mod tests;
