//! Bundles: what a run that may not write would have done, as a file that another process with a token checks and carries out.

mod bring;
mod check;
mod collect;
mod hold;
mod places;
mod read;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use patchwork_core::effect::Effect;
use patchwork_core::engine::Totals;
use patchwork_core::port::checkout::PackedCommit;
use patchwork_core::port::forge::ForgeKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use bring::bring;
pub use check::{Here, same_repository};
pub use collect::collect;
pub use places::Place;
pub use read::digest;

/// The word by which a bundle is known.
const KIND: &str = "patchwork-bundle";

/// The version of the form that this program writes and reads.
pub const VERSION: u32 = 1;

/// The patchflow that carries a bundle out. It is none that people write or list.
pub const APPLY: &str = include_str!("apply.yml");

/// What a run would have done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// `patchwork-bundle`.
    pub kind: String,
    /// The version of this form: 1.
    pub version: u32,
    /// The version of the program that ran.
    pub program_version: String,
    /// The patchflow.
    pub patchflow: String,
    /// The run.
    pub run: String,
    /// When it began, milliseconds since 1970.
    pub created_ms: i64,
    /// Where the effects belong.
    pub repository: Target,
    /// The numbers of the pull requests and issues that the run was about.
    pub about: Vec<u64>,
    /// Whose text the run has read that is an outsider; null when it has not.
    pub heard: Option<String>,
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
    /// The commits that are pushed, oldest first, each on top of the one before.
    pub commits: Vec<PackedCommit>,
    /// What the model calls of the run took.
    pub totals: Totals,
    /// The report of the run, as `patchwork report --format json` writes it.
    pub evidence: Value,
    /// The recording of the run, as `patchwork record export` writes it.
    pub recording: Value,
}

/// Where the effects of a bundle belong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The site; null when there is no effect.
    pub forge: Option<ForgeKind>,
    /// The URL of the remote, without credentials.
    pub remote_url: String,
    /// The commit that the run started from.
    pub base: String,
    /// The branch that it stood on; null on a detached HEAD.
    pub branch: Option<String>,
}

impl Bundle {
    /// Writes it, as JSON compressed by gzip.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut encoder = GzEncoder::new(to, Compression::default());
        serde_json::to_writer(&mut encoder, self)?;
        encoder.finish()?.flush()
    }

    /// Writes it as JSON.
    pub fn write_plain(&self, mut to: impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut to, self)?;
        to.write_all(b"\n")
    }

    /// The paths that its commits change, sorted, each once.
    pub fn paths(&self) -> Vec<&str> {
        let mut paths: Vec<&str> =
            self.commits.iter().flat_map(|commit| &commit.files).map(|file| file.path.as_str()).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }
}
