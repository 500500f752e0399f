//! The corpus of hostile texts: well formed, seen by detectors that do fire, and run against the gate and the binary.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../../benches/injection/case.rs"]
mod case;
mod corpus;
#[path = "../../benches/injection/detect/mod.rs"]
mod detect;
#[path = "../../benches/injection/effect.rs"]
mod effect;
mod gate;
#[path = "../../benches/injection/obey.rs"]
mod obey;
mod played;
#[path = "../../benches/injection/stage/mod.rs"]
mod stage;
#[path = "../../benches/injection/table.rs"]
mod table;
#[path = "../../benches/injection/trap.rs"]
mod trap;
