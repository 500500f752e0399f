//! What others' checkers say of our files for CI systems. `cargo xtask test` installs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::world::own;

const SKIP: &str = "PATCHWORK_TEST_SKIP_CHECKERS";

/// The program that a variable names. `None` only when a person asked for that.
pub(crate) fn checker(variable: &str) -> Option<PathBuf> {
    if std::env::var_os(SKIP).is_some() {
        return None;
    }
    Some(PathBuf::from(std::env::var_os(variable).unwrap_or_else(|| {
        panic!(
            "{variable} is not set: run `cargo xtask test`, or set {SKIP}=1 to leave checkers of CI files out"
        )
    })))
}

/// Our action and our workflows.
fn for_github() -> Vec<PathBuf> {
    let mut files = vec![own("action.yml")];
    files.extend(in_folder("examples/ci/github", "yml"));
    files
}

fn in_folder(folder: &str, ends: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(own(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == ends)).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

#[track_caller]
fn assert_clean(command: &mut Command) {
    let output = command.output().unwrap();
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", told(&output.stdout), told(&output.stderr));
}

#[test]
fn zizmor_finds_nothing_in_the_action_and_the_examples() {
    let Some(zizmor) = checker("PATCHWORK_TEST_ZIZMOR") else { return };
    // Alone, without what a folder above configures; the strictest of its ways to look.
    let strict = ["--offline", "--no-config", "--quiet", "--persona=auditor"];
    assert_clean(Command::new(zizmor).args(strict).args(for_github()));
}

#[test]
fn what_zizmor_is_told_to_ignore_has_a_reason() {
    for file in for_github() {
        let text = std::fs::read_to_string(&file).unwrap();
        for waiver in
            text.lines().filter_map(|line| line.split_once("# zizmor: ignore[")).map(|(_, rest)| rest)
        {
            let reason = waiver.split_once(']').unwrap().1;
            assert!(reason.split_whitespace().count() >= 5, "{}: {waiver}", file.display());
        }
    }
}

#[test]
fn the_action_and_the_examples_are_valid() {
    let Some(validator) = checker("PATCHWORK_TEST_ACTION_VALIDATOR") else { return };
    for file in for_github() {
        assert_clean(Command::new(&validator).arg(file));
    }
}

#[test]
fn shellcheck_finds_nothing_in_the_scripts() {
    let Some(shellcheck) = checker("PATCHWORK_TEST_SHELLCHECK") else { return };
    assert_clean(
        Command::new(shellcheck)
            .current_dir(own("."))
            .args(["--norc", "-x"])
            .args(in_folder("ci/github", "sh")),
    );
}

#[test]
fn actions_of_others_are_pinned_by_commit() {
    for file in for_github() {
        let text = std::fs::read_to_string(&file).unwrap();
        for used in
            text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "))
        {
            let (name, version) = used.split_once('@').unwrap();
            let (commit, tag) = version.split_once(" # ").unwrap();
            let is_commit =
                commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit()) && tag.starts_with('v');
            assert!(is_commit || name == "patchwork-rs/patchwork", "{}: {used}", file.display());
        }
    }
}

/// Fails the test unless shellcheck finds nothing in a script for this shell.
pub(crate) fn assert_good_script(shell: &str, script: &str) {
    let Some(shellcheck) = checker("PATCHWORK_TEST_SHELLCHECK") else { return };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script).unwrap();
    assert_clean(Command::new(shellcheck).args(["--norc", "--shell", shell]).arg(file.path()));
}

/// Fails the test unless a document fits the published schema of this name.
pub(crate) fn assert_fits(schema: &str, document: &Value) {
    let Some(checker) = checker("PATCHWORK_TEST_CHECK_JSONSCHEMA") else { return };
    let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    std::fs::write(file.path(), document.to_string()).unwrap();
    check_file(&checker, schema, file.path());
}

#[track_caller]
fn check_file(checker: &Path, schema: &str, file: &Path) {
    // The schema of Azure has patterns that are none by the newest grammar.
    assert_clean(
        Command::new(checker).args(["--regex-variant=nonunicode", "--builtin-schema", schema]).arg(file),
    );
}
