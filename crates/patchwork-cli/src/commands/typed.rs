//! A patchflow as it was typed: its name and the words behind it.

use std::path::PathBuf;

use patchwork_core::failure::Failure;
use patchwork_core::patchflow::plan::Plan;
use patchwork_core::registry::Registry;

use crate::args::Options;
use crate::args::words::{self, Assigned};
use crate::settings::{Given, Openings, Place};
use crate::{drive, patchflows};

/// What was typed, read against the files that configure it.
pub(super) struct Typed {
    pub(super) registry: Registry,
    pub(super) plan: Plan,
    /// The folder it was typed in.
    pub(super) folder: PathBuf,
    pub(super) open: Openings,
    pub(super) assigned: Assigned,
    name: String,
}

/// The same with the options in effect.
pub(super) struct Ready {
    pub(super) registry: Registry,
    pub(super) plan: Plan,
    pub(super) folder: PathBuf,
    pub(super) given: Given,
}

impl Typed {
    /// Finds the patchflow and reads the words.
    pub(super) fn read(options: &Options, typed: &str, words: &[String]) -> Result<Self, Failure> {
        let registry = patchwork::registry();
        let config = options.config.as_deref();
        let found = patchflows::find(typed, config, &registry)?;
        let plan = patchflows::load(&found, config, &registry)?.plan;
        let folder = drive::current_dir()?;
        let place = Place { options, registry: &registry, name: &found.name, folder: &folder };
        let open = place.open(&plan)?;
        let assigned = words::assign(words, &open.plan)?;
        Ok(Self { registry, plan, folder, open, assigned, name: found.name })
    }

    /// Merges the words with all other places.
    pub(super) fn given(self, options: &Options) -> Result<Ready, Failure> {
        let Self { registry, plan, folder, open, assigned, name } = self;
        let place = Place { options, registry: &registry, name: &name, folder: &folder };
        let given = place.given(&plan, open, &assigned.values)?;
        Ok(Ready { registry, plan, folder, given })
    }
}
