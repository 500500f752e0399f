//! Real code, scanned by real Semgrep with local rules: a released version of a public package.
//!
//! `cargo xtask test` installs Semgrep, fetches the package's source distribution and says where both are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};
use serde_json::Value;

use crate::world::{KEY, Ran, World, excerpt};

const SUBJECT: &str = "Werkzeug-0.9.6";
const SKIP: &str = "PATCHWORK_TEST_SKIP_SEMGREP";

/// A package as a repository, and a PATH on which Semgrep is found.
pub(crate) struct Scanned {
    pub(crate) world: World,
    pub(crate) path: String,
}

impl Scanned {
    /// The unpacked source distribution of this name. `None` only when a person asked for that.
    pub(crate) fn new(subject: &str) -> Option<Self> {
        if std::env::var_os(SKIP).is_some() {
            return None;
        }
        let place = |name: &str| {
            PathBuf::from(std::env::var_os(name).unwrap_or_else(|| {
                panic!("{name} is not set: run `cargo xtask test`, or set {SKIP}=1 to leave real Semgrep out")
            }))
        };
        let (semgrep, subjects) = (place("PATCHWORK_TEST_SEMGREP"), place("PATCHWORK_TEST_SUBJECTS"));
        let world = World::new(&[]);
        copy(&subjects.join(subject), world.repo.root());
        let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/autofix/semgrep-rules.yml");
        world.repo.write("rules.yml", std::fs::read(rules).unwrap());
        world.repo.commit(subject);
        let usual = std::env::var("PATH").unwrap();
        let path = format!("{}:{usual}", semgrep.parent().unwrap().display());
        Some(Self { world, path })
    }

    /// Scans as a user would, and keeps the report for AutoFix.
    fn report(&self) -> Vec<(String, u64)> {
        std::fs::create_dir_all(self.world.repo.beside("reports")).unwrap();
        let status = Command::new("semgrep")
            .env("PATH", &self.path)
            .env("HOME", self.world.repo.beside("reports"))
            .args([
                "scan",
                "--quiet",
                "--metrics=off",
                "--disable-version-check",
                "--config",
                "rules.yml",
                "--sarif",
                "--output",
            ])
            .arg(self.world.sarif())
            .current_dir(self.world.repo.root())
            .status()
            .unwrap();
        assert!(status.success());
        let report: Value = serde_json::from_slice(&std::fs::read(self.world.sarif()).unwrap()).unwrap();
        let place = |result: &Value| {
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap().to_owned();
            (uri, place["region"]["startLine"].as_u64().unwrap())
        };
        report["runs"][0]["results"].as_array().unwrap().iter().map(place).collect()
    }

    fn autofix(&self, server: &ModelServer, more: &[&str]) -> Ran {
        let mut command =
            self.world.patchwork(&["AutoFix", "disable_pr=true", "model=gpt-4o", "vulnerability_limit=0"]);
        command
            .env("PATH", &self.path)
            .arg(format!("client_base_url={}", server.openai_url()))
            .arg(format!("openai_api_key={KEY}"))
            .args(more);
        World::output(&mut command)
    }

    /// Added lines of the branch, by file.
    fn added(&self) -> BTreeMap<String, Vec<String>> {
        let mut added: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut file = String::new();
        for line in self.world.changes("autofix-main").lines() {
            if let Some(path) = line.strip_prefix("+++ b/") {
                path.clone_into(&mut file);
            } else if let Some(text) = line.strip_prefix('+') {
                added.entry(file.clone()).or_default().push(text.trim().to_owned());
            }
        }
        added
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display())) {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Fixes weak hashes; says that evaluating is the point of a debugger; breaks the code where something is unpickled,
/// and says the same again when asked again.
fn model(request: &SeenRequest) -> Reply {
    let code = excerpt(request);
    if code.contains("eval(") || code.contains("exec(") {
        return Reply::text("NOT VULNERABLE\nThis code runs what the developer types into the debugger.");
    }
    let fixed = if code.contains("loads(") {
        code.replace("loads(", "loads((")
    } else {
        code.replace("md5(", "sha256(").replace("sha1(", "sha256(")
    };
    Reply::text(fix_reply(
        "Use SHA-256",
        "A hash that is not broken.",
        "Medium: stored hashes change",
        &fixed,
    ))
}

#[test]
fn a_given_report_ends_in_commits_of_exactly_the_accepted_fixes() {
    let Some(scanned) = Scanned::new(SUBJECT) else { return };
    let findings = scanned.report();
    assert_eq!(findings.len(), 9, "{findings:?}");
    let before = scanned.world.repo.belongings();
    let server = ModelServer::start(model);

    let sarif = format!("sarif_file_path={}", scanned.world.sarif().display());
    let ran = scanned.autofix(&server, &[&sarif]);

    ran.assert_code(0);
    let mut after = scanned.world.repo.belongings();
    after.retain(|name, _| !name.contains("autofix-main"));
    assert_eq!(before, after, "the user's checkout changed");
    let hashed = ["werkzeug/contrib/cache.py", "werkzeug/contrib/sessions.py", "werkzeug/http.py"];
    let added = scanned.added();
    assert_eq!(added.keys().map(String::as_str).collect::<Vec<_>>(), hashed);
    assert!(added.values().flatten().all(|line| line.contains("sha256(")), "{added:?}");
    let messages = scanned.world.repo.git(&["log", "--format=%s", "main..autofix-main"]);
    assert_eq!(messages.lines().count(), 3);
    // Three that unpickle were asked about again, with the reason.
    assert_eq!(server.count(), 9 + 3);
    let again = server.requests().into_iter().filter(|r| r.system().contains("no longer parses")).count();
    assert_eq!(again, 3);
}

#[test]
fn a_scan_of_our_own_proves_that_the_finding_is_gone() {
    let Some(scanned) = Scanned::new(SUBJECT) else { return };
    let server = ModelServer::start(|request: &SeenRequest| {
        let code = excerpt(request);
        // The first answer leaves the weakness where it is; only a second one removes it.
        let fixed = if request.system().contains("still") || !code.contains("md5(") {
            code.replace("md5(", "sha256(").replace("sha1(", "sha256(")
        } else {
            code.replace("md5(", "md5(b'' + ")
        };
        Reply::text(fix_reply("Use SHA-256", "A hash that is not broken.", "Low", &fixed))
    });

    let ran = scanned.autofix(
        &server,
        &[
            "scanner=semgrep",
            "semgrep_extra_args=--config rules.yml",
            "paths=werkzeug/contrib/sessions.py,werkzeug/http.py",
        ],
    );

    ran.assert_code(0);
    let added = scanned.added();
    assert_eq!(
        added.keys().map(String::as_str).collect::<Vec<_>>(),
        ["werkzeug/contrib/sessions.py", "werkzeug/http.py"]
    );
    assert!(added.values().flatten().all(|line| line.contains("sha256(")), "{added:?}");
    assert_eq!(server.count(), 3, "two findings, one of them asked about again");
    assert!(ran.stderr.contains("L2"), "{}", ran.stderr);
}
