//! Runs on this machine: the repository around a folder, a worktree for each run, and the ports a run needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use patchwork_core::effect::Policy;
use patchwork_core::failure::Failure;
use patchwork_core::journal::{Journal, Lock};
use patchwork_core::port::checkout::{Base, Checkout as _};
use patchwork_core::port::clock::{Clock, SystemClock};
use patchwork_core::port::forge::Forges;
use patchwork_core::port::process::{Command, Processes};
use patchwork_core::port::provider::Provider;
use patchwork_core::port::trial::{NoTrials, Trials};
use patchwork_core::run::RunId;
use patchwork_core::secret::Secrets;
use patchwork_core::step::Ports;
use patchwork_remote::forge::Sites;
pub use patchwork_remote::http::is_local;
use patchwork_remote::llm::{Models, ModelsSettings};
pub use patchwork_repo::checkout::inside;
use patchwork_repo::checkout::{GitCheckout, Repository};
use patchwork_repo::git::Git;
use patchwork_repo::process::SystemProcesses;
#[cfg(unix)]
pub use patchwork_repo::process::helper as sandbox_helper;
#[cfg(unix)]
use patchwork_repo::trial::{Site, SystemTrials, sweep};
use tokio_util::sync::CancellationToken;

use crate::kept_answers::KeptAnswers;
use crate::replay::NoForges;

/// The doors of this machine and the folder that keeps what outlives a process.
#[derive(Clone)]
pub struct Local {
    processes: Arc<SystemProcesses>,
    /// The binary that holds programs of trials in.
    sandbox: Option<PathBuf>,
    provider: Arc<dyn Provider>,
    forges: Arc<dyn Forges>,
    clock: Arc<dyn Clock>,
    state_dir: PathBuf,
    apart: bool,
    policy: Policy,
    proposes: bool,
}

/// A run's place on this machine, from the start of a process's work on it to its end.
pub struct Place {
    /// What its steps may use.
    pub ports: Arc<Ports>,
    checkout: Arc<GitCheckout>,
    run: RunId,
    /// Freed by the system when the process dies: until then no other run tidies this worktree away.
    _hold: Lock,
}

impl Local {
    /// The doors of this machine; models with their usual settings. Programs are started without these secrets in their
    /// environment.
    pub fn new(state_dir: &Path, secrets: &Secrets) -> Self {
        patchwork_remote::install_tls();
        Self {
            processes: Arc::new(SystemProcesses::from_env().hiding(secrets)),
            sandbox: None,
            provider: Arc::new(Models::new(ModelsSettings::default())),
            forges: Arc::new(Sites::new()),
            clock: Arc::new(SystemClock),
            state_dir: state_dir.to_owned(),
            apart: false,
            policy: Policy::default(),
            proposes: false,
        }
    }

    /// The same, with answers of models used again that are younger than `limit` and came before the run began, which was
    /// at `began_ms` (milliseconds since 1970).
    #[must_use]
    pub fn keeping_answers(mut self, journal: Journal, limit: Duration, began_ms: i64) -> Self {
        let clock = self.clock.clone();
        self.provider = Arc::new(KeptAnswers::new(self.provider, journal, clock, limit, began_ms));
        self
    }

    /// The same for a run that only shows what it would do: its worktree belongs to a repository of its own below the
    /// state folder, so that nothing it does reaches the user's, and it reaches no forge.
    #[must_use]
    pub fn apart(self) -> Self {
        Self { apart: true, forges: Arc::new(NoForges), ..self }
    }

    /// The same with builds and tests held in by this binary, whose `main` begins with [`sandbox_helper`]. Without one they are
    /// not run unless the user says that they need not be held in.
    #[must_use]
    pub fn with_sandbox(self, helper: PathBuf) -> Self {
        Self { sandbox: Some(helper), ..self }
    }

    /// The same with another policy for effects on forges.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// The same with effects on forges written down only.
    #[must_use]
    pub fn proposing(self) -> Self {
        Self { proposes: true, ..self }
    }

    /// The same with models of these settings.
    #[must_use]
    pub fn with_models(self, settings: ModelsSettings) -> Self {
        self.with_provider(Arc::new(Models::new(settings)))
    }

    /// The same with other models.
    #[must_use]
    pub fn with_provider(mut self, provider: Arc<dyn Provider>) -> Self {
        self.provider = provider;
        self
    }

    /// Models.
    pub fn provider(&self) -> &Arc<dyn Provider> {
        &self.provider
    }

    /// Programs of this machine.
    pub fn processes(&self) -> Arc<dyn Processes> {
        self.processes.clone()
    }

    /// Forges.
    pub fn forges(&self) -> &dyn Forges {
        &*self.forges
    }

    /// Time.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The repository around a folder: refused when there is none, or no commit in it.
    pub async fn repository(&self, folder: &Path) -> Result<Repository, Failure> {
        Repository::discover(folder, self.processes.clone()).await
    }

    /// Makes the worktree of a new run. Worktrees that runs of this repository left behind when they were killed are
    /// removed first; what is needed to resume those stays.
    pub async fn begin(
        &self,
        repository: &Repository,
        run: &RunId,
        secrets: Secrets,
        cancel: &CancellationToken,
    ) -> Result<Place, Failure> {
        if self.apart {
            let (base, hold, processes) = (repository.base(), self.hold(run)?, self.processes.clone());
            let checkout =
                GitCheckout::apart(repository.top(), base, run, &self.state_dir, processes).await?;
            return Ok(self.place(checkout, run, hold, secrets, cancel));
        }
        repository.sweep(&self.worktrees(), |run| self.is_held(run)).await?;
        self.sweep_trials();
        let hold = self.hold(run)?;
        let checkout = GitCheckout::create(repository, run, &self.worktrees()).await?;
        Ok(self.place(checkout, run, hold, secrets, cancel))
    }

    /// Takes up the worktree of a run again; makes it anew when it is gone.
    pub async fn take_up(
        &self,
        base: Base,
        run: &RunId,
        secrets: Secrets,
        cancel: &CancellationToken,
    ) -> Result<Place, Failure> {
        let hold = self.hold(run)?;
        let checkout = GitCheckout::reopen(base, run, &self.worktrees(), self.processes.clone()).await?;
        Ok(self.place(checkout, run, hold, secrets, cancel))
    }

    /// Tidies up behind a process's work on a run. For one that is done, what only served to resume it goes as well.
    pub async fn leave(&self, place: Place, done: bool) -> Result<(), Failure> {
        if done || self.apart {
            return place.checkout.remove().await;
        }
        let repository = self.repository(&place.ports.checkout.base().repository).await?;
        repository.sweep(&self.worktrees(), |run| *run != place.run && self.is_held(run)).await?;
        Ok(())
    }

    /// Removes the worktrees that killed processes left behind in a repository.
    pub async fn tidy(&self, top: &Path) -> Result<(), Failure> {
        let repository = self.repository(top).await?;
        repository.sweep(&self.worktrees(), |run| self.is_held(run)).await?;
        self.sweep_trials();
        Ok(())
    }

    fn place(
        &self,
        checkout: GitCheckout,
        run: &RunId,
        hold: Lock,
        secrets: Secrets,
        cancel: &CancellationToken,
    ) -> Place {
        let checkout = Arc::new(checkout.with_cancel(cancel.clone()));
        let ports = Arc::new(Ports {
            checkout: checkout.clone(),
            history: Arc::new(checkout.history()),
            processes: self.processes.clone(),
            trials: self.trials(&checkout, run),
            provider: self.provider.clone(),
            forges: self.forges.clone(),
            policy: self.policy.clone(),
            proposes: self.proposes,
            clock: self.clock.clone(),
            secrets,
            cache_dir: self.state_dir.join("cache"),
        });
        Place { ports, checkout, run: run.clone(), _hold: hold }
    }

    /// Throw-away copies of a run's checkout; none for one that only shows what it would do.
    fn trials(&self, checkout: &GitCheckout, run: &RunId) -> Arc<dyn Trials> {
        #[cfg(unix)]
        if !self.apart {
            let site = Site {
                checkout: checkout.root().to_owned(),
                repository: checkout.base().repository.clone(),
                state_dir: self.state_dir.clone(),
                run: run.clone(),
                helper: self.sandbox.clone(),
            };
            return Arc::new(SystemTrials::new(site, &self.processes));
        }
        Arc::new(NoTrials)
    }

    /// Removes what trials of killed processes left behind.
    fn sweep_trials(&self) {
        #[cfg(unix)]
        sweep(&self.state_dir, |run| self.is_held(run));
    }

    fn worktrees(&self) -> PathBuf {
        self.state_dir.join("worktrees")
    }

    /// Marks a run's worktree as in use by this process.
    fn hold(&self, run: &RunId) -> Result<Lock, Failure> {
        let taken = Lock::take(&self.hold_file(run))?;
        taken.ok_or_else(|| Failure::refused(format!("run {run} is being worked on by another process")))
    }

    fn is_held(&self, run: &RunId) -> bool {
        Lock::is_held(&self.hold_file(run))
    }

    fn hold_file(&self, run: &RunId) -> PathBuf {
        self.state_dir.join("locks").join(format!("{run}.worktree"))
    }
}

/// Ends all programs that were started here, with all that they started: before a process that exits at once.
pub fn end_programs() {
    patchwork_repo::process::end_all();
}

/// A branch that only people with a right to write to the repository can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseBranch {
    /// Its name (`main`).
    pub name: String,
    /// Its newest commit here.
    pub commit: String,
}

/// The branch of `origin` that pull requests are merged into, as far as this clone knows: the remote's main branch, else the
/// first of `named`, else `main` or `master`. None when the clone has none of them.
pub async fn base_branch(folder: &Path, named: &[String]) -> Result<Option<BaseBranch>, Failure> {
    let git = Git::new(Arc::new(SystemProcesses::from_env()), folder);
    let known = git.command(["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"]);
    let known = known.accepting(&[1, 128]).await?.text();
    let known = known.trim().strip_prefix("origin/").map(str::to_owned);
    let usual = ["main", "master"].map(str::to_owned);
    for name in known.iter().chain(named).chain(&usual) {
        let name = name.strip_prefix("refs/heads/").unwrap_or(name);
        if name.is_empty() {
            continue;
        }
        if let Some(commit) = git.resolve(&format!("refs/remotes/origin/{name}^{{commit}}")).await? {
            return Ok(Some(BaseBranch { name: name.to_owned(), commit }));
        }
    }
    Ok(None)
}

/// One of the files `names` in the top folder of a commit, the first that there is, with its name.
pub async fn file_at(
    folder: &Path,
    commit: &str,
    names: &[&str],
) -> Result<Option<(String, Vec<u8>)>, Failure> {
    let git = Git::new(Arc::new(SystemProcesses::from_env()), folder);
    for name in names {
        // Neither a link nor a folder: only what is listed as a plain file.
        let listed = git.text(["ls-tree", "--full-tree", commit, "--", name]).await?;
        if listed.starts_with("100") {
            let shown = git.command(["cat-file", "blob", &format!("{commit}:{name}")]).run().await?;
            return Ok(Some(((*name).to_owned(), shown.stdout)));
        }
    }
    Ok(None)
}

/// Makes a folder a repository with one commit of all its files, whatever the user's git is configured to do.
pub async fn first_commit(folder: &Path, message: &str, cancel: &CancellationToken) -> Result<(), Failure> {
    let processes = SystemProcesses::from_env();
    let identity =
        ["-c", "user.name=Patchwork", "-c", "user.email=patchwork@localhost", "-c", "commit.gpgsign=false"];
    let init: &[&str] = &["init", "--quiet", "--initial-branch=main"];
    let commit: &[&str] = &["commit", "--quiet", "--no-verify", "--message", message];
    for arguments in [init, &["add", "--all"], commit] {
        let mut command = Command::new("git", folder).args(identity).args(arguments.iter().copied());
        command.env = vec![
            ("GIT_CONFIG_GLOBAL".to_owned(), null_device().to_owned()),
            ("GIT_CONFIG_NOSYSTEM".to_owned(), "1".to_owned()),
        ];
        let output = processes.run(command, cancel).await?;
        if output.code != Some(0) {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Failure::failed(format!("`git {}` failed", arguments.join(" "))).cause(said));
        }
    }
    Ok(())
}

fn null_device() -> &'static str {
    if cfg!(windows) { "NUL" } else { "/dev/null" }
}
