//! A repository with weaknesses, a folder beside it, and programs that stand in for others.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use patchwork_testkit::repo::TestRepo;
use serde_json::{Value, json};

/// A Python file with one weakness that a rule fixes.
pub(crate) const WEAK: &str = "import hashlib\nimport os\n\n\ndef share(path):\n    os.chmod(path, 0o666)\n";

/// What is in this repository under a path.
pub(crate) fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path).canonicalize().unwrap()
}

/// A document of this repository, as YAML.
pub(crate) fn document(path: &str) -> Value {
    parse(&std::fs::read_to_string(own(path)).unwrap())
}

pub(crate) fn parse(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A repository whose scan by the built-in rules ends in one fix.
pub(crate) fn weak_repository() -> TestRepo {
    TestRepo::with_files(&[("app.py", WEAK), ("README.md", "# A project\n")])
}

/// Writes a program into a folder beside the repository; answers the folder.
pub(crate) fn program(repo: &TestRepo, name: &str, script: &str) -> PathBuf {
    let folder = repo.beside("programs");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A folder of programs in which the real binary is called `patchwork`.
pub(crate) fn with_patchwork(repo: &TestRepo) -> PathBuf {
    let folder = repo.beside("programs");
    std::fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_patchwork"), folder.join("patchwork")).unwrap();
    folder
}

/// A program that writes its arguments, one in a line between brackets, into a file beside the repository, and the variables it has.
pub(crate) fn noting(repo: &TestRepo, more: &str) -> PathBuf {
    let (arguments, variables) = (repo.beside("arguments"), repo.beside("variables"));
    let script = format!(
        "#!/bin/sh\nprintf '[%s]\\n' \"$@\" >'{}'\nenv >'{}'\n{more}\n",
        arguments.display(),
        variables.display()
    );
    program(repo, "patchwork", &script)
}

/// The arguments that a [`noting`] program got, those that name files of the action left out.
pub(crate) fn noted(repo: &TestRepo) -> String {
    let text = std::fs::read_to_string(repo.beside("arguments")).unwrap();
    text.lines().filter(|line| !line.starts_with("[--report=/")).map(|line| format!("{line}\n")).collect()
}

/// Writes SARIF with a finding of this severity for each of these places and messages; answers the file.
pub(crate) fn sarif(repo: &TestRepo, findings: &[(&str, u32, &str, &str)]) -> PathBuf {
    let results: Vec<Value> = findings
        .iter()
        .map(|(uri, line, level, message)| {
            json!({
                "ruleId": "a,b:c%0A]",
                "level": level,
                "message": {"text": message},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": uri},
                    "region": {"startLine": line, "endLine": line},
                }}],
            })
        })
        .collect();
    let run =
        json!({"tool": {"driver": {"name": "test", "rules": [{"id": "a,b:c%0A]"}]}}, "results": results});
    let path = repo.beside("findings.sarif");
    std::fs::write(&path, json!({"version": "2.1.0", "runs": [run]}).to_string()).unwrap();
    path
}
