//! What AutoFix costs: whole runs of the binary over a generated repository, a given SARIF file and a model on localhost.
//!
//! `cargo xtask bench` runs it in release. It prints figures and whether each is within its limit; it is no test.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench prints, and stops when it can't go on"
)]

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use patchwork_testkit::bench::{Run, measure};
use patchwork_testkit::model::{ModelServer, Reply, fix_reply};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_patchwork");
/// Lines of a generated file, and findings in it.
const LINES: usize = 300;
const FINDINGS_PER_FILE: usize = 5;

fn main() {
    println!("{:<46} {:>9} {:>9} {:>9} {:>9}   limit", "", "min", "median", "max", "peak");
    version();
    many(100, Duration::ZERO, 8, 5, Some(Limits { seconds: 1.5, mebibytes: 80.0 }));
    waiting();
    linear();
}

/// `patchwork --version`.
fn version() {
    let mut runs: Vec<Run> = (0..20).map(|_| measure(Command::new(BINARY).arg("--version"))).collect();
    report("--version", &mut runs, Some(Limits { seconds: 0.015, mebibytes: 80.0 }));
}

/// Every finding is fixed, and the model answers after `latency`.
fn many(files: usize, latency: Duration, concurrency: usize, times: usize, limits: Option<Limits>) -> f64 {
    let findings = files * FINDINGS_PER_FILE;
    let server = ModelServer::start(move |request| {
        let code = request.user().trim_start_matches(|c| c != '\n').trim_start_matches('\n');
        let code = code.rsplit_once("\n```").map_or(code, |(code, _)| code).replace("md5", "sha256");
        Reply::text(fix_reply("Use a strong hash", "SHA-256 instead of MD5", "Low", &code)).delay(latency)
    });
    let mut runs: Vec<Run> = (0..times)
        .map(|_| {
            let repository = Repository::generate(files);
            let before = server.count();
            let run = measure(&mut repository.autofix(&server, concurrency));
            assert_eq!(server.count() - before, findings, "one call a finding");
            assert_eq!(repository.fixed(), findings, "every finding is fixed on the branch");
            run
        })
        .collect();
    let name = format!("{findings} findings in {files} files, {latency:?}, concurrency {concurrency}");
    report(&name, &mut runs, limits)
}

/// 100 findings at 500 ms and 16 at a time: against the ideal.
fn waiting() {
    let ideal = (100_f64 / 16.0).ceil() * 0.5;
    let median =
        many(20, Duration::from_millis(500), 16, 3, Some(Limits { seconds: 1.15 * ideal, mebibytes: 80.0 }));
    println!("{:<46} {:>9.3}   (at most 1.15)", "  of the ideal", median / ideal);
}

/// Time per finding at 2,000 findings against 200.
fn linear() {
    let small = many(40, Duration::ZERO, 8, 5, None) / 200.0;
    let large = many(400, Duration::ZERO, 8, 3, None) / 2_000.0;
    println!("{:<46} {:>9.3}   (at most 1.30)", "  per finding, 2,000 against 200", large / small);
}

struct Limits {
    seconds: f64,
    mebibytes: f64,
}

fn report(name: &str, runs: &mut [Run], limits: Option<Limits>) -> f64 {
    runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let median = runs[runs.len() / 2].seconds;
    let peak = runs.iter().map(|run| run.mebibytes).fold(0.0, f64::max);
    let verdict = match &limits {
        Some(l) if median <= l.seconds && peak <= l.mebibytes => {
            format!("{:.3} s, {:.0} MiB: held", l.seconds, l.mebibytes)
        }
        Some(l) => format!("{:.3} s, {:.0} MiB: NOT HELD", l.seconds, l.mebibytes),
        None => String::new(),
    };
    let (min, max) = (runs[0].seconds, runs[runs.len() - 1].seconds);
    println!("{name:<46} {min:>7.3} s {median:>7.3} s {max:>7.3} s {peak:>5.1} MiB   {verdict}");
    median
}

struct Repository {
    folder: tempfile::TempDir,
    files: usize,
}

impl Repository {
    /// Python, JavaScript and Java files with functions of a few lines, some of which use MD5, and the SARIF that says so.
    fn generate(files: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("repository");
        std::fs::create_dir_all(root.join("src")).unwrap();
        let mut results = Vec::new();
        for number in 0..files {
            let (extension, function): (_, fn(usize, bool) -> String) = match number % 3 {
                0 => ("py", python),
                1 => ("js", javascript),
                _ => ("java", java),
            };
            let path = format!("src/Module{number}.{extension}");
            let (text, lines) = source(number, extension, function);
            std::fs::write(root.join(&path), text).unwrap();
            results.extend(lines.into_iter().map(|line| finding(&path, line)));
        }
        let rule = json!({"id": "weak-hash", "shortDescription": {"text": "MD5 is broken"}});
        let driver = json!({"name": "bench", "rules": [rule]});
        let sarif = json!({"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]});
        std::fs::write(folder.path().join("findings.sarif"), sarif.to_string()).unwrap();
        let repository = Self { folder, files };
        repository.git(&["init", "-q", "-b", "main"]);
        repository.git(&["add", "-A"]);
        repository.git(&[
            "-c",
            "user.name=b",
            "-c",
            "user.email=b@example.com",
            "commit",
            "-q",
            "-m",
            "bench",
        ]);
        repository
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(args)
            .current_dir(self.root())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn autofix(&self, server: &ModelServer, concurrency: usize) -> Command {
        let mut command = Command::new(BINARY);
        command
            .current_dir(self.root())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("PATCHWORK_STATE_DIR", self.folder.path().join("state"))
            .args([
                "AutoFix",
                "disable_pr=true",
                "vulnerability_limit=0",
                "model=gpt-4o",
                "openai_api_key=bench-key-1",
            ])
            .arg(format!("sarif_file_path={}", self.folder.path().join("findings.sarif").display()))
            .arg(format!("client_base_url={}", server.openai_url()))
            .arg(format!("concurrency={concurrency}"));
        command
    }

    /// Lines of the branch that hold a fix.
    fn fixed(&self) -> usize {
        let changed = self.git(&["diff", "--numstat", "main", "autofix-main"]);
        assert_eq!(changed.lines().count(), self.files, "every file is changed");
        changed.lines().filter_map(|line| line.split_whitespace().next()?.parse::<usize>().ok()).sum()
    }
}

fn finding(path: &str, line: usize) -> Value {
    json!({
        "ruleId": "weak-hash",
        "level": "error",
        "message": {"text": "MD5 is broken: use SHA-256"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": path}, "region": {"startLine": line, "endLine": line}}}],
    })
}

/// A file of about [`LINES`] lines; and the lines (from 1) that use MD5.
fn source(number: usize, extension: &str, function: fn(usize, bool) -> String) -> (String, Vec<usize>) {
    let mut text = match extension {
        "py" => "import hashlib\n\n".to_owned(),
        "js" => "const crypto = require(\"crypto\");\n\n".to_owned(),
        _ => format!("import java.security.MessageDigest;\n\nclass Module{number} {{\n"),
    };
    let functions = LINES / 10;
    let mut lines = Vec::new();
    for index in 0..functions {
        let weak = index % (functions / FINDINGS_PER_FILE) == 0 && lines.len() < FINDINGS_PER_FILE;
        let start = text.lines().count();
        let body = function(index, weak);
        if weak {
            lines.push(start + 1 + body.lines().position(|line| line.contains("md5")).expect("a weak line"));
        }
        text.push_str(&body);
    }
    if extension == "java" {
        text.push_str("}\n");
    }
    (text, lines)
}

fn python(index: usize, weak: bool) -> String {
    let call = if weak { "hashlib.md5(data).hexdigest()" } else { "data.hex()" };
    let mut out = String::new();
    let _ = write!(
        out,
        "def handle_{index}(items, limit={index}):\n    total = 0\n    for item in items:\n        data = repr(item).encode()\n        \
         digest = {call}\n        if len(digest) > limit:\n            total += 1\n    return total\n\n\n"
    );
    out
}

fn javascript(index: usize, weak: bool) -> String {
    let call = if weak {
        "crypto.createHash(\"md5\").update(data).digest(\"hex\")"
    } else {
        "data.toString(\"hex\")"
    };
    let mut out = String::new();
    let _ = write!(
        out,
        "function handle{index}(items, limit) {{\n  let total = 0;\n  for (const item of items) {{\n    const data = Buffer.from(String(item));\n    \
         const digest = {call};\n    if (digest.length > limit) total += {index};\n  }}\n  return total;\n}}\n\n"
    );
    out
}

fn java(index: usize, weak: bool) -> String {
    let call = if weak { "MessageDigest.getInstance(\"md5\").digest(data)" } else { "data.clone()" };
    let mut out = String::new();
    let _ = write!(
        out,
        "    int handle{index}(java.util.List<String> items) throws Exception {{\n        int total = 0;\n        for (String item : items) {{\n            \
         byte[] data = item.getBytes();\n            byte[] digest = {call};\n            if (digest.length > {index}) total++;\n        }}\n        \
         return total;\n    }}\n\n"
    );
    out
}
