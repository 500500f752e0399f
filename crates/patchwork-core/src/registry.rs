//! The steps and patchflows that a program knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::failure::nearest;
use crate::step::ErasedStep;

/// A patchflow as it is shipped: its document and its prompt file.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// `AutoFix`.
    pub name: &'static str,
    /// The text of `patchflow.yml`.
    pub document: &'static str,
    /// The text of `prompts.yml`; empty when it has none.
    pub prompts: &'static str,
}

/// The steps and patchflows that a program knows.
#[derive(Clone, Default)]
pub struct Registry {
    steps: BTreeMap<&'static str, Arc<dyn ErasedStep>>,
    aliases: BTreeMap<&'static str, &'static str>,
    patchflows: BTreeMap<&'static str, BuiltIn>,
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds steps.
    #[must_use]
    pub fn with_steps(mut self, steps: impl IntoIterator<Item = Box<dyn ErasedStep>>) -> Self {
        self.steps.extend(steps.into_iter().map(|step| (step.id(), Arc::from(step))));
        self
    }

    /// Adds a second name for a step.
    #[must_use]
    pub fn with_alias(mut self, alias: &'static str, step: &'static str) -> Self {
        self.aliases.insert(alias, step);
        self
    }

    /// Adds patchflows.
    #[must_use]
    pub fn with_patchflows(mut self, patchflows: impl IntoIterator<Item = BuiltIn>) -> Self {
        self.patchflows.extend(patchflows.into_iter().map(|p| (p.name, p)));
        self
    }

    /// A step by its name or an alias.
    pub fn step(&self, name: &str) -> Option<&Arc<dyn ErasedStep>> {
        self.steps.get(name).or_else(|| self.steps.get(self.aliases.get(name)?))
    }

    /// All steps, by name.
    pub fn steps(&self) -> impl Iterator<Item = &Arc<dyn ErasedStep>> {
        self.steps.values()
    }

    /// The second names of steps, each with the step that it means.
    pub fn aliases(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.aliases.iter().map(|(alias, step)| (*alias, *step))
    }

    /// A shipped patchflow.
    pub fn patchflow(&self, name: &str) -> Option<&BuiltIn> {
        self.patchflows.get(name)
    }

    /// All shipped patchflows, by name.
    pub fn patchflows(&self) -> impl Iterator<Item = &BuiltIn> {
        self.patchflows.values()
    }

    /// The nearest step or patchflow name, for hints.
    pub fn nearest(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.steps.keys().chain(self.aliases.keys()).chain(self.patchflows.keys()).copied())
    }
}
