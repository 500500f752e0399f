//! What a run leaves outside of its worktree, and what was there before: recorded before it is done, so that it can be
//! taken back.

use serde::{Deserialize, Serialize};

use crate::effect::{Done, Effect};
use crate::failure::Failure;
use crate::journal::Journal;
use crate::port::forge::{ForgeKind, PullRequestText};
use crate::run::RunId;

/// How the journal's keys of traces begin, behind the node.
pub const MARK: &str = "#trace:";

/// One thing that a run leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trace {
    /// A branch of the user's repository. The run's commits are at `refs/patchwork/<run>/result`.
    Branch {
        /// Its name.
        name: String,
        /// Where it stood; none when it did not exist.
        before: Option<String>,
    },
    /// A branch of a remote.
    Push {
        /// The remote.
        remote: String,
        /// The branch.
        branch: String,
        /// What was pushed.
        commit: String,
        /// Where the branch stood; none when it did not exist.
        before: Option<String>,
        /// Whether the forge's token went along.
        with_token: bool,
        /// The forge; journals of older versions do not say.
        #[serde(default)]
        at: Option<At>,
    },
    /// A pull request at the forge of a remote.
    PullRequest {
        /// The remote.
        remote: String,
        /// The base of the forge's API, when it is not the public one.
        api_url: Option<String>,
        /// The branch to merge into.
        base: String,
        /// The branch with the changes.
        head: String,
        /// Its number, as soon as it is known.
        number: Option<u64>,
        /// What it said; none when it did not exist.
        before: Option<PullRequestText>,
        /// What it says now.
        now: PullRequestText,
    },
    /// Anything that went through [`Context::carry_out`](crate::step::Context::carry_out): once before it was done, and once
    /// with what became of it.
    Effect {
        /// Where.
        at: At,
        /// What.
        effect: Effect,
        /// What the pull request, the issue or the comment said before; none when it was not there.
        #[serde(default)]
        before: Option<PullRequestText>,
        /// What became of it.
        done: Option<Done>,
    },
}

/// The repository on a forge that something was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// The site.
    pub forge: ForgeKind,
    /// The remote's URL, without credentials.
    pub remote_url: String,
    /// The base of the forge's API, when it is not the remote's own.
    pub api_url: Option<String>,
}

/// What a run has left, or was about to leave when it ended, in the order of the journal.
pub async fn traces(journal: &Journal, run: &RunId) -> Result<Vec<Trace>, Failure> {
    let mut traces = Vec::new();
    for (key, _) in journal.keys(run).await? {
        if !key.contains(MARK) {
            continue;
        }
        if let Some(stored) = journal.get(run, &key).await? {
            let trace = serde_json::from_value(stored.value).map_err(|error| {
                Failure::internal(format!("the journal holds something else under {key}")).caused_by(&error)
            })?;
            traces.push(trace);
        }
    }
    Ok(traces)
}
