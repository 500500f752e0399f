//! Semgrep, run as a program.

mod arguments;
mod complaint;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::port::process::{Command, ProcessError};
use patchwork_core::port::scanner::{ScanRequest, Scanner};
use patchwork_core::step::{Context, StepError};
use serde_json::Value;

pub use arguments::{Arguments, ArgumentsError};
use complaint::complaint;

use crate::sarif;

/// The rules when no `--config` is given: Semgrep's own default, `auto`, sends the repository's name to its makers and is
/// refused with metrics off.
pub const DEFAULT_CONFIG: &str = "p/default";

/// A large repository with the registry's rules takes tens of minutes; a scan that takes longer hangs.
const TIMEOUT: Duration = Duration::from_secs(3600);

/// How long Semgrep may take to say its version, or to get its rules when that is what is asked.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// How Semgrep is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launcher {
    program: String,
    before: Vec<&'static str>,
}

impl Launcher {
    /// `semgrep` on PATH.
    pub fn installed(ctx: &Context) -> Result<Option<Self>, StepError> {
        let found = ctx.processes()?.find("semgrep");
        Ok(found.map(|path| Self { program: path.to_string_lossy().into_owned(), before: Vec::new() }))
    }

    /// `semgrep` on PATH, else `uvx semgrep` or `pipx run semgrep`, which download it when they have not yet.
    pub fn any(ctx: &Context) -> Result<Self, StepError> {
        if let Some(installed) = Self::installed(ctx)? {
            return Ok(installed);
        }
        for (program, before) in [("uvx", vec!["semgrep"]), ("pipx", vec!["run", "semgrep"])] {
            if let Some(path) = ctx.processes()?.find(program) {
                return Ok(Self { program: path.to_string_lossy().into_owned(), before });
            }
        }
        Err(Failure::unavailable(
            "Semgrep is not installed, and neither are `uvx` and `pipx`, which could run it",
        )
        .hint("install it: `pip install semgrep`, `brew install semgrep` or `pipx install semgrep`")
        .hint("or scan with Patchwork's own rules: scanner=rules")
        .hint("or give a report that is already there: sarif_file_path=FILE")
        .into())
    }

    /// What the user would type (`uvx semgrep`).
    pub fn words(&self) -> String {
        let name = Path::new(&self.program).file_stem().map(|name| name.to_string_lossy().into_owned());
        let mut words = vec![name.unwrap_or_default()];
        words.extend(self.before.iter().map(|word| (*word).to_owned()));
        words.join(" ")
    }

    fn command(&self, ctx: &Context, home: &Path) -> Result<Command, StepError> {
        let place = |name: &str| home.join(name).to_string_lossy().into_owned();
        let mut command = Command::new(&self.program, ctx.root()?).args(self.before.iter().copied());
        // What Semgrep keeps between runs stays with Patchwork, not in the user's home or the repository.
        command.env = vec![
            ("SEMGREP_SETTINGS_FILE".into(), place("settings.yml")),
            ("SEMGREP_LOG_FILE".into(), place("semgrep.log")),
            ("SEMGREP_VERSION_CACHE_PATH".into(), place("version")),
            ("SEMGREP_SEND_METRICS".into(), "off".into()),
            ("SEMGREP_ENABLE_VERSION_CHECK".into(), "0".into()),
            ("NO_COLOR".into(), "1".into()),
        ];
        command.timeout = PROBE_TIMEOUT;
        Ok(command)
    }
}

/// Semgrep, ready to scan the checkout.
#[derive(Debug, Clone)]
pub struct Semgrep {
    launcher: Launcher,
    arguments: Arguments,
    /// Known once it was asked for or a report said it.
    version: OnceLock<String>,
}

impl Semgrep {
    /// Semgrep by any way to start it, with `extra` arguments split as a shell splits words.
    pub fn find(ctx: &Context, extra: &str) -> Result<Self, StepError> {
        let arguments = Arguments::parse(extra)?;
        Ok(Self { launcher: Launcher::any(ctx)?, arguments, version: OnceLock::new() })
    }

    /// Semgrep if it is installed, runs, and has its rules or can get them; else why not, in words.
    pub async fn ready(ctx: &Context, extra: &str) -> Result<Result<Self, String>, StepError> {
        let arguments = Arguments::parse(extra)?;
        let Some(launcher) = Launcher::installed(ctx)? else {
            return Ok(Err("Semgrep is not installed".into()));
        };
        let home = home(ctx)?;
        let command = launcher.command(ctx, &home)?.args(["--version"]);
        let version = match ctx.processes()?.run(command, ctx.cancel()).await {
            Err(error @ ProcessError::Cancelled { .. }) => return Err(error.into()),
            Err(error) => return Ok(Err(format!("Semgrep does not run: {error}"))),
            Ok(output) if output.code != Some(0) => {
                return Ok(Err(format!(
                    "Semgrep does not run: {}",
                    complaint(&ctx.redact(&String::from_utf8_lossy(&output.stderr)))
                )));
            }
            Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        };
        let this = Self { launcher, arguments, version: OnceLock::from(version) };
        if this.arguments.has_config() {
            return Ok(Ok(this));
        }
        // Offline, Semgrep tries for a minute and a half to get rules before it gives up. An empty folder needs nothing but
        // the rules, so this tells soon whether they can be had.
        let empty = folder_in(&home)?;
        match this.scan_in(ctx, &home, &[empty.path().to_string_lossy().into_owned()], PROBE_TIMEOUT).await {
            Ok(_) => Ok(Ok(this)),
            Err(StepError::Failed(failure)) if ctx.cancel().is_cancelled() => Err(failure.into()),
            Err(_) => Ok(Err(format!("Semgrep can't get its rules ({DEFAULT_CONFIG}) from the network"))),
        }
    }

    async fn scan_in(
        &self,
        ctx: &Context,
        home: &Path,
        paths: &[String],
        timeout: Duration,
    ) -> Result<Value, StepError> {
        let folder = folder_in(home)?;
        let report = folder.path().join("report.sarif");
        let base = &ctx.checkout()?.base().repository;
        // Not `--quiet`: it also hides why rules are refused.
        let mut command = self.launcher.command(ctx, home)?.args([
            "scan",
            "--metrics=off",
            "--disable-version-check",
            "--sarif",
            "--output",
        ]);
        command.args.push(report.to_string_lossy().into_owned());
        command.args.extend(self.arguments.resolved(ctx.root()?, base));
        command.args.push("--".into());
        command.args.extend_from_slice(paths);
        command.timeout = timeout;
        let output = ctx.processes()?.run(command, ctx.cancel()).await?;
        // 1 says that there are findings, with `--error`.
        if !matches!(output.code, Some(0 | 1)) {
            return Err(self
                .failure(output.code, &complaint(&ctx.redact(&String::from_utf8_lossy(&output.stderr))))
                .into());
        }
        match sarif::read_file(&report, "Semgrep's report").await {
            Ok(value) => {
                if let Some(version) = value["runs"][0]["tool"]["driver"]["semanticVersion"].as_str() {
                    self.version.get_or_init(|| version.to_owned());
                }
                Ok(value)
            }
            Err(failure) => {
                Err(failure.cause(complaint(&ctx.redact(&String::from_utf8_lossy(&output.stderr)))).into())
            }
        }
    }

    fn failure(&self, code: Option<i32>, complaint: &str) -> Failure {
        let name = self.launcher.words();
        let message = match code {
            Some(code) => format!("`{name}` failed (exit code {code})"),
            None => format!("`{name}` was ended by a signal"),
        };
        let mut failure = match code {
            // Rules or arguments that are wrong stay wrong.
            Some(4 | 5 | 7 | 8) => Failure::configuration(message),
            _ => Failure::failed(message),
        };
        if !complaint.is_empty() {
            failure = failure.cause(complaint);
        }
        if complaint.contains("semgrep.dev") {
            failure = failure
                .hint("give rules that are on this machine: semgrep_extra_args=\"--config FILE_OR_FOLDER\"")
                .hint("or scan with Patchwork's own rules, which need no network: scanner=rules");
        }
        failure
    }
}

#[async_trait]
impl Scanner for Semgrep {
    fn name(&self) -> String {
        match self.version.get() {
            Some(version) => format!("Semgrep {version}"),
            None => "Semgrep".into(),
        }
    }

    async fn scan(&self, ctx: &Context, request: &ScanRequest) -> Result<Value, StepError> {
        let checkout = ctx.checkout()?;
        let mut paths = Vec::with_capacity(request.paths.len());
        for path in &request.paths {
            let path = checkout.resolve(path)?;
            if !checkout.root().join(&path).exists() {
                return Err(StepError::input("paths", format!("`{path}` is not in the repository")));
            }
            paths.push(path);
        }
        // Without a path Semgrep takes the working folder, but not so after `--`.
        if paths.is_empty() {
            paths.push(".".into());
        }
        self.scan_in(ctx, &home(ctx)?, &paths, TIMEOUT).await
    }
}

/// The folder for what Semgrep keeps.
fn home(ctx: &Context) -> Result<PathBuf, StepError> {
    let home = ctx.cache_dir("semgrep")?;
    std::fs::create_dir_all(&home).map_err(|error| {
        Failure::failed(format!("can't make the folder {}", home.display())).caused_by(&error)
    })?;
    Ok(home)
}

fn folder_in(home: &Path) -> Result<tempfile::TempDir, StepError> {
    tempfile::tempdir_in(home).map_err(|error| {
        Failure::failed(format!("can't make a folder in {}", home.display())).caused_by(&error).into()
    })
}
