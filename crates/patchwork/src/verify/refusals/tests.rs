//! Changes that are refused, and those of the same words that are not.

use std::path::{Path, PathBuf};

use super::*;

fn refuse(path: &str, old: &str, new: &str) -> Option<String> {
    Before::new(path, old).refuse(&[(old, new)], || Some(new.to_owned()))
}

#[track_caller]
fn refused(path: &str, old: &str, new: &str, word: &str) {
    let reason = refuse(path, old, new);
    assert!(reason.as_ref().is_some_and(|reason| reason.contains(word)), "{path}: {reason:?}\n{new}");
}

#[track_caller]
fn fine(path: &str, old: &str, new: &str) {
    assert_eq!(refuse(path, old, new), None, "{path}\n{new}");
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
fn corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../patchwork-cli/benches/proof/corpus");
    for case in std::fs::read_dir(corpus).unwrap() {
        let case = case.unwrap().path();
        let mut variants: Vec<_> =
            std::fs::read_dir(&case).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
        variants.sort();
        for variant in variants {
            let name = variant.file_name().unwrap().to_str().unwrap().to_owned();
            if name == "project" || name == "test" {
                continue;
            }
            for file in files_below(&variant) {
                let path = file.strip_prefix(&variant).unwrap().to_str().unwrap();
                let Ok(old) = std::fs::read_to_string(case.join("project").join(path)) else { continue };
                let new = std::fs::read_to_string(&file).unwrap();
                let reason = refuse(path, &old, &new);
                let expected =
                    name.ends_with("deletes") || name.ends_with("suppression") || name.ends_with("exception");
                if expected != reason.is_some() || expected {
                    println!(
                        "{} {} {name} {path}: {reason:?}",
                        if expected == reason.is_some() { "  " } else { "!!" },
                        case.file_name().unwrap().to_str().unwrap()
                    );
                }
            }
        }
    }
}
