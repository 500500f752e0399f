//! Scans files again, with candidates in them, until nothing is turned down any more.

use std::collections::BTreeMap;

use patchwork_core::port::scanner::{ScanRequest, Scanner};
use patchwork_core::step::{Context, StepError};
use serde_json::Value;

use super::VerifyPatchInput;
use super::file::{FileUnderCheck, Rejected};
use super::rescan::{Seen, carried_over, compare};
use super::syntax_check;
use crate::sarif;
use crate::scanners::{self, Choice};

/// A scan to be made of changed files.
pub(super) struct Rescan {
    choice: Choice,
    extra_args: String,
    /// What the scanner said of the base, if it was this one.
    base: Option<Value>,
}

impl Rescan {
    /// The scan that the input asks for.
    pub(super) fn of(input: &VerifyPatchInput) -> Option<Self> {
        input.rescan.then(|| Self {
            choice: input.scanner,
            extra_args: input.semgrep_extra_args.clone(),
            base: input.sarif_values.clone(),
        })
    }

    /// Writes the files with their candidates and scans them; takes out what the scan speaks against, and scans these files
    /// again. Answers the scanner's name. On an error every file is as it was.
    pub(super) async fn prove(
        self,
        ctx: &Context,
        mut files: Vec<&mut FileUnderCheck>,
        rejected: &mut Vec<Rejected>,
    ) -> Result<String, StepError> {
        let (_, scanner) = scanners::choose(ctx, self.choice, &self.extra_args).await?;
        let result = self.rounds(ctx, &*scanner, &mut files, rejected).await;
        if result.is_err() {
            for file in &files {
                if let Some(text) = &file.source.text {
                    file.source.write(ctx, text.bytes())?;
                }
            }
        }
        result.map(|()| scanner.name())
    }

    async fn rounds(
        &self,
        ctx: &Context,
        scanner: &dyn Scanner,
        files: &mut [&mut FileUnderCheck],
        rejected: &mut Vec<Rejected>,
    ) -> Result<(), StepError> {
        let name = scanner.name();
        let before = self.before(ctx, scanner, files).await?;
        let mut open: Vec<usize> = (0..files.len()).collect();
        while !open.is_empty() {
            let mut paths = Vec::with_capacity(open.len());
            for at in &open {
                let Some(file) = files.get(*at) else { continue };
                file.source.write(ctx, &file.with_candidates()?)?;
                paths.push(file.source.path.clone());
            }
            let after = scan(ctx, scanner, paths).await?;
            let mut next = Vec::new();
            for at in open {
                let Some(file) = files.get_mut(at) else { continue };
                let path = file.source.path.clone();
                let seen = |scan: &BTreeMap<String, Vec<Seen>>| scan.get(&path).cloned().unwrap_or_default();
                let dropped = compare(file, &seen(&before), &seen(&after), &name)?;
                if dropped.is_empty() {
                    continue;
                }
                file.drop(&dropped, rejected);
                // What is left may have leaned on what is gone.
                syntax_check::check(file, rejected)?;
                if file.candidates.is_empty() {
                    if let Some(text) = &file.source.text {
                        file.source.write(ctx, text.bytes())?;
                    }
                } else {
                    next.push(at);
                }
            }
            open = next;
        }
        Ok(())
    }

    /// What is found in the files as they stand, by path.
    async fn before(
        &self,
        ctx: &Context,
        scanner: &dyn Scanner,
        files: &[&mut FileUnderCheck],
    ) -> Result<BTreeMap<String, Vec<Seen>>, StepError> {
        let Some(base) = &self.base else {
            return scan(ctx, scanner, files.iter().map(|file| file.source.path.clone()).collect()).await;
        };
        let base = read(ctx, base)?;
        Ok(files
            .iter()
            .map(|file| {
                let seen = base.get(&file.source.path).map_or(&[][..], Vec::as_slice);
                (file.source.path.clone(), carried_over(file, seen))
            })
            .collect())
    }
}

async fn scan(
    ctx: &Context,
    scanner: &dyn Scanner,
    paths: Vec<String>,
) -> Result<BTreeMap<String, Vec<Seen>>, StepError> {
    let log = scanner.scan(ctx, &ScanRequest { paths }).await?;
    read(ctx, &log)
}

/// Findings of a SARIF log by path.
fn read(ctx: &Context, log: &Value) -> Result<BTreeMap<String, Vec<Seen>>, StepError> {
    let checkout = ctx.checkout()?;
    // The text of lines only serves fingerprints, which play no part here: places are compared.
    let exists = |path: &str, _: u32, _: u32| checkout.root().join(path).is_file().then(String::new);
    let report = sarif::read(log, |path| checkout.resolve(path), exists)
        .map_err(|error| StepError::Failed(error.into()))?;
    let mut found: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
    for finding in &report.findings {
        found.entry(finding.path.clone()).or_default().push(Seen::of(finding));
    }
    Ok(found)
}
