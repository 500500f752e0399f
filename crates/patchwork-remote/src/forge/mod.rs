//! The sites that host repositories, each in a folder of its own.

pub mod github;
mod remote;

use std::sync::Arc;

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Forge, ForgeTarget, Forges};

pub use remote::Remote;

use crate::http::Pace;

/// Every forge that is known, found by the remote's host and `scm_url`.
#[derive(Debug, Clone, Default)]
pub struct Sites {
    pace: Pace,
}

impl Sites {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how patient calls are.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }
}

impl Forges for Sites {
    fn connect(&self, target: &ForgeTarget) -> Result<Arc<dyn Forge>, Failure> {
        let remote = Remote::parse(&target.remote_url).ok_or_else(|| {
            Failure::configuration("the remote's URL names no repository")
                .hint("expected: https://github.com/OWNER/NAME or git@github.com:OWNER/NAME")
        })?;
        let base = match (&target.api_url, &remote.host) {
            (Some(scm_url), _) => github::api_of(scm_url)?,
            (None, Some(host)) => github::public_api(host).ok_or_else(|| unknown(host))?,
            (None, None) => {
                return Err(Failure::configuration("the remote is a folder of this machine, not a forge")
                    .hint("give scm_url when it mirrors a repository of a forge, or disable_pr=true"));
            }
        };
        let forge = github::GitHub::connect(&base, &remote, &target.token, self.pace);
        Ok(Arc::new(forge.map_err(|failure| match &target.api_url {
            Some(_) => failure.hint("see scm_url"),
            None => failure,
        })?))
    }
}

fn unknown(host: &str) -> Failure {
    Failure::configuration(format!("{host} is no forge that patchwork knows"))
        .hint("supported now: GitHub (github.com, *.ghe.com) and GitHub Enterprise Server")
        .hint(format!("for GitHub Enterprise Server give scm_url=https://{host}"))
        .hint("disable_pr=true keeps the changes on a local branch")
}
