//! The directions of dependency between our crates, and crates that only one of ours may use.

use std::path::Path;

use serde_json::Value;

use crate::program;

/// Each crate with those of ours that it may use.
const ARROWS: [(&str, &[&str]); 7] = [
    ("patchwork-core", &[]),
    ("patchwork-repo", &["patchwork-core"]),
    ("patchwork-remote", &["patchwork-core"]),
    ("patchwork", &["patchwork-core", "patchwork-repo", "patchwork-remote"]),
    ("patchwork-cli", &["patchwork", "patchwork-core"]),
    ("patchwork-testkit", &["patchwork-core"]),
    ("xtask", &[]),
];

/// For tests only, any crate but the tests' own may use it.
const TESTKIT: &str = "patchwork-testkit";

/// Crates that stand for a door or for weight, with ours that may use them outside tests.
const GUESTS: [(&str, &[&str]); 9] = [
    ("reqwest", &["patchwork-remote"]),
    ("sse-stream", &["patchwork-remote"]),
    ("rustls", &["patchwork-remote"]),
    ("opentelemetry-proto", &["patchwork-remote", "patchwork-testkit"]),
    ("rusqlite", &["patchwork-core"]),
    ("ast-grep-core", &["patchwork-repo", "patchwork"]),
    ("clap", &["patchwork-cli"]),
    ("indicatif", &["patchwork-cli"]),
    ("axum", &["patchwork-testkit"]),
];

pub(super) fn check(root: &Path) -> Result<Vec<String>, String> {
    let text = program::read(program::cargo(root).args([
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ]))?;
    let metadata: Value = serde_json::from_str(&text).map_err(|e| format!("cargo metadata: {e}"))?;
    Ok(faults(&metadata))
}

fn faults(metadata: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            out.push(format!("{name}: a new crate needs its arrows in xtask/src/check/layers.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let to = dependency["name"].as_str().unwrap_or_default();
            let dev = dependency["kind"] == "dev";
            let fine = if ours.contains(&to) {
                allowed.contains(&to) || (dev && to == TESTKIT)
            } else {
                dev || GUESTS.iter().all(|(guest, hosts)| *guest != to || hosts.contains(&name))
            };
            if !fine {
                out.push(format!("{name} may not depend on {to}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arrows_that_are_not_drawn_are_faults() {
        let package = |name: &str, dependencies: Value| json!({"name": name, "dependencies": dependencies});
        let metadata = json!({"packages": [
            package("patchwork-core", json!([{"name": "serde", "kind": null}, {"name": "reqwest", "kind": null}])),
            package("patchwork-repo", json!([
                {"name": "patchwork-core", "kind": null},
                {"name": "patchwork-remote", "kind": null},
                {"name": "patchwork-testkit", "kind": "dev"},
            ])),
            package("patchwork-remote", json!([{"name": "patchwork-testkit", "kind": null}])),
            package("patchwork-testkit", json!([])),
            package("patchwork-util", json!([])),
        ]});
        assert_eq!(
            faults(&metadata),
            [
                "patchwork-core may not depend on reqwest",
                "patchwork-repo may not depend on patchwork-remote",
                "patchwork-remote may not depend on patchwork-testkit",
                "patchwork-util: a new crate needs its arrows in xtask/src/check/layers.rs",
            ]
        );
    }
}
