//! Taking a YAML tree apart, with a diagnostic for whatever is not as expected.

use std::ops::Range;
use std::sync::Arc;

use super::value::{self, Expression, Value};
use crate::diagnostic::{Diagnostic, SourceText};
use crate::failure::nearest;
use crate::patchflow::yaml::{Entry, Kind, Name, Yaml, shortened};
use crate::template::Expr;

/// The text that is read and the faults found in it so far.
pub(crate) struct Reader<'a> {
    pub(crate) file: &'a Arc<SourceText>,
    faults: &'a mut Vec<Diagnostic>,
}

/// The fault that was added last, to say more about it.
pub(crate) struct Added<'a>(&'a mut Vec<Diagnostic>);

impl Added<'_> {
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        self.help_maybe(Some(help.into()))
    }

    pub(crate) fn help_maybe(self, help: Option<String>) -> Self {
        if let Some(last) = self.0.last_mut() {
            last.help.extend(help);
        }
        self
    }

    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        if let Some(last) = self.0.last_mut() {
            last.label = label.into();
        }
        self
    }
}

/// The entries of a mapping, to be taken by key.
pub(crate) struct Keys(Vec<Entry>);

impl Keys {
    pub(crate) fn take(&mut self, key: &str) -> Option<Entry> {
        let at = self.0.iter().position(|entry| entry.key.text == key)?;
        Some(self.0.remove(at))
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a Arc<SourceText>, faults: &'a mut Vec<Diagnostic>) -> Self {
        Self { file, faults }
    }

    /// Adds an error.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Added<'_> {
        self.faults.push(Diagnostic::error(code, self.file, span, message));
        Added(self.faults)
    }

    fn wrong_type(&mut self, entry: &Entry, expected: &str) {
        let message =
            format!("`{}` must be {expected}, but this is {}", entry.key.text, entry.value.describe());
        let span = self.place(entry);
        self.error("type", span, message);
    }

    /// Where to underline a value: an empty one has no place of its own.
    pub(crate) fn place(&self, entry: &Entry) -> Range<usize> {
        if entry.value.span.is_empty() || matches!(entry.value.kind, Kind::Map(_) | Kind::List(_)) {
            entry.key.span.clone()
        } else {
            entry.value.span.clone()
        }
    }

    /// The entries of a mapping of which only `valid` keys may occur.
    pub(crate) fn keys(&mut self, what: &str, mut entries: Vec<Entry>, valid: &[&str]) -> Keys {
        entries.retain(|entry| {
            let known = valid.contains(&entry.key.text.as_str());
            if !known {
                let near = nearest(&entry.key.text, valid.iter().copied());
                self.error(
                    "unknown-key",
                    entry.key.span.clone(),
                    format!("{what} has no key {}", shortened(&entry.key.text)),
                )
                .help(match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the keys are {}", valid.join(", ")),
                });
            }
            known
        });
        Keys(entries)
    }

    /// A mapping.
    pub(crate) fn mapping(&mut self, entry: Entry) -> Option<Vec<Entry>> {
        match entry.value.kind {
            Kind::Map(entries) => Some(entries),
            Kind::Null => Some(Vec::new()),
            _ => {
                self.wrong_type(&entry, "a mapping");
                None
            }
        }
    }

    /// A list.
    pub(crate) fn list(&mut self, entry: Entry) -> Option<Vec<Yaml>> {
        match entry.value.kind {
            Kind::List(items) => Some(items),
            _ => {
                self.wrong_type(&entry, "a list");
                None
            }
        }
    }

    /// A text, possibly empty.
    pub(crate) fn text(&mut self, entry: &Entry) -> Option<String> {
        match &entry.value.kind {
            Kind::String(text) => Some(text.clone()),
            _ => {
                self.wrong_type(entry, "a text");
                None
            }
        }
    }

    /// A text that is not empty.
    pub(crate) fn word(&mut self, entry: &Entry) -> Option<String> {
        let text = self.text(entry)?;
        if text.trim().is_empty() {
            let span = self.place(entry);
            self.error("type", span, format!("`{}` is empty", entry.key.text));
            return None;
        }
        Some(text)
    }

    /// A text with its place.
    pub(crate) fn name(&mut self, entry: &Entry) -> Option<Name> {
        let text = self.word(entry)?;
        Some(Name { text, span: entry.value.span.clone() })
    }

    pub(crate) fn boolean(&mut self, entry: &Entry) -> Option<bool> {
        match &entry.value.kind {
            Kind::Bool(value) => Some(*value),
            _ => {
                self.wrong_type(entry, "true or false");
                None
            }
        }
    }

    /// A whole number that is at least `least`.
    pub(crate) fn count(&mut self, entry: &Entry, least: u64) -> Option<u64> {
        match &entry.value.kind {
            Kind::Number(number) if number.as_u64().is_some_and(|n| n >= least) => number.as_u64(),
            _ => {
                self.wrong_type(entry, &format!("a whole number from {least}"));
                None
            }
        }
    }

    /// A duration: `500ms`, `30s`, `5m`, `1h`.
    pub(crate) fn milliseconds(&mut self, entry: &Entry) -> Option<u64> {
        let parsed = match &entry.value.kind {
            Kind::String(text) => duration_ms(text),
            _ => None,
        };
        if parsed.is_none() {
            self.wrong_type(entry, "a duration such as \"500ms\", \"30s\", \"5m\" or \"1h\"");
        }
        parsed
    }

    /// A value in which strings may hold `${{ … }}`.
    pub(crate) fn value(&mut self, yaml: &Yaml) -> Value {
        value::read(self, yaml)
    }

    /// A mapping of names to values.
    pub(crate) fn named_values(&mut self, entry: Entry, what: &str) -> Vec<(Name, Value)> {
        let Some(entries) = self.mapping(entry) else { return Vec::new() };
        let mut out = Vec::new();
        for entry in entries {
            if what == "outputs" && !is_snake_case(&entry.key.text) {
                self.bad_name(&entry.key, "an output");
            }
            out.push((entry.key, self.value(&entry.value)));
        }
        out
    }

    /// An expression, bare or in `${{ … }}`.
    pub(crate) fn expression(&mut self, entry: &Entry) -> Option<Expression> {
        match &entry.value.kind {
            Kind::String(text) => value::read_expression(self, text, &entry.value.span),
            Kind::Bool(value) => Expr::parse(&value.to_string())
                .ok()
                .map(|expr| Expression { expr, span: entry.value.span.clone() }),
            _ => {
                self.wrong_type(entry, "an expression");
                None
            }
        }
    }

    /// Reports a name that is not snake_case.
    pub(crate) fn bad_name(&mut self, name: &Name, what: &str) {
        let better = snake_case(&name.text);
        self.error(
            "bad-name",
            name.span.clone(),
            format!("{} can't name {what}: names are snake_case", shortened(&name.text))
                .replace("an node", "a node")
                .replace("an loop", "a loop"),
        )
        .help_maybe(is_snake_case(&better).then(|| format!("write `{better}`")));
    }
}

/// Whether a name is snake_case: a letter, then letters, digits and underscores, all lower case.
pub(crate) fn is_snake_case(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A name in snake_case: `ScanSemgrep` → `scan_semgrep`, `CallLLM` → `call_llm`, `./my-flow.yml` → `my_flow`.
pub(crate) fn snake_case(name: &str) -> String {
    let stem = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = stem.strip_suffix(".yml").or_else(|| stem.strip_suffix(".yaml")).unwrap_or(stem);
    let chars: Vec<char> = stem.chars().collect();
    let mut out = String::new();
    for (at, c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        let starts_word = c.is_ascii_uppercase()
            && before.is_some_and(|b| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || (b.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if starts_word && !out.ends_with('_') {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out.trim_end_matches('_').to_owned()
}

fn duration_ms(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit).filter(|ms| *ms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_from_step_names() {
        let names = [
            "ScanSemgrep",
            "CallLLM",
            "LLM",
            "PR",
            "ModifyCodeOnce",
            "./a/my-flow.yml",
            "CreatePRComment",
            "S3Get",
        ];
        let ids: Vec<String> = names.iter().map(|name| snake_case(name)).collect();
        let expected = [
            "scan_semgrep",
            "call_llm",
            "llm",
            "pr",
            "modify_code_once",
            "my_flow",
            "create_pr_comment",
            "s3_get",
        ];
        assert_eq!(ids, expected);
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(
            ["500ms", "30s", "5m", "1h"].map(duration_ms),
            [500, 30_000, 300_000, 3_600_000].map(Some)
        );
        assert_eq!(
            ["", "5", "s", "-1s", "0s", "1.5s", "99999999999999999999h", "9999999999999999999h"]
                .map(duration_ms),
            [None; 8]
        );
    }
}
