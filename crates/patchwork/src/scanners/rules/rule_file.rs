//! One rule file, read. A file holds YAML documents: rules in ast-grep's format, variants of one with the same id (with
//! and without a fix), strict ones, and cases (`invalid` and `valid`, `strict_invalid` and `strict_valid`), which only
//! tests read.
//!
//! `metadata` may hold `cwe`, `security-severity`, `references`, `fix`: what the fix does, and `strict: true`: such a document
//! says nothing in a scan. It is what must not be in a fix of a finding of the rule.

use std::sync::Arc;

use ast_grep_config::{RuleConfigError, RuleCoreError, SerializableRuleConfig};
use ast_grep_language::SupportLang;
use patchwork_core::failure::Failure;
use patchwork_repo::language::Language;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::literals::{self, Literal};

/// Bytes of one text in a rule (a pattern, an expression): patterns are parsed and walked by recursion, expressions
/// compiled.
const MAX_TEXT: usize = 4 << 10;

/// Bytes of an id: it stands in comments that silence the rule, and in the names of files.
const MAX_ID: usize = 100;

/// What is wrong with a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The file.
    pub(super) path: Arc<str>,
    /// 1-based line.
    pub(super) line: usize,
    /// What was found, and what was expected.
    pub(super) problem: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.problem)
    }
}

/// What rules say beyond ast-grep's own fields.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Metadata {
    /// Weakness ids (`CWE-79`).
    #[serde(default)]
    pub(super) cwe: OneOrMore,
    /// 0 to 10.
    pub(super) security_severity: Option<f64>,
    /// What the fix does, in words.
    pub(super) fix: Option<String>,
    /// Whether only fixes of the rule's findings are judged by it.
    #[serde(default)]
    pub(super) strict: bool,
}

/// A text, or a list of texts.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Default for OneOrMore {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

impl OneOrMore {
    pub(super) fn into_list(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::More(texts) => texts,
        }
    }
}

/// Which files a rule is for.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a glob, or `glob` and `caseInsensitive`")]
pub(super) enum FileGlob {
    Glob(String),
    #[serde(rename_all = "camelCase")]
    Config {
        glob: String,
        #[serde(default)]
        case_insensitive: bool,
    },
}

impl FileGlob {
    /// The glob, and whether it fits in any case.
    pub(super) fn parts(&self) -> (&str, bool) {
        match self {
            Self::Glob(glob) => (glob, false),
            Self::Config { glob, case_insensitive } => (glob, *case_insensitive),
        }
    }
}

/// A rule that is switched off.
#[derive(Debug, Clone)]
pub(super) struct Off {
    pub(super) id: String,
    pub(super) path: Arc<str>,
    pub(super) line: usize,
}

/// A rule as it stands in a file.
#[derive(Clone)]
pub(super) struct RuleSource {
    pub(super) source: SerializableRuleConfig<SupportLang>,
    pub(super) metadata: Metadata,
    pub(super) files: Vec<FileGlob>,
    pub(super) ignores: Vec<FileGlob>,
    /// Texts of which a file must hold one for it to match; none when nothing is known.
    pub(super) needed: Option<Vec<Literal>>,
    /// Whether it is a repository's own.
    pub(super) own: bool,
    /// Its language.
    pub(super) language: Language,
    /// Where it begins.
    pub(super) path: Arc<str>,
    pub(super) line: usize,
    /// All of it.
    text: Arc<str>,
}

impl RuleSource {
    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.source.id
    }

    /// Why it can't be compiled, at the line of the part that is to blame.
    pub(super) fn fault(&self, error: &RuleConfigError) -> Fault {
        let part = match error {
            RuleConfigError::Core(RuleCoreError::Utils(_)) => "utils:",
            RuleConfigError::Core(RuleCoreError::Constraints(_)) => "constraints:",
            RuleConfigError::Core(RuleCoreError::Transform(_)) => "transform:",
            RuleConfigError::Fixer(_) => "fix:",
            RuleConfigError::Rewriter(_) | RuleConfigError::UndefinedRewriter(_) => "rewriters:",
            RuleConfigError::LabelVariable(_) => "labels:",
            RuleConfigError::Core(RuleCoreError::UndefinedMetaVar(_, part)) => part,
            _ => "rule:",
        };
        self.fault_in(part, chain(error))
    }

    /// What is wrong in a part (`rule:`).
    pub(super) fn fault_in(&self, part: &str, problem: String) -> Fault {
        let below = self.text.lines().position(|line| line.starts_with(part)).unwrap_or_default();
        Fault { path: self.path.clone(), line: self.line + below, problem }
    }
}

/// What a file holds.
#[derive(Clone, Default)]
pub(super) struct RuleFile {
    /// Its rules.
    pub(super) rules: Vec<RuleSource>,
    /// What fixes of findings of its rules are judged by.
    pub(super) strict: Vec<RuleSource>,
    /// The rules that it switches off.
    pub(super) off: Vec<Off>,
}

/// Reads a file, a repository's `own` one or a shipped one. All faults are told at once.
pub(super) fn read(path: &str, text: &str, own: bool) -> Result<RuleFile, Vec<Fault>> {
    let path: Arc<str> = path.into();
    let (mut file, mut faults) = (RuleFile::default(), Vec::new());
    for (line, document) in documents(text) {
        if let Err((below, problem)) = document_into(&mut file, &path, own, line, document) {
            faults.push(Fault { path: path.clone(), line: line + below, problem });
        }
    }
    if faults.is_empty() { Ok(file) } else { Err(faults) }
}

/// The documents of a file with the 1-based lines where they begin.
pub(super) fn documents(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut starts = vec![(1, 0)];
    let (mut ends, mut offset) = (Vec::new(), 0);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let next = offset + line.len();
        if line.trim_end() == "---" {
            ends.push(offset);
            starts.push((index + 2, next));
        }
        offset = next;
    }
    ends.push(text.len());
    starts
        .into_iter()
        .zip(ends)
        .map(move |((line, start), end)| (line, text.get(start..end).unwrap_or_default()))
}

/// Takes a document in; a fault is told with the number of lines above it.
fn document_into(
    file: &mut RuleFile,
    path: &Arc<str>,
    own: bool,
    line: usize,
    document: &str,
) -> Result<(), (usize, String)> {
    let value: Value = ast_grep_config::from_str(document).map_err(|error| yaml_fault(&error))?;
    let fields = match value {
        // Only comments.
        Value::Null => return Ok(()),
        Value::Object(fields) => fields,
        _ => return Err((0, "expected a rule: a mapping with `id`, `language` and `rule`".to_owned())),
    };
    if !fields.contains_key("rule") && (fields.contains_key("invalid") || fields.contains_key("valid")) {
        return Ok(());
    }
    let at = |key: &str| document.lines().position(|text| text.starts_with(key)).unwrap_or_default();
    if let Some(text) = long_text(&fields) {
        let start: String = text.chars().take(40).collect();
        let below = document.lines().position(|line| line.contains(start.trim())).unwrap_or_default();
        return Err((
            below,
            format!("a text of {} bytes, expected at most {MAX_TEXT}: `{start}…`", text.len()),
        ));
    }
    let id = fields.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let well_named = |id: &str| {
        id.len() <= MAX_ID
            && id.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':'))
    };
    if id.is_empty() || !well_named(&id) {
        let expected = format!("expected `id`: up to {MAX_ID} letters, digits, `-`, `_`, `.`, `/`, `:`");
        return Err((at("id:"), expected));
    }
    if fields.get("severity").and_then(Value::as_str) == Some("off") {
        file.off.push(Off { id, path: path.clone(), line: line + at("id:") });
        return Ok(());
    }
    let named = fields.get("language").and_then(Value::as_str).unwrap_or_default();
    let language = named.parse::<SupportLang>().ok().and_then(Language::of_support_lang);
    let Some(language) = language else {
        let known: Vec<_> = Language::ALL.iter().map(|known| known.support_lang().to_string()).collect();
        return Err((
            at("language:"),
            format!("`language` is `{named}`, expected one of {}", known.join(", ")),
        ));
    };
    if !fields.contains_key("rule") {
        return Err((at("id:"), format!("`{id}` has no `rule`")));
    }
    let metadata = match fields.get("metadata") {
        Some(metadata) => Metadata::deserialize(metadata)
            .map_err(|error| (at("metadata:"), format!("`metadata` can't be read: {error}")))?,
        None => Metadata::default(),
    };
    if metadata.security_severity.is_some_and(|score| !(0.0..=10.0).contains(&score)) {
        return Err((at("metadata:"), "`security-severity` must be from 0 to 10".to_owned()));
    }
    let globs = |key: &str| match fields.get(key) {
        Some(globs) => Vec::<FileGlob>::deserialize(globs)
            .map_err(|error| (at(key), format!("`{key}` can't be read: {error}"))),
        None => Ok(Vec::new()),
    };
    let (files, ignores) = (globs("files")?, globs("ignores")?);
    let source = ast_grep_config::from_str(document).map_err(|error| {
        let (below, problem) = yaml_fault(&error);
        // What a nested part holds is read once more, and then its place is not known any more.
        let named = problem.split('`').nth(1).map(|key| format!("{key}:"));
        let found =
            named.and_then(|key| document.lines().position(|line| line.trim_start().starts_with(&key)));
        (found.unwrap_or(below), problem)
    })?;
    if metadata.strict && fields.contains_key("fix") {
        return Err((at("fix:"), "a strict rule judges fixes and has none: expected no `fix`".to_owned()));
    }
    let rules = if metadata.strict { &mut file.strict } else { &mut file.rules };
    let text = document.into();
    let (path, needed) = (path.clone(), literals::needed(&fields));
    rules.push(RuleSource { source, metadata, files, ignores, needed, own, language, path, line, text });
    Ok(())
}

/// A text in a rule that is too long.
fn long_text(fields: &Map<String, Value>) -> Option<&str> {
    let mut rest: Vec<&Value> = fields.values().collect();
    while let Some(value) = rest.pop() {
        match value {
            Value::String(text) if text.len() > MAX_TEXT => return Some(text),
            Value::Array(items) => rest.extend(items),
            Value::Object(fields) => rest.extend(fields.values()),
            _ => {}
        }
    }
    None
}

/// Lines above a fault in YAML, and what it is in one line.
fn yaml_fault(error: &serde_saphyr::Error) -> (usize, String) {
    let below = error.location().and_then(|at| usize::try_from(at.line()).ok()?.checked_sub(1));
    let problem = error.without_snippet().to_string();
    let problem = problem.lines().next().unwrap_or_default();
    // The place is told in lines of the document, which need not be the first one of its file.
    let problem = problem.split_once(" at line ").map_or(problem, |(problem, _)| problem);
    (below.unwrap_or_default(), problem.to_owned())
}

/// An error and what is below it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = Failure::internal("").caused_by(error).causes;
    // That it is a rule that can't be read is known.
    let causes = causes.iter().filter(|cause| !cause.starts_with("Fail to parse yaml"));
    let words: Vec<&str> =
        causes.flat_map(|cause| cause.trim_end_matches('.').split_whitespace().chain([":"])).collect();
    words.join(" ").replace(" :", ":").trim_end_matches(':').to_owned()
}
