//! What a report tells: the value that every form of it is written from.

use patchwork_core::engine::Totals;
use patchwork_core::evidence::{Author, Evidence, RegressionTest, Try};
use patchwork_core::failure::Failure;
use patchwork_core::finding::{Finding, Severity};
use patchwork_core::patch::Patch;
use patchwork_core::port::trial::Isolation;
use patchwork_core::run::RunStatus;
use patchwork_core::usage::{MicroUsd, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::suppressions::Place;

/// The version of [`RunReport`] that this program writes. It grows when a field changes its meaning or goes away; new fields
/// may come at any time.
pub const VERSION: u32 = 1;

/// What came of a run: a pure function of what its journal holds, so that it can be had at any time, of runs that failed or were
/// interrupted too, as far as they got.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunReport {
    /// The version of this form: 1.
    pub version: u32,
    /// The run's id.
    pub run: String,
    /// The patchflow.
    pub patchflow: String,
    /// The version of the program that began the run.
    pub program_version: String,
    /// How far the run is.
    pub status: RunStatus,
    /// The exit code of the process that ended it; null while it is running.
    pub exit_code: Option<u8>,
    /// Why it is not done; null when it is, and when its process was killed.
    pub failure: Option<Failure>,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// When it ended, RFC 3339 in UTC; of a run without an end, when something was last heard of it.
    pub ended: String,
    /// Milliseconds of work, the time between an interruption and the resume left out.
    pub ms: u64,
    /// Where it ran.
    pub repository: Repository,
    /// What it started from.
    pub base: Base,
    /// Whether it only showed what it would do: nothing of it was committed.
    pub dry_run: bool,
    /// What it made.
    pub published: Published,
    /// What held programs in that were built and tested; null when none was run.
    pub sandbox: Option<Isolation>,
    /// The models that were asked, in the order of their first answer.
    pub models: Vec<ModelUse>,
    /// What all model calls took. The cost is exact when `unpriced_calls` is 0, and else only that of the others.
    pub totals: Totals,
    /// How many findings there are of each outcome.
    pub counts: Counts,
    /// What became of the findings, those of one piece of code together; in the order fixed, remaining, no fix, not vulnerable,
    /// suppressed, and in each by path and line.
    pub cases: Vec<Case>,
    /// The nodes of the patchflow that ran or were skipped, in the order in which they began.
    pub nodes: Vec<NodeReport>,
    /// What people were warned about, each once.
    pub warnings: Vec<String>,
}

/// The repository of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Repository {
    /// `owner/name` where the pull request tells it, else the name of the folder.
    pub name: String,
    /// Its page, without credentials; null when no pull request tells it.
    pub url: Option<String>,
}

/// What a run started from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Base {
    /// The commit.
    pub commit: String,
    /// The branch; null on a detached HEAD.
    pub branch: Option<String>,
}

/// What a run made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Published {
    /// The branch with the commits.
    pub branch: Option<String>,
    /// The commits, oldest first.
    pub commits: Vec<String>,
    /// The page of the pull request that it opened, updated or was about.
    pub pull_request: Option<String>,
}

/// What a model did in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelUse {
    /// Who was asked; empty when nobody knows.
    pub vendor: String,
    /// The model, as its vendor names it.
    pub model: String,
    /// Answers that were paid.
    pub calls: u64,
    /// Answers that were kept from earlier runs.
    pub reused: u64,
    /// Calls without an answer.
    pub failed: u64,
    /// Tokens of the paid answers.
    pub usage: Usage,
    /// What they cost, exactly; null when the price of one is unknown.
    pub cost: Option<MicroUsd>,
    /// Milliseconds that the answers took, one after the other.
    pub ms: u64,
}

/// How many findings there are of each outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Fixed.
    pub fixed: usize,
    /// Of these by the fix that their rule gives.
    pub by_rules: usize,
    /// Not fixed.
    pub remaining: usize,
    /// Found to have no fix.
    pub no_fix: usize,
    /// Found to be no weakness.
    pub not_vulnerable: usize,
    /// Suppressed by a comment, an option or the report of the scanner.
    pub suppressed: usize,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> usize {
        self.fixed + self.remaining + self.no_fix + self.not_vulnerable + self.suppressed
    }
}

/// What became of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseOutcome {
    /// There is a proven fix.
    Fixed,
    /// There is none.
    Remaining,
    /// A model found that there can be none.
    NoFix,
    /// A model found that nothing is wrong.
    NotVulnerable,
    /// Somebody decided to live with it.
    Suppressed,
}

/// What became of the findings of one piece of code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Case {
    /// What became of them.
    pub outcome: CaseOutcome,
    /// The file, relative to the root of the repository, with `/`.
    pub path: String,
    /// The first line of the first finding, 1-based, as in the base commit.
    pub line: u32,
    /// The findings.
    pub findings: Vec<Finding>,
    /// The worst severity of the findings.
    pub severity: Severity,
    /// Why it is not fixed; empty for a fix, and where nobody said.
    pub reason: String,
    /// Where it is said that they are suppressed; null unless they are.
    pub suppressed: Option<Place>,
    /// What was tried, in order.
    pub tries: Vec<Try>,
    /// The fix that was kept.
    pub fix: Option<Proof>,
    /// What the tries cost, exactly; null when the price of one is unknown.
    pub cost: Option<MicroUsd>,
    /// Milliseconds that the answers of the tries took, one after the other.
    pub ms: u64,
}

/// A fix that was kept, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// What it does, in one line.
    pub title: String,
    /// What was changed and why.
    pub summary: String,
    /// Who wrote it.
    pub by: Author,
    /// How likely it breaks code that relies on the old behaviour, as the model states it; empty when it does not.
    pub compatibility: String,
    /// The change; line numbers are those of the base commit.
    pub patch: Patch,
    /// The base text that each edit of the patch replaces.
    pub replaced: Vec<String>,
    /// The unified diff.
    pub diff: String,
    /// What was checked.
    pub evidence: Evidence,
    /// The new test that proves it.
    pub test: Option<RegressionTest>,
    /// Rules of other findings in its lines, which were there before and still are.
    pub remaining_rules: Vec<String>,
    /// Whether it was committed; a dry run and a run that failed before commit nothing.
    pub committed: bool,
    /// The commit that holds it; null when it is not known.
    pub commit: Option<String>,
    /// Its place in the pull request.
    pub link: Option<String>,
}

/// How a node ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// It has begun and not ended.
    Begun,
    /// It ended well.
    Done,
    /// It did nothing.
    Skipped,
    /// It failed.
    Failed,
}

/// What a node of the patchflow did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodeReport {
    /// Where it stands in the run (`fixes[1]/check`).
    pub node: String,
    /// The step.
    pub uses: String,
    /// How it ended.
    pub state: NodeState,
    /// Why it was skipped or failed; empty otherwise.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Milliseconds of its last attempt; 0 for one without an end.
    pub ms: u64,
}
