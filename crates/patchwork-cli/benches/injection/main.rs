//! What hostile text gets done: a corpus of it, obeyed by a model, against the binary. Nothing must come of it.
//!
//! `cargo xtask bench injection` runs it in release; `cargo bench -p patchwork-cli --bench injection -- title- diff-` the cases
//! whose names begin so. It ends with 1 when anything got through.

fn main() {}
