//! What is decided about each piece of a round, from its answers to the lists that the step gives.

use std::collections::BTreeMap;

use patchwork_core::evidence::{Author, Outcome, Try};
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::patch::Edit;
use patchwork_core::step::{Context, StepError};

use super::answer::{self, Proposal, Verdict};
use super::closing::close;
use super::file::{Candidate, FileUnderCheck, Rejected};
use super::tries::{Source, diff_of};
use super::types::{Answer, Fix, Remark, Risk};
use super::{VerifyPatchInput, VerifyPatchOutput};
use crate::affected::AffectedCode;

/// The pieces of a round and what is known of each so far.
pub(super) struct Verdicts {
    round: u32,
    pieces: Vec<AffectedCode>,
    pub(super) accepted: Vec<Fix>,
    /// What is to be proven: of each piece one at most in each wave.
    pub(super) waves: Vec<Vec<Candidate>>,
    pub(super) rejected: Vec<Rejected>,
    /// Answers that propose nothing, with the position of their piece.
    settling: Vec<(usize, Source, Settling)>,
    /// Positions of pieces that somebody wanted to ask about.
    asked_about: usize,
    /// What the first call without an answer failed with; what the budget refused comes first.
    call_failure: Option<Failure>,
    not_vulnerable: Vec<Remark>,
    no_fix: Vec<Remark>,
}

/// What an answer says that proposes nothing.
enum Settling {
    NotVulnerable(String),
    NoFix(String),
    Unanswered(String),
    NotAsked(String),
}

impl Verdicts {
    /// Reads the answers.
    pub(super) fn read(input: VerifyPatchInput) -> Self {
        let count = input.findings.len();
        let mut verdicts = Self {
            round: input.round,
            accepted: input.accepted,
            waves: Vec::new(),
            rejected: Vec::new(),
            settling: Vec::new(),
            asked_about: input.responses.len().min(count),
            call_failure: first_failure(&input.responses),
            not_vulnerable: input.not_vulnerable,
            no_fix: input.no_fix,
            pieces: input.findings,
        };
        let mut answers = input.responses.iter();
        for (number, chunk) in
            (0..).zip(std::iter::repeat_with(|| answers.by_ref().take(count).collect::<Vec<_>>()))
        {
            if chunk.is_empty() && number > 0 {
                break;
            }
            let mut wave = Vec::new();
            for index in 0..count {
                let candidate = match chunk.get(index) {
                    Some(answer) => {
                        verdicts.read_one(index, number, answer, input.compatibility, input.allow_truncated)
                    }
                    // What was not asked about brings along what its rule gives.
                    None if number == 0 => {
                        verdicts.pieces.get(index).and_then(|piece| rule_fix(index, piece))
                    }
                    None => None,
                };
                wave.extend(candidate);
            }
            verdicts.add(wave);
            if count == 0 {
                break;
            }
        }
        verdicts
    }

    /// Takes a wave in, but for what an earlier one has already.
    fn add(&mut self, wave: Vec<Candidate>) {
        let known = |candidate: &Candidate| {
            let mut earlier = self.waves.iter().flatten();
            earlier.any(|known| known.index == candidate.index && known.base_edits == candidate.base_edits)
        };
        let (again, new): (Vec<_>, Vec<_>) = wave.into_iter().partition(known);
        let again = again.iter().map(|candidate| Rejected {
            outcome: Outcome::Outdone,
            feedback: false,
            ..Rejected::of(candidate, "another answer is the same")
        });
        self.rejected.extend(again);
        if !new.is_empty() || self.waves.is_empty() {
            self.waves.push(new);
        }
    }

    fn read_one(
        &mut self,
        index: usize,
        number: usize,
        answer: &Answer,
        limit: Risk,
        allow_truncated: bool,
    ) -> Option<Candidate> {
        let piece = self.pieces.get(index)?;
        let source = Source::answer(answer);
        let unusable = |reason: String, diff: String| Rejected {
            index,
            number,
            outcome: Outcome::Rejected,
            reason,
            output: String::new(),
            feedback: true,
            source: source.clone(),
            diff,
            evidence: None,
        };
        let settling = match answer::read(answer, piece, allow_truncated) {
            Verdict::Fix(proposal) => {
                let too_risky = too_risky(&proposal, limit);
                let candidate = model_fix(index, number, piece, proposal, source);
                let Some(reason) = too_risky else { return Some(candidate) };
                self.rejected.push(Rejected::of(&candidate, reason));
                return None;
            }
            Verdict::Refused(reason, code) => {
                let diff = diff_of(piece, &[whole(piece, code)]);
                self.rejected.push(unusable(reason, diff));
                return None;
            }
            Verdict::Unusable(reason) => {
                self.rejected.push(unusable(reason, String::new()));
                return None;
            }
            Verdict::NotVulnerable(reason) => Settling::NotVulnerable(reason),
            Verdict::NoFix(reason) => Settling::NoFix(reason),
            Verdict::Unanswered(reason) => Settling::Unanswered(reason),
            Verdict::NotAsked(reason) => Settling::NotAsked(reason),
        };
        self.settling.push((index, source, settling));
        None
    }

    /// Whether no answer said anything that is worth more than a word that nothing was done.
    pub(super) fn is_quiet(&self) -> bool {
        self.rejected.is_empty() && self.settling.is_empty()
    }

    /// Turns candidates that are left into fixes and makes the lists. The checkout holds all of them already.
    pub(super) fn decide(
        self,
        ctx: &Context,
        mut files: BTreeMap<String, FileUnderCheck>,
    ) -> Result<VerifyPatchOutput, StepError> {
        let mut out = VerifyPatchOutput {
            asked: self.asked_about,
            call_failure: self.call_failure,
            not_vulnerable: self.not_vulnerable,
            no_fix: self.no_fix,
            ..VerifyPatchOutput::default()
        };
        let mut said: Vec<Said> = self.pieces.iter().map(|_| Said::default()).collect();
        let mut rejected = self.rejected;
        rejected.sort_by_key(|rejected| (rejected.index, rejected.number));
        for one in rejected {
            if let Some(said) = said.get_mut(one.index) {
                said.tries.push(one.tried(self.round));
                said.rejected.push(one);
            }
        }
        for (index, source, settling) in self.settling {
            if let Some(said) = said.get_mut(index) {
                said.settle(ctx, self.round, source, settling);
            }
        }
        for candidate in files.values_mut().flat_map(|file| &mut file.candidates) {
            if let Some(said) = said.get_mut(candidate.index) {
                said.fixed = true;
                candidate.piece.tries.append(&mut said.tries);
            }
        }

        let mut pending: BTreeMap<usize, AffectedCode> = BTreeMap::new();
        for (index, (piece, said)) in self.pieces.into_iter().zip(said).enumerate() {
            pending.extend(said.conclude(piece, &mut out).map(|piece| (index, piece)));
        }
        let mut pending_of: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, piece) in &pending {
            // A path that leads nowhere has no fixes either.
            if let Ok(path) = ctx.checkout()?.resolve(&piece.uri) {
                pending_of.entry(path).or_default().push(*index);
            }
        }
        for (path, file) in files {
            let done = close(ctx, &path, file, self.round)?;
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

/// What all answers about one piece say.
#[derive(Default)]
struct Said {
    fixed: bool,
    tries: Vec<Try>,
    rejected: Vec<Rejected>,
    not_vulnerable: Vec<String>,
    no_fix: Vec<String>,
    unanswered: Vec<String>,
    not_asked: Vec<String>,
}

impl Said {
    fn settle(&mut self, ctx: &Context, round: u32, source: Source, settling: Settling) {
        let (list, outcome, reason) = match settling {
            Settling::NotVulnerable(reason) => (&mut self.not_vulnerable, Outcome::NotVulnerable, reason),
            Settling::NoFix(reason) => (&mut self.no_fix, Outcome::NoFix, reason),
            Settling::Unanswered(reason) => (&mut self.unanswered, Outcome::Unanswered, ctx.redact(&reason)),
            Settling::NotAsked(reason) => {
                self.not_asked.push(reason);
                return;
            }
        };
        list.push(reason.clone());
        self.tries.push(Try { reason, ..source.tried(round, outcome) });
    }

    /// Puts the piece into the list it belongs to; answers it when it is pending.
    fn conclude(self, mut piece: AffectedCode, out: &mut VerifyPatchOutput) -> Option<AffectedCode> {
        if self.fixed {
            return None;
        }
        piece.tries.extend(self.tries);
        // Of several answers, most must say so.
        let answers = self.rejected.len() + self.not_vulnerable.len() + self.no_fix.len();
        let most = |said: &Vec<String>| said.len() * 2 > answers;
        if most(&self.not_vulnerable) {
            let reason = self.not_vulnerable.into_iter().next().unwrap_or_default();
            out.not_vulnerable.push(Remark::about(&piece, reason));
            return None;
        }
        if most(&self.no_fix) {
            let reason = self.no_fix.into_iter().next().unwrap_or_default();
            out.no_fix.push(Remark::about(&piece, reason));
            return None;
        }
        if let Some(first) = self.rejected.first() {
            out.rejected.push(Remark::about(&piece, first.reason.clone()).brief());
        } else if let Some(reason) = self.unanswered.first() {
            out.unanswered += 1;
            out.rejected.push(Remark::about(&piece, reason.clone()).brief());
        } else if let Some(reason) = self.not_asked.first() {
            out.asked = out.asked.saturating_sub(1);
            out.not_asked.push(Remark::about(&piece, reason.clone()).brief());
        }
        if !self.rejected.is_empty() || !self.unanswered.is_empty() {
            // It is not tried twice.
            piece.fix = None;
        }
        // What is wrong with a rule's fix tells a model nothing about its own answer.
        let told = self.rejected.iter().filter(|one| one.feedback && one.source.by == Author::Model);
        piece.feedback.extend(told.map(Rejected::whole_reason));
        Some(piece)
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
        number: 0,
        rank: 0,
        piece: piece.clone(),
        base_edits: fix.edits.clone(),
        edits: Vec::new(),
        commit_message: default_message(piece),
        patch_message: format!("Applied the fix that the rule {rules} gives."),
        risk: Risk::Unknown,
        source: Source::rule(piece),
        checks: Vec::new(),
        gone: None,
        judgement: None,
        remaining_rules: Vec::new(),
    })
}

fn model_fix(
    index: usize,
    number: usize,
    piece: &AffectedCode,
    proposal: Proposal,
    source: Source,
) -> Candidate {
    let commit_message = match one_line(&proposal.commit_message) {
        line if line.is_empty() => default_message(piece),
        line => line,
    };
    Candidate {
        index,
        number,
        rank: 0,
        piece: piece.clone(),
        base_edits: vec![whole(piece, proposal.code)],
        edits: Vec::new(),
        commit_message,
        patch_message: proposal.patch_message,
        risk: proposal.risk,
        source,
        checks: Vec::new(),
        gone: None,
        judgement: None,
        remaining_rules: Vec::new(),
    }
}

/// The edit that replaces all of a piece.
fn whole(piece: &AffectedCode, replacement: String) -> Edit {
    let (start_line, end_line) = (Some(piece.start_line), Some(piece.end_line));
    Edit { path: piece.uri.clone(), start_line, end_line, replacement }
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
