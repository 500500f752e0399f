//! Semgrep as a program: how it is started, and what comes of each way it can end. Programs stand in its place here; the
//! last test runs the real one, which `cargo xtask test` installs.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use patchwork_core::failure::{Failure, FailureKind};
use patchwork_testkit::context::TestContext;
use serde_json::{Value, json};

use crate::steps::scan::fixture::Fixture;
use crate::steps::scan::scan::Scan;
use crate::steps::scan::scan_semgrep::ScanSemgrep;

const REPORT: &str = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Semgrep OSS","semanticVersion":"1.2.3"}},"results":[]}]}"#;

/// A repository and a PATH on which the program `name` is this shell script. `$out` is the file that `--output` names.
async fn with_program(name: &str, script: &str) -> (Fixture, PathBuf) {
    let fixture = Fixture::new(&[("a.py", "x = 1\n"), ("rules/r.yml", "rules: []\n")]).await;
    let bin = fixture.repo.beside("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let calls = fixture.repo.beside("calls");
    let text = format!(
        "#!/bin/sh\nPATH=/usr/bin:/bin\nprintf '%s\\n' \"$*\" >> '{}'\nenv > '{}.env'\npwd > '{}.cwd'\nout=\nwhile [ $# -gt 0 ]; do [ \"$1\" = --output ] && out=$2; [ \"$1\" = --version ] && echo 1.2.3 && exit 0; shift; done\nreport() {{ cat > \"$out\" <<'END'\n{REPORT}\nEND\n}}\n{script}\n",
        calls.display(),
        calls.display(),
        calls.display(),
    );
    let program = bin.join(name);
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    (fixture.with_path(&bin), calls)
}

async fn failure(test: &TestContext, input: Value) -> Failure {
    test.run_json(ScanSemgrep, input).await.unwrap_err().into_failure()
}

#[tokio::test]
async fn it_is_run_in_the_worktree_with_its_settings_elsewhere() {
    let (fixture, calls) = with_program("semgrep", "report").await;
    let input = json!({ "semgrep_extra_args": "--config 'rules/r.yml' --severity ERROR", "paths": ["a.py"] });
    let (output, skipped) = fixture.test.run_json(ScanSemgrep, input).await.unwrap();
    assert_eq!((output["sarif_values"]["version"].as_str(), skipped), (Some("2.1.0"), None));
    let call = std::fs::read_to_string(&calls).unwrap();
    assert!(call.starts_with("scan --metrics=off --disable-version-check --sarif --output "), "{call}");
    assert!(call.trim_end().ends_with(" --config rules/r.yml --severity ERROR -- a.py"), "{call}");
    let cwd = std::fs::read_to_string(calls.with_extension("cwd")).unwrap();
    assert_eq!(std::fs::canonicalize(cwd.trim()).unwrap(), std::fs::canonicalize(fixture.path("")).unwrap());
    let environment = std::fs::read_to_string(calls.with_extension("env")).unwrap();
    let cache = fixture.repo.beside("cache/semgrep");
    assert!(
        environment.contains(&format!("SEMGREP_SETTINGS_FILE={}/settings.yml", cache.display())),
        "{environment}"
    );
    assert_eq!(fixture.repo.git_in(&fixture.path(""), &["status", "--porcelain"]), "");
    assert_eq!(std::fs::read_dir(cache).unwrap().count(), 0, "the report's folder is gone");
}

#[tokio::test]
async fn findings_with_error_are_no_failure() {
    let (fixture, _) = with_program("semgrep", "report; exit 1").await;
    let input = json!({ "semgrep_extra_args": "--error --config rules" });
    fixture.test.run_json(ScanSemgrep, input).await.unwrap();
}

#[tokio::test]
async fn without_rules_the_default_ones_are_asked_for() {
    let (fixture, calls) = with_program("semgrep", "report").await;
    fixture.test.run_json(ScanSemgrep, json!({})).await.unwrap();
    let call = std::fs::read_to_string(calls).unwrap();
    assert!(call.trim_end().ends_with("--config p/default -- ."), "{call}");
}

#[tokio::test]
async fn uvx_and_pipx_run_it_when_it_is_not_installed() {
    for (program, start) in [("uvx", "semgrep scan "), ("pipx", "run semgrep scan ")] {
        let (fixture, calls) = with_program(program, "report").await;
        fixture.test.run_json(ScanSemgrep, json!({})).await.unwrap();
        assert!(std::fs::read_to_string(calls).unwrap().starts_with(start));
        // But nothing is downloaded that nobody asked for.
        let (output, _) = fixture.test.run_json(Scan, json!({})).await.unwrap();
        assert_eq!(output["scanner"], "rules");
    }
}

#[tokio::test]
async fn its_own_words_are_shown_when_it_fails() {
    let (fixture, _) = with_program("semgrep", "echo 'unknown option --foo' >&2; exit 2").await;
    let shown = failure(&fixture.test, json!({})).await;
    assert_eq!(shown.to_string(), "`semgrep` failed (exit code 2): unknown option --foo");
    assert_eq!(shown.kind, FailureKind::Failed);

    let (fixture, _) = with_program("semgrep", "echo 'invalid rule schema' >&2; report; exit 7").await;
    let shown = failure(&fixture.test, json!({})).await;
    assert_eq!(
        (shown.kind, shown.causes),
        (FailureKind::Configuration, vec!["invalid rule schema".to_owned()])
    );

    let (fixture, _) = with_program("semgrep", "echo \"can't reach semgrep.dev\" >&2; exit 2").await;
    let shown = failure(&fixture.test, json!({})).await;
    assert!(shown.hints.iter().any(|hint| hint.contains("scanner=rules")), "{shown:?}");
}

#[tokio::test]
async fn success_without_a_report_is_a_failure() {
    let (fixture, _) = with_program("semgrep", "echo oops >&2").await;
    assert_eq!(failure(&fixture.test, json!({})).await.to_string(), "Semgrep's report does not exist: oops");
    let (fixture, _) = with_program("semgrep", "echo '{}' > \"$out\"").await;
    let shown = failure(&fixture.test, json!({})).await;
    assert!(shown.message.starts_with("Semgrep's report is not a SARIF report"), "{shown}");
}

#[tokio::test]
async fn a_secret_in_its_words_is_masked() {
    let (fixture, _) = with_program("semgrep", "echo 'token s3cr3t-token refused' >&2; exit 2").await;
    let test = fixture.test.clone().secret("semgrep_token", "s3cr3t-token");
    assert_eq!(failure(&test, json!({})).await.causes, ["token *** refused"]);
}

#[tokio::test]
async fn a_cancelled_run_stops_it() {
    let (fixture, calls) = with_program("semgrep", "sleep 600").await;
    let cancel = fixture.test.cancel().clone();
    let scan = failure(&fixture.test, json!({}));
    let stop = async {
        while !calls.with_extension("cwd").exists() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (shown, ()) = tokio::join!(scan, stop);
    assert_eq!(shown.exit_code(), 130);
}

#[tokio::test]
async fn auto_takes_it_when_it_has_its_rules_and_says_so() {
    let (fixture, calls) = with_program("semgrep", "report").await;
    let (output, _) = fixture.test.run_json(Scan, json!({})).await.unwrap();
    assert_eq!(
        (output["scanner"].as_str(), output["scanner_name"].as_str()),
        (Some("semgrep"), Some("Semgrep 1.2.3"))
    );
    assert_eq!(fixture.test.notes(), ["scanning with Semgrep 1.2.3, which is installed"]);
    // Its version, whether it gets its rules, the scan.
    assert_eq!(std::fs::read_to_string(&calls).unwrap().lines().count(), 3);

    std::fs::remove_file(&calls).unwrap();
    fixture.test.run_json(Scan, json!({ "semgrep_extra_args": "--config rules" })).await.unwrap();
    assert_eq!(std::fs::read_to_string(&calls).unwrap().lines().count(), 2);
}

#[tokio::test]
async fn auto_takes_the_rules_when_it_does_not_run_or_has_no_rules() {
    let (fixture, _) = with_program("semgrep", "echo 'no network' >&2; exit 2").await;
    let (output, _) = fixture.test.run_json(Scan, json!({})).await.unwrap();
    assert_eq!(output["scanner"], "rules");
    assert_eq!(
        fixture.test.notes(),
        ["Semgrep can't get its rules (p/default) from the network: scanning with Patchwork's own rules"]
    );
    // Whoever names rules is not given others in silence.
    let shown =
        fixture.test.run_json(Scan, json!({ "semgrep_extra_args": "--config rules" })).await.unwrap_err();
    assert!(shown.into_failure().to_string().contains("no network"));
}

#[tokio::test]
async fn arguments_that_can_not_be_taken_are_named() {
    let (fixture, calls) = with_program("semgrep", "report").await;
    for (arguments, expected) in
        [("--autofix", "`--autofix` can't be given here"), ("'open", "can't be split into words")]
    {
        let shown = failure(&fixture.test, json!({ "semgrep_extra_args": arguments })).await;
        assert!(
            shown.message.starts_with("`semgrep_extra_args`: ") && shown.message.contains(expected),
            "{shown}"
        );
    }
    assert!(!calls.exists());
}

/// A PATH on which the real Semgrep is found. `None` only when a person asked for that; a machine without it fails the
/// test, which would prove nothing there.
fn path_with_semgrep() -> Option<PathBuf> {
    if std::env::var_os("PATCHWORK_TEST_SKIP_SEMGREP").is_some() {
        return None;
    }
    let semgrep = std::env::var_os("PATCHWORK_TEST_SEMGREP").expect(
        "PATCHWORK_TEST_SEMGREP is not set: run `cargo xtask test`, or set PATCHWORK_TEST_SKIP_SEMGREP=1",
    );
    let folder = PathBuf::from(semgrep).parent().unwrap().to_owned();
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(folder).chain(std::env::split_paths(&usual));
    Some(PathBuf::from(std::env::join_paths(all).unwrap()))
}

#[tokio::test]
async fn real_semgrep_finds_what_its_rules_say() {
    let rules = "rules:\n  - id: no-eval\n    languages: [python]\n    severity: ERROR\n    message: eval is evil\n    pattern: eval(...)\n    metadata: {cwe: ['CWE-95: x']}\n";
    let fixture =
        Fixture::new(&[("src/a b.py", "def f(x):\n    return eval(x)\n"), ("rules/r.yml", rules)]).await;
    let Some(path) = path_with_semgrep() else { return };
    let fixture = fixture.with_path(&path);
    let input = json!({ "semgrep_extra_args": "--config rules", "paths": "src" });
    let (output, _) = fixture.test.run_json(ScanSemgrep, input).await.unwrap();
    let extract = json!({ "sarif_values": output["sarif_values"] });
    let extracted =
        fixture.test.run_json(crate::steps::code::extract_code::ExtractCode, extract).await.unwrap().0;
    let piece = &extracted["files_to_patch"][0];
    assert_eq!(
        (piece["uri"].as_str(), piece["unit"].as_str()),
        (Some("src/a b.py"), Some("function")),
        "{extracted}"
    );
    assert_eq!(piece["findings"][0]["severity"], "high");
    assert_eq!(piece["findings"][0]["cwe"], json!(["CWE-95"]));
    let bad = fixture.path("rules/r.yml");
    std::fs::write(bad, "rules:\n  - id: x\n    languages: [python]\n").unwrap();
    let shown = failure(&fixture.test, json!({ "semgrep_extra_args": "--config rules" })).await;
    assert!(!shown.causes.is_empty(), "{shown:?}");
}
