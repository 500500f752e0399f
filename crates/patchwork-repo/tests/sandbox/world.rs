//! A checkout beside a user's repository and home, and trials of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use patchwork_core::port::process::{Output, ProcessError};
use patchwork_core::port::trial::{Change, SandboxLimits, Trial, TrialCommand, Trials as _};
use patchwork_core::run::RunId;
use patchwork_repo::process::SystemProcesses;
use patchwork_repo::trial::{Site, SystemTrials};
use patchwork_testkit::sandbox::sandbox_program;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A folder with a user's repository and home in it, the state of Patchwork, and a run's checkout there.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) trials: SystemTrials,
}

/// Each way of holding programs in.
pub(crate) const KERNELS: [Kernel; 2] = [Kernel::Whole, Kernel::Plain];

/// What the kernel is let to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// All it has.
    Whole,
    /// No namespaces, as on many machines of CI systems.
    Plain,
    /// Nothing that holds a program in, as on other systems.
    None,
}

impl World {
    pub(crate) fn new(kernel: Kernel) -> Self {
        let folder = tempfile::Builder::new().prefix("patchwork-test-").tempdir().unwrap();
        for (path, text) in [
            ("home/.netrc", "machine example.org password hunter2\n"),
            ("home/.cargo/credentials.toml", "token = \"hunter2\"\n"),
            ("home/.cargo/bin/tool", "#!/bin/sh\necho a tool\n"),
            ("home/.cargo/registry/cache/crate", "a crate\n"),
            ("repository/.git/config", "url = https://user:hunter2@example.org/\n"),
            ("repository/app.txt", "the user's\n"),
            ("state/journal", "hunter2\n"),
            ("state/worktrees/run/app.txt", "before\n"),
            ("state/worktrees/run/lib/code.txt", "code\n"),
            ("elsewhere/secret", "hunter2\n"),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        executable(&folder.path().join("home/.cargo/bin/tool"));
        let trials = Self::trials_in(folder.path(), kernel);
        Self { folder, trials }
    }

    /// One where copies are overlays; none where the kernel of this machine does not permit that, which is said.
    #[expect(clippy::print_stdout, reason = "a test says what it leaves out")]
    pub(crate) async fn with_overlays() -> Option<Self> {
        let world = Self::new(Kernel::Whole);
        let isolation = world.trials.isolation().await;
        if isolation.copies != "overlay" {
            println!("not tried: {}", isolation.missing.join("; "));
            return None;
        }
        Some(world)
    }

    /// One on a system that has no sandbox.
    pub(crate) fn without_sandbox() -> Self {
        Self::new(Kernel::None)
    }

    /// Trials of the checkout.
    fn trials_in(folder: &Path, kernel: Kernel) -> SystemTrials {
        let path = std::env::var_os("PATH").unwrap();
        let mut variables: Vec<(OsString, OsString)> = vec![
            ("HOME".into(), folder.join("home").into()),
            ("PATH".into(), path),
            ("GITHUB_TOKEN".into(), "hunter2".into()),
            ("SSH_AUTH_SOCK".into(), "/run/agent".into()),
        ];
        // Its place goes by the home folder, which is another one here.
        let own = std::env::var_os("HOME").map(|home| Path::new(&home).join(".rustup").into());
        variables
            .extend(std::env::var_os("RUSTUP_HOME").or(own).map(|rustup| ("RUSTUP_HOME".into(), rustup)));
        let site = Site {
            checkout: folder.join("state/worktrees/run"),
            repository: folder.join("repository"),
            state_dir: folder.join("state"),
            run: RunId::parse("20261121-054211-7f3a9c").unwrap(),
            helper: (kernel != Kernel::None).then(sandbox_program),
        };
        let trials = SystemTrials::new(site, &SystemProcesses::new(variables));
        if kernel == Kernel::Plain { trials.without_namespaces() } else { trials }
    }

    /// Every file that is not of a trial, with its bytes and its mode.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut files = BTreeMap::new();
        let mut open = vec![self.at("")];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let (path, found) = entry.map(|entry| (entry.path(), entry.metadata().unwrap())).unwrap();
                if found.is_dir() && path != self.at("state/trials") {
                    open.push(path);
                } else if found.is_file() {
                    let bytes = std::fs::read(&path).unwrap();
                    files.insert(path, (found.permissions().mode(), bytes));
                } else if found.is_symlink() {
                    let target = std::fs::read_link(&path).unwrap();
                    files.insert(path, (0, target.into_os_string().into_encoded_bytes()));
                }
            }
        }
        files
    }

    /// A place in the folder of this world.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(path)
    }

    /// Ends all trials; what is left of them.
    pub(crate) fn end(self) -> Vec<String> {
        let Self { folder, trials } = self;
        drop(trials);
        let runs = std::fs::read_dir(folder.path().join("state/trials")).into_iter().flatten().flatten();
        runs.map(|run| run.file_name().to_string_lossy().into_owned()).collect()
    }

    /// The run's checkout.
    pub(crate) fn checkout(&self) -> PathBuf {
        self.at("state/worktrees/run")
    }

    /// A trial with these changes; none where a file shall be gone.
    pub(crate) async fn open(&self, changes: &[(&str, Option<&str>)]) -> Box<dyn Trial> {
        self.trials.open(&self::changes(changes), None).await.unwrap()
    }

    /// What a program of a new trial does.
    pub(crate) async fn sh(&self, line: &str) -> Ran {
        run(&*self.open(&[]).await, line).await
    }
}

pub(crate) fn executable(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) fn changes(changes: &[(&str, Option<&str>)]) -> Vec<Change> {
    let change = |(path, text): &(&str, Option<&str>)| Change {
        path: (*path).to_owned(),
        content: text.map(|text| text.as_bytes().to_vec()),
    };
    changes.iter().map(change).collect()
}

/// A command with time enough on a busy machine.
pub(crate) fn command(line: &str) -> TrialCommand {
    TrialCommand {
        line: line.to_owned(),
        cwd: String::new(),
        env: Vec::new(),
        timeout: Duration::from_secs(120),
        max_output: 64 << 10,
        limits: SandboxLimits::default(),
    }
}

/// How a program ended and what it printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

pub(crate) async fn try_run(trial: &dyn Trial, command: &TrialCommand) -> Result<Ran, ProcessError> {
    trial.run(command, &CancellationToken::new()).await.map(Ran::from)
}

pub(crate) async fn run(trial: &dyn Trial, line: &str) -> Ran {
    try_run(trial, &command(line)).await.unwrap()
}
