//! A real change, between two releases of a public package, as a pull request on each forge.

use std::path::Path;

use patchwork_core::port::forge::ForgeKind;

use crate::world::{World, subject};

/// The files of a release that are its own: path and text, sorted.
fn files(release: &str) -> Vec<(String, String)> {
    fn below(folder: &Path, top: &Path, out: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && !name.ends_with(".egg-info") {
                below(&path, top, out);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                out.push((name, text));
            }
        }
    }
    let top = subject(release);
    let mut out = Vec::new();
    below(&top, &top, &mut out);
    out.sort();
    out
}

fn reviewed(kind: ForgeKind) {
    let (before, mut after) = (files("toolz-0.12.1"), files("toolz-1.0.0"));
    // What the model of these tests looks for, on a line that the release really changed.
    let changed = after.iter_mut().find(|(path, _)| path == "toolz/sandbox/parallel.py").unwrap();
    let old = &before.iter().find(|(path, _)| *path == changed.0).unwrap().1;
    let new: Vec<&str> = changed.1.lines().filter(|line| !old.contains(*line)).collect();
    let line = new.into_iter().find(|line| line.trim().len() > 3).expect("a line is new").to_owned();
    changed.1 = changed.1.replacen(&line, &format!("{line}  # TODO-logic"), 1);
    let number = 1 + changed.1.lines().position(|line| line.contains("TODO-logic")).unwrap();

    let text = |list: &[(String, String)]| -> Vec<(String, String)> { list.to_vec() };
    let given = text(&before);
    let given: Vec<(&str, &str)> = given.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let mut world = World::new(kind, &given);
    let unlike: Vec<(&str, Option<&str>)> = after
        .iter()
        .filter(|file| !before.contains(file))
        .map(|(path, text)| (path.as_str(), Some(text.as_str())))
        .collect();
    world.open(&unlike);

    world.review(&[]).assert_code(0);

    // One question about what is reviewed of it, whole, and one doubt.
    assert_eq!(world.asked(), 2);
    let asked = world.model.requests().remove(0).user().to_owned();
    for path in
        ["toolz/itertoolz.py", "toolz/sandbox/parallel.py", "toolz/tests/test_functoolz.py", "setup.py"]
    {
        assert!(asked.contains(&format!("file {path} (changed, ")), "{path}:\n{asked}");
    }
    assert_eq!(world.said(), [format!("toolz/sandbox/parallel.py:{number} logic goes wrong")]);
    world.assert_fair();
}

#[test]
fn on_github() {
    reviewed(ForgeKind::GitHub);
}

#[test]
fn on_gitlab() {
    reviewed(ForgeKind::GitLab);
}

#[test]
fn on_azure_devops() {
    reviewed(ForgeKind::AzureDevOps);
}

#[test]
fn on_gitea() {
    reviewed(ForgeKind::Gitea);
}

#[test]
fn on_bitbucket() {
    reviewed(ForgeKind::Bitbucket);
}
