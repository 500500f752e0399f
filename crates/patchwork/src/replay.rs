//! Replays: a recorded run once more, offline, in a copy of the repository that nobody sees.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use patchwork_core::engine::{Embedded, ReplayedModels, RunEnd};
use patchwork_core::event::Reporter;
use patchwork_core::failure::Failure;
use patchwork_core::journal::{Journal, JournalOptions, Recording, RunSpec};
use patchwork_core::machine::MACHINE_VERSION;
use patchwork_core::port::checkout::Base;
use patchwork_core::port::clock::SystemClock;
use patchwork_core::port::forge::{Forge, ForgeTarget, Forges};
use patchwork_core::port::process::{Command, Output, ProcessError, Processes};
use patchwork_core::secret::Secrets;
use patchwork_core::step::Ports;
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
/// forge and no program but git is reached.
pub async fn replay(
    recording: &Recording,
    repository: &Path,
    secrets: &Secrets,
    reporters: Vec<Arc<dyn Reporter>>,
    cancel: &CancellationToken,
) -> Result<Replayed, Failure> {
    if recording.spec.machine_version != MACHINE_VERSION {
        return Err(Failure::configuration(format!(
            "the run was recorded with machine version {}; this patchwork runs version {MACHINE_VERSION}",
            recording.spec.machine_version
        ))
        .hint(format!("replay it with patchwork {}", recording.spec.program_version)));
    }
    let scratch = tempfile::Builder::new()
        .prefix("patchwork-replay-")
        .tempdir()
        .map_err(|error| Failure::unavailable("a temporary folder can't be made").caused_by(&error))?;
    let processes: Arc<dyn Processes> = Arc::new(SystemProcesses::from_env().hiding(secrets));
    let copy = copy_of(repository, &recording.spec.base, scratch.path(), &*processes, cancel).await?;
    let base = Base { repository: copy, ..recording.spec.base.clone() };
    let spec = RunSpec { base: base.clone(), ..recording.spec.clone() };
    let worktrees = scratch.path().join("worktrees");
    let checkout =
        GitCheckout::reopen(base, &spec.id, &worktrees, processes).await?.with_cancel(cancel.clone());
    let checkout = Arc::new(checkout);
    let ports = Arc::new(Ports {
        checkout: checkout.clone(),
        processes: Arc::new(Offline),
        provider: Arc::new(ReplayedModels::new(recording)),
        forges: Arc::new(Offline),
        clock: Arc::new(SystemClock),
        secrets: secrets.clone(),
        cache_dir: scratch.path().join("cache"),
    });
    let options = JournalOptions { secrets: secrets.clone(), ..JournalOptions::default() };
    let journal = Journal::open(&scratch.path().join("state"), options)?;
    let engine = Embedded::new(journal, crate::registry(), reporters);
    let end = engine.replay(spec, recording, ports, cancel.clone()).await?;
    let differences = compare(recording, &end);
    checkout.remove().await?;
    Ok(Replayed { end, differences })
}

/// A copy of the repository's history that shares its objects: branches, configuration and worktrees are its own.
async fn copy_of(
    repository: &Path,
    base: &Base,
    scratch: &Path,
    processes: &dyn Processes,
    cancel: &CancellationToken,
) -> Result<PathBuf, Failure> {
    let commit = format!("{}^{{commit}}", base.commit);
    let has = Command::new("git", repository).args(["cat-file", "-e", &commit]);
    if processes.run(has, cancel).await?.code != Some(0) {
        return Err(Failure::usage(format!(
            "the repository {} does not have the commit {} that the run started from",
            repository.display(),
            base.commit
        ))
        .hint("run this in a clone that has it, or fetch it"));
    }
    let copy = scratch.join("repository");
    let place = copy.to_string_lossy();
    let clone = Command::new("git", repository).args([
        "clone",
        "--quiet",
        "--shared",
        "--no-checkout",
        "--no-tags",
        "--",
        ".",
        &place,
    ]);
    let output = processes.run(clone, cancel).await?;
    if output.code != Some(0) {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Failure::failed("a copy of the repository can't be made").cause(said));
    }
    Ok(copy)
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
    let message = |failure: &Value| failure["message"].as_str().map(str::to_owned);
    let now = end.failure.as_ref().map(|failure| failure.message.clone());
    let then = message(&recorded["failure"]);
    if now != then {
        let none = || "none".to_owned();
        differences.push(format!(
            "its failure is: {}\n  recorded was: {}",
            now.unwrap_or_else(none),
            then.unwrap_or_else(none)
        ));
    }
    if let Some((place, then, now)) = first_difference(&recorded["outputs"], &end.outputs, String::new()) {
        differences.push(format!("its outputs differ at `{place}`\n  recorded: {then}\n  now:      {now}"));
    }
    let tree = recorded["tree"].as_str();
    if tree != end.tree.as_deref() {
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
    let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
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
    let text = value.to_string();
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

impl Forges for Offline {
    fn connect(&self, _target: &ForgeTarget) -> Result<Arc<dyn Forge>, Failure> {
        Err(Failure::refused("a replay reaches no forge"))
    }
}
