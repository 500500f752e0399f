//! AutoFix as a user runs it: the binary, real git, and real servers on this machine.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod budget;
mod canary;
#[path = "../../benches/proof/case.rs"]
mod case;
mod corpus;
mod crash;
mod edits;
mod effects;
mod escalation;
mod evidence;
mod github;
mod hostile;
#[path = "../../benches/proof/judge.rs"]
mod judge;
mod learn;
mod llama;
mod model_faults;
mod models;
mod options;
mod otlp;
mod packages;
mod places;
mod plain;
mod planning;
mod proof;
mod proposals;
mod publishing;
mod real_tests;
mod replay;
mod reports;
mod run_reports;
mod semgrep;
mod signals;
mod sources;
mod state;
mod tools;
mod undo;
mod world;
