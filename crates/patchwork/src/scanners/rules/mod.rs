//! Our own rules: ast-grep rules that are embedded in the program and run in it.

mod catalogue;
mod files;
mod matching;

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

/// The scanner of our own rules. It needs no program and no network.
#[derive(Debug, Clone, Copy, Default)]
pub struct RulesScanner;

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
        let cancel = ctx.cancel().clone();
        let work = move || {
            let catalogue = Catalogue::shipped()?;
            let files = files::list(&root, &paths, &|path| catalogue.covers(path));
            scan_files(catalogue, files, &cancel)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| StepError::internal(format!("the rules ended early: {error}")))?
    }
}

/// Runs the rules over files on all cores; the report does not depend on how they were shared out.
fn scan_files(
    catalogue: &Catalogue,
    files: Vec<SourcePath>,
    cancel: &CancellationToken,
) -> Result<Value, StepError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
    let next = AtomicUsize::new(0);
    let found: Mutex<(Vec<ScanResult>, Vec<String>)> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let (mut results, mut problems) = (Vec::new(), Vec::new());
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if cancel.is_cancelled() {
                        break;
                    }
                    match matching::scan_file(catalogue, file) {
                        Ok(more) => results.extend(more),
                        Err(why) => problems.push(format!("{}: {why}", file.path)),
                    }
                }
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.0.append(&mut results);
                found.1.append(&mut problems);
            });
        }
    });
    if cancel.is_cancelled() {
        return Err(StepError::cancelled());
    }
    let (mut results, mut problems) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort();
    problems.sort();
    let tool = Tool { name: OWN_TOOL.into(), version: env!("CARGO_PKG_VERSION").into() };
    Ok(sarif::write(&tool, catalogue.texts(), &results, &problems))
}

/// Our own rules as a [`Scanner`].
pub fn scanner() -> Arc<dyn Scanner> {
    Arc::new(RulesScanner)
}

/// A shipped rule that can't be read is our own fault.
fn broken(file: &str, why: impl std::fmt::Display) -> Failure {
    Failure::internal(format!("the built-in rule {file} can't be read: {why}"))
}
