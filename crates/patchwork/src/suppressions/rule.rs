//! The rules that a suppression is about.

use globset::{GlobBuilder, GlobMatcher};

/// An id, the last part of one, or a glob of either; letter case does not matter.
#[derive(Debug, Clone)]
pub(super) struct RulePattern {
    written: String,
    glob: Option<GlobMatcher>,
}

impl RulePattern {
    pub(super) fn new(written: &str) -> Self {
        let is_glob = written.contains(['*', '?', '[', '{']);
        // What is no glob after all can still be an id.
        let glob = is_glob.then(|| GlobBuilder::new(written).case_insensitive(true).build().ok()).flatten();
        Self { written: written.to_owned(), glob: glob.map(|glob| glob.compile_matcher()) }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.written
    }

    pub(super) fn matches(&self, id: &str) -> bool {
        // `python.lang.eval`, `js/sql-injection`, `java:S2076`.
        let last = id.rsplit(['.', '/', ':']).find(|part| !part.is_empty()).unwrap_or(id);
        [id, last].into_iter().any(|id| {
            id.eq_ignore_ascii_case(&self.written) || self.glob.as_ref().is_some_and(|glob| glob.is_match(id))
        })
    }
}
