mod rescans;
mod rounds;
mod secrets;
mod strictness;

use patchwork_core::finding::{Finding, Severity};
use patchwork_core::patch::{Edit, Patch};
use patchwork_testkit::model::fix_reply;

use super::*;
use crate::steps::scan::fixture::Fixture;

/// Three functions of four lines each, a blank line between them.
const APP: &str = "import hashlib, yaml\n\ndef first(data):\n    value = eval(data)\n    return value\n\ndef second(data):\n    value = hashlib.md5(data)\n    return value\n\ndef third(data):\n    value = yaml.load(data)\n    return value\n";

/// The piece of lines `start..end` (0-based), with a finding of this rule in its second line.
fn piece(text: &str, path: &str, start: u32, end: u32, rule: &str) -> AffectedCode {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    AffectedCode {
        uri: path.to_owned(),
        start_line: start,
        end_line: end,
        affected_code: lines[start as usize..end as usize].concat().replace("\r\n", "\n"),
        message_text: format!("{rule} fired"),
        language: "Python".into(),
        unit: "function".into(),
        findings: vec![finding(path, rule, start + 2)],
        fix: None,
        feedback: Vec::new(),
        tries: Vec::new(),
    }
}

/// A finding in one line (1-based).
fn finding(path: &str, rule: &str, line: u32) -> Finding {
    Finding {
        rule: rule.to_owned(),
        tool: "Test".into(),
        message: format!("{rule} fired"),
        severity: Severity::High,
        path: path.to_owned(),
        start_line: line,
        end_line: line,
        cwe: Vec::new(),
        suggestions: Vec::new(),
        fingerprint: format!("{rule}-{line}"),
    }
}

fn app_pieces() -> Vec<AffectedCode> {
    vec![
        piece(APP, "app.py", 2, 5, "python-eval"),
        piece(APP, "app.py", 6, 9, "python-weak-hash"),
        piece(APP, "app.py", 10, 13, "python-yaml-load"),
    ]
}

/// An answer that replaces the piece's code by `code`.
fn fix(code: &str) -> Answer {
    Answer { text: Some(fix_reply("Fix it", "It was wrong.", "Low", code)), ..Answer::default() }
}

fn says(text: &str) -> Answer {
    Answer { text: Some(text.to_owned()), ..Answer::default() }
}

const FIRST: &str =
    "def first(data):\n    # A number and nothing else.\n    value = int(data)\n    return value\n";
const SECOND: &str = "def second(data):\n    return hashlib.sha256(data)\n";
const THIRD: &str = "def third(data):\n    value = yaml.safe_load(data)\n    return value\n";

impl Fixture {
    async fn verify(&self, input: VerifyPatchInput) -> VerifyPatchOutput {
        self.test.run(&VerifyPatch, input).await.unwrap()
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(std::fs::read(self.path(path)).unwrap()).unwrap()
    }
}

fn reasons(output: &VerifyPatchOutput) -> Vec<&str> {
    output.rejected.iter().map(|remark| remark.reason.as_str()).collect()
}

/// The next round: what is left is asked about again.
fn next_round(output: VerifyPatchOutput, responses: Vec<Answer>) -> VerifyPatchInput {
    VerifyPatchInput {
        findings: output.pending,
        responses,
        accepted: output.accepted,
        not_vulnerable: output.not_vulnerable,
        no_fix: output.no_fix,
        ..VerifyPatchInput::default()
    }
}

fn rule_fix(mut piece: AffectedCode, line: u32, code: &str) -> AffectedCode {
    let edit = Edit {
        path: piece.uri.clone(),
        start_line: Some(line),
        end_line: Some(line + 1),
        replacement: code.to_owned(),
    };
    piece.fix = Some(Patch { edits: vec![edit] });
    piece
}
