//! A learned rule as a file.

use std::collections::BTreeSet;

use patchwork_core::finding::{Finding, Severity};
use patchwork_repo::language::Language;
use serde_json::Value;

/// What goes into the file.
pub(super) struct Draft<'a> {
    pub(super) id: &'a str,
    pub(super) language: Language,
    /// What the fixes that it was learned from are about.
    pub(super) finding: &'a Finding,
    pub(super) pattern: &'a str,
    pub(super) fix: &'a str,
    /// Code before and after.
    pub(super) cases: Vec<(&'a str, &'a str)>,
    /// The run.
    pub(super) run: &'a str,
}

impl Draft<'_> {
    /// The YAML documents: the rule, and its cases.
    pub(super) fn text(&self) -> String {
        let finding = self.finding;
        let (severity, score) = match finding.severity {
            Severity::Critical => ("error", 9.0),
            Severity::High => ("error", 7.0),
            Severity::Medium => ("warning", 4.0),
            Severity::Low => ("warning", 1.0),
            Severity::Info | Severity::Unknown => ("info", 0.0),
        };
        let mut text = format!(
            "# Learned by `patchwork learn` from {} accepted fixes of run {}.\n",
            self.cases.len(),
            self.run
        );
        let cases: BTreeSet<_> = self.cases.iter().collect();
        let mut line = |key: &str, value: &str| text.push_str(&format!("{key}: {}\n", quoted(value)));
        line("id", self.id);
        line("language", &self.language.support_lang().to_string());
        line("severity", severity);
        // What looks like a metavariable would be filled in.
        line("message", &finding.message.replace('$', ""));
        text.push_str("metadata:\n");
        if !finding.cwe.is_empty() {
            let ids: Vec<String> = finding.cwe.iter().map(|id| quoted(id)).collect();
            text.push_str(&format!("  cwe: [{}]\n", ids.join(", ")));
        }
        if score > 0.0 {
            text.push_str(&format!("  security-severity: {score:.1}\n"));
        }
        let fix = format!("Change it as accepted fixes of {} did.", finding.rule);
        text.push_str(&format!("  fix: {}\n", quoted(&fix)));
        text.push_str(&format!("rule:\n  pattern: {}\n", quoted(self.pattern)));
        text.push_str(&format!("fix: {}\n---\ninvalid:\n", quoted(self.fix)));
        for (before, after) in &cases {
            let (before, after) = (quoted(&format!("{before}\n")), quoted(&format!("{after}\n")));
            text.push_str(&format!("  - code: {before}\n    fixed: {after}\n"));
        }
        text.push_str("valid:\n");
        for after in cases.iter().map(|(_, after)| after).collect::<BTreeSet<_>>() {
            text.push_str(&format!("  - {}\n", quoted(&format!("{after}\n"))));
        }
        text
    }
}

/// A text as YAML: JSON's way of writing one is also YAML's. Words stay as they are.
fn quoted(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && !matches!(text, "null" | "true" | "false");
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}
