//! A rule that is not in use yet, tried on code.

use std::path::Path;

use patchwork_core::failure::Failure;
use patchwork_core::step::StepError;
use patchwork_repo::language::Language;
use patchwork_repo::text::SourceText;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::catalogue::{Catalogue, FILES, shipped_files};
use super::matching::{self, Problem, scan_text};
use super::rule_file::{self, documents};
use super::{files, on_large_stack, scan_files};
use crate::sarif::ScanResult;

/// A rule file that is not in use yet.
pub(crate) struct Candidate(Catalogue);

impl Candidate {
    /// Reads it; else says what is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        on_large_stack(|| {
            let rules = rule_file::read("rule", text, true);
            let catalogue = rules.and_then(|file| Catalogue::compile(file.rules.iter()));
            let faults = |faults: Vec<rule_file::Fault>| {
                faults.iter().map(ToString::to_string).fold(Failure::configuration("no rule"), Failure::cause)
            };
            Ok(Self(catalogue.map_err(faults)?))
        })
        .map_err(StepError::into_failure)
    }

    /// Where it fires in a text.
    pub(crate) fn fires_in(&self, path: &str, code: &str) -> Result<Vec<ScanResult>, Failure> {
        let Some(language) = Language::of_path(path) else { return Ok(Vec::new()) };
        let Ok(text) = SourceText::decode(code.as_bytes()) else { return Ok(Vec::new()) };
        on_large_stack(|| {
            scan_text(&self.0, language, path, &text, matching::TIME).map_err(|problem| match problem {
                Problem::File(why) => StepError::Failed(Failure::failed(format!("{path} {why}"))),
                Problem::Rule(failure) => StepError::Failed(failure),
            })
        })
        .map_err(StepError::into_failure)
    }

    /// Where it fires below a folder.
    pub(crate) fn fires_below(&self, root: &Path) -> Result<Vec<ScanResult>, Failure> {
        let files = files::list(root, &[], &|path| self.0.covers(path));
        let found =
            scan_files(&self.0, &files, &CancellationToken::new()).map_err(StepError::into_failure)?;
        Ok(found.results)
    }
}

/// The code of a language that shipped rules call right, with the rules' ids.
pub(crate) fn valid_cases(language: Language) -> Result<Vec<(String, String)>, Failure> {
    #[derive(Deserialize)]
    struct Cases {
        valid: Vec<String>,
    }
    let mut all = Vec::new();
    for (file, (path, text)) in shipped_files()?.iter().zip(FILES) {
        let Some(rule) = file.rules.first().filter(|rule| rule.language == language) else { continue };
        let Some((_, cases)) = documents(text).last() else { continue };
        let cases: Cases = serde_saphyr::from_str(cases)
            .map_err(|error| Failure::internal(format!("the cases of {path}: {error}")))?;
        all.extend(cases.valid.into_iter().map(|code| (rule.id().to_owned(), code)));
    }
    Ok(all)
}
