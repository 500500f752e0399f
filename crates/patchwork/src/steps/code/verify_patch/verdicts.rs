//! What is decided about each piece of a round, from its answer to the lists that the step gives.

use std::collections::BTreeMap;

use patchwork_core::evidence::{Author, Evidence, Level};
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::patch::{Edit, Patch};
use patchwork_core::step::{Context, StepError};
use patchwork_repo::edits::unified_diff;
use patchwork_repo::text::SourceText;

use super::answer::{self, Proposal, Verdict};
use super::file::{Candidate, FileUnderCheck, Rejected};
use super::types::{Answer, Fix, FixedFile, Remark, Risk};
use super::window_diff::diff_alone;
use super::{VerifyPatchInput, VerifyPatchOutput};
use crate::affected::AffectedCode;
use crate::steps::code::source_file::SourceFile;

/// The pieces of a round and what is known of each so far.
pub(super) struct Verdicts {
    pieces: Vec<AffectedCode>,
    pub(super) accepted: Vec<Fix>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) rejected: Vec<Rejected>,
    asked: usize,
    /// Positions of pieces that nobody wanted to ask about.
    left_out: Vec<usize>,
    /// Positions of pieces whose question the budget did not allow.
    not_asked: Vec<(usize, String)>,
    /// What the first call without an answer failed with; what the budget refused comes first.
    call_failure: Option<Failure>,
    /// Positions of pieces without an answer, and why.
    unanswered: Vec<(usize, String)>,
    not_vulnerable: Vec<Remark>,
    no_fix: Vec<Remark>,
    /// Whether any answer settled anything.
    settled: bool,
}

impl Verdicts {
    /// Reads the answers.
    pub(super) fn read(input: VerifyPatchInput) -> Self {
        let mut verdicts = Self {
            accepted: input.accepted,
            candidates: Vec::new(),
            rejected: Vec::new(),
            asked: input.responses.len().min(input.findings.len()),
            left_out: Vec::new(),
            not_asked: Vec::new(),
            call_failure: first_failure(&input.responses),
            unanswered: Vec::new(),
            not_vulnerable: input.not_vulnerable,
            no_fix: input.no_fix,
            settled: false,
            pieces: input.findings,
        };
        let mut answers = input.responses.into_iter();
        for (index, piece) in verdicts.pieces.iter().enumerate() {
            let Some(answer) = answers.next() else {
                match rule_fix(index, piece) {
                    Some(candidate) => verdicts.candidates.push(candidate),
                    None => verdicts.left_out.push(index),
                }
                continue;
            };
            match answer::read(&answer, piece, input.allow_truncated) {
                Verdict::Fix(proposal) => match too_risky(&proposal, input.compatibility) {
                    Some(reason) => {
                        verdicts.rejected.push(Rejected { index, reason, feedback: true });
                    }
                    None => verdicts.candidates.push(model_fix(index, piece, proposal)),
                },
                Verdict::NotVulnerable(reason) => {
                    verdicts.settled = true;
                    verdicts.not_vulnerable.push(Remark::about(piece, reason));
                }
                Verdict::NoFix(reason) => {
                    verdicts.settled = true;
                    verdicts.no_fix.push(Remark::about(piece, reason));
                }
                Verdict::Unusable(reason) => {
                    verdicts.rejected.push(Rejected { index, reason, feedback: true });
                }
                Verdict::Unanswered(reason) => verdicts.unanswered.push((index, reason)),
                Verdict::NotAsked(reason) => verdicts.not_asked.push((index, reason)),
            }
        }
        verdicts.asked -= verdicts.not_asked.len();
        verdicts
    }

    /// Whether no answer said anything that is worth more than a word that nothing was done.
    pub(super) fn is_quiet(&self) -> bool {
        self.rejected.is_empty() && self.unanswered.is_empty() && self.not_asked.is_empty() && !self.settled
    }

    /// Turns candidates that are left into fixes and makes the lists. The checkout holds all of them already.
    pub(super) fn decide(
        self,
        ctx: &Context,
        files: BTreeMap<String, FileUnderCheck>,
        scanner: Option<&str>,
    ) -> Result<VerifyPatchOutput, StepError> {
        let mut out = VerifyPatchOutput {
            asked: self.asked,
            unanswered: self.unanswered.len(),
            call_failure: self.call_failure,
            not_vulnerable: self.not_vulnerable,
            no_fix: self.no_fix,
            ..VerifyPatchOutput::default()
        };
        let mut pieces: BTreeMap<usize, AffectedCode> = self.pieces.into_iter().enumerate().collect();
        let mut pending: BTreeMap<usize, AffectedCode> = BTreeMap::new();
        for index in self.left_out {
            pending.extend(pieces.remove(&index).map(|piece| (index, piece)));
        }
        for (index, reason) in self.not_asked {
            let Some(piece) = pieces.remove(&index) else { continue };
            out.not_asked.push(Remark::about(&piece, reason));
            pending.insert(index, piece);
        }
        let unanswered = self.unanswered.into_iter().map(|(index, reason)| Rejected {
            index,
            reason: ctx.redact(&reason),
            feedback: false,
        });
        let mut rejected: Vec<Rejected> = self.rejected.into_iter().chain(unanswered).collect();
        rejected.sort_by_key(|rejected| rejected.index);
        for Rejected { index, reason, feedback } in rejected {
            let Some(mut piece) = pieces.remove(&index) else { continue };
            out.rejected.push(Remark::about(&piece, reason.clone()));
            // A rule's fix is not tried twice, and what is wrong with it tells a model nothing about its own answer.
            if piece.fix.take().is_none() && feedback {
                piece.feedback.push(reason);
            }
            pending.insert(index, piece);
        }

        let mut pending_of: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, piece) in &pending {
            // A path that leads nowhere has no fixes either.
            if let Ok(path) = ctx.checkout()?.resolve(&piece.uri) {
                pending_of.entry(path).or_default().push(*index);
            }
        }
        for (path, file) in files {
            let done = close(ctx, &path, file, scanner)?;
            for index in pending_of.remove(&path).into_iter().flatten() {
                if let Some(piece) = pending.get_mut(&index) {
                    done.refresh(piece);
                }
            }
            if !done.file.fixes.is_empty() {
                out.accepted.extend(done.file.fixes.clone());
                out.modified_code_files.push(done.file);
            }
        }
        out.pending = pending.into_values().collect();
        Ok(out)
    }
}

/// What the first call without an answer failed with. What the budget refused comes first: it is what ends the run.
fn first_failure(answers: &[Answer]) -> Option<Failure> {
    let failures = || answers.iter().filter_map(|answer| answer.failure.as_ref());
    let refused = failures().find(|failure| failure.kind == FailureKind::BudgetReached);
    refused.or_else(|| failures().next()).cloned()
}

fn rule_fix(index: usize, piece: &AffectedCode) -> Option<Candidate> {
    let fix = piece.fix.as_ref().filter(|fix| !fix.edits.is_empty())?;
    let rules = piece.findings.first().map_or("a finding", |finding| finding.rule.as_str());
    Some(Candidate {
        index,
        piece: piece.clone(),
        base_edits: fix.edits.clone(),
        edits: Vec::new(),
        commit_message: default_message(piece),
        patch_message: format!("Applied the fix that the rule {rules} gives."),
        risk: Risk::Unknown,
        source: Author::Rule,
        checks: Vec::new(),
        gone: false,
        remaining_rules: Vec::new(),
    })
}

fn model_fix(index: usize, piece: &AffectedCode, proposal: Proposal) -> Candidate {
    let commit_message = match one_line(&proposal.commit_message) {
        line if line.is_empty() => default_message(piece),
        line => line,
    };
    Candidate {
        index,
        piece: piece.clone(),
        base_edits: vec![Edit {
            path: piece.uri.clone(),
            start_line: Some(piece.start_line),
            end_line: Some(piece.end_line),
            replacement: proposal.code,
        }],
        edits: Vec::new(),
        commit_message,
        patch_message: proposal.patch_message,
        risk: proposal.risk,
        source: Author::Model,
        checks: Vec::new(),
        gone: false,
        remaining_rules: Vec::new(),
    }
}

/// The first line that says something, without Markdown around it.
fn one_line(text: &str) -> String {
    let decoration = |c: char| c.is_whitespace() || matches!(c, '*' | '_' | '`' | '"' | '#');
    text.lines()
        .map(|line| line.trim_matches(decoration))
        .find(|line| !line.is_empty())
        .unwrap_or("")
        .to_owned()
}

fn default_message(piece: &AffectedCode) -> String {
    let rule = piece
        .findings
        .first()
        .map_or("a weakness", |finding| finding.rule.rsplit('.').next().unwrap_or(&finding.rule));
    format!("Fix {rule} in {}", piece.uri)
}

/// Why a fix is over the limit of risk.
fn too_risky(proposal: &Proposal, limit: Risk) -> Option<String> {
    match (limit, proposal.risk) {
        (Risk::Unknown, _) => None,
        (limit, Risk::Unknown) => Some(format!(
            "section `C. Compatibility Risk:` does not say how high the risk is: expected {} or less",
            limit.as_str()
        )),
        (limit, risk) if risk > limit => Some(format!(
            "the compatibility risk is {}, at most {} is wanted: find a fix that callers do not notice",
            risk.as_str(),
            limit.as_str()
        )),
        _ => None,
    }
}

/// A file whose candidates were decided.
struct Closed {
    file: FixedFile,
    /// The file with its fixes.
    now: FileUnderCheck,
}

/// Makes fixes of the candidates that are left. The file on disk holds them.
fn close(
    ctx: &Context,
    path: &str,
    mut file: FileUnderCheck,
    scanner: Option<&str>,
) -> Result<Closed, StepError> {
    let base = file.base_text();
    if !file.candidates.is_empty() {
        file = with_candidates_fixed(ctx, file, &base, scanner)?;
    }
    let now = file.source.shown().map_or("", SourceText::text);
    let diff = unified_diff(path, base.as_str(), now);
    Ok(Closed { file: fixed_file(path, diff, file.accepted.clone()), now: file })
}

/// The file after its candidates became fixes.
fn with_candidates_fixed(
    ctx: &Context,
    mut file: FileUnderCheck,
    base: &str,
    scanner: Option<&str>,
) -> Result<FileUnderCheck, StepError> {
    let path = file.source.path.clone();
    let map = file.candidate_map()?;
    let after = SourceText::decode(file.with_candidates()?)
        .map_err(|error| StepError::Failed(error.failure(&path)))?;
    let after = SourceFile::of(ctx, path.clone(), after)?;
    let base: Vec<&str> = base.split_inclusive('\n').collect();
    let mut fixes = std::mem::take(&mut file.accepted);
    let mut first = 0;
    for candidate in std::mem::take(&mut file.candidates) {
        let number = first;
        first += candidate.edits.len();
        let diff = match (file.source.shown(), after.shown()) {
            (Some(before), Some(after)) => diff_alone(&path, before, after, &map, &candidate.edits, number),
            _ => String::new(),
        };
        let fix = fix_of(candidate, &file, &base, &mut fixes, diff, scanner.is_some());
        fixes.push(fix);
    }
    fixes.sort_by_key(|fix| fix.patch.edits.first().and_then(|edit| edit.start_line));
    FileUnderCheck::with_fixes(after, fixes)
}

/// Makes a fix of a candidate. Earlier fixes whose lines were shown to the model, and are replaced again, go into it.
fn fix_of(
    candidate: Candidate,
    file: &FileUnderCheck,
    base: &[&str],
    earlier: &mut Vec<Fix>,
    diff: String,
    scanned: bool,
) -> Fix {
    let mut findings = candidate.piece.findings;
    let mut commit_message = candidate.commit_message;
    let mut patch_message = candidate.patch_message;
    let mut replaced = Vec::with_capacity(candidate.base_edits.len());
    for edit in &candidate.base_edits {
        let (start, end) = file.range_of(edit);
        replaced.push(base.get(start as usize..end as usize).unwrap_or_default().concat());
        let inside = |fix: &mut Fix| {
            fix.patch.edits.iter().any(|old| {
                let (a, b) = file.range_of(old);
                start < b && a < end
            })
        };
        for old in earlier.extract_if(.., inside) {
            findings.extend(old.findings);
            commit_message = format!("{}; {commit_message}", old.commit_message);
            patch_message = format!("{}\n\n{patch_message}", old.patch_message);
        }
    }
    let level = if scanned && candidate.gone { Level::L2 } else { Level::L0 };
    Fix {
        path: file.source.path.clone(),
        findings,
        patch: Patch { edits: candidate.base_edits },
        replaced,
        source: candidate.source,
        commit_message,
        patch_message,
        compatibility: candidate.risk,
        evidence: Evidence { level, checks: candidate.checks },
        diff,
        remaining_rules: candidate.remaining_rules,
        tries: candidate.piece.tries,
        test: None,
    }
}

fn fixed_file(path: &str, diff: String, fixes: Vec<Fix>) -> FixedFile {
    let commit_message = match fixes.as_slice() {
        [fix] => fix.commit_message.clone(),
        many => {
            let list: String = many.iter().map(|fix| format!("\n- {}", fix.commit_message)).collect();
            format!(
                "Fix {} findings in {path}\n{list}",
                many.iter().map(|fix| fix.findings.len()).sum::<usize>()
            )
        }
    };
    let messages: Vec<&str> =
        fixes.iter().map(|fix| fix.patch_message.trim()).filter(|message| !message.is_empty()).collect();
    let level = fixes.iter().map(|fix| fix.evidence.level).min().unwrap_or(Level::L0);
    let mut checks = Vec::new();
    for check in fixes.iter().flat_map(|fix| &fix.evidence.checks) {
        if !checks.contains(check) {
            checks.push(check.clone());
        }
    }
    FixedFile {
        path: path.to_owned(),
        diff,
        commit_message,
        patch_message: messages.join("\n\n"),
        evidence: Evidence { level, checks },
        fixes,
    }
}

impl Closed {
    /// Shows a piece as it is now when fixes changed some of its lines; it grows to take them in whole.
    fn refresh(&self, piece: &mut AffectedCode) {
        let grown = self.now.grown_over_fixes(piece.start_line, piece.end_line);
        let Some((start, end)) = grown else { return };
        let Some(lines) = self.now.map.new_range(start..end) else { return };
        piece.start_line = start;
        piece.end_line = end;
        if let Some(text) = self.now.source.shown() {
            piece.affected_code = text.line_range(lines.start as usize, lines.end as usize).to_owned();
        }
    }
}
