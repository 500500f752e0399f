//! Replays: a recorded run once more, offline, in a copy of the repository that nobody sees.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use patchwork_core::engine::{Embedded, ReplayedModels, RunEnd};
use patchwork_core::event::Reporter;
use patchwork_core::failure::Failure;
use patchwork_core::journal::{Journal, JournalOptions, Recording};
use patchwork_core::machine::MACHINE_VERSION;
use patchwork_core::port::clock::SystemClock;
use patchwork_core::port::forge::{Forge, ForgeTarget, Forges, Located};
use patchwork_core::port::process::{Command, Output, ProcessError, Processes};
use patchwork_core::port::trial::NoTrials;
use patchwork_core::run::RunStatus;
use patchwork_core::secret::Secrets;
use patchwork_core::step::{Outside, Ports};
use patchwork_repo::checkout::GitCheckout;
use patchwork_repo::process::SystemProcesses;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// How a replay compares with what was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// How the replay ended.
    pub end: RunEnd,
    /// Where it differs from the recorded run, in words; empty when it ended in the same bytes.
    pub differences: Vec<String>,
}

/// Replays a recording over a repository that has its base commit. Nothing of the repository is changed; no model, no
/// forge and no program but git is reached. `outside` says whether files that its options name may be read: the recording may
/// come from anybody.
pub async fn replay(
    recording: &Recording,
    outside: Outside,
    repository: &Path,
    secrets: &Secrets,
    reporters: Vec<Arc<dyn Reporter>>,
    cancel: &CancellationToken,
) -> Result<Replayed, Failure> {
    let spec = &recording.spec;
    if spec.machine_version != MACHINE_VERSION {
        return Err(Failure::configuration(format!(
            "the run was recorded with machine version {}; this patchwork runs version {MACHINE_VERSION}",
            spec.machine_version
        ))
        .hint(format!("replay it with patchwork {:?}", spec.program_version)));
    }
    if matches!(recording.status, RunStatus::Running | RunStatus::Interrupted) {
        return Err(Failure::usage(format!(
            "run {} did not come to an end that a replay could meet",
            spec.id
        ))
        .hint(format!("let it come to its end first: patchwork resume {}", spec.id))
        .hint("a new run takes the answers that are recorded: --cassette FILE"));
    }
    let scratch = tempfile::Builder::new()
        .prefix("patchwork-replay-")
        .tempdir()
        .map_err(|error| Failure::unavailable("a temporary folder can't be made").caused_by(&error))?;
    let processes: Arc<dyn Processes> = Arc::new(SystemProcesses::from_env().hiding(secrets));
    let checkout =
        GitCheckout::apart(repository, spec.base.clone(), &spec.id, scratch.path(), processes).await?;
    let checkout = checkout.with_cancel(cancel.clone());
    let ports = Arc::new(Ports {
        history: Arc::new(checkout.history().offline()),
        checkout: Arc::new(checkout),
        processes: Arc::new(Offline),
        trials: Arc::new(NoTrials),
        provider: Arc::new(ReplayedModels::new(recording)),
        forges: Arc::new(NoForges),
        policy: patchwork_core::effect::Policy::default(),
        proposes: spec.proposes,
        clock: Arc::new(SystemClock),
        secrets: secrets.clone(),
        cache_dir: scratch.path().join("cache"),
    });
    let options = JournalOptions { secrets: secrets.clone(), ..JournalOptions::default() };
    let journal = Journal::open(&scratch.path().join("state"), options)?;
    let engine = Embedded::new(journal, crate::registry(), reporters);
    let end = engine.replay(recording, outside, ports, cancel.clone()).await?;
    if cancel.is_cancelled() {
        return Err(Failure::interrupted("the replay was stopped before its end"));
    }
    let differences = compare(recording, &end);
    Ok(Replayed { end, differences })
}

/// What differs, in words.
fn compare(recording: &Recording, end: &RunEnd) -> Vec<String> {
    let mut differences = Vec::new();
    if end.status != recording.status {
        differences.push(format!(
            "it ended as {}, recorded was {}",
            end.status.as_str(),
            recording.status.as_str()
        ));
    }
    let recorded = recording.result.clone().unwrap_or_default();
    let failure = serde_json::to_value(&end.failure).unwrap_or_default();
    for (what, now) in [("failure", &failure), ("outputs", &end.outputs)] {
        if let Some((place, then, now)) = first_difference(&recorded[what], now, what.to_owned()) {
            differences.push(format!("it differs at `{place}`\n  recorded: {then}\n  now:      {now}"));
        }
    }
    let tree = recorded["tree"].as_str();
    // Runs of journals of format 1 did not say.
    if recorded.get("tree").is_some() && tree != end.tree.as_deref() {
        let name = |tree: Option<&str>| tree.map_or_else(|| "none".to_owned(), str::to_owned);
        differences.push(format!(
            "its files differ: their tree is {}, recorded was {}",
            name(end.tree.as_deref()),
            name(tree)
        ));
    }
    differences
}

/// Where two values differ first, and what stands there.
fn first_difference(then: &Value, now: &Value, place: String) -> Option<(String, String, String)> {
    if then == now {
        return None;
    }
    let below = |name: &str| format!("{place}.{}", name.escape_debug());
    match (then, now) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys().filter(|name| !a.contains_key(*name)));
            names
                .filter_map(|name| {
                    let nothing = Value::Null;
                    let (a, b) = (a.get(name).unwrap_or(&nothing), b.get(name).unwrap_or(&nothing));
                    first_difference(a, b, below(name))
                })
                .next()
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(at, (a, b))| first_difference(a, b, format!("{place}[{at}]"))),
        _ => Some((place, short(then), short(now))),
    }
}

fn short(value: &Value) -> String {
    const SHOWN: usize = 200;
    // JSON leaves some characters as they are that a terminal obeys.
    let text: String = value.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}

/// The doors that a replay keeps closed.
struct Offline;

#[async_trait]
impl Processes for Offline {
    async fn run(&self, command: Command, _cancel: &CancellationToken) -> Result<Output, ProcessError> {
        let why = "a replay runs no programs, and the recording lacks what this one said";
        Err(ProcessError::Start { program: command.program, source: std::io::Error::other(why) })
    }

    fn find(&self, _program: &str) -> Option<PathBuf> {
        None
    }
}

/// No forge is reached.
pub(crate) struct NoForges;

impl Forges for NoForges {
    fn connect(&self, _target: &ForgeTarget) -> Result<Arc<dyn Forge>, Failure> {
        Err(Failure::refused("neither a plan nor a replay reaches a forge"))
    }

    fn locate(&self, _url: &str, _target: &ForgeTarget) -> Result<Located, Failure> {
        Err(Failure::refused("neither a plan nor a replay reaches a forge"))
    }
}
