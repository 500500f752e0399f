//! Nouns, ports, the patchflow language, the machine, the engine and the journal of Patchwork.
//!
//! This crate knows nothing of networks, processes, terminals or any single step: it says what a run is and drives
//! it through the traits in [`port`].

pub mod budget;
pub mod change;
pub mod config;
pub mod diagnostic;
pub mod effect;
pub mod engine;
pub mod event;
pub mod evidence;
pub mod failure;
pub mod finding;
pub mod journal;
pub mod machine;
pub mod message;
pub mod patch;
pub mod patchflow;
pub mod port;
pub mod prompt;
pub mod registry;
pub mod run;
pub mod secret;
pub mod step;
pub mod template;
pub mod tokens;
pub mod trace;
pub mod usage;
