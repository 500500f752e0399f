//! Where trials stand: the machine as their programs are let to see it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use patchwork_core::port::process::{Command, Output, ProcessError};
use patchwork_core::port::trial::{Lent, TrialCommand};
use tokio_util::sync::CancellationToken;

use super::environment;
use super::folder::Folder;
use super::one::{Made, Stack, SystemTrial};
use super::sight::Sight;
use crate::process::sandbox::policy::{Limits, Mount, Policy, View, What};
use crate::process::sandbox::start::{self, Finished};
use crate::process::{Keep, SystemProcesses};

/// The shell of trials.
const SHELL: &str = "/bin/sh";
/// Their temporary folder, where they have a view of their own.
const TEMP: &str = "/tmp";
/// Their home folder there, when the user has none.
const HOME: &str = "/tmp/home";

/// How copies are made and what surrounds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A view of its own, in which an overlay stands at the place of the checkout.
    Overlay,
    /// A view of its own, in which a copy stands at the place of the checkout.
    View,
    /// A copy beside the checkout, in the system's own view.
    Alone,
    /// The same with nothing to hold its programs in.
    Open,
}

impl Mode {
    fn has_view(self) -> bool {
        matches!(self, Self::Overlay | Self::View)
    }
}

/// Everything that trials of one checkout have in common.
#[derive(Debug)]
pub(super) struct Grounds {
    pub(super) checkout: PathBuf,
    pub(super) sight: Sight,
    pub(super) variables: BTreeMap<String, String>,
    /// The binary that is the helper of the sandbox.
    pub(super) helper: Option<PathBuf>,
}

impl Grounds {
    /// What programs write, each kept apart: the checkout, their home folder, what they are lent, their tools' folders.
    pub(super) fn stacks(&self, mode: Mode, lent: &[Lent]) -> Vec<Stack> {
        let home = self.sight.home.clone().unwrap_or_else(|| HOME.into());
        let mut stacks = vec![
            Stack { to: self.checkout.clone(), below: Some(self.checkout.clone()) },
            Stack { to: home, below: None },
        ];
        if mode == Mode::Overlay {
            let lent = lent.iter().map(|lent| (self.checkout.join(&lent.place), lent.from.clone()));
            let tools = self.sight.tools.iter().filter(|tool| tool.path.is_dir());
            let tools = tools.map(|tool| (tool.path.clone(), tool.path.clone()));
            stacks.extend(lent.chain(tools).map(|(to, from)| Stack { to, below: Some(from) }));
        }
        stacks
    }

    /// Where programs of a trial see the checkout.
    pub(super) fn root_of(&self, mode: Mode, stacks: &[Stack], folder: &Folder) -> PathBuf {
        match (mode.has_view(), stacks.first()) {
            (false, Some(tree)) => tree.upper(folder),
            _ => self.checkout.clone(),
        }
    }

    /// Where programs of a trial have their home and temporary folders.
    fn own_folders(&self, trial: &SystemTrial) -> (PathBuf, PathBuf) {
        let home = trial.stacks.get(1);
        match trial.mode.has_view() {
            true => (home.map_or_else(|| HOME.into(), |home| home.to.clone()), TEMP.into()),
            false => {
                let temp = trial.folder.path().join("tmp");
                (home.map_or_else(|| temp.clone(), |home| home.upper(&trial.folder)), temp)
            }
        }
    }

    /// Where there is no view, what trials are lent and the tools of the user's home are links.
    pub(super) fn link(&self, trial: &SystemTrial) -> io::Result<()> {
        let (home, _) = self.own_folders(trial);
        let tools = self.sight.tools.iter().filter(|tool| !tool.writes).filter_map(|tool| {
            let below = tool.path.strip_prefix(self.sight.home.as_deref()?).ok()?;
            Some((home.join(below), &tool.path))
        });
        let lent = trial.lent.iter().map(|lent| (trial.root.join(&lent.place), &lent.from));
        for (at, to) in tools.chain(lent) {
            if let Some(parent) = at.parent() {
                fs::create_dir_all(parent)?;
            }
            // An earlier trial has left its own there.
            if fs::symlink_metadata(&at).is_err() {
                symlink(to, &at)?;
            }
        }
        Ok(())
    }

    /// Runs a program of a trial to its end.
    pub(super) async fn run(
        &self,
        trial: &SystemTrial,
        command: &TrialCommand,
        cancel: &CancellationToken,
    ) -> Result<Output, ProcessError> {
        let program = command.line.clone();
        let Some(helper) = self.helper.as_deref().filter(|_| trial.mode != Mode::Open) else {
            return match command.limits.unsafe_allowed {
                true => self.run_open(trial, command, cancel).await,
                false => {
                    Err(ProcessError::Refused { program, why: "this machine can't hold it in".to_owned() })
                }
            };
        };
        let policy = self.policy(trial, command);
        let finished = start::run(helper, &policy, command.timeout, command.max_output, cancel).await;
        match finished {
            Ok(Finished::Ended { output, .. }) => Ok(output),
            Ok(Finished::Failed(what)) => {
                Err(ProcessError::Start { program, source: io::Error::other(what) })
            }
            Ok(Finished::TimedOut) => Err(ProcessError::TimedOut { program, timeout: command.timeout }),
            Ok(Finished::Cancelled) => Err(ProcessError::Cancelled { program }),
            Err(source) => Err(ProcessError::Start { program, source }),
        }
    }

    /// Runs a program with nothing to hold it in.
    async fn run_open(
        &self,
        trial: &SystemTrial,
        command: &TrialCommand,
        cancel: &CancellationToken,
    ) -> Result<Output, ProcessError> {
        let env = self.environment(trial, command);
        let processes =
            SystemProcesses::new(env.into_iter().map(|(name, value)| (name.into(), value.into())));
        let mut line = Command::new(SHELL, self.cwd(trial, command)).args(["-c", &command.line]);
        line.timeout = command.timeout;
        line.max_output = command.max_output;
        processes.run_keeping(Keep::End, line, cancel).await
    }

    fn cwd(&self, trial: &SystemTrial, command: &TrialCommand) -> PathBuf {
        match command.cwd.is_empty() {
            true => trial.root.clone(),
            false => trial.root.join(&command.cwd),
        }
    }

    fn environment(&self, trial: &SystemTrial, command: &TrialCommand) -> Vec<(String, String)> {
        let (home, temp) = self.own_folders(trial);
        environment::variables(&self.variables, &home, &temp, command.limits.network, &command.env)
    }

    /// The walls around a program of a trial.
    pub(super) fn policy(&self, trial: &SystemTrial, command: &TrialCommand) -> Policy {
        let network = command.limits.network;
        let (home, temp) = self.own_folders(trial);
        let mut write = vec![trial.root.clone(), home, temp];
        let (view, read) = if trial.mode.has_view() {
            write.push("/var/tmp".into());
            (Some(self.view(trial, network)), vec!["/".into()])
        } else {
            let tools = self.sight.tools.iter().map(|tool| tool.path.clone());
            let lent = trial.lent.iter().map(|lent| lent.from.clone());
            let mut read = self.sight.readable(network);
            read.extend(tools.chain(lent));
            (None, read)
        };
        Policy {
            view,
            read,
            write,
            network,
            limits: Limits {
                memory: command.limits.memory,
                processes: command.limits.processes,
                file_size: command.limits.file_size,
            },
            argv: vec![SHELL.to_owned(), "-c".to_owned(), command.line.clone()],
            disk: trial.folder.path().to_owned(),
            cwd: self.cwd(trial, command),
            env: self.environment(trial, command),
        }
    }

    fn view(&self, trial: &SystemTrial, network: bool) -> View {
        let folder = &trial.folder;
        let temp = folder.path().join("tmp");
        let mut mounts = self.sight.mounts(network);
        mounts.push(Mount { to: TEMP.into(), what: What::Folder(temp.clone()) });
        mounts.push(Mount { to: "/var/tmp".into(), what: What::Folder(temp) });
        if trial.mode == Mode::View {
            let lent = trial.lent.iter();
            mounts.extend(lent.map(|lent| Mount {
                to: self.checkout.join(&lent.place),
                what: What::Shown(lent.from.clone()),
            }));
        }
        // Programs of an environment name it by its place (`#!/home/me/project/.venv/bin/python`).
        mounts.extend(trial.lent.iter().map(|lent| Mount { to: lent.from.clone(), what: What::Same }));
        let is_stack = |path: &Path| trial.stacks.iter().any(|stack| stack.to == path);
        let tools = self.sight.tools.iter().filter(|tool| !is_stack(&tool.path));
        mounts.extend(tools.map(|tool| Mount { to: tool.path.clone(), what: What::Same }));
        for stack in &trial.stacks {
            let upper = stack.upper(folder);
            let what = match trial.mode {
                Mode::Overlay => {
                    let mut lower = Made::of(trial.start.as_ref(), stack);
                    lower.push(stack.below.clone().unwrap_or_else(|| folder.path().join("empty")));
                    What::Overlay { lower, upper, work: stack.work(folder) }
                }
                _ => What::Folder(upper),
            };
            mounts.push(Mount { to: stack.to.clone(), what });
        }
        // What stands in a folder is mounted after it; of two at one place the later word counts.
        mounts.sort_by(|a, b| a.to.cmp(&b.to));
        View { stage: folder.path().join("stage"), mounts }
    }
}
