//! Programs, HTTP and the environment are reached through one door each.

use std::path::Path;

use super::sources::{self, Source};

struct Door {
    /// What is behind it.
    what: &'static str,
    /// Text that reaches for it.
    signs: &'static [&'static str],
    /// Text that looks like a sign and is harmless.
    harmless: &'static [&'static str],
    /// Where it stands: beginnings of paths.
    places: &'static [&'static str],
}

const DOORS: [Door; 3] = [
    Door {
        what: "programs",
        signs: &["std::process::", "tokio::process"],
        harmless: &["std::process::id(", "std::process::ExitCode", "std::process::exit("],
        places: &["crates/patchwork-repo/src/process", "crates/patchwork-testkit/", "xtask/"],
    },
    Door {
        what: "HTTP",
        signs: &["reqwest::"],
        harmless: &[],
        places: &["crates/patchwork-remote/", "xtask/"],
    },
    Door {
        what: "the environment",
        signs: &[
            "env::var(",
            "env::var_os(",
            "env::vars",
            "env::set_var",
            "env::remove_var",
            "env::home_dir",
        ],
        harmless: &[],
        places: &[
            "crates/patchwork-cli/src/env.rs",
            "crates/patchwork/build.rs",
            "crates/patchwork-repo/src/process",
            "crates/patchwork-testkit/",
            "xtask/",
        ],
    },
];

pub(super) fn check(root: &Path) -> Result<Vec<String>, String> {
    Ok(sources::all(root)?.iter().flat_map(faults).collect())
}

fn faults(source: &Source) -> Vec<String> {
    let mut out = Vec::new();
    for door in DOORS.iter().filter(|door| !door.places.iter().any(|p| source.path.starts_with(p))) {
        for (number, line) in source.shipped() {
            let rest = door.harmless.iter().fold(line.to_owned(), |line, text| line.replace(text, ""));
            if door.signs.iter().any(|sign| rest.contains(sign)) {
                out.push(format!("{}:{number} reaches for {} outside its door", source.path, door.what));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_of_tests_at_the_head_of_a_file_does_not_end_it() {
        let text = "#[cfg(test)]\n#[cfg(unix)]\nmod tests;\n\nfn f() { std::env::vars(); }\n";
        let source = Source { path: "crates/patchwork/src/lib.rs".to_owned(), text: text.to_owned() };
        assert_eq!(
            faults(&source),
            ["crates/patchwork/src/lib.rs:5 reaches for the environment outside its door"]
        );
    }

    #[test]
    fn reaching_around_a_door_is_a_fault_outside_tests_and_comments() {
        let text = "// std::env::var\nlet id = std::process::id();\nlet x = std::env::var(\"X\");\n#[cfg(test)]\nmod tests { use std::process::Command; }\n";
        let source = |path: &str| Source { path: path.to_owned(), text: text.to_owned() };
        assert_eq!(
            faults(&source("crates/patchwork/src/lib.rs")),
            ["crates/patchwork/src/lib.rs:3 reaches for the environment outside its door"]
        );
        assert!(faults(&source("crates/patchwork-cli/src/env.rs")).is_empty());
    }
}
