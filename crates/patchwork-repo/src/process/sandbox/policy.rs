//! What a sandboxed program may see, write and take: the word between the process that asks for it and the helper.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A program and its walls.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Policy {
    /// What of the file system is there. Absent: no namespaces, the program stands in the system's own.
    pub(crate) view: Option<View>,
    /// Files and folders that may be read and executed.
    pub(crate) read: Vec<PathBuf>,
    /// Files and folders that may be written as well.
    pub(crate) write: Vec<PathBuf>,
    /// Whether the network is reached.
    pub(crate) network: bool,
    /// What it may take.
    pub(crate) limits: Limits,
    /// The program, by its path, and its arguments.
    pub(crate) argv: Vec<String>,
    /// A folder of the disk that it must not fill.
    pub(crate) disk: PathBuf,
    /// Where it runs.
    pub(crate) cwd: PathBuf,
    /// All its variables.
    pub(crate) env: Vec<(String, String)>,
}

/// What a program may take.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// Bytes of memory of one process.
    pub(crate) memory: u64,
    /// Processes and threads at the same time.
    pub(crate) processes: u32,
    /// Bytes of one file.
    pub(crate) file_size: u64,
}

/// A file system of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct View {
    /// An empty folder, on which the new root is built.
    pub(crate) stage: PathBuf,
    /// What stands in it, besides devices and `/proc`. A mount comes after those of the folders above it.
    pub(crate) mounts: Vec<Mount>,
}

/// A place in a view.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Mount {
    /// The place, absolute.
    pub(crate) to: PathBuf,
    /// What stands there.
    pub(crate) what: What,
}

/// What stands at a place of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// What stands there in the system; nothing when that is nothing. Symbolic links on the way are there as well.
    Same,
    /// Another folder, which is only read.
    Shown(PathBuf),
    /// Another folder, which is the program's own.
    Folder(PathBuf),
    /// Nothing, where the system has something that is there because a folder above is.
    Nothing,
    /// A stack of folders, the topmost first, with what is written kept apart.
    Overlay {
        /// What is read.
        lower: Vec<PathBuf>,
        /// What is written.
        upper: PathBuf,
        /// For the kernel's own use, empty, on the file system of `upper`.
        work: PathBuf,
    },
}

/// What the supervisor tells the process inside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The program and its walls.
    pub(crate) policy: Policy,
    /// Processes that no signal of the program may reach, and, below zero, groups of them.
    pub(crate) guarded: Vec<i32>,
    /// Processes and threads that the user has already, which the kernel counts with the program's.
    pub(crate) others: u32,
    /// Whether the program and all that come from it stay in one process group: nothing else could end them at once.
    pub(crate) one_group: bool,
}

/// What the helper answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    /// The walls stand, the program starts.
    Ready {
        /// The version of Landlock that holds it; none when the kernel has none.
        landlock: Option<i32>,
        /// Whether the kernel counts processes; else the supervisor does.
        counted: bool,
        /// What could not be had, in one sentence each.
        missing: Vec<String>,
    },
    /// The walls could not be built; the program was not started.
    Failed {
        /// What went wrong.
        what: String,
    },
    /// The program has ended, and all that it started with it.
    Ended {
        /// Its exit code; 128 and the number of the signal that ended it, as shells say it.
        code: i32,
        /// The limit that it broke and was ended for.
        broke: Option<String>,
    },
}
