//! The corpus of hostile texts: well formed, seen by detectors that do fire, and run against the binary.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../../benches/injection/case.rs"]
mod case;
mod corpus;
#[path = "../../benches/injection/detect/mod.rs"]
mod detect;
#[path = "../../benches/injection/effect.rs"]
mod effect;
