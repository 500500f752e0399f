//! Which of all rules are used.

use globset::{Glob, GlobMatcher};
use patchwork_core::failure::nearest;
use patchwork_core::step::StepError;

/// Ids, or globs over ids (`python-*`), of rules to use and of rules not to use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these; all when empty.
    pub rules: Vec<String>,
    /// Not these.
    pub exclude_rules: Vec<String>,
}

impl Selection {
    /// Whether it leaves nothing out.
    pub(super) fn is_all(&self) -> bool {
        self.rules.is_empty() && self.exclude_rules.is_empty()
    }

    /// Says of an id whether it is wanted. Fails when something is asked for that is no rule.
    pub(super) fn matcher(&self, known: &[&str]) -> Result<impl Fn(&str) -> bool + use<>, StepError> {
        let rules = globs("rules", &self.rules, known)?;
        let excluded = globs("exclude_rules", &self.exclude_rules, known)?;
        let any = |globs: &[GlobMatcher], id: &str| globs.iter().any(|glob| glob.is_match(id));
        Ok(move |id: &str| (rules.is_empty() || any(&rules, id)) && !any(&excluded, id))
    }
}

fn globs(field: &str, texts: &[String], known: &[&str]) -> Result<Vec<GlobMatcher>, StepError> {
    let matcher = |text: &String| {
        let glob = Glob::new(text)
            .map_err(|error| StepError::input(field, format!("`{text}` is no glob: {}", error.kind())))?
            .compile_matcher();
        if known.iter().any(|id| glob.is_match(id)) {
            return Ok(glob);
        }
        let near = nearest(text, known.iter().copied()).map(|near| format!(": did you mean `{near}`?"));
        Err(StepError::input(field, format!("no rule is called `{text}`{}", near.unwrap_or_default())))
    };
    texts.iter().map(matcher).collect()
}
