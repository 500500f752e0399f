//! Reports that real tools write here and now, taken to a fix. `cargo xtask test` installs the tools and says where they are.

use std::path::{Path, PathBuf};
use std::process::Command;

use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};

use crate::world::{World, excerpt};

const PYTHON: &str = "\
import hashlib
import subprocess  # patchwork:ignore B404 what is called is looked at where it is called


def checksum(data):
    return hashlib.md5(data).hexdigest()


def show(name):
    return subprocess.call(\"ls \" + name, shell=True)
";

const JAVASCRIPT: &str = "\
const { exec } = require(\"child_process\");

function show(name) {
  exec(\"ls \" + name);
}

function find(text, pattern) {
  // eslint-disable-next-line security/detect-non-literal-regexp -- patterns come from our own settings
  return new RegExp(pattern).exec(text);
}

module.exports = { show, find };
";

/// A tool, or `None` when a person asked for that.
fn tool(name: &str) -> Option<PathBuf> {
    let skip = format!("PATCHWORK_TEST_SKIP_{name}");
    if std::env::var_os(&skip).is_some() {
        return None;
    }
    let variable = format!("PATCHWORK_TEST_{name}");
    let place = std::env::var_os(&variable).unwrap_or_else(|| {
        panic!("{variable} is not set: run `cargo xtask test`, or set {skip}=1 to leave the real tool out")
    });
    Some(PathBuf::from(place))
}

/// Runs a tool in the repository; findings make most of them end with 1.
fn run(world: &World, program: &Path, args: &[&str]) {
    std::fs::create_dir_all(world.repo.beside("reports")).unwrap();
    let output = Command::new(program)
        .current_dir(world.repo.root())
        .args(args)
        .arg(world.sarif())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{told}");
    assert!(world.sarif().is_file(), "{told}");
}

/// A model that makes these replacements in whatever it is shown.
fn replacing(replacements: &'static [(&str, &str)]) -> ModelServer {
    ModelServer::start(move |request: &SeenRequest| {
        let code = replacements.iter().fold(excerpt(request), |code, (old, new)| code.replace(old, new));
        Reply::text(fix_reply("Do it safely", "Nothing is read by a shell.", "Low", &code))
    })
}

/// The lines that a branch adds.
fn added(world: &World) -> Vec<String> {
    let changes = world.changes("autofix-main");
    let added = changes.lines().filter(|line| line.starts_with('+') && !line.starts_with("+++"));
    added.map(|line| line.get(1..).unwrap_or_default().trim().to_owned()).collect()
}

#[test]
fn a_report_of_bandit_ends_in_commits_and_what_is_suppressed_is_not_asked_about() {
    let Some(bandit) = tool("BANDIT") else { return };
    let world = World::new(&[("src/app.py", PYTHON)]);
    run(&world, &bandit, &["-q", "-r", "src", "-f", "sarif", "-o"]);
    let server = replacing(&[("md5(", "sha256("), ("\"ls \" + name, shell=True", "[\"ls\", \"--\", name]")]);

    let ran = world.autofix(&server, &["--format", "json"]);

    ran.assert_code(0);
    assert_eq!(
        added(&world),
        ["return hashlib.sha256(data).hexdigest()", "return subprocess.call([\"ls\", \"--\", name])"]
    );
    assert_eq!(server.count(), 2);
    assert!(server.requests().iter().all(|request| !excerpt(request).contains("import subprocess")));
    assert!(ran.stdout.contains("what is called is looked at where it is called"), "{}", ran.stdout);
}

#[test]
fn a_report_of_eslint_ends_in_a_commit() {
    let Some(eslint) = tool("ESLINT") else { return };
    let modules = eslint.parent().and_then(Path::parent).unwrap();
    let world = World::new(&[("src/app.js", JAVASCRIPT)]);
    let config = world.repo.beside("reports").join("eslint.config.mjs");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    let plugin = modules.join("eslint-plugin-security/index.js");
    let text = format!(
        "import security from \"file://{}\";\nexport default [{{ ...security.configs.recommended, files: [\"**/*.js\"] }}];\n",
        plugin.display()
    );
    std::fs::write(&config, text).unwrap();
    let formatter = modules.join("@microsoft/eslint-formatter-sarif/sarif.js");
    let (config, formatter) = (config.display().to_string(), formatter.display().to_string());
    run(&world, &eslint, &["--config", &config, "--format", &formatter, "src", "--output-file"]);
    let server = replacing(&[("exec(\"ls \" + name)", "execFile(\"ls\", [\"--\", name])")]);

    let ran = world.autofix(&server, &["--format", "json"]);

    ran.assert_code(0);
    assert_eq!(added(&world), ["execFile(\"ls\", [\"--\", name]);"]);
    assert_eq!(server.count(), 1);
    assert!(ran.stdout.contains("patterns come from our own settings"), "{}", ran.stdout);
}
