//! Scans files again, with candidates in them, until nothing is turned down any more.

use std::collections::BTreeMap;

use patchwork_core::evidence::Level;
use patchwork_core::failure::Failure;
use patchwork_core::port::checkout::Checkout;
use patchwork_core::port::scanner::{ScanRequest, Scanner};
use patchwork_core::step::{Context, StepError};
use serde_json::Value;

use super::VerifyPatchInput;
use super::file::{FileUnderCheck, Rejected};
use super::rescan::{Blind, Seen, View, carried_over, compare};
use super::strictness::Strictness;
use super::syntax_check;
use crate::sarif::{self, Complaint, Files};
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
    /// again. On an error every file is as it was.
    pub(super) async fn prove(
        &self,
        ctx: &Context,
        files: &mut [&mut FileUnderCheck],
        rejected: &mut Vec<Rejected>,
    ) -> Result<(), StepError> {
        let scanner = scanners::recorded(ctx, self.choice, &self.extra_args).await?;
        let result = self.rounds(ctx, &*scanner, files, rejected).await;
        if result.is_err() {
            for file in files.iter() {
                if let Some(text) = &file.source.text {
                    file.source.write(ctx, text.bytes())?;
                }
            }
        }
        result
    }

    async fn rounds(
        &self,
        ctx: &Context,
        scanner: &dyn Scanner,
        files: &mut [&mut FileUnderCheck],
        rejected: &mut Vec<Rejected>,
    ) -> Result<(), StepError> {
        let name = scanner.name();
        let strictness = Strictness::of(ctx, files).await?;
        let before = self.before(ctx, scanner, files).await?;
        let mut open: Vec<usize> = (0..files.len()).collect();
        while !open.is_empty() {
            let mut paths = Vec::with_capacity(open.len());
            for at in &open {
                let Some(file) = files.get(*at) else { continue };
                file.source.write(ctx, &file.with_candidates()?)?;
                paths.push(file.source.path.clone());
            }
            let doubts = match &strictness {
                Some(strictness) => strictness.doubts(ctx, files, &open).await?,
                None => BTreeMap::new(),
            };
            let after = scan(ctx, scanner, paths).await?;
            let mut next = Vec::new();
            for at in open {
                let Some(file) = files.get_mut(at) else { continue };
                let path = file.source.path.clone();
                let before = before.get(&path).cloned().unwrap_or_default();
                let mut dropped = compare(file, &before, &after.of(&path), &name)?;
                for (position, reason) in doubts.get(&at).into_iter().flatten() {
                    dropped.entry(*position).or_insert_with(|| reason.clone());
                }
                if dropped.is_empty() {
                    continue;
                }
                file.drop(Level::L2.meaning(), &dropped, rejected);
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
    ) -> Result<BTreeMap<String, View>, StepError> {
        let paths = files.iter().map(|file| file.source.path.clone());
        let Some(base) = &self.base else {
            let paths: Vec<String> = paths.collect();
            let before = scan(ctx, scanner, paths.clone()).await?;
            return Ok(paths.into_iter().map(|path| (path.clone(), before.of(&path))).collect());
        };
        let base = Scan::read(ctx, base)?;
        let views = files.iter().map(|file| {
            let view = base.of(&file.source.path);
            View { seen: carried_over(file, &view.seen), ..view }
        });
        Ok(paths.zip(views).collect())
    }
}

async fn scan(ctx: &Context, scanner: &dyn Scanner, paths: Vec<String>) -> Result<Scan, StepError> {
    let log = scanner.scan(ctx, &ScanRequest { paths }).await?;
    Scan::read(ctx, &log)
}

/// The files of a checkout. The text of lines only serves fingerprints, which play no part here: places are compared.
struct Exists<'a>(&'a dyn Checkout);

impl Files for Exists<'_> {
    fn resolve(&self, place: &str) -> Result<String, Failure> {
        self.0.resolve(place)
    }

    fn lines(&self, path: &str, _: u32, _: u32) -> Option<String> {
        self.0.root().join(path).is_file().then(String::new)
    }
}

/// What a scanner says.
struct Scan {
    found: BTreeMap<String, Vec<Seen>>,
    complaints: Vec<Complaint>,
    unfinished: Option<String>,
    root: String,
}

impl Scan {
    fn read(ctx: &Context, log: &Value) -> Result<Self, StepError> {
        let checkout = ctx.checkout()?;
        let report = sarif::read(log, &Exists(checkout)).map_err(|error| StepError::Failed(error.into()))?;
        let mut found: BTreeMap<String, Vec<Seen>> = BTreeMap::new();
        // What is suppressed is still there: a fix that suppresses its finding has not made it go away.
        for finding in report.findings.iter().chain(report.suppressed.iter().map(|(finding, _)| finding)) {
            found.entry(finding.path.clone()).or_default().push(Seen::of(finding));
        }
        let root = checkout.root().to_string_lossy().replace('\\', "/");
        Ok(Self { found, complaints: report.complaints, unfinished: report.unfinished, root })
    }

    /// What it says of one file.
    fn of(&self, path: &str) -> View {
        let complaint = self.complaints.iter().find(|complaint| complaint.is_about(path, &self.root));
        let complaint = complaint.map(|complaint| match complaint.is_about_limits() {
            true => Blind::Unfinished(complaint.words.clone()),
            false => Blind::Unread(complaint.words.clone()),
        });
        View {
            seen: self.found.get(path).cloned().unwrap_or_default(),
            blind: self.unfinished.clone().map(Blind::Unfinished).or(complaint),
        }
    }
}
