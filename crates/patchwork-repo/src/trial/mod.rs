//! Trials: throw-away copies of a checkout, in which programs that nobody has read are held.

mod copies;
mod environment;
mod files;
mod folder;
mod grounds;
mod one;
mod sight;
mod tools;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::port::trial::{
    Change, Isolation, Layer, Lent, SandboxLimits, Trial, TrialCommand, Trials,
};
use patchwork_core::run::RunId;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::process::SystemProcesses;
use crate::process::sandbox::start::{self, Finished};
pub use folder::sweep;
use grounds::{Grounds, Mode};
use one::{Made, Opened, SystemTrial, apart};
use sight::{Sight, real};

/// How long the kernel may take to build the walls once.
const PROBE_TIME: Duration = Duration::from_secs(60);

/// What trials need to know of a run.
#[derive(Debug)]
pub struct Site {
    /// The run's checkout.
    pub checkout: PathBuf,
    /// The user's repository, which trials must not see: its configuration may hold credentials.
    pub repository: PathBuf,
    /// The folder with everything of ours, which they must not see either.
    pub state_dir: PathBuf,
    /// The run.
    pub run: RunId,
    /// The binary that is the helper of the sandbox; none where there is none.
    pub helper: Option<PathBuf>,
}

/// Trials on this machine, held in by what its kernel has.
pub struct SystemTrials {
    grounds: Arc<Grounds>,
    /// Whether namespaces are tried.
    namespaces: bool,
    /// Where the folders of trials are made.
    place: PathBuf,
    next: AtomicU64,
    found: OnceCell<(Isolation, Mode)>,
    lent: Mutex<Vec<Lent>>,
    kept: Mutex<BTreeMap<String, Layer>>,
}

impl SystemTrials {
    /// Trials of a checkout, whose programs see the variables that other programs of the run see.
    pub fn new(site: Site, processes: &SystemProcesses) -> Self {
        // What is not text is of no use to a build.
        let variables: BTreeMap<String, String> = processes
            .variables()
            .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned())))
            .collect();
        let sight = Sight::new(&variables, &site.repository, &site.state_dir);
        Self {
            grounds: Arc::new(Grounds {
                checkout: real(&site.checkout),
                sight,
                variables,
                helper: site.helper,
            }),
            namespaces: true,
            place: trials_dir(&real(&site.state_dir)).join(site.run.as_str()),
            next: AtomicU64::new(0),
            found: OnceCell::new(),
            lent: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// The same as if the kernel permitted no namespaces, as many do not.
    #[must_use]
    pub fn without_namespaces(mut self) -> Self {
        self.namespaces = false;
        self
    }

    async fn found(&self) -> &(Isolation, Mode) {
        self.found.get_or_init(|| self.find_out()).await
    }

    /// Builds the walls once around a program that does nothing, the highest ones first.
    async fn find_out(&self) -> (Isolation, Mode) {
        let mut missing = Vec::new();
        for mode in [Mode::Overlay, Mode::View, Mode::Alone] {
            if mode != Mode::Alone && !self.namespaces {
                continue;
            }
            let (landlock, lacks) = match self.probe(mode).await {
                Ok(found) => found,
                Err(why) => {
                    // What stops one mode often stops the next.
                    if !missing.contains(&why) {
                        missing.push(why);
                    }
                    continue;
                }
            };
            let mut walls = Vec::new();
            if mode != Mode::Alone {
                walls.push("namespaces".to_owned());
            }
            walls.extend(landlock.map(|version| format!("Landlock {version}")));
            walls.extend(["seccomp".to_owned(), "limits".to_owned()]);
            missing.extend(lacks);
            if mode == Mode::Alone {
                missing
                    .push("programs get no sockets, not even of their own: namespaces are needed".to_owned());
            }
            if landlock.is_none() {
                missing.push(
                    "the kernel has no Landlock, which keeps programs from files: Linux 5.13 is needed"
                        .to_owned(),
                );
                break;
            }
            return (Isolation { copies: self.copies(mode), walls, missing, sound: true }, mode);
        }
        (Isolation { copies: self.copies(Mode::Open), walls: Vec::new(), missing, sound: false }, Mode::Open)
    }

    /// What held a program in this mode, and what was missing; or why none can be held so.
    async fn probe(&self, mode: Mode) -> Result<(Option<i32>, Vec<String>), String> {
        let helper = self.grounds.helper.clone().ok_or("there is no sandbox on this system")?;
        let trial = SystemTrial::probe(self.grounds.clone(), mode, self.next_folder());
        let trial = trial.map_err(|failure| failure.message)?;
        let command = TrialCommand {
            line: ":".to_owned(),
            cwd: String::new(),
            env: Vec::new(),
            timeout: PROBE_TIME,
            max_output: 4096,
            limits: SandboxLimits::default(),
        };
        let policy = self.grounds.policy(&trial, &command);
        let never = CancellationToken::new();
        match start::run(&helper, &policy, command.timeout, command.max_output, &never).await {
            Ok(Finished::Ended { output, landlock, missing }) if output.code == Some(0) => {
                Ok((landlock, missing))
            }
            Ok(Finished::Ended { output, .. }) => {
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                Err(format!("a program does not run in the sandbox: {said}"))
            }
            Ok(Finished::Failed(what)) => Err(what),
            Ok(Finished::TimedOut | Finished::Cancelled) => {
                Err("the sandbox does not stand in time".to_owned())
            }
            Err(error) => Err(format!("the sandbox can't be started: {error}")),
        }
    }

    fn copies(&self, mode: Mode) -> String {
        let copies = match mode {
            Mode::Overlay => "overlay",
            _ if copies::can_clone(self.place.parent().unwrap_or(&self.place)) => "reflink",
            _ => "copy",
        };
        copies.to_owned()
    }

    fn next_folder(&self) -> PathBuf {
        self.place.join(self.next.fetch_add(1, Ordering::Relaxed).to_string())
    }
}

#[async_trait]
impl Trials for SystemTrials {
    async fn isolation(&self) -> Isolation {
        self.found().await.0.clone()
    }

    async fn open(&self, changes: &[Change], start: Option<&Layer>) -> Result<Box<dyn Trial>, Failure> {
        let mode = self.found().await.1;
        let start = start.and_then(|layer| layer.0.downcast_ref::<Arc<Made>>()).cloned();
        let (grounds, folder) = (self.grounds.clone(), self.next_folder());
        let lent = lock(&self.lent).clone();
        let changes = changes.to_vec();
        let trial = apart(move || {
            let trial = SystemTrial::make(grounds, mode, folder, lent, start)?;
            trial.put(&changes)?;
            Ok(trial)
        });
        Ok(Box::new(Opened(Arc::new(trial.await?))))
    }

    fn lend(&self, folders: &[Lent]) {
        *lock(&self.lent) = folders.to_vec();
    }

    fn kept(&self, name: &str) -> Option<Layer> {
        lock(&self.kept).get(name).cloned()
    }

    fn keep(&self, name: &str, layer: Layer) {
        lock(&self.kept).insert(name.to_owned(), layer);
    }
}

impl Drop for SystemTrials {
    fn drop(&mut self) {
        lock(&self.kept).clear();
        folder::remove(&self.place);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folder of the trials of all runs.
fn trials_dir(state_dir: &Path) -> PathBuf {
    state_dir.join("trials")
}
