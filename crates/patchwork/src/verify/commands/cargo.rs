//! Rust with Cargo.

use super::{Folder, Line, Lines, Network};

pub(super) fn look(folder: &Folder, network: Network) -> Option<Lines> {
    let because = "Cargo.toml";
    if !folder.has(because) {
        return None;
    }
    let offline = if network == Network::Absent { " --offline" } else { "" };
    Some(Lines {
        setup: Line::new("cargo fetch", because),
        // Builds what the tests take, so that nothing is compiled twice, and no benches, which often want a nightly compiler.
        build: Line::new(format!("cargo test --workspace --no-run{offline}"), because),
        tests: Line::new(format!("cargo test --workspace{offline}"), because),
    })
}
