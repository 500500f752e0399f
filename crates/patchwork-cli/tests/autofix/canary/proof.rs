//! Canaries in what proves a fix and in what is told of it: builds and tests that print keys, reports, suppressions, undo.

use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};

use super::{Canaries, Nest, spellings};
use crate::world::{KEY, World, excerpt};

/// A repository whose build and tests print keys, and print their environment.
fn nest() -> Nest {
    let canaries = Canaries::new();
    let Canaries { source, aws, environment, hard_coded, printed, suppressed, .. } = &canaries;
    let app = format!(
        "import hashlib
import os


def digest(data):
    key = '{source}' + '{aws}'
    salt = '{environment}' + '{KEY}'
    return hashlib.md5(data + key.encode() + salt.encode()).hexdigest()


def login():
    token = '{hard_coded}'
    return token
"
    );
    let tests = format!(
        "import os
import unittest

import app


class AppTest(unittest.TestCase):
    def test_digest(self):
        with self.subTest(key='{printed}'):
            self.assertIsInstance(app.digest(b'x'), str, 'with {source} and {printed}')

    def test_login(self):
        self.assertIsInstance(app.login(), str)

    def test_environment(self):
        for name in ('OPENAI_API_KEY', 'GITHUB_TOKEN', 'SHOP_DB_PASSWORD'):
            self.assertNotIn(name, os.environ)

    @classmethod
    def tearDownClass(cls):
        print(sorted(os.environ.items()))
        print(open('app.py').read())
        # Wherever it is cut, it is cut within a key.
        print('-'.join(['{printed}'] * 100))
"
    );
    let build = format!(
        "import sys

text = open('app.py').read()
print('built with {printed}', text)
if 'sha1' in text:
    sys.exit('error: the key {printed} does not go with ' + text)
"
    );
    let config = format!(
        "suppressions:\n  - {{ rule: r2, path: app.py, reason: 'until {suppressed} is rolled over' }}\n"
    );
    let files = [("tests/test_app.py", &*tests), ("build.py", &*build), (".patchwork.yaml", &*config)];
    let nest = Nest::holding(canaries, &app, &files);
    let mut report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(nest.world().sarif()).unwrap()).unwrap();
    let results = report["runs"][0]["results"].as_array_mut().unwrap();
    let mut of_config = results[0].clone();
    of_config["ruleId"] = "r2".into();
    let mut of_tool = results[1].clone();
    of_tool["ruleId"] = "r3".into();
    let justification = format!("known as {}", nest.canaries.suppressed);
    of_tool["suppressions"] =
        serde_json::json!([{ "kind": "external", "status": "accepted", "justification": justification }]);
    results.extend([of_config, of_tool]);
    nest.world().report_text(&report.to_string());
    nest
}

const NEW: &str = "tests/test_app_new.py";

/// A test for a fix that was asked about; it fails before the fix.
fn test_of(request: &SeenRequest) -> String {
    let check = if request.user().contains("md5") {
        "self.assertEqual(len(app.digest(b'x')), 64)"
    } else {
        "os.environ['T'] = 'told'\n        self.assertEqual(app.login(), 'told')"
    };
    let name = if request.user().contains("md5") { NEW } else { "tests/test_app_login.py" };
    // The first answer quotes what it was shown in the place of a key.
    let quoted = if request.texts().join("").contains("leave it out") {
        String::new()
    } else {
        let texts = request.texts().join("\n");
        let (_, rest) = texts.split_once("PATCHWORK_MASKED_").expect("a key is masked");
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        format!("KEY = 'PATCHWORK_MASKED_{name}'\n\n\n")
    };
    format!(
        "A. File:\n{name}\n\nB. Test:\n```python\nimport os\nimport unittest\n\nimport app\n\n\n{quoted}class NewTest(unittest.TestCase):\n    def test_new(self):\n        {check}\n```\n"
    )
}

/// A model whose first fix does not build, whose second breaks a test, and whose third is right.
fn server(nest: &Nest) -> ModelServer {
    let commit = format!("Use SHA-256, not {}", nest.canaries.commit);
    let summary = format!("It was {}.", nest.canaries.summary);
    ModelServer::start(move |request| {
        if request.user().contains("A test to go by") {
            return Reply::text(test_of(request));
        }
        let code = excerpt(request);
        let told = request.texts().join("\n");
        let fixed = if code.contains("token =") {
            let lines = code.lines().filter(|line| !line.contains("token ="));
            lines.collect::<Vec<_>>().join("\n").replace("return token", "return os.environ.get('T', '')")
        } else if told.contains("is not an instance of") {
            code.replace("md5", "sha256")
        } else if told.contains("does not go with") {
            code.replace("md5", "sha256").replace("hexdigest", "digest")
        } else {
            code.replace("md5", "sha1")
        };
        Reply::text(fix_reply(&commit, &summary, "Low", &fixed))
    })
}

const REPORTS: [&str; 4] = ["report.html", "report.md", "report.json", "report.sarif"];

#[test]
fn builds_tests_and_reports_tell_nothing() {
    let nest = nest();
    let server = server(&nest);
    let mut command = nest.command(&server);
    command.args(["n=2", "evidence_test=true", "build_command=python3 build.py"]);
    command.arg("test_command=python3 -m unittest discover -s tests");
    for name in REPORTS {
        command.arg("--report").arg(nest.beside(name));
    }
    let summary = nest.beside("summary.md");
    std::fs::write(&summary, "").unwrap();
    command.env("GITHUB_STEP_SUMMARY", &summary).env("GITHUB_ACTIONS", "true");
    let ran = World::output(&mut command);
    ran.assert_code(0);
    assert!(!ran.stderr.contains("tests fail without any change"), "{}", ran.stderr);

    // Everything was gone through: the build, the tests, the new tests.
    let told: Vec<String> = server.requests().iter().map(|request| request.texts().join("\n")).collect();
    for words in ["does not go with", "is not an instance of", "leave it out"] {
        let said: Vec<&String> = told.iter().filter(|told| told.contains(words)).collect();
        assert!(!said.is_empty(), "{words}: {}", ran.stderr);
        assert!(said.iter().all(|told| told.contains("PATCHWORK_MASKED_")), "{words}");
    }
    let fixed = nest.world().repo.git(&["show", "autofix-main:app.py"]);
    assert!(fixed.contains("sha256(data") && fixed.contains(&nest.canaries.source), "{fixed}{}", ran.stderr);
    let test = nest.world().repo.git(&["show", &format!("autofix-main:{NEW}")]);
    assert!(!test.contains("PATCHWORK_MASKED"), "{test}");

    let files: Vec<_> = REPORTS.iter().map(|name| nest.beside(name)).chain([summary]).collect();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.display();
        if !name.to_string().ends_with(".sarif") {
            assert!(text.contains("sha1"), "{name} holds what was turned down");
            assert!(text.contains("rolled over"), "{name} holds reasons of suppressions");
        }
        for (kind, canary) in nest.canaries.all() {
            for spelling in spellings(canary) {
                assert!(!text.contains(&spelling), "{kind} in {name}");
            }
        }
    }
    nest.assert_silent(&server, &[ran]);
    // Parts of a key that was cut say something too.
    let part = &nest.canaries.printed[nest.canaries.printed.len() - 12..];
    for (place, bytes) in nest.places(&server, &[]) {
        assert!(
            !bytes.windows(part.len()).any(|window| window == part.as_bytes()),
            "a part of a key in {place}"
        );
    }

    let run = nest.world().newest_run();
    let mut undo = nest.world().patchwork(&["undo", &run, "--yes", "--log", "trace"]);
    nest.with_secrets(&mut undo);
    let undone = World::output(&mut undo);
    undone.assert_code(0);
    nest.assert_silent(&server, &[undone]);
}
