//! Strict rules: what a reviewer would not take for a fix of a finding, though a scan must not cry wolf over it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use patchwork_core::step::{Context, StepError};
use patchwork_repo::language::Language;
use patchwork_repo::text::SourceText;

use super::catalogue::{Catalogue, FILES, ours};
use super::files::SourcePath;
use super::matching::{self, scan_text};
use super::rule_file::{self, RuleSource};
use super::{on_large_stack, own, scan_files};
use crate::sarif::ScanResult;

/// The strict rules of some ids, ready to match.
pub(crate) struct StrictRules(Arc<Catalogue>);

/// A place that a strict rule speaks against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StrictMatch {
    /// The id of the rule whose findings are not fixed so.
    pub(crate) rule: String,
    /// 0-based, the end excluded.
    pub(crate) lines: Range<u32>,
    /// What stands in these lines, without white space.
    pub(crate) text: String,
    /// What a fix must look like.
    pub(crate) message: String,
}

impl StrictRules {
    /// Those that are shipped for these ids and those of the repository's own files; none when there are none. A rule of the
    /// repository's own that takes the place of a shipped one leaves its strict ones out as well.
    pub(crate) async fn of(ctx: &Context, ids: &BTreeSet<&str>) -> Result<Option<Self>, StepError> {
        let shipped: Vec<_> = FILES.iter().filter(|(path, _)| ids.contains(id_of(path).as_str())).collect();
        let own = own::read(ctx).await?;
        let ids: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        on_large_stack(|| {
            // A file that can't be read is told when it scans.
            let own = own.iter().filter(|file| ids.iter().any(|id| file.text.contains(id.as_str())));
            let own = own.filter_map(|file| rule_file::read(&file.path, &file.text, true).ok());
            let (mut rules, mut replaced): (Vec<RuleSource>, BTreeSet<String>) = Default::default();
            for file in own {
                replaced.extend(file.rules.iter().map(|rule| rule.id().to_owned()));
                replaced.extend(file.off.into_iter().map(|off| off.id));
                rules.extend(file.strict.into_iter().filter(|rule| ids.contains(rule.id())));
            }
            for (path, text) in shipped {
                if !replaced.contains(&id_of(path)) {
                    let file = rule_file::read(path, text, false).map_err(|faults| ours(&faults))?;
                    rules.extend(file.strict);
                }
            }
            if rules.is_empty() {
                return Ok(None);
            }
            let catalogue = Catalogue::compile(rules.iter()).map_err(|faults| ours(&faults))?;
            Ok(Some(Self(Arc::new(catalogue))))
        })
    }

    /// What they match in files of the checkout, by path.
    pub(crate) async fn in_files(
        &self,
        ctx: &Context,
        paths: Vec<String>,
    ) -> Result<BTreeMap<String, Vec<StrictMatch>>, StepError> {
        let (catalogue, root, cancel) = (self.0.clone(), ctx.root()?.to_owned(), ctx.cancel().clone());
        let work = move || {
            let files = paths.into_iter().filter(|path| catalogue.covers(path));
            let files: Vec<_> = files.map(|path| SourcePath { full: root.join(&path), path }).collect();
            let found = scan_files(&catalogue, &files, &cancel)?.results;
            let mut all: BTreeMap<String, Vec<StrictMatch>> = BTreeMap::new();
            for file in files {
                let here: Vec<&ScanResult> = found.iter().filter(|found| found.path == file.path).collect();
                if here.is_empty() {
                    continue;
                }
                if let Some(text) =
                    std::fs::read(&file.full).ok().and_then(|text| SourceText::decode(text).ok())
                {
                    all.insert(file.path, matches(&catalogue, &here, &text));
                }
            }
            Ok(all)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| StepError::internal(format!("the strict rules ended early: {error}")))?
    }

    /// What they match in a text; nothing in one that they can't look at.
    pub(crate) fn in_text(&self, path: &str, text: &SourceText) -> Result<Vec<StrictMatch>, StepError> {
        let Some(language) = Language::of_path(path) else { return Ok(Vec::new()) };
        on_large_stack(|| {
            let found = scan_text(&self.0, language, path, text, matching::TIME).unwrap_or_default();
            Ok(matches(&self.0, &found.iter().collect::<Vec<_>>(), text))
        })
    }
}

fn matches(catalogue: &Catalogue, found: &[&ScanResult], text: &SourceText) -> Vec<StrictMatch> {
    let texts = catalogue.texts();
    let one = |found: &&ScanResult| {
        let lines = found.start.0.saturating_sub(1)..found.end.0;
        let matched = text.line_range(lines.start as usize, lines.end as usize);
        Some(StrictMatch {
            rule: texts.get(found.rule)?.id.clone(),
            text: matched.split_whitespace().collect(),
            lines,
            message: found.message.clone(),
        })
    };
    found.iter().filter_map(one).collect()
}

/// The id of a shipped file's rules.
fn id_of(path: &str) -> String {
    path.trim_end_matches(".yml").replace('/', "-")
}
