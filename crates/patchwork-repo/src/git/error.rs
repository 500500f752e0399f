//! What goes wrong with git, told apart by its words.

use std::path::{Path, PathBuf};

use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::port::process::ProcessError;

/// Why git did not do what was asked. `words` are git's own, without credentials.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The program is not installed.
    #[error("git is not installed, or not on PATH")]
    Missing,
    /// The program is older than what is needed.
    #[error("git {found} is too old")]
    TooOld {
        /// Its version, or what it did not understand.
        found: String,
    },
    /// It was killed, or could not be started.
    #[error(transparent)]
    Process(ProcessError),
    /// It printed more than fits into memory.
    #[error("`git {command}` printed too much")]
    TooLong {
        /// The subcommand.
        command: String,
    },
    /// The folder is in no repository.
    #[error("`{}` is not in a git repository", dir.display())]
    NotARepository {
        /// The folder.
        dir: PathBuf,
    },
    /// The repository belongs to somebody else and git refuses to touch it.
    #[error("git does not trust the repository at `{}`: its files belong to another user", dir.display())]
    DubiousOwnership {
        /// The top of the repository, as git names it.
        dir: PathBuf,
    },
    /// Another git, or one that died, holds a lock.
    #[error("another git process works in this repository")]
    Locked {
        /// What git says.
        words: String,
    },
    /// The disk is full.
    #[error("the disk is full")]
    DiskFull {
        /// What git says.
        words: String,
    },
    /// The remote wants other credentials.
    #[error("the remote refuses the credentials")]
    Authentication {
        /// What git says.
        words: String,
    },
    /// The remote protects the branch.
    #[error("the remote protects this branch")]
    Protected {
        /// What git says.
        words: String,
    },
    /// The remote did not take the push.
    #[error("the remote rejected the push")]
    Rejected {
        /// What git says.
        words: String,
    },
    /// There is no repository at the remote's URL.
    #[error("there is no repository at the remote")]
    RemoteGone {
        /// What git says.
        words: String,
    },
    /// The remote sends us elsewhere, where the token must not follow.
    #[error("the remote redirects to another address")]
    Moved {
        /// What git says.
        words: String,
    },
    /// The remote does not answer.
    #[error("the remote can't be reached")]
    Unreachable {
        /// What git says.
        words: String,
    },
    /// Anything else.
    #[error("`git {command}` failed{}", code.map_or_else(String::new, |code| format!(" with exit code {code}")))]
    Failed {
        /// The subcommand.
        command: String,
        /// Its exit code; none when a signal ended it.
        code: Option<i32>,
        /// What git says.
        words: String,
    },
}

impl From<ProcessError> for GitError {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::NotFound { .. } => Self::Missing,
            error => Self::Process(error),
        }
    }
}

impl GitError {
    /// Tells errors apart. `stderr` is free of credentials.
    pub(super) fn from_output(
        command: &str,
        dir: &Path,
        code: Option<i32>,
        stdout: &[u8],
        stderr: &str,
    ) -> Self {
        let mut words = last_lines(stderr);
        if command == "push" {
            // With --porcelain the reason of a rejection stands on standard output.
            let stdout = String::from_utf8_lossy(stdout);
            let rejected =
                stdout.lines().filter(|line| line.starts_with('!')).map(|line| line.replace('\t', " "));
            words = rejected.chain([words]).collect::<Vec<_>>().join("\n");
        }
        let lower = words.to_lowercase();
        let says = |needles: &[&str]| needles.iter().any(|needle| lower.contains(needle));
        if says(&["not a git repository"]) {
            Self::NotARepository { dir: dir.to_owned() }
        } else if says(&["dubious ownership", "unsafe repository"]) {
            let named = words.split('\'').nth(1).map_or_else(|| dir.to_owned(), PathBuf::from);
            Self::DubiousOwnership { dir: named }
        } else if says(&["unknown option: --config-env", "unknown option: `--config-env"]) {
            Self::TooOld { found: "(without --config-env)".into() }
        } else if says(&["no space left on device", "disk quota exceeded"]) {
            Self::DiskFull { words }
        } else if says(&["protected branch", "gh006", "gh013", "protected ref", "tf402455"]) {
            Self::Protected { words }
        } else if says(&[
            "authentication failed",
            "could not read username",
            "could not read password",
            "terminal prompts disabled",
            "unable to get password",
            "permission denied (publickey",
            "host key verification failed",
            "returned error: 401",
            "returned error: 403",
            "permission to ",
            "invalid credentials",
        ]) {
            Self::Authentication { words }
        } else if says(&["[rejected]", "[remote rejected]", "failed to push some refs"]) {
            Self::Rejected { words }
        } else if says(&[
            "repository not found",
            "does not appear to be a git repository",
            "no such remote",
            "returned error: 404",
            "' not found",
        ]) && matches!(command, "push" | "fetch" | "ls-remote")
        {
            Self::RemoteGone { words }
        } else if ["301", "302", "303", "307", "308"]
            .iter()
            .any(|status| lower.contains(&format!("returned error: {status}")))
        {
            Self::Moved { words }
        } else if says(&[
            "could not resolve host",
            "failed to connect",
            "couldn't connect",
            "connection refused",
            "connection reset",
            "connection timed out",
            "hung up unexpectedly",
            "early eof",
            "returned error: 5",
            "returned error: 429",
            "network is unreachable",
            "unable to access",
            "could not read from remote repository",
        ]) {
            Self::Unreachable { words }
        } else if says(&["index.lock", ".lock': file exists", "cannot lock ref", "could not lock"]) {
            Self::Locked { words }
        } else {
            Self::Failed { command: command.to_owned(), code, words }
        }
    }

    /// What git says, where that is kept.
    pub(crate) fn words(&self) -> Option<&str> {
        match self {
            Self::Locked { words }
            | Self::DiskFull { words }
            | Self::Authentication { words }
            | Self::Protected { words }
            | Self::Rejected { words }
            | Self::RemoteGone { words }
            | Self::Moved { words }
            | Self::Unreachable { words }
            | Self::Failed { words, .. } => Some(words).filter(|words| !words.is_empty()).map(String::as_str),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Missing => "install git 2.30 or newer".into(),
            Self::TooOld { .. } => "install git 2.30 or newer; pushing and fetching with a token needs 2.31".into(),
            Self::NotARepository { .. } => {
                "run it inside of a git repository, or make one: `git init`".into()
            }
            Self::DubiousOwnership { dir } => {
                format!("to trust it: git config --global --add safe.directory '{}'", dir.display())
            }
            Self::Locked { .. } => {
                "wait for it to end; remove the lock file only if no git is running".into()
            }
            Self::DiskFull { .. } => "free some space and resume the run".into(),
            Self::Authentication { .. } => {
                "check that the token or key may write to this repository (GITHUB_TOKEN, github_api_key)"
                    .into()
            }
            Self::Protected { .. } => "choose another branch: branch_prefix=… or branch_suffix=…".into(),
            Self::Rejected { .. } => {
                "somebody else may have pushed meanwhile: look at the branch, then resume".into()
            }
            Self::RemoteGone { .. } => {
                "check `git remote -v` and that the token may see the repository".into()
            }
            Self::Moved { .. } => {
                "the token is sent to the address of the remote only: if the repository was renamed, give the new one: git remote set-url origin URL"
                    .into()
            }
            Self::Unreachable { .. } => "check the network and resume the run".into(),
            Self::Process(_) | Self::TooLong { .. } | Self::Failed { .. } => return None,
        })
    }

    fn kind(&self) -> FailureKind {
        match self {
            Self::Missing
            | Self::TooOld { .. }
            | Self::Authentication { .. }
            | Self::Protected { .. }
            | Self::Rejected { .. }
            | Self::RemoteGone { .. }
            | Self::Moved { .. }
            | Self::Unreachable { .. } => FailureKind::Unavailable,
            Self::NotARepository { .. } | Self::DubiousOwnership { .. } => FailureKind::Usage,
            _ => FailureKind::Failed,
        }
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        let error = match error {
            GitError::Process(error) => return error.into(),
            error => error,
        };
        let mut failure = Self::new(error.kind(), error.to_string());
        failure.causes.extend(error.words().map(str::to_owned));
        failure.hints.extend(error.hint());
        failure
    }
}

/// The end of what git says: the reason stands last, and progress before it can be long.
fn last_lines(text: &str) -> String {
    const LINES: usize = 20;
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n")
}
