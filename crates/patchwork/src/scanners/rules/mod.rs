//! Rules in ast-grep's format, run in the program: those that are embedded in it, and a repository's own.

mod catalogue;
mod files;
mod fuel;
mod literals;
mod matching;
mod own;
mod places;
mod rule_file;
mod selection;
mod silenced;
mod strict;
mod trial;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::port::scanner::{ScanRequest, Scanner};
use patchwork_core::step::{Context, StepError};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::sarif::{self, OWN_TOOL, ScanResult, Tool};
use catalogue::Catalogue;
use files::SourcePath;
use matching::Problem;

pub use own::FOLDER as OWN_RULES;
pub use selection::Selection;
pub(crate) use strict::{StrictMatch, StrictRules};
pub(crate) use trial::{Candidate, valid_cases};

/// The scanner of our own rules and the repository's. It needs no program and no network.
#[derive(Debug, Clone, Default)]
pub struct RulesScanner {
    /// Which of the rules are used.
    pub selection: Selection,
    /// Whether the user was told before which rules these are.
    pub known: bool,
}

#[async_trait]
impl Scanner for RulesScanner {
    fn name(&self) -> String {
        format!("{OWN_TOOL} {}", env!("CARGO_PKG_VERSION"))
    }

    async fn scan(&self, ctx: &Context, request: &ScanRequest) -> Result<Value, StepError> {
        let root = ctx.root()?.to_owned();
        let mut paths = Vec::with_capacity(request.paths.len());
        for path in &request.paths {
            let path = ctx.checkout()?.resolve(path)?;
            if !root.join(&path).exists() {
                return Err(StepError::input("paths", format!("`{path}` is not in the repository")));
            }
            paths.push(path);
        }
        let own = own::read(ctx).await?;
        let (cancel, selection, known) = (ctx.cancel().clone(), self.selection.clone(), self.known);
        let repository = ctx.checkout()?.base().repository.clone();
        let work = move || {
            let (catalogue, mut notes) = on_large_stack(|| Catalogue::of(&own, &selection))?;
            match known {
                true => notes.clear(),
                false => notes.extend(own::uncommitted(&repository, &own)),
            }
            let files = files::list(&root, &paths, &|path| catalogue.covers(path));
            let Found { results, problems, .. } = scan_files(&catalogue, &files, &cancel)?;
            let tool = Tool { name: OWN_TOOL.into(), version: env!("CARGO_PKG_VERSION").into() };
            Ok::<_, StepError>((sarif::write(&tool, catalogue.texts(), &results, &problems), notes))
        };
        let (report, notes) = tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| StepError::internal(format!("the rules ended early: {error}")))??;
        notes.into_iter().for_each(|note| ctx.note(note));
        Ok(report)
    }
}

/// Reads patterns, which is done by recursion.
fn on_large_stack<T: Send>(work: impl FnOnce() -> Result<T, StepError> + Send) -> Result<T, StepError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(matching::STACK_BYTES).spawn_scoped(scope, work);
        let ended =
            thread.map_err(|error| StepError::internal(format!("no thread for the rules: {error}")))?.join();
        ended.unwrap_or_else(|_| Err(StepError::internal("the rules broke off while they were read")))
    })
}

/// What several threads found.
#[derive(Default)]
struct Found {
    results: Vec<ScanResult>,
    problems: Vec<String>,
    refused: Option<Failure>,
}

/// Runs the rules over files on all cores; the report does not depend on how they were shared out.
fn scan_files(
    catalogue: &Catalogue,
    files: &[SourcePath],
    cancel: &CancellationToken,
) -> Result<Found, StepError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
    let next = AtomicUsize::new(0);
    let found: Mutex<Found> = Mutex::default();
    let lock = || found.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        let (mut results, mut problems) = (Vec::new(), Vec::new());
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            if cancel.is_cancelled() {
                break;
            }
            match matching::scan_file(catalogue, file) {
                Ok(more) => results.extend(more),
                Err(Problem::File(why)) => problems.push(format!("{}: {why}", file.path)),
                Err(Problem::Rule(why)) => {
                    next.store(files.len(), Ordering::Relaxed);
                    lock().refused.get_or_insert(why);
                }
            }
        }
        let mut found = lock();
        found.results.append(&mut results);
        found.problems.append(&mut problems);
    };
    std::thread::scope(|scope| {
        let workers: Result<Vec<_>, _> = (0..threads)
            .map(|_| std::thread::Builder::new().stack_size(matching::STACK_BYTES).spawn_scoped(scope, work))
            .collect();
        workers.map(|workers| workers.into_iter().all(|worker| worker.join().is_ok()))
    })
    .map_err(|error| StepError::internal(format!("no threads for the rules: {error}")))?
    .then_some(())
    .ok_or_else(|| StepError::internal("the rules broke off"))?;
    if cancel.is_cancelled() {
        return Err(StepError::cancelled());
    }
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(failure) = found.refused {
        return Err(StepError::Failed(failure));
    }
    found.results.sort();
    found.problems.sort();
    Ok(found)
}

/// The same rules, for a later scan of a run.
pub(crate) fn scanner_again() -> Arc<dyn Scanner> {
    Arc::new(RulesScanner { known: true, ..RulesScanner::default() })
}

/// Our own rules as a [`Scanner`], all of them.
pub fn scanner() -> Arc<dyn Scanner> {
    Arc::new(RulesScanner::default())
}
