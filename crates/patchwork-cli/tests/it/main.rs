//! The binary with a scrubbed environment: exit code, standard output and standard error in one snapshot.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod configuration;
mod documents;
mod listings;
mod runs;
mod usage;
mod world;
