//! The brain of a review: what is looked at, what a model is asked, what of its answers is said, and what is remembered.
//!
//! Everything here is pure: the caller reads commits, asks models and writes to forges. In order:
//!
//! 1. [`selection::Selection::select`] says which changed files are reviewed; [`file::ReviewFile::read`] takes their texts.
//! 2. [`unit::cut`] finds the functions and places that changed; [`state::State::pending`] those that were not asked about
//!    before; [`context::Context`] what they call and what calls them; [`bundle::bundle`] puts them into few prompts.
//! 3. [`answer::read_review`] reads what a model states, [`placing::place`] finds its lines in the diff, gives it a
//!    fingerprint and keeps its suggestion only where that holds.
//! 4. [`answer::read_refute`] reads the second opinion; [`choosing::choose`] decides what is said.
//! 5. [`said`] and [`memory`] know what was said and dismissed before; [`resolved`] what is fixed by now.
//! 6. [`text`] writes the comments, the summary, the terminal's form and SARIF.

pub mod answer;
pub mod bundle;
pub mod choosing;
mod context;
pub mod file;
pub mod finding;
pub mod fingerprint;
#[cfg(test)]
pub(crate) mod fixture;
mod globs;
pub mod index;
pub mod memory;
mod parallel;
pub mod placing;
pub mod prompt;
mod rows;
pub mod rules;
pub mod said;
pub mod selection;
pub mod state;
pub mod suggestion;
pub mod summary;
pub mod unit;
