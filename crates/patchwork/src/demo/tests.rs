//! The demo repository has the weaknesses it is said to have, and the rules' fixes leave it working.

use std::path::Path;
use std::process::Command;

use patchwork_testkit::context::TestContext;
use serde_json::json;

use super::files;
use crate::steps::code::extract_code::{ExtractCode, ExtractCodeOutput};
use crate::steps::scan::fixture::Fixture;
use crate::steps::scan::scan_rules::ScanRules;

async fn pieces(test: &TestContext) -> ExtractCodeOutput {
    let (report, _) = test.run_json(ScanRules, json!({})).await.unwrap();
    let input = json!({ "sarif_values": report["sarif_values"], "vulnerability_limit": 0 });
    test.run(&ExtractCode, serde_json::from_value(input).unwrap()).await.unwrap()
}

/// Runs the demo's own tests, where there is a Python.
fn run_tests(root: &Path) {
    let mut python = Command::new("python3");
    if let Ok(output) = python.args(["-B", "-m", "unittest"]).current_dir(root).output() {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn rules_find_six_and_fix_four_and_the_tests_stay_green() {
    let fixture = Fixture::new(files()).await;
    let before = pieces(&fixture.test).await;
    let found: Vec<_> = before
        .files_to_patch
        .iter()
        .flat_map(|piece| {
            piece.findings.iter().map(move |f| (f.path.as_str(), f.rule.as_str(), piece.fix.is_some()))
        })
        .collect();
    let expected = [
        ("stockroom/exports.py", "python-world-writable", true),
        ("stockroom/reports.py", "python-subprocess-shell", false),
        ("stockroom/store.py", "python-sql-text", false),
        ("stockroom/suppliers.py", "python-hmac-timing", true),
        ("stockroom/suppliers.py", "python-tls-unverified-context", true),
        ("web/dashboard.js", "javascript-reject-unauthorized", true),
    ];
    assert_eq!(found, expected);
    assert!(before.waiting.is_empty() && before.skipped.is_empty() && before.problems.is_empty());
    run_tests(&fixture.path(""));

    for edit in before.files_to_patch.iter().flat_map(|piece| &piece.fix).flat_map(|fix| &fix.edits) {
        let path = fixture.path(&edit.path);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines: Vec<_> = text.split_inclusive('\n').collect();
        // Each fix of the demo is one line for one line, so the other line numbers stay.
        lines.splice(
            edit.start_line.unwrap() as usize..edit.end_line.unwrap() as usize,
            [edit.replacement.as_str()],
        );
        std::fs::write(&path, lines.concat()).unwrap();
    }
    let after = pieces(&fixture.test).await;
    let left: Vec<_> = after.files_to_patch.iter().flat_map(|p| &p.findings).map(|f| &f.rule).collect();
    assert_eq!(left, ["python-subprocess-shell", "python-sql-text"]);
    run_tests(&fixture.path(""));
}

#[test]
fn every_file_of_the_demo_is_shipped() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    let mut on_disk = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                on_disk.push(path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    on_disk.retain(|path| !path.contains("__pycache__"));
    on_disk.sort();
    assert_eq!(on_disk, files().iter().map(|(path, _)| *path).collect::<Vec<_>>());
}
