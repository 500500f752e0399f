//! PRReview as a user runs it: the binary, real git over HTTP, the stand-ins of the forges, and a model that looks for what it is told.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod local;
mod pull;
mod real;
mod recorded;
mod sequence;
mod suggestions;
mod world;
