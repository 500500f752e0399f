//! The brain of a review: what is looked at, what a model is asked, what of its answers is said, and what is remembered.
//!
//! Everything here is pure: the caller reads commits, asks models and writes to forges. In order:
//!
//! 1. [`selection::Selection::select`] says which changed files are reviewed; [`file::ReviewFile::read`] takes their texts.
//! 2. [`unit::cut`] finds the functions and places that changed; [`state::State::pending`] says which of them were not asked
//!    about before; [`index::Index`] knows what they call and what calls them; [`bundle::bundle`] puts them into few prompts.
//! 3. [`prompt::ReviewQuestion`] is what a model is asked, [`answer::read_review`] reads what it states, [`placing::place`] finds
//!    the lines in the diff, gives each finding its fingerprint and keeps its suggestion only where that holds.
//! 4. [`prompt::RefuteQuestion`] and [`answer::read_refute`] are the second opinion; [`choosing::choose`] decides what is said.
//! 5. [`said`] and [`memory`] know what was said and dismissed before, [`said::look`] what is fixed by now.
//! 6. [`text`] writes the comments, the [`summary`], the terminal's form and SARIF.

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
pub mod text;
pub mod unit;
