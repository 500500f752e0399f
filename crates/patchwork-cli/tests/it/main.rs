//! The binary with a scrubbed environment: exit code, standard output and standard error in one snapshot.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod configuration;
mod documents;
mod flows;
mod listings;
mod models;
mod runs;
#[cfg(target_os = "linux")]
mod sandbox;
#[cfg(unix)]
mod trust;
mod usage;
mod world;
