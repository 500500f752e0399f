//! Whole patchflows against a small registry.

mod faults;
mod files;
mod happy;
mod names;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Loaded, Loader, load};
use crate::diagnostic::{Diagnostic, SourceText, Style, render, sort};
use crate::failure::Failure;
use crate::registry::{BuiltIn, Registry};
use crate::secret::SecretRef;
use crate::step::{Context, Effects, Step, StepError, erase};

/// Looks for findings.
pub(crate) struct Scan;

/// Where to look.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the schema is used")]
pub(crate) struct ScanInput {
    /// Files to scan; all when absent.
    paths: Option<Vec<String>>,
    /// The least severity.
    #[serde(default)]
    severity: Severity,
    /// Findings at most.
    limit: Option<u32>,
    /// Key of the rule service.
    api_key: Option<SecretRef>,
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    #[default]
    Low,
    High,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ScanOutput {
    /// One for each place.
    findings: Vec<Found>,
    /// The tool's own report, if it has one.
    report: Option<Value>,
    /// How many.
    count: u32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Found {
    file: String,
    line: u32,
}

/// Asks a model.
pub(crate) struct Ask;

/// The question.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the schema is used")]
pub(crate) struct AskInput {
    /// The prompt.
    prompt_id: String,
    /// Its variables.
    #[serde(default)]
    values: BTreeMap<String, Value>,
    /// The model's name.
    model: Option<String>,
    /// Between 0 and 2.
    temperature: Option<f64>,
}

/// The answer.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AskOutput {
    /// As text.
    answer: String,
    /// Whether it was cut off.
    truncated: bool,
}

/// Changes a file.
pub(crate) struct Edit;

/// The change.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the schema is used")]
pub(crate) struct EditInput {
    /// The place.
    finding: Found,
    /// The new text.
    answer: String,
}

/// What was changed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EditOutput {
    /// Whether it was.
    changed: bool,
}

macro_rules! step {
    ($name:ident, $input:ident, $output:ident, $effects:expr) => {
        #[async_trait]
        impl Step for $name {
            type Input = $input;
            type Output = $output;
            const ID: &'static str = stringify!($name);
            const EFFECTS: Effects = $effects;

            async fn run(&self, _: &Context, _: $input) -> Result<$output, StepError> {
                Err(StepError::failed("not run here"))
            }
        }
    };
}

step!(Scan, ScanInput, ScanOutput, Effects::READS_CHECKOUT);
step!(Ask, AskInput, AskOutput, Effects::CALLS_MODEL);
step!(Edit, EditInput, EditOutput, Effects::WRITES_CHECKOUT);

/// A registry of three steps and one patchflow.
pub(crate) fn registry() -> Registry {
    Registry::new()
        .with_steps([erase(Scan), erase(Ask), erase(Edit)])
        .with_alias("Query", "Ask")
        .with_patchflows([BuiltIn {
            name: "Judge",
            document: "name: Judge\ninputs:\n  answer: { type: string, required: true }\n  model: { type: string }\n\
                       steps:\n  - uses: Ask\n    with: { prompt_id: judge, values: { answer: \"${{ inputs.answer }}\" } }\n\
                       outputs:\n  verdict: ${{ steps.ask.answer }}\n",
            prompts: "- id: judge\n  prompts: [{ role: user, content: \"{{ answer }}\" }]\n",
        }])
}

/// Files in memory: patchflows by path, and prompts beside every patchflow that is not built in.
#[derive(Default)]
pub(crate) struct Files(BTreeMap<&'static str, &'static str>);

impl Loader for Files {
    fn file(&self, path: &str, origin: &str) -> Result<Arc<SourceText>, Failure> {
        match self.0.get(path) {
            Some(text) => Ok(SourceText::new(path, *text)),
            None => Err(Failure::configuration(format!("{origin} uses {path}, but there is no such file"))),
        }
    }

    fn named(&self, name: &str) -> Result<Option<Arc<SourceText>>, Failure> {
        Ok(self.0.get(name).map(|text| SourceText::new(name, *text)))
    }

    fn prompts(&self, origin: &str) -> Result<Vec<Arc<SourceText>>, Failure> {
        let file = format!("{origin}.prompts");
        Ok(self.0.get(file.as_str()).map(|text| SourceText::new(&*file, *text)).into_iter().collect())
    }
}

pub(crate) const PROMPTS: &str = "- id: fix\n  prompts: [{ role: user, content: \"{{ file }}\" }]\n";

pub(crate) fn files(more: &[(&'static str, &'static str)]) -> Files {
    let prompts = [("flow.yml.prompts", PROMPTS)];
    Files(prompts.into_iter().chain(more.iter().copied()).collect())
}

pub(crate) fn good(text: &str) -> Loaded {
    good_with(text, &[])
}

pub(crate) fn good_with(text: &str, more: &[(&'static str, &'static str)]) -> Loaded {
    match load(text, "flow.yml", &registry(), &files(more)) {
        Ok(loaded) => loaded,
        Err(faults) => panic!("{}", render(&faults, Style::Plain)),
    }
}

/// The report of a patchflow that is wrong.
pub(crate) fn report(text: &str) -> String {
    match load(text, "flow.yml", &registry(), &files(&[])) {
        Ok(_) => "good".to_owned(),
        Err(faults) => report_of(&faults),
    }
}

pub(crate) fn report_of(faults: &[Diagnostic]) -> String {
    render(faults, Style::Plain)
}

/// Each fault in a line: place, code, message, label, help.
pub(crate) fn lines(text: &str, more: &[(&'static str, &'static str)]) -> String {
    let mut faults = match load(text, "flow.yml", &registry(), &files(more)) {
        Ok(loaded) => loaded.warnings,
        Err(faults) => faults,
    };
    sort(&mut faults);
    let mut out = String::new();
    for fault in faults {
        let label = if fault.label.is_empty() { String::new() } else { format!(" ({})", fault.label) };
        let kind = if fault.is_error() { "" } else { "warning " };
        out.push_str(&format!("{kind}{} {fault}{label}\n", fault.code).replacen("flow.yml:", "", 1));
        fault.help.iter().for_each(|help| out.push_str(&format!("    {help}\n")));
    }
    if out.is_empty() { "good\n".to_owned() } else { out }
}

fn shown(c: char) -> String {
    if c.is_control() || c == '\u{feff}' { c.escape_default().to_string() } else { c.to_string() }
}

/// Cases as a snapshot: what differs from a good patchflow, and what is said of it.
pub(crate) fn cases(frame: &str, cases: &[&str]) -> String {
    let mut out = String::new();
    for case in cases {
        let shown: String = case.chars().map(|c| if c == '\n' { "\n  ".into() } else { shown(c) }).collect();
        out.push_str(&format!("» {shown}\n"));
        out.push_str(&lines(&frame.replace('%', case), &[]));
    }
    out
}
