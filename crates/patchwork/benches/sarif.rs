//! How long a report of 100 MB with 25,000 results takes to read, and what is held at most: snippets, related locations and flows
//! as CodeQL writes them. And what `ExtractCode` takes to work its way through all of them.
//!
//! `cargo xtask bench` runs it in release. It prints figures and whether they are within their limit; it is no test.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and stops when it can't go on"
)]

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use patchwork::sarif;
use patchwork::steps::code::extract_code::{ExtractCode, ExtractCodeInput};
use patchwork_repo::checkout::{GitCheckout, Repository};
use patchwork_repo::process::SystemProcesses;
use patchwork_testkit::bench::cpu_time;
use patchwork_testkit::context::{TestContext, run_id};
use patchwork_testkit::repo::TestRepo;
use serde_json::{Map, Value, json};

/// Results of the report.
const RESULTS: usize = 25_000;
/// Files that they are in.
const FILES: usize = 500;
/// Bytes of the report at least.
const BYTES: u64 = 100_000_000;
/// How often it is read, of which the best counts: whatever else runs only makes it slower.
const TIMES: usize = 3;
/// CPU time to read it, on one core.
const READ: Duration = Duration::from_secs(2);
/// CPU time for `ExtractCode`.
const EXTRACT: Duration = Duration::from_secs(10);
/// Memory of the process at most, in MiB.
const MEMORY: u64 = 300;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.sarif");
    let size = write(&report);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut best = Duration::MAX;
    let mut log = Value::Null;
    println!("{:<60} {:>12}   limit", "", "");
    for time in 0..TIMES {
        drop(std::mem::take(&mut log));
        let before = cpu_time();
        log = runtime.block_on(sarif::read_file(&report, "the report")).expect("a report");
        best = best.min(cpu_time().saturating_sub(before));
        if time == 0 {
            memory("memory at most while it was read");
        }
    }
    let results = log["runs"][0]["results"].as_array().map_or(0, Vec::len);
    assert_eq!(results, RESULTS);
    let slim = log.to_string().len();
    let megabytes = size / 1_000_000;
    let speed = megabytes as f64 / best.as_secs_f64();
    line(&format!("CPU to read a report of {megabytes} MB ({speed:.0} MB/s)"), best, READ);
    println!("{:<60} {:>9} MB", "what stays of it", slim / 1_000_000);
    let took = runtime.block_on(extract(log));
    line(&format!("CPU of ExtractCode with {RESULTS} findings in {FILES} files, 10 taken"), took, EXTRACT);
}

fn line(name: &str, took: Duration, limit: Duration) {
    let verdict = if took <= limit { "held" } else { "NOT HELD" };
    println!("{name:<60} {took:>12.1?}   {limit:?}: {verdict}");
}

/// Tells the most memory that the process ever had, where the system says so.
fn memory(name: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let Some(kib) = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok())
    else {
        return;
    };
    let verdict = if kib >> 10 <= MEMORY { "held" } else { "NOT HELD" };
    println!("{name:<60} {:>8} MiB   {MEMORY} MiB: {verdict}", kib >> 10);
}

async fn extract(log: Value) -> Duration {
    let code: String = (0..400).map(|line| format!("value_{line} = compute({line})\n")).collect();
    let repo = TestRepo::new();
    for file in 0..FILES {
        repo.write(&path(file), &code);
    }
    repo.commit("first");
    let processes = Arc::new(SystemProcesses::new(repo.environment()));
    let repository = Repository::discover(repo.root(), processes).await.expect("a repository");
    let checkout =
        GitCheckout::create(&repository, &run_id(), &repo.beside("worktrees")).await.expect("a worktree");
    let test = TestContext::new().checkout(Arc::new(checkout));
    let input = Value::Object(Map::from_iter([("sarif_values".to_owned(), log)]));
    let input: ExtractCodeInput = serde_json::from_value(input).expect("an input");
    let before = cpu_time();
    let output = test.run(&ExtractCode, input).await.expect("an output");
    assert_eq!((output.counts.found, output.counts.taken), (RESULTS, 10));
    cpu_time().saturating_sub(before)
}

fn path(file: usize) -> String {
    format!("src/package_{}/module_{file}.py", file % 20)
}

/// Writes the report bit by bit; answers its size.
fn write(report: &Path) -> u64 {
    let mut out = BufWriter::new(File::create(report).expect("a file"));
    let head = json!({
        "name": "CodeQL",
        "rules": (0..300).map(|rule| json!({
            "id": format!("py/rule-{rule}"),
            "defaultConfiguration": { "level": "error" },
            "help": { "text": "What to do about it.\n".repeat(200) },
            "properties": { "security-severity": "7.5", "tags": ["security", "external/cwe/cwe-079"] },
        })).collect::<Value>(),
    });
    write!(out, "{{\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{head}}},\"results\":[")
        .expect("space");
    let each = usize::try_from(BYTES).unwrap_or(usize::MAX) / RESULTS;
    for number in 0..RESULTS {
        let comma = if number > 0 { "," } else { "" };
        write!(out, "{comma}{}", result(number, each)).expect("space");
    }
    let artifacts: Value = (0..FILES)
        .map(|file| json!({ "location": { "uri": path(file), "uriBaseId": "%SRCROOT%", "index": file } }))
        .collect();
    write!(out, "],\"artifacts\":{artifacts},\"columnKind\":\"utf16CodeUnits\"}}]}}").expect("space");
    out.flush().expect("space");
    std::fs::metadata(report).expect("a file").len()
}

/// A result of so many bytes.
fn result(number: usize, bytes: usize) -> Value {
    // CodeQL sorts by rule, so that results of one file are far from each other.
    let (file, at) = (number % FILES, 1 + number / FILES);
    let place = |step: usize, words: Option<&str>| {
        let file = (file + step / 4) % FILES;
        let mut place = json!({ "physicalLocation": {
            "artifactLocation": { "uri": path(file), "uriBaseId": "%SRCROOT%", "index": file },
            "region": { "startLine": at + step, "startColumn": 5, "endColumn": 25 },
        } });
        if let Some(words) = words {
            place["message"] = json!({ "text": words });
        }
        place
    };
    let steps: Vec<Value> =
        (0..10).map(|step| json!({ "location": place(step, Some("ControlFlowNode for value")) })).collect();
    let mut related = place(7, Some("a user-provided value"));
    related["id"] = json!(1);
    let mut result = json!({
        "ruleId": format!("py/rule-{}", number * 300 / RESULTS),
        "ruleIndex": number * 300 / RESULTS,
        "message": { "text": "This depends on [a user-provided value](1)." },
        "locations": [place(0, None)],
        "partialFingerprints": { "primaryLocationLineHash": format!("{number:016x}:1") },
        "codeFlows": [{ "threadFlows": [{ "locations": steps }] }],
        "relatedLocations": [related],
    });
    let rest = bytes.saturating_sub(result.to_string().len() + 60);
    let mut snippet = String::with_capacity(rest);
    while snippet.len() + 40 < rest {
        writeln!(snippet, "    value_{} = compute(\"text\")", snippet.len()).expect("space");
    }
    result["locations"][0]["physicalLocation"]["contextRegion"] =
        json!({ "startLine": 1, "snippet": { "text": snippet } });
    result
}
