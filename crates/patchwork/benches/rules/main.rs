//! Scanning 2,000 real files with fifteen Python rules: ours, ast-grep's own program with the same rules, and Semgrep
//! with the same patterns. Each is a process from its start to its report.
//!
//! `cargo xtask bench` installs the others and runs it in release. It prints figures and whether they are within their
//! limit; it is no test.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and stops when it can't go on"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use patchwork::steps::scan::scan_rules::ScanRules;
use patchwork_core::failure::Failure;
use patchwork_core::port::checkout::{
    Base, Checkout, Checkpoint, CommitRequest, Committed, PushRequest, Pushed,
};
use patchwork_testkit::context::{Closed, TestContext};
use serde_json::{Value, json};

/// Files to scan.
const FILES: usize = 2_000;
/// How often, of which the best counts: whatever else runs only makes it slower.
const TIMES: usize = 5;
/// Ours may take so many times what ast-grep takes.
const OF_AST_GREP: f64 = 1.5;
/// Semgrep takes at least so many times what ours takes.
const OF_SEMGREP: f64 = 10.0;

/// Where the files come from: a source distribution of Python's package index.
const SUBJECT: &str = "Django-5.2";

const RULES: [&str; 15] = [
    "eval",
    "flask-debug",
    "hmac-timing",
    "jwt-no-verify",
    "pickle-load",
    "requests-no-verify",
    "sax-external-entities",
    "sql-text",
    "subprocess-shell",
    "tarfile-extractall",
    "tempfile-mktemp",
    "tls-unverified-context",
    "weak-hash",
    "world-writable",
    "yaml-load",
];

/// Makes this program scan a folder and print the report.
const SCAN: &str = "--scan";

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == SCAN) {
        return scan(Path::new(words.get(at + 1).expect("a folder")));
    }
    let part = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let Some(subjects) = part("PATCHWORK_TEST_SUBJECTS").filter(|dir| dir.join(SUBJECT).is_dir()) else {
        println!(
            "left out: PATCHWORK_TEST_SUBJECTS names no folder with {SUBJECT}; `cargo xtask bench` fetches it"
        );
        return;
    };
    let work = tempfile::tempdir().expect("a folder");
    let code = work.path().join("code");
    let (files, bytes) = gather(&subjects.join(SUBJECT), &code);
    println!(
        "{files} Python files of {SUBJECT}, {} KiB; {} rules; best of {TIMES}",
        bytes >> 10,
        RULES.len()
    );

    let own = timed(TIMES, || {
        let mut own = Command::new(std::env::current_exe().expect("this program"));
        own.arg(SCAN).arg(&code);
        own
    });
    let results = own.report["runs"][0]["results"].as_array().map_or(0, Vec::len);
    println!("{:<10} {:>8.0} ms {results:>5} results", "ScanRules", own.milliseconds());

    match part("PATCHWORK_TEST_AST_GREP") {
        Some(program) => {
            let config = ast_grep_rules(work.path());
            let theirs = timed(TIMES, || {
                let mut theirs = Command::new(&program);
                theirs.arg("scan").arg("--config").arg(&config).arg("--json=compact").arg(&code);
                theirs
            });
            let ratio = own.milliseconds() / theirs.milliseconds();
            let results = theirs.report.as_array().map_or(0, Vec::len);
            println!(
                "{:<10} {:>8.0} ms {results:>5} results   ScanRules takes {ratio:.2} × that, {}",
                "ast-grep",
                theirs.milliseconds(),
                within(ratio <= OF_AST_GREP, &format!("at most {OF_AST_GREP} ×")),
            );
        }
        None => println!("ast-grep: left out, PATCHWORK_TEST_AST_GREP names no program"),
    }
    match part("PATCHWORK_TEST_SEMGREP") {
        Some(program) => {
            let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/rules/semgrep.yml");
            let theirs = timed(2, || {
                let mut theirs = Command::new(&program);
                theirs.args(["scan", "--metrics", "off", "--disable-version-check", "--quiet", "--json"]);
                theirs.arg("--no-git-ignore").arg("--config").arg(&config).arg(&code);
                theirs
            });
            let ratio = theirs.milliseconds() / own.milliseconds();
            let results = theirs.report["results"].as_array().map_or(0, Vec::len);
            let scanned = theirs.report["paths"]["scanned"].as_array().map_or(0, Vec::len);
            println!(
                "{:<10} {:>8.0} ms {results:>5} results   takes {ratio:.1} × what ScanRules takes, {}; it scanned {scanned} files",
                "Semgrep",
                theirs.milliseconds(),
                within(ratio >= OF_SEMGREP, &format!("at least {OF_SEMGREP} ×")),
            );
        }
        None => println!("Semgrep: left out, PATCHWORK_TEST_SEMGREP names no program"),
    }
}

fn within(kept: bool, limit: &str) -> String {
    format!("{limit}: {}", if kept { "kept" } else { "NOT KEPT" })
}

/// What a program took at best, and its report.
struct Timed {
    best: Duration,
    report: Value,
}

impl Timed {
    fn milliseconds(&self) -> f64 {
        self.best.as_secs_f64() * 1_000.0
    }
}

fn timed(times: usize, command: impl Fn() -> Command) -> Timed {
    let mut best = Duration::MAX;
    let mut output = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        let ended = command().stderr(Stdio::null()).output().expect("the program starts");
        best = best.min(started.elapsed());
        output = ended.stdout;
    }
    Timed { best, report: serde_json::from_slice(&output).expect("its report") }
}

/// Copies files under names that no scanner leaves out, such as those of tests; how many there are, and their bytes.
fn gather(from: &Path, code: &Path) -> (usize, u64) {
    let mut found = Vec::new();
    let mut folders = vec![from.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "py") {
                found.push(path);
            }
        }
    }
    found.retain(|path| fs::metadata(path).is_ok_and(|about| about.len() > 0 && about.len() < 1 << 20));
    found.sort();
    found.truncate(FILES);
    let mut bytes = 0;
    for (index, path) in found.iter().enumerate() {
        let folder = code.join(format!("part{}", index / 100));
        fs::create_dir_all(&folder).expect("a folder");
        bytes += fs::copy(path, folder.join(format!("file{index}.py"))).expect("a copy");
    }
    (found.len(), bytes)
}

/// Our rules as a project of ast-grep's; its configuration file.
fn ast_grep_rules(work: &Path) -> PathBuf {
    let (ours, theirs) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/python"), work.join("rules"));
    fs::create_dir_all(&theirs).expect("a folder");
    for name in RULES {
        let text = fs::read_to_string(ours.join(format!("{name}.yml"))).expect("a rule");
        let scans =
            |document: &&str| !document.starts_with("invalid:") && !document.contains("\n  strict: true");
        let variants = text.split("\n---\n").filter(scans);
        for (index, variant) in variants.enumerate() {
            // There an id is that of one rule only.
            let id = format!("id: python-{name}");
            let text = variant.replacen(&id, &format!("{id}-{index}"), 1);
            fs::write(theirs.join(format!("{name}-{index}.yml")), text).expect("a rule");
        }
    }
    let config = work.join("sgconfig.yml");
    fs::write(&config, "ruleDirs: [rules]\n").expect("a file");
    config
}

/// Scans and prints the report.
fn scan(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let test = TestContext::new().checkout(Arc::new(Folder::of(folder)));
    let rules: Vec<String> = RULES.iter().map(|name| format!("python-{name}")).collect();
    let (found, _) =
        runtime.block_on(test.run_json(ScanRules, json!({ "rules": rules }))).expect("the rules scan");
    serde_json::to_writer(std::io::stdout().lock(), &found["sarif_values"]).expect("the report is written");
}

/// A folder in place of a worktree.
struct Folder(Base);

impl Folder {
    fn of(folder: &Path) -> Self {
        let repository = folder.canonicalize().expect("the folder");
        Self(Base { repository, commit: "0".repeat(40), branch: None })
    }
}

#[async_trait]
impl Checkout for Folder {
    fn root(&self) -> &Path {
        &self.0.repository
    }
    fn base(&self) -> &Base {
        &self.0
    }
    fn resolve(&self, path: &str) -> Result<String, Failure> {
        Ok(path.to_owned())
    }
    async fn base_files(&self, _: &str, _: u64) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        Ok(Vec::new())
    }
    async fn base_file(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        Closed.base_file(path).await
    }
    async fn checkpoint(&self) -> Result<Checkpoint, Failure> {
        Closed.checkpoint().await
    }
    async fn restore(&self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        Closed.restore(checkpoint).await
    }
    async fn diff(&self) -> Result<String, Failure> {
        Closed.diff().await
    }
    async fn check_branch(&self, branch: &str, force: bool) -> Result<Option<String>, Failure> {
        Closed.check_branch(branch, force).await
    }
    async fn commit(&self, request: &CommitRequest) -> Result<Committed, Failure> {
        Closed.commit(request).await
    }
    async fn remote_url(&self, remote: &str) -> Result<Option<String>, Failure> {
        Closed.remote_url(remote).await
    }
    async fn check_push(&self, request: &PushRequest) -> Result<Option<String>, Failure> {
        Closed.check_push(request).await
    }
    async fn push(&self, request: &PushRequest, seen: Option<&str>) -> Result<Pushed, Failure> {
        Closed.push(request, seen).await
    }
}
