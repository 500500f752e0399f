//! The sites that host repositories, each in a folder of its own.

mod azure;
mod bitbucket;
mod explain;
mod gitea;
pub mod github;
pub mod gitlab;
mod page;
mod remote;
mod site;
mod slug;
mod wire;

use std::sync::Arc;

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Forge, ForgeTarget, Forges, Located};

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
        site::connect(target, self.pace)
    }

    fn locate(&self, url: &str, target: &ForgeTarget) -> Result<Located, Failure> {
        page::locate(url, target)
    }
}

#[cfg(test)]
mod tests;
