//! `ProveFixes`: asks for a regression test for each fix and keeps those that hold.

mod answer;
mod hunks;
mod mutants;
mod proof;
mod question;
mod style;
mod taking_out;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use futures_util::future::try_join_all;
use patchwork_core::evidence::{Check, Level, RegressionTest};
use patchwork_core::failure::Failure;
use patchwork_core::step::{Context, Effects, Step, StepError};
use patchwork_repo::edits::{unified_diff, write_atomic};
use patchwork_repo::language::Language;
use patchwork_repo::text::SourceText;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use question::TestQuestion;

use self::answer::{NewTest, Proposed};
use self::hunks::FixedText;
use self::proof::{Bench, NEW_TEST, Proof};
use self::style::TestFiles;
use super::masked;
use super::verify_patch::{Answer, Fix, FixedFile, Remark, fixed_file};
use crate::affected::AffectedCode;
use crate::verify::{Ladder, Verification, VerifyOptions};

/// Asks for a regression test for each fix and keeps those that hold.
pub struct ProveFixes;

/// Asks for a regression test for each fix and keeps those that hold (L4, L5).
///
/// A test holds when it fails on the code before the fixes, in itself and in nothing else, and passes with them, each time it
/// is run. It reaches L5 when it also fails for each part of its fix that is undone alone. Tests that hold are put into the
/// checkout. The same step serves round after round: without answers it says what to ask for; with `last` it takes the fixes
/// out of the checkout that stay below `min_evidence`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProveFixesInput {
    /// The fixes; they are in the checkout.
    pub fixes: Vec<Fix>,
    /// What was asked for in this round.
    #[serde(default)]
    pub questions: Vec<TestQuestion>,
    /// The answers, in the order of the questions.
    #[serde(default)]
    pub responses: Vec<Answer>,
    /// Whether no more is asked for.
    #[serde(default)]
    pub last: bool,
    /// How the tests are run.
    #[serde(flatten)]
    pub verify: VerifyOptions,
}

/// What was proven.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ProveFixesOutput {
    /// The fixes that are in the checkout, with what is proven of them.
    pub accepted: Vec<Fix>,
    /// The tests to ask for.
    pub pending: Vec<TestQuestion>,
    /// How many tests were asked for in this round.
    pub asked: usize,
    /// How many of these got no answer.
    pub unanswered: usize,
    /// Why the budget did not allow to ask; empty when it did.
    pub not_asked: String,
    /// The fixes that were taken out, and why.
    pub rejected: Vec<Remark>,
    /// The same as pieces of code.
    pub taken_out: Vec<AffectedCode>,
    /// The files that have fixes, with all of them.
    pub modified_code_files: Vec<FixedFile>,
}

#[async_trait]
impl Step for ProveFixes {
    type Input = ProveFixesInput;
    type Output = ProveFixesOutput;

    const ID: &'static str = "ProveFixes";
    const EFFECTS: Effects =
        Effects::READS_CHECKOUT.and(Effects::WRITES_CHECKOUT).and(Effects::RUNS_COMMANDS);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        if input.fixes.is_empty() {
            ctx.skip("there is no fix to prove");
            return Ok(ProveFixesOutput::default());
        }
        let mut options = input.verify;
        // Who asks for a test wants it run.
        if !options.verify.contains(&Verification::Tests) {
            options.verify.push(Verification::Tests);
        }
        let files = fixed_texts(ctx, &input.fixes).await?;
        let mut out = ProveFixesOutput { accepted: input.fixes, ..ProveFixesOutput::default() };
        if input.last {
            let least = options.min_evidence.unwrap_or(Level::L0);
            taking_out::below(ctx, least, &mut out, &files, &options).await?;
            tell_unproven(ctx, &out.accepted);
        } else if let Some(ladder) = Ladder::open(ctx, &options).await? {
            match ladder.tests_useless() {
                Some(why) => note_all(ctx, &mut out.accepted, &format!("the tests show nothing: {why}")),
                None if input.questions.is_empty() => ask(ctx, &ladder, &mut out, &files)?,
                None => judge(ctx, &ladder, input.questions, input.responses, &mut out, &files).await?,
            }
        }
        out.modified_code_files = fixed_files(ctx, &out.accepted, &files)?;
        Ok(out)
    }
}

/// The fixed files as they were and are.
async fn fixed_texts(ctx: &Context, fixes: &[Fix]) -> Result<BTreeMap<String, FixedText>, StepError> {
    let mut by_path: BTreeMap<&str, Vec<(usize, &Fix)>> = BTreeMap::new();
    for (at, fix) in fixes.iter().enumerate() {
        by_path.entry(&fix.path).or_default().push((at, fix));
    }
    let mut files = BTreeMap::new();
    for (path, fixes) in by_path {
        let path = ctx.checkout()?.resolve(path)?;
        let base = ctx.checkout()?.base_file(&path).await?.unwrap_or_default();
        let now = std::fs::read(ctx.root()?.join(&path)).map_err(|error| {
            StepError::Failed(Failure::failed(format!("can't read {path}")).caused_by(&error))
        })?;
        files.insert(path.clone(), FixedText::new(&path, base, now, &fixes)?);
    }
    Ok(files)
}

/// Says what to ask for.
fn ask(
    ctx: &Context,
    ladder: &Ladder,
    out: &mut ProveFixesOutput,
    files: &BTreeMap<String, FixedText>,
) -> Result<(), StepError> {
    let command = ladder.test_command().map(|found| found.line.clone()).unwrap_or_default();
    for (at, fix) in out.accepted.iter_mut().enumerate() {
        let base = files.get(&fix.path).map(|file| file.base.as_slice()).unwrap_or_default();
        match TestQuestion::about(ctx, at, fix, base, &command)? {
            Ok(question) => out.pending.push(question),
            Err(why) => note(ctx, fix, &why),
        }
    }
    Ok(())
}

/// Tries the answers.
async fn judge(
    ctx: &Context,
    ladder: &Ladder,
    questions: Vec<TestQuestion>,
    responses: Vec<Answer>,
    out: &mut ProveFixesOutput,
    files: &BTreeMap<String, FixedText>,
) -> Result<(), StepError> {
    let mut proposed: Vec<NewTest> = Vec::new();
    let mut failed: BTreeMap<usize, String> = BTreeMap::new();
    let mut settled: BTreeSet<usize> = BTreeSet::new();
    out.asked = responses.len().min(questions.len());
    for (question, answer) in questions.iter().zip(&responses) {
        let (Some(language), Some(fix)) =
            (Language::of_path(&question.uri), out.accepted.get_mut(question.fix))
        else {
            return Err(StepError::input("questions", "they are not about these fixes"));
        };
        let tests = TestFiles::find(ctx.root()?, language, &question.uri);
        match answer::read(ctx, answer, question, &tests)? {
            Proposed::Test(test) if proposed.iter().any(|other| other.path == test.path) => {
                failed.insert(
                    question.fix,
                    format!("another new test is called `{}`: choose another name", test.path),
                );
            }
            Proposed::Test(test) => proposed.push(test),
            Proposed::Unusable(reason) => {
                failed.insert(question.fix, reason);
            }
            Proposed::None(reason) => {
                settled.insert(question.fix);
                note(ctx, fix, &format!("the model says that none is possible: {reason}"));
            }
            Proposed::Unanswered(reason) => {
                out.unanswered += 1;
                note(ctx, fix, &reason);
            }
            Proposed::NotAsked(reason) => {
                note(ctx, fix, &reason);
                out.not_asked = reason;
            }
        }
    }
    let present = out.accepted.iter().filter_map(|fix| Some(fix.test.as_ref()?.path.clone())).collect();
    let bench = Bench { ctx, ladder, files, present };
    let proofs = try_join_all(proposed.iter().filter_map(|test| {
        let fix = out.accepted.get(test.fix)?;
        let bench = &bench;
        Some(async move { Ok::<_, StepError>((test, bench.prove(test, fix).await?)) })
    }))
    .await?;
    let mut held: Vec<(&NewTest, Proof)> = Vec::new();
    for (test, proof) in proofs {
        match proof {
            Ok(proof) => held.push((test, proof)),
            Err(reason) => {
                failed.insert(test.fix, reason);
            }
        }
    }
    for (test, reason) in together(&bench, &mut held).await? {
        failed.insert(test.fix, reason);
    }
    for (test, proof) in held {
        let Some(fix) = out.accepted.get_mut(test.fix) else { continue };
        put(ctx, test, proof, fix)?;
        settled.insert(test.fix);
    }
    for mut question in questions.into_iter().filter(|question| !settled.contains(&question.fix)) {
        if let (Some(reason), Some(fix)) = (failed.remove(&question.fix), out.accepted.get_mut(question.fix))
        {
            note(ctx, fix, &reason);
            question.feedback.push(ctx.redact(&reason));
        }
        out.pending.push(question);
    }
    Ok(())
}

/// Leaves out the tests that do not hold beside those before them.
async fn together<'a>(
    bench: &Bench<'_>,
    held: &mut Vec<(&'a NewTest, Proof)>,
) -> Result<Vec<(&'a NewTest, String)>, StepError> {
    let all: Vec<&NewTest> = held.iter().map(|(test, _)| *test).collect();
    if all.len() < 2 || bench.hold_together(&all).await? {
        return Ok(Vec::new());
    }
    let (mut kept, mut out): (Vec<&NewTest>, Vec<(&NewTest, String)>) = (Vec::new(), Vec::new());
    for test in all {
        kept.push(test);
        if kept.len() > 1 && !bench.hold_together(&kept).await? {
            kept.pop();
            out.push((test, "the tests do not pass with it and the other new tests together".to_owned()));
        }
    }
    held.retain(|(test, _)| !out.iter().any(|(left, _)| left.path == test.path));
    Ok(out)
}

/// Puts a test that holds into the checkout and tells the fix.
fn put(ctx: &Context, test: &NewTest, proof: Proof, fix: &mut Fix) -> Result<(), StepError> {
    write_atomic(ctx.root()?, &test.path, test.text.as_bytes())
        .map_err(|error| StepError::Failed(error.into()))?;
    fix.evidence.checks.retain(|check| check.name != NEW_TEST);
    fix.evidence.checks.extend(proof.checks);
    fix.evidence.level = fix.evidence.level.max(proof.level);
    let diff = unified_diff(&test.path, None, &*test.text);
    fix.test = Some(RegressionTest { path: test.path.clone(), diff });
    Ok(())
}

fn note_all(ctx: &Context, fixes: &mut [Fix], why: &str) {
    fixes.iter_mut().for_each(|fix| note(ctx, fix, why));
}

/// Says among the checks of a fix why no test proves it.
fn note(ctx: &Context, fix: &mut Fix, why: &str) {
    let detail = ctx.redact(why.lines().next().unwrap_or_default().trim_end_matches(':'));
    fix.evidence.checks.retain(|check| check.name != NEW_TEST);
    fix.evidence.checks.push(Check { name: NEW_TEST.to_owned(), passed: false, detail });
}

/// Tells which fixes are kept without the test that was asked for, and why.
fn tell_unproven(ctx: &Context, fixes: &[Fix]) {
    for fix in fixes.iter().filter(|fix| fix.test.is_none()) {
        let line = fix.findings.first().map(|finding| finding.start_line).unwrap_or_default();
        let why = fix.evidence.checks.iter().find(|check| check.name == NEW_TEST);
        let why = why.map(|check| format!(": {}", check.detail)).unwrap_or_default();
        ctx.warn(format!("no regression test for {}:{line}{why}", fix.path));
    }
}

/// The files that have fixes.
fn fixed_files(
    ctx: &Context,
    fixes: &[Fix],
    texts: &BTreeMap<String, FixedText>,
) -> Result<Vec<FixedFile>, StepError> {
    let mut files = Vec::new();
    for (path, text) in texts {
        let of_file: Vec<Fix> = fixes.iter().filter(|fix| fix.path == *path).cloned().collect();
        if of_file.is_empty() {
            continue;
        }
        let now = std::fs::read(ctx.root()?.join(path)).map_err(|error| {
            StepError::Failed(Failure::failed(format!("can't read {path}")).caused_by(&error))
        })?;
        let diff = unified_diff(path, Some(&*shown(ctx, path, &text.base)?), &*shown(ctx, path, &now)?);
        files.push(fixed_file(path, diff, of_file));
    }
    Ok(files)
}

/// A text with placeholders for its secrets.
fn shown(ctx: &Context, path: &str, bytes: &[u8]) -> Result<String, StepError> {
    let failure = |error: patchwork_repo::text::TextError| StepError::Failed(error.failure(path));
    let text = SourceText::decode(bytes).map_err(failure)?;
    let masked = masked::shown(ctx, &text).map_err(failure)?;
    Ok(masked.map_or(text, |(text, _)| text).text().to_owned())
}

#[cfg(test)]
mod tests;
