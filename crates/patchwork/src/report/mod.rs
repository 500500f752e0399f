//! Reports of runs: one value that holds what is to be told, made from the journal alone, and what it is written as.

mod assemble;
mod ci;
mod html;
mod json;
pub(crate) mod markdown;
mod run_report;
mod sarif;
mod words;

#[cfg(test)]
mod tests;

pub use assemble::{Output, Recorded, read};
pub use ci::{azure, github, gitlab, variables};
pub use html::render as html;
pub use json::{render as json, schema};
pub use markdown::render as markdown;
pub use run_report::{
    Base, Case, CaseOutcome, Counts, ModelUse, NodeReport, NodeState, Proof, Published, Repository,
    RunReport, VERSION,
};
pub use sarif::render as sarif;
