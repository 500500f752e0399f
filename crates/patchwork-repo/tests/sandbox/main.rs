//! Programs that nobody has read, in trials, through the real binary and the real kernel.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod copies;
mod world;
