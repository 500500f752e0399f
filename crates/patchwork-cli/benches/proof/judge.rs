//! Judges the fixes of a case as AutoFix judges those of a model, with the steps of its ladder and no model.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use patchwork::affected::AffectedCode;
use patchwork::local::{Local, Place};
use patchwork::steps::code::extract_code::ExtractCode;
use patchwork::steps::code::prove_fixes::{ProveFixes, ProveFixesInput};
use patchwork::steps::code::verify_patch::{Answer, Fix, VerifyPatch, VerifyPatchInput, VerifyPatchOutput};
use patchwork::steps::scan::scan_rules::ScanRules;
use patchwork::verify::{BUILDS, TESTS, VerifyOptions};
use patchwork_core::evidence::{Evidence, Level};
use patchwork_core::run::{NodePath, RunId};
use patchwork_core::secret::Secrets;
use patchwork_core::step::{Context, Step, StepError};
use patchwork_testkit::context::{Events, MemoryJournal, NOW_MS};
use patchwork_testkit::repo::TestRepo;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::case::Case;

/// Seconds of a test command: those of the corpus end within ten, also the first of a language that compiles.
const COMMAND_TIMEOUT: u64 = 40;

/// How far a fix came.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    /// Its folder.
    pub(crate) fix: String,
    /// The highest level that it reached; none when it was refused at once. A ladder that ended there had let it through.
    pub(crate) level: Option<Level>,
    /// What stopped it, in one line; empty at the top.
    pub(crate) why: String,
}

/// Judges all fixes of a case. `sandbox` is the binary that holds programs in. Fails when a fix can't be judged at all.
pub(crate) async fn judge(case: &Case, sandbox: &Path) -> Result<Vec<Ending>, String> {
    let repo = repository(case);
    let told = |failure: &dyn std::fmt::Display| format!("{}: {failure}", case.name);
    let secrets = Secrets::new();
    let local = Local::new(&repo.beside("state"), &secrets).with_sandbox(sandbox.to_owned());
    let (run, cancel) = (RunId::generate(local.clock().now_ms()), CancellationToken::new());
    let repository = local.repository(repo.root()).await.map_err(|failure| told(&failure))?;
    let place = local.begin(&repository, &run, secrets, &cancel).await.map_err(|failure| told(&failure))?;
    let bench = Bench { case, place, run, cancel, memory: Arc::default() };
    let endings = bench.endings().await.map_err(|error| told(&error.into_failure()));
    local.leave(bench.place, true).await.map_err(|failure| told(&failure))?;
    endings
}

/// The project under git. A fix changes the weak file; what it adds beside it is there from the start, where nothing uses it.
fn repository(case: &Case) -> TestRepo {
    let repo = TestRepo::new();
    let project = case.files("project");
    for fix in case.fixes() {
        let added = case.files(fix).into_iter().filter(|(path, _)| !project.contains_key(path));
        added.for_each(|(path, bytes)| repo.write(&path, bytes));
    }
    project.iter().for_each(|(path, bytes)| repo.write(path, bytes));
    repo.commit("project");
    repo
}

/// A case in its place.
struct Bench<'a> {
    case: &'a Case,
    place: Place,
    run: RunId,
    cancel: CancellationToken,
    /// What the steps record: the base line is made once for all fixes.
    memory: Arc<MemoryJournal>,
}

impl Bench<'_> {
    async fn endings(&self) -> Result<Vec<Ending>, StepError> {
        let checkpoint = self.place.ports.checkout.checkpoint().await?;
        let (piece, report) = self.piece().await?;
        let mut endings = Vec::new();
        for fix in self.case.fixes() {
            endings.push(self.ending(fix, &piece, &report).await?);
            self.place.ports.checkout.restore(&checkpoint).await?;
        }
        Ok(endings)
    }

    /// The weak file as one piece with its finding, and the report that names it.
    async fn piece(&self) -> Result<(AffectedCode, Value), StepError> {
        let scanned = self.step(&ScanRules, "scan", read(json!({}))).await?;
        let input = json!({"sarif_values": scanned.sarif_values, "vulnerability_limit": 0});
        let extracted = self.step(&ExtractCode, "extract", read(input)).await?;
        let mut pieces = extracted.files_to_patch.into_iter().chain(extracted.waiting);
        let (Some(found), None) = (pieces.next(), pieces.next()) else {
            return Err(StepError::failed("expected one finding"));
        };
        let sheet = &self.case.sheet;
        let rules: Vec<&str> = found.findings.iter().map(|finding| finding.rule.as_str()).collect();
        if found.uri != sheet.file || rules != [sheet.rule.as_str()] {
            let problem = format!("found {rules:?} in {}, not {} in {}", found.uri, sheet.rule, sheet.file);
            return Err(StepError::failed(problem));
        }
        let text = text(&self.case.files("project"), &sheet.file);
        let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
        let unit = "file".to_owned();
        let whole =
            AffectedCode { start_line: 0, end_line: lines, affected_code: text, unit, fix: None, ..found };
        Ok((whole, scanned.sarif_values))
    }

    async fn ending(&self, fix: &str, piece: &AffectedCode, report: &Value) -> Result<Ending, StepError> {
        let code = text(&self.case.files(fix), &self.case.sheet.file);
        let answer = format!(
            "A. Commit message:\nMend it\n\nB. Change summary:\nMends it.\n\nC. Compatibility Risk:\nLow\n\n\
             D. Fixed Code:\n{}",
            fenced(&code)
        );
        let input = VerifyPatchInput {
            findings: vec![piece.clone()],
            round: 1,
            responses: vec![said(answer)],
            rescan: true,
            scanner: read(json!("rules")),
            sarif_values: Some(report.clone()),
            verify: self.options(),
            ..VerifyPatchInput::default()
        };
        let checked = self.step(&VerifyPatch, &format!("{fix}-check"), input).await?;
        let (level, why) = match checked.accepted.first() {
            None => turned_down(&checked),
            Some(accepted) => self.proven(fix, accepted.clone()).await?,
        };
        Ok(Ending { fix: fix.to_owned(), level, why })
    }

    /// How far a fix comes whose tests pass.
    async fn proven(&self, fix: &str, accepted: Fix) -> Result<(Option<Level>, String), StepError> {
        let input = |fixes| ProveFixesInput { fixes, verify: self.options(), ..ProveFixesInput::default() };
        let asked = self.step(&ProveFixes, &format!("{fix}-ask"), input(vec![accepted])).await?;
        let path = &self.case.sheet.evidence_test;
        let test = text(&self.case.files("test"), path);
        let answer = said(format!("A. File:\n{path}\n\nB. Test:\n{}", fenced(&test)));
        let answered = match asked.pending.is_empty() {
            true => asked,
            false => {
                let (questions, responses) = (asked.pending, vec![answer]);
                let input = ProveFixesInput { questions, responses, ..input(asked.accepted) };
                self.step(&ProveFixes, &format!("{fix}-prove"), input).await?
            }
        };
        let proven = answered.accepted.first().ok_or_else(|| StepError::failed("a fix is lost"))?;
        let Evidence { level, checks } = &proven.evidence;
        let missed = checks.iter().rfind(|check| !check.passed && *level < Level::L5);
        let said = answered.pending.first().and_then(|question| question.feedback.last());
        let why = said.cloned().or_else(|| missed.map(|check| check.detail.clone())).unwrap_or_default();
        Ok((Some(*level), why))
    }

    async fn step<S: Step>(&self, step: &S, node: &str, input: S::Input) -> Result<S::Output, StepError> {
        let ctx = Context::new(
            self.run.clone(),
            NOW_MS,
            NodePath::root().child(node),
            S::ID,
            S::EFFECTS,
            self.place.ports.clone(),
            Arc::new(BTreeMap::new()),
            self.cancel.clone(),
            Arc::new(Events::default()),
            self.memory.clone(),
        );
        step.run(&ctx, input).await
    }

    fn options(&self) -> VerifyOptions {
        read(
            json!({"verify": ["tests"], "test_command": self.case.sheet.test_command, "command_timeout": COMMAND_TIMEOUT}),
        )
    }
}

/// How far a fix came that was turned down before any new test.
fn turned_down(checked: &VerifyPatchOutput) -> (Option<Level>, String) {
    let tries = checked.pending.iter().flat_map(|piece| &piece.tries);
    let Some(last) = tries.last() else {
        return (None, "nothing is said about it".to_owned());
    };
    let checks = last.evidence.iter().flat_map(|evidence| &evidence.checks);
    let failed = checks.filter(|check| !check.passed).map(|check| check.name.as_str());
    let mut below = failed.filter_map(|name| match name {
        BUILDS => Some(Level::L0),
        name if name == Level::L2.meaning() => Some(Level::L1),
        TESTS => Some(Level::L2),
        _ => None,
    });
    (below.next(), last.reason.clone())
}

fn said(text: String) -> Answer {
    Answer { text: Some(text), model: Some("corpus".to_owned()), ..Answer::default() }
}

fn fenced(code: &str) -> String {
    let end = if code.ends_with('\n') { "" } else { "\n" };
    format!("``````\n{code}{end}``````\n")
}

fn text(files: &super::case::Files, path: &str) -> String {
    let bytes = files.get(path).unwrap_or_else(|| panic!("there is no {path}"));
    String::from_utf8(bytes.clone()).expect("the corpus is UTF-8")
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("it is what the step takes")
}
