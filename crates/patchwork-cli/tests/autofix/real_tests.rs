//! Released packages whose own tests are run by their own runners: a fix that breaks one is turned down, one that does not is kept.
//! `cargo xtask test` installs the runners and says where they are.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};

use crate::world::{Ran, World, excerpt};

/// A runner, or `None` when a person asked for that.
fn runner(name: &str) -> Option<PathBuf> {
    let skip = format!("PATCHWORK_TEST_SKIP_{name}");
    if std::env::var_os(&skip).is_some() {
        return None;
    }
    let variable = format!("PATCHWORK_TEST_{name}");
    let place = std::env::var_os(&variable).unwrap_or_else(|| {
        panic!("{variable} is not set: run `cargo xtask test`, or set {skip}=1 to leave the real runner out")
    });
    Some(PathBuf::from(place))
}

/// Copies a folder, links as links.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, to) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), to).unwrap();
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A repository with a package, and a finding in the line that holds `code`.
fn package(from: &Path, file: &str, code: &str) -> World {
    let world = World::new(&[(".gitignore", "/.venv\n/node_modules\n/target\n")]);
    copy(from, world.repo.root());
    world.repo.commit("the package");
    let text = String::from_utf8(world.repo.read(file)).unwrap();
    let line = text.lines().position(|line| line.contains(code)).expect("the code is there") + 1;
    world.report(&[(file, u32::try_from(line).unwrap())]);
    world
}

/// A model that breaks the code first, and does it right when it is told.
fn model(code: &'static str, wrong: &'static str, right: &'static str) -> ModelServer {
    ModelServer::start(move |request: &SeenRequest| {
        let told = request.system().contains("tried before");
        let text = excerpt(request).replace(code, if told { right } else { wrong });
        Reply::text(fix_reply("Mend it", "It was wrong.", "Low", &text))
    })
}

/// Runs AutoFix with the tests that are found; `path` comes first on PATH.
fn autofix(world: &World, server: &ModelServer, path: Option<&Path>) -> Ran {
    let mut command = world.autofix_command(server, &["verify=tests", "--output", "out.json"]);
    if let Some(first) = path {
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(first.to_owned()).chain(std::env::split_paths(&rest));
        let joined: OsString = std::env::join_paths(all).unwrap();
        command.env("PATH", joined);
    }
    World::output(&mut command)
}

/// Checks that the second answer was kept for its tests, and that the first was turned down for this one.
#[track_caller]
fn assert_proven(world: &World, ran: &Ran, server: &ModelServer, right: &str, broken: &str) {
    ran.assert_code(0);
    let asked = server.requests();
    assert_eq!(asked.len(), 2, "{}", ran.stderr);
    assert!(asked[1].system().contains(broken), "{broken} is not in:\n{}", asked[1].system());
    let out: serde_json::Value = serde_json::from_slice(&world.repo.read("out.json")).unwrap();
    assert_eq!(out["outputs"]["modified_code_files"][0]["evidence"]["level"], "L3", "{out:#}");
    assert!(world.changes("autofix-main").contains(right));
}

#[test]
fn pytest_in_a_virtual_environment_of_the_users_own() {
    let Some(python) = runner("PYTEST") else { return };
    let subjects =
        PathBuf::from(std::env::var_os("PATCHWORK_TEST_SUBJECTS").expect("cargo xtask test sets it"));
    let (code, right) = ("filterfalse(predicate, seq)", "(x for x in seq if not predicate(x))");
    let world = package(&subjects.join("toolz-1.0.0"), "toolz/itertoolz.py", code);
    let environment = python.parent().and_then(Path::parent).unwrap();
    copy(environment, &world.repo.path(".venv"));
    // What is installed so that it can be edited names the user's checkout: it must not be what is tested.
    let library = fs::read_dir(world.repo.path(".venv/lib")).unwrap().next().unwrap().unwrap().path();
    let here = format!("{}\n", world.repo.root().display());
    fs::write(library.join("site-packages/toolz.pth"), here).unwrap();
    let server = model(code, "filterfalse(predicate, list(seq)[2:])", right);
    let ran = autofix(&world, &server, None);
    assert_proven(&world, &ran, &server, right, "test_remove");
}

#[test]
fn npm_test_with_the_packages_that_are_installed() {
    let Some(tape) = runner("TAPE") else { return };
    let modules = tape.parent().and_then(Path::parent).unwrap();
    let world = package(&modules.join("reusify"), "reusify.js", "tail.next = obj");
    copy(modules, &world.repo.path("node_modules"));
    let right = "tail.next = (obj)";
    let server = model("tail.next = obj", "tail.next = null", right);
    let ran = autofix(&world, &server, None);
    assert_proven(&world, &ran, &server, right, "tests");
}

#[test]
fn cargo_test_of_a_crate() {
    let cargo = PathBuf::from(std::env::var_os("CARGO").expect("cargo sets it"));
    let crate_dir = source_of("strsim");
    let code = "a_elem != b_elem";
    let world = package(&crate_dir, "src/lib.rs", code);
    let right = "!(a_elem == b_elem)";
    let server = model(code, "a_elem == b_elem", right);
    let ran = autofix(&world, &server, cargo.parent());
    assert_proven(&world, &ran, &server, right, "levenshtein");
}

/// The source of a crate that we depend on.
fn source_of(name: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").expect("cargo sets it");
    let args = ["metadata", "--format-version=1", "--offline", "--locked"];
    let output = std::process::Command::new(cargo)
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    let found = packages.iter().find(|package| package["name"] == name).expect("we depend on it");
    let manifest = PathBuf::from(found["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap().to_owned()
}
