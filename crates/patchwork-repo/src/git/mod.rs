//! The git door: every use of git goes through [`Git`], which runs the `git` program with its prompts, pagers, hooks,
//! signatures and background work switched off.

mod credentials;
mod error;
mod objects;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use patchwork_core::port::forge::GitCredential;
use patchwork_core::port::process::{Command, Processes};
use patchwork_core::secret::MASK;
use tokio_util::sync::CancellationToken;

pub use credentials::{redact_urls, without_credentials};
pub use error::GitError;
pub(crate) use objects::TreeFile;

/// The name on every commit.
pub const BOT_NAME: &str = "patched.codes[bot]";
/// The e-mail address on every commit.
pub const BOT_EMAIL: &str = "298395+patched.codes[bot]@users.noreply.github.com";

/// The oldest git that is known to do what is asked of it here.
const OLDEST: (u32, u32) = (2, 30);

/// Settings of the user, the system or the repository that must not reach into a run.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    // Refuses files whose line ends git would change; what is added must not depend on it.
    "core.safecrlf=false",
    "commit.gpgSign=false",
    "i18n.commitEncoding=UTF-8",
    "push.gpgSign=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "fetch.recurseSubmodules=no",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "color.ui=false",
    "log.showSignature=false",
    "credential.interactive=false",
    // Relative links would switch on an extension in the user's own repository.
    "worktree.useRelativePaths=false",
];

/// Variables for every call.
const VARIABLES: &[(&str, &str)] = &[
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", ""),
    // Without this, ssh would ask on the terminal for a host key or a passphrase, and wait for ever.
    ("SSH_ASKPASS", "false"),
    ("SSH_ASKPASS_REQUIRE", "force"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_EDITOR", "false"),
    ("LC_ALL", "C"),
    ("LANGUAGE", ""),
    // Also for what git writes by itself, such as the reflog.
    ("GIT_AUTHOR_NAME", BOT_NAME),
    ("GIT_AUTHOR_EMAIL", BOT_EMAIL),
    ("GIT_COMMITTER_NAME", BOT_NAME),
    ("GIT_COMMITTER_EMAIL", BOT_EMAIL),
];

/// Git in one folder.
#[derive(Clone)]
pub struct Git {
    processes: Arc<dyn Processes>,
    dir: PathBuf,
    cancel: CancellationToken,
}

impl Git {
    /// Git, to be run in `dir`.
    pub fn new(processes: Arc<dyn Processes>, dir: impl Into<PathBuf>) -> Self {
        Self { processes, dir: dir.into(), cancel: CancellationToken::new() }
    }

    /// The same git in another folder.
    #[must_use]
    pub fn at(&self, dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), ..self.clone() }
    }

    /// The same git, stopped when `cancel` is.
    #[must_use]
    pub fn with_cancel(&self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self.clone() }
    }

    /// Where it runs.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A command: the subcommand and its arguments. Names that come from outside belong after `--` or
    /// `--end-of-options`, or behind a prefix such as `refs/heads/`.
    pub fn command<S: Into<String>>(&self, args: impl IntoIterator<Item = S>) -> GitCommand<'_> {
        let args: Vec<String> = args.into_iter().map(Into::into).collect();
        GitCommand {
            git: self,
            settings: Vec::new(),
            env: Vec::new(),
            stdin: Vec::new(),
            timeout: Duration::from_secs(600),
            limit: None,
            secrets: Vec::new(),
            args,
        }
    }

    /// Runs a command that must succeed and gives what it printed, without the final newline.
    pub async fn text<S: Into<String>>(&self, args: impl IntoIterator<Item = S>) -> Result<String, GitError> {
        self.command(args).text().await
    }

    /// Fails when git is missing or too old.
    pub async fn check_version(&self) -> Result<(), GitError> {
        let text = self.text(["version"]).await?;
        let mut numbers = text
            .split(|c: char| !c.is_ascii_digit())
            .filter(|part| !part.is_empty())
            .map(|part| part.parse::<u32>());
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) if (major, minor) < OLDEST => {
                Err(GitError::TooOld { found: format!("{major}.{minor}") })
            }
            _ => Ok(()),
        }
    }

    /// The commit or other object that a full name of a ref or an expression stands for, if it exists.
    pub async fn resolve(&self, name: &str) -> Result<Option<String>, GitError> {
        let output = self
            .command(["rev-parse", "--verify", "--quiet", "--end-of-options", name])
            .accepting(&[1])
            .await?;
        Ok(Some(output.text()).filter(|text| output.code == 0 && !text.is_empty()))
    }
}

impl std::fmt::Debug for Git {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Git").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// One call of git.
#[must_use = "a command does nothing until it is run"]
pub struct GitCommand<'g> {
    git: &'g Git,
    settings: Vec<String>,
    args: Vec<String>,
    env: Vec<(String, String)>,
    stdin: Vec<u8>,
    timeout: Duration,
    limit: Option<usize>,
    secrets: Vec<String>,
}

/// What a call printed.
#[derive(Debug, Clone)]
pub struct GitOutput {
    /// Exit code: zero, or one that the caller accepts.
    pub code: i32,
    /// Standard output as it is.
    pub stdout: Vec<u8>,
    /// Complaints, without credentials.
    pub stderr: String,
    /// Whether there was more than [`GitCommand::up_to`] allows.
    pub truncated: bool,
}

impl GitOutput {
    /// Standard output as text, without the final newline.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end_matches('\n').to_owned()
    }

    /// Standard output, cut at each NUL.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        self.stdout.split(|byte| *byte == 0).filter(|field| !field.is_empty())
    }
}

impl GitCommand<'_> {
    /// Adds arguments.
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Changes a setting for this call (`core.bigFileThreshold=1`).
    pub fn setting(mut self, setting: &str) -> Self {
        self.settings.extend(["-c".to_owned(), setting.to_owned()]);
        self
    }

    /// [`GitCommand::setting`] with a value that is kept out of the arguments, which others on the machine can see.
    pub fn hidden_setting(mut self, name: &str, value: impl Into<String>) -> Self {
        let variable = format!("PATCHWORK_GIT_{}", self.settings.len());
        self.settings.push(format!("--config-env={name}={variable}"));
        self.env(&variable, value)
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Gives it something to read.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Changes the time after which it is killed, ten minutes by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Keeps that many bytes of what it prints and drops the rest, which is an error otherwise.
    pub fn up_to(mut self, bytes: usize) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Authenticates at the site of `url`. Only over TLS or to this machine itself: a token must not
    /// cross a network in clear.
    pub fn authenticated(mut self, url: &str, credential: Option<&GitCredential>) -> Self {
        let (Some(credential), Some(scope)) = (credential, credentials::header_scope(url)) else {
            return self;
        };
        let GitCredential { user, token } = credential;
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{}", token.expose()));
        // An empty value forgets headers from configuration files: two of them are refused by GitHub.
        self.settings.extend(["-c".to_owned(), format!("http.{scope}.extraHeader=")]);
        // After a redirect git sends the header to the new host, whatever that is.
        self.settings.extend(["-c".to_owned(), format!("http.{scope}.followRedirects=false")]);
        let header = format!("Authorization: Basic {basic}");
        self.secrets.extend([token.expose().to_owned(), basic]);
        self.hidden_setting(&format!("http.{scope}.extraHeader"), header)
    }

    /// Runs it; any exit code but zero is an error.
    pub async fn run(self) -> Result<GitOutput, GitError> {
        self.accepting(&[]).await
    }

    /// Runs it and gives what it printed, without the final newline.
    pub async fn text(self) -> Result<String, GitError> {
        Ok(self.run().await?.text())
    }

    /// Runs it; exit codes other than zero and `codes` are errors.
    pub async fn accepting(self, codes: &[i32]) -> Result<GitOutput, GitError> {
        let subcommand = self.args.first().cloned().unwrap_or_default();
        let mut command = Command::new("git", &self.git.dir).args(["--no-pager"]);
        for setting in SETTINGS {
            command = command.args(["-c", setting]);
        }
        command = command.args(self.settings).args(self.args);
        command.env =
            VARIABLES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        command.env.extend(self.env);
        command.stdin = self.stdin;
        command.timeout = self.timeout;
        // What does not fit would be a wrong answer, so let much fit.
        command.max_output = self.limit.unwrap_or(256 << 20);
        let output = self.git.processes.run(command, &self.git.cancel).await?;
        let mut stderr = redact_urls(&String::from_utf8_lossy(&output.stderr));
        for secret in &self.secrets {
            stderr = stderr.replace(secret, MASK);
        }
        if output.truncated && self.limit.is_none() {
            return Err(GitError::TooLong { command: subcommand });
        }
        match output.code {
            Some(code) if code == 0 || codes.contains(&code) => {
                Ok(GitOutput { code, stdout: output.stdout, stderr, truncated: output.truncated })
            }
            code => {
                Err(GitError::from_output(&subcommand, &self.git.dir, code, &output.stdout, stderr.trim()))
            }
        }
    }
}
