//! The check: every name of a patchflow resolved and typed against the steps' schemas before anything runs.

mod bindings;
mod constants;
mod flow;
mod reads;
mod scope;
mod session;
mod wires;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use super::plan::Plan;
use crate::diagnostic::{Diagnostic, SourceText, sort};
use crate::failure::Failure;
use crate::registry::Registry;
use crate::step::Effects;

pub(crate) use constants::constant_misfit;
pub use wires::{Origin, WireField, WireReport, render_wires};

/// Finds what a patchflow refers to outside its own text.
pub trait Loader {
    /// The patchflow file that `uses: PATH` in the file `origin` means; `path` is as written there. The
    /// name of the text is the origin of what it refers to, and the same for each way to the same file.
    fn file(&self, path: &str, origin: &str) -> Result<Arc<SourceText>, Failure>;

    /// A patchflow that the user made known under a name. It goes before a built-in one of the same name.
    fn named(&self, name: &str) -> Result<Option<Arc<SourceText>>, Failure>;

    /// The prompt files of the patchflow that was loaded under this origin (the path of a file, the name of a built-in
    /// patchflow). A prompt in a later file replaces one of the same id, also a built-in one.
    fn prompts(&self, origin: &str) -> Result<Vec<Arc<SourceText>>, Failure>;
}

/// A loader for patchflows that refer to nothing outside.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Loader for NoFiles {
    fn file(&self, path: &str, _origin: &str) -> Result<Arc<SourceText>, Failure> {
        Err(Failure::configuration(format!("there is no file {path}")))
    }

    fn named(&self, _name: &str) -> Result<Option<Arc<SourceText>>, Failure> {
        Ok(None)
    }

    fn prompts(&self, _origin: &str) -> Result<Vec<Arc<SourceText>>, Failure> {
        Ok(Vec::new())
    }
}

/// A patchflow that was found good.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What runs.
    pub plan: Plan,
    /// Where each field of each step comes from.
    pub wires: Vec<WireReport>,
    /// What its steps may touch, all together.
    pub effects: Effects,
    /// What is hardly meant, sorted by place.
    pub warnings: Vec<Diagnostic>,
}

/// Reads and checks a patchflow. `origin` is the path of its file, or the name of a built-in patchflow. All faults of it and of
/// the patchflows it uses are answered at once, sorted by place.
pub fn load(
    source: &str,
    origin: &str,
    registry: &Registry,
    loader: &dyn Loader,
) -> Result<Loaded, Vec<Diagnostic>> {
    let file = SourceText::new(origin, source.trim_start_matches('\u{feff}'));
    let mut session = session::Session::new(registry, loader);
    let checked = session.load(&file);
    let mut faults = session.faults;
    // The patchflow itself goes before those it uses, which were read in between.
    faults.sort_by_key(|fault| fault.file.name != origin);
    sort(&mut faults);
    match checked {
        Some(checked) if !faults.iter().any(Diagnostic::is_error) => Ok(Loaded {
            plan: checked.plan.clone(),
            wires: checked.wires.clone(),
            effects: checked.effects,
            warnings: faults,
        }),
        _ => Err(faults),
    }
}

/// Reads and checks the patchflow of this name: the user's own (see [`Loader::named`]) or the built-in one. Nothing when
/// there is none.
pub fn load_named(
    name: &str,
    registry: &Registry,
    loader: &dyn Loader,
) -> Result<Option<Loaded>, NamedError> {
    if let Some(file) = loader.named(name)? {
        return Ok(Some(load(&file.text, &file.name, registry, loader)?));
    }
    let Some(built_in) = registry.patchflow(name) else { return Ok(None) };
    Ok(Some(load(built_in.document, built_in.name, registry, loader)?))
}

/// Why a patchflow could not be loaded by its name.
#[derive(Debug, thiserror::Error)]
pub enum NamedError {
    /// Its file could not be read.
    #[error("{0}")]
    Unreadable(Failure),
    /// It has faults.
    #[error("the patchflow has {} faults", .0.len())]
    Faults(Vec<Diagnostic>),
}

impl From<Failure> for NamedError {
    fn from(failure: Failure) -> Self {
        Self::Unreadable(failure)
    }
}

impl From<Vec<Diagnostic>> for NamedError {
    fn from(faults: Vec<Diagnostic>) -> Self {
        Self::Faults(faults)
    }
}
