//! One trial: its folders, its files and its programs.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::port::process::{Output, ProcessError};
use patchwork_core::port::trial::{Change, Layer, Lent, Trial, TrialCommand};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::copies;
use super::files::Layers;
use super::folder::Folder;
use super::grounds::{Grounds, Mode};

/// A folder that programs see and write, with what they write kept apart.
#[derive(Debug, Clone)]
pub(super) struct Stack {
    /// Where they see it.
    pub(super) to: PathBuf,
    /// What they see there at first; none for one that begins empty.
    pub(super) below: Option<PathBuf>,
}

impl Stack {
    /// A name for its folders that is the same in every trial.
    fn name(&self) -> String {
        let digest = Sha256::digest(self.to.as_os_str().as_encoded_bytes());
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Where what is written to it is kept.
    pub(super) fn upper(&self, folder: &Folder) -> PathBuf {
        folder.path().join("upper").join(self.name())
    }

    /// What the kernel needs beside it.
    pub(super) fn work(&self, folder: &Folder) -> PathBuf {
        folder.path().join("work").join(self.name())
    }
}

/// What a trial has made, as a start for others.
#[derive(Debug)]
pub(super) struct Made {
    folder: Folder,
    /// How its files are kept: those of another way are of no use.
    mode: Mode,
    /// What that trial itself started from.
    start: Option<Arc<Self>>,
}

impl Made {
    /// What was made in a stack by this one and those before it, the newest first.
    pub(super) fn of(start: Option<&Arc<Self>>, stack: &Stack) -> Vec<PathBuf> {
        std::iter::successors(start, |made| made.start.as_ref())
            .map(|made| stack.upper(&made.folder))
            .filter(|upper| upper.is_dir())
            .collect()
    }
}

/// A copy of the checkout on this machine.
pub(super) struct SystemTrial {
    pub(super) grounds: Arc<Grounds>,
    pub(super) mode: Mode,
    pub(super) folder: Folder,
    /// The checkout as its programs see it.
    pub(super) root: PathBuf,
    /// The checkout's own is the first, the home folder the second.
    pub(super) stacks: Vec<Stack>,
    pub(super) lent: Vec<Lent>,
    pub(super) start: Option<Arc<Made>>,
    changed: Mutex<BTreeSet<String>>,
    /// Held while a program runs, or files are changed.
    turn: tokio::sync::Mutex<()>,
}

impl SystemTrial {
    /// Makes the folders of a copy, and copies what has to be.
    pub(super) fn make(
        grounds: Arc<Grounds>,
        mode: Mode,
        folder: PathBuf,
        lent: Vec<Lent>,
        start: Option<Arc<Made>>,
    ) -> Result<Self, Failure> {
        let trial = Self::with_folders(grounds, mode, folder, lent, start)?;
        trial.fill().map_err(|error| trial.cannot_be_made(&error))?;
        Ok(trial)
    }

    fn with_folders(
        grounds: Arc<Grounds>,
        mode: Mode,
        folder: PathBuf,
        lent: Vec<Lent>,
        start: Option<Arc<Made>>,
    ) -> Result<Self, Failure> {
        let folder = Folder::make(folder)?;
        let start = start.filter(|made| made.mode == mode);
        let stacks = grounds.stacks(mode, &lent);
        let root = grounds.root_of(mode, &stacks, &folder);
        let trial = Self {
            grounds,
            mode,
            folder,
            root,
            stacks,
            lent,
            start,
            changed: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        };
        let make = || -> io::Result<()> {
            for name in ["empty", "stage", "tmp", "upper", "work"] {
                fs::create_dir(trial.folder.path().join(name))?;
            }
            for stack in &trial.stacks {
                fs::create_dir(stack.upper(&trial.folder))?;
                fs::create_dir(stack.work(&trial.folder))?;
            }
            Ok(())
        };
        make().map_err(|error| trial.cannot_be_made(&error))?;
        Ok(trial)
    }

    fn cannot_be_made(&self, error: &io::Error) -> Failure {
        Failure::failed(format!("a copy of `{}` can't be made", self.grounds.checkout.display()))
            .caused_by(error)
    }

    /// One that only shows whether programs can be held so: nothing is copied.
    pub(super) fn probe(grounds: Arc<Grounds>, mode: Mode, folder: PathBuf) -> Result<Self, Failure> {
        Self::with_folders(grounds, mode, folder, Vec::new(), None)
    }

    /// Copies what has to be.
    fn fill(&self) -> io::Result<()> {
        if self.mode == Mode::Overlay {
            return Ok(());
        }
        for stack in &self.stacks {
            let made = Made::of(self.start.as_ref(), stack);
            for from in stack.below.iter().chain(made.iter().rev()) {
                copies::copy_tree(from, &stack.upper(&self.folder))?;
            }
        }
        if self.mode == Mode::View { Ok(()) } else { self.grounds.link(self) }
    }

    /// The folders of the checkout's copy.
    pub(super) fn put(&self, changes: &[Change]) -> Result<(), Failure> {
        let Some(tree) = self.stacks.first() else { return Ok(()) };
        let upper = tree.upper(&self.folder);
        let mut below = Vec::new();
        if self.mode == Mode::Overlay {
            below = Made::of(self.start.as_ref(), tree);
            below.extend(tree.below.clone());
        }
        let layers = Layers { top: &upper, below: below.iter().map(PathBuf::as_path).collect() };
        for change in changes {
            layers.put(change)?;
            self.changed().insert(change.path.clone());
        }
        Ok(())
    }

    fn changed(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves in the folders only what programs have made.
    fn strip(&self) -> Result<(), Failure> {
        let told = |error: io::Error| {
            Failure::failed("what a trial has made can't be kept for others").caused_by(&error)
        };
        for (number, stack) in self.stacks.iter().enumerate() {
            let upper = stack.upper(&self.folder);
            if let (true, Some(below)) = (self.mode != Mode::Overlay, &stack.below) {
                copies::keep_what_differs(&upper, below).map_err(told)?;
            }
            if number == 0 {
                let layers = Layers { top: &upper, below: Vec::new() };
                self.changed().iter().try_for_each(|path| layers.forget(path))?;
            }
        }
        for name in ["tmp", "work"] {
            crate::checkout::remove_tree(&self.folder.path().join(name)).map_err(told)?;
        }
        Ok(())
    }
}

/// A trial in the hands of whoever opened it.
pub(super) struct Opened(pub(super) Arc<SystemTrial>);

#[async_trait]
impl Trial for Opened {
    fn root(&self) -> &Path {
        &self.0.root
    }

    async fn write(&self, changes: &[Change]) -> Result<(), Failure> {
        let _turn = self.0.turn.lock().await;
        let (trial, changes) = (self.0.clone(), changes.to_vec());
        apart(move || trial.put(&changes)).await
    }

    async fn run(&self, command: &TrialCommand, cancel: &CancellationToken) -> Result<Output, ProcessError> {
        let _turn = self.0.turn.lock().await;
        self.0.grounds.run(&self.0, command, cancel).await
    }

    async fn freeze(self: Box<Self>) -> Result<Layer, Failure> {
        let trial = self.0.clone();
        apart(move || trial.strip()).await?;
        let Some(trial) = Arc::into_inner(self.0) else {
            return Err(Failure::internal("a trial is kept for others while it is at work"));
        };
        Ok(Layer(Arc::new(Arc::new(Made { folder: trial.folder, mode: trial.mode, start: trial.start }))))
    }
}

/// Does work with files where it holds nobody up.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::internal("work on a trial broke off").caused_by(&error))?
}
