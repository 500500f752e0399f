//! Programs that nobody has read, in trials, through the real binary and the real kernel.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

mod attacks;
mod copies;
mod files;
mod limits;
mod network;
mod processes;
mod tools;
mod world;
