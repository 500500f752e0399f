//! The embedded rule files, read once.
//!
//! A file holds YAML documents: one rule, or variants of one with the same id (with and without a fix), and last its
//! cases, which only tests read. `metadata` holds `cwe`, `security-severity`, `references`, and `fix`: what the fix does.

use std::collections::HashMap;
use std::sync::OnceLock;

use ast_grep_config::{GlobalRules, RuleConfig, SerializableRuleConfig, Severity};
use ast_grep_core::Language;
use ast_grep_language::SupportLang;
use patchwork_core::failure::Failure;
use serde::Deserialize;

use super::broken;
use crate::sarif::RuleText;

/// The shipped rule files: their path below `rules/` and their text.
pub(super) const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/rule_files.rs"));

/// What our rules say beyond ast-grep's own fields.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Metadata {
    #[serde(default)]
    cwe: Vec<String>,
    security_severity: Option<f64>,
    #[serde(default, rename = "references")]
    _references: Vec<String>,
    fix: Option<String>,
}

/// A rule in one language.
pub(super) struct Rule {
    pub(super) config: RuleConfig<SupportLang>,
    /// Its place in [`Catalogue::texts`].
    pub(super) text: usize,
    /// What its fix does, in words.
    pub(super) fix: Option<String>,
}

/// All rules, by language.
pub(super) struct Catalogue {
    by_language: HashMap<SupportLang, Vec<Rule>>,
    texts: Vec<RuleText>,
}

impl Catalogue {
    /// The rules that are shipped.
    pub(super) fn shipped() -> Result<&'static Self, Failure> {
        static SHIPPED: OnceLock<Result<Catalogue, Failure>> = OnceLock::new();
        SHIPPED.get_or_init(|| Self::read(FILES)).as_ref().map_err(Clone::clone)
    }

    /// The rules of files: paths and texts.
    pub(super) fn read(files: &[(&str, &str)]) -> Result<Self, Failure> {
        let mut this = Self { by_language: HashMap::new(), texts: Vec::new() };
        for (file, text) in files {
            for document in rule_documents(text) {
                this.add(document).map_err(|why| broken(file, why))?;
            }
        }
        Ok(this)
    }

    fn add(&mut self, document: &str) -> Result<(), String> {
        let say = |error: &dyn std::error::Error| Failure::internal("").caused_by(error).causes.join(": ");
        let source: SerializableRuleConfig<SupportLang> =
            ast_grep_config::from_str(document).map_err(|e| say(&e))?;
        let metadata: Metadata = match &source.metadata {
            Some(metadata) => {
                let value = serde_json::to_value(metadata).map_err(|e| say(&e))?;
                serde_json::from_value(value).map_err(|e| say(&e))?
            }
            None => Metadata::default(),
        };
        let text = match self.texts.iter().position(|known| known.id == source.id) {
            Some(text) => text,
            None => {
                self.texts.push(RuleText {
                    id: source.id.clone(),
                    summary: source.message.clone(),
                    level: match source.severity {
                        Severity::Error => "error",
                        Severity::Warning => "warning",
                        Severity::Info | Severity::Hint | Severity::Off => "note",
                    },
                    score: metadata.security_severity,
                    cwe: metadata.cwe,
                    url: source.url.clone(),
                });
                self.texts.len() - 1
            }
        };
        for language in dialects(source.language) {
            let mut source = source.clone();
            source.language = *language;
            let config = RuleConfig::try_from(source, &GlobalRules::default()).map_err(|e| say(&e))?;
            let rule = Rule { config, text, fix: metadata.fix.clone() };
            self.by_language.entry(*language).or_default().push(rule);
        }
        Ok(())
    }

    /// Whether there are rules for a file, by its name.
    pub(super) fn covers(&self, path: &str) -> bool {
        language_of(path).is_some_and(|language| self.by_language.contains_key(&language))
    }

    /// The rules of a language.
    pub(super) fn rules(&self, language: SupportLang) -> &[Rule] {
        self.by_language.get(&language).map(Vec::as_slice).unwrap_or_default()
    }

    /// The descriptions of all rules, each id once.
    pub(super) fn texts(&self) -> &[RuleText] {
        &self.texts
    }
}

/// The rules of a file without its cases.
pub(super) fn rule_documents(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n---\n").filter(|document| !document.starts_with("invalid:"))
}

/// The language of a file, by its name.
pub(super) fn language_of(path: &str) -> Option<SupportLang> {
    SupportLang::from_path(path)
}

/// The languages that a rule for `language` holds in; none for those that this program has no grammar of.
fn dialects(language: SupportLang) -> &'static [SupportLang] {
    use SupportLang::{
        C, CSharp, Cpp, Go, Java, JavaScript, Kotlin, Php, Python, Ruby, Rust, Tsx, TypeScript,
    };
    match language {
        // What is built upon a language keeps its syntax.
        JavaScript => &[JavaScript, TypeScript, Tsx],
        TypeScript => &[TypeScript, Tsx],
        Tsx => &[Tsx],
        C => &[C],
        Cpp => &[Cpp],
        CSharp => &[CSharp],
        Go => &[Go],
        Java => &[Java],
        Kotlin => &[Kotlin],
        Php => &[Php],
        Python => &[Python],
        Ruby => &[Ruby],
        Rust => &[Rust],
        _ => &[],
    }
}
