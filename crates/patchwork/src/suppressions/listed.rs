//! Suppressions by path, as an option.

use std::sync::atomic::{AtomicBool, Ordering};

use globset::{GlobBuilder, GlobMatcher};
use patchwork_core::failure::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::comments::is_reason;
use super::rule::RulePattern;

/// Findings that are not to be worked on, nor to be held against the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// The rule: its id, the last part of its id, or a glob (`*` for all).
    pub rule: String,
    /// The files: a glob relative to the root of the repository, with `/`; a folder when it ends with `/`. `*` stops at
    /// `/`, `**` does not.
    pub path: String,
    /// Why they are not to be worked on.
    pub reason: String,
    /// The last day on which this counts (UTC), as `YYYY-MM-DD`; always when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Why an entry of `suppressions` can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`suppressions` item {number}: {problem}")]
pub struct SuppressionError {
    /// Which one, from 1.
    pub number: usize,
    /// What is wrong, and what was expected.
    pub problem: String,
}

impl From<SuppressionError> for Failure {
    fn from(error: SuppressionError) -> Self {
        Failure::configuration(error.to_string())
            .hint("an entry is { rule: ID, path: GLOB, reason: WHY, until: YYYY-MM-DD }; only `until` may be left out")
    }
}

/// Whether a value can be the option `suppressions`: every fault is told, not only the first.
pub fn check(value: &Value) -> Result<(), Vec<SuppressionError>> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let faults: Vec<_> = items
        .iter()
        .enumerate()
        .filter_map(|(at, item)| match Suppression::deserialize(item) {
            Ok(suppression) => Listed::read(at, &suppression, 0).err(),
            Err(error) => Some(SuppressionError { number: at + 1, problem: error.to_string() }),
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// An entry, ready to be asked.
#[derive(Debug)]
pub(super) struct Listed {
    rule: RulePattern,
    written_path: String,
    path: GlobMatcher,
    reason: String,
    /// The day on which it ended, when it has.
    ended: Option<String>,
    used: AtomicBool,
}

impl Listed {
    pub(super) fn read(at: usize, entry: &Suppression, now_ms: i64) -> Result<Self, SuppressionError> {
        let fault = |problem: String| SuppressionError { number: at + 1, problem };
        let rule = entry.rule.trim();
        if rule.is_empty() {
            return Err(fault("`rule` is empty: expected the id of a rule, or `*`".into()));
        }
        if !is_reason(&entry.reason) {
            return Err(fault("`reason` is empty: expected why the findings are left as they are".into()));
        }
        let written_path = entry.path.trim().trim_start_matches("./").replace('\\', "/");
        if written_path.is_empty() {
            return Err(fault("`path` is empty: expected a glob, `**` for all files".into()));
        }
        let whole =
            if written_path.ends_with('/') { format!("{written_path}**") } else { written_path.clone() };
        let path = GlobBuilder::new(&whole).literal_separator(true).build();
        let path = path.map_err(|error| fault(format!("`path` is no glob: {error}")))?;
        Ok(Self {
            rule: RulePattern::new(rule),
            path: path.compile_matcher(),
            written_path,
            reason: entry.reason.trim().to_owned(),
            ended: ended(entry.until.as_deref(), now_ms).map_err(fault)?,
            used: AtomicBool::new(false),
        })
    }

    /// The reason why a finding is suppressed by this entry, if it is.
    pub(super) fn of(&self, rule: &str, path: &str) -> Option<String> {
        if !self.path.is_match(path) || !self.rule.matches(rule) {
            return None;
        }
        self.used.store(true, Ordering::Relaxed);
        self.ended.is_none().then(|| self.reason.clone())
    }

    pub(super) fn remark(&self) -> Option<String> {
        let used = self.used.load(Ordering::Relaxed);
        let (rule, path) = (self.rule.as_str(), &self.written_path);
        match (&self.ended, used) {
            (Some(day), true) => Some(format!(
                "the suppression of `{rule}` in `{path}` ended on {day}: its findings count again"
            )),
            (Some(_), false) | (None, true) => None,
            (None, false) => {
                Some(format!("nothing is found that the suppression of `{rule}` in `{path}` is about"))
            }
        }
    }
}

/// The last day of an entry, when it is over.
fn ended(until: Option<&str>, now_ms: i64) -> Result<Option<String>, String> {
    let Some(written) = until.map(str::trim) else { return Ok(None) };
    let problem = || format!("`until` is `{written}`: expected a day as YYYY-MM-DD");
    let is_day = written.len() == 10 && written.chars().all(|c| c.is_ascii_digit() || c == '-');
    let last: jiff::civil::Date = written.parse().ok().filter(|_| is_day).ok_or_else(problem)?;
    let now = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    Ok((today > last).then(|| written.to_owned()))
}
