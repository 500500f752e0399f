//! Patchwork as CI systems run it: the files that people copy or refer to, executed and checked.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod action;
mod azure;
mod checkers;
mod github;
mod gitlab;
mod install;
mod runner;
mod two_jobs;
mod world;
