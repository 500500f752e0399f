//! The patchwork binary: arguments, terminal reporter, exit codes.
fn main() {}
