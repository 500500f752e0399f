use patchwork_core::evidence::{Author, Evidence};
use patchwork_core::message::Finish;
use patchwork_core::patch::{Edit, Patch};
use patchwork_core::port::checkout::Checkout as _;
use serde_json::json;

use super::*;
use crate::steps::scan::fixture::Fixture;

const APP: &str =
    "import os\n\ndef read(name):\n    return open(name).read()\n\ndef run(name):\n    os.system(name)\n";

async fn fixture() -> Fixture {
    Fixture::new(&[("app.py", APP), ("tests/test_app.py", "import app\n"), ("tests/data.txt", "x\n")]).await
}

fn fix(start: u32, end: u32, replaced: &str, code: &str) -> Fix {
    Fix {
        path: "app.py".into(),
        findings: Vec::new(),
        patch: Patch {
            edits: vec![Edit {
                path: "app.py".into(),
                start_line: Some(start),
                end_line: Some(end),
                replacement: code.into(),
            }],
        },
        replaced: vec![replaced.into()],
        source: Author::Model,
        commit_message: "Mend".into(),
        patch_message: String::new(),
        compatibility: crate::steps::code::verify_patch::Risk::Low,
        evidence: Evidence { level: Level::L3, checks: Vec::new() },
        diff: String::new(),
        remaining_rules: Vec::new(),
        tries: Vec::new(),
        test: None,
    }
}

/// Two fixes of one file, and the file with both.
fn fixed() -> (Vec<Fix>, String) {
    let (one, two) = ("    check(name)\n    return open(name).read()\n", "    subprocess.run([name])\n");
    let fixes =
        vec![fix(3, 4, "    return open(name).read()\n", one), fix(6, 7, "    os.system(name)\n", two)];
    let text = APP.replace("    return open(name).read()\n", one).replace("    os.system(name)\n", two);
    (fixes, text)
}

fn question() -> TestQuestion {
    TestQuestion {
        fix: 0,
        uri: "app.py".into(),
        message_text: String::new(),
        affected_code: APP.into(),
        language: "Python".into(),
        test_command: "python3 -m unittest".into(),
        wanted: String::new(),
        example_path: "tests/test_app.py".into(),
        example: String::new(),
        feedback: Vec::new(),
    }
}

fn said(text: &str) -> Answer {
    Answer { text: Some(text.to_owned()), ..Answer::default() }
}

#[tokio::test]
async fn answers_are_read_and_what_can_not_be_a_test_is_refused() {
    let fixture = fixture().await;
    #[cfg(unix)]
    std::os::unix::fs::symlink("/tmp", fixture.path("tests/link")).unwrap();
    let ctx = fixture.test.context_for(&ProveFixes);
    let files = TestFiles::find(fixture.checkout.root(), Language::Python, "app.py");
    let read = |answer: &Answer| answer::read(&ctx, answer, &question(), &files).unwrap();
    let of = |path: &str, code: &str| format!("A. File:\n`{path}`\n\nB. Test:\n```python\n{code}\n```\n");
    let good = "import app\n\ndef test_a():\n    assert app";
    let test = NewTest { fix: 0, path: "tests/test_new.py".into(), text: format!("{good}\n") };
    assert_eq!(read(&said(&of("tests/test_new.py", good))), Proposed::Test(test));
    assert_eq!(
        read(&said("**NO TEST POSSIBLE**: it depends\non the clock")),
        Proposed::None("it depends on the clock".to_owned())
    );
    let method = "from app import links\nname = 'app.py'\ndef test_a():\n    assert links.open(name)";
    assert!(matches!(read(&said(&of("tests/test_new.py", method))), Proposed::Test(_)));
    let secret = format!("{good}\nkey = '{}A'", patchwork_core::secret::PLACEHOLDER);
    for (text, reason) in [
        (String::new(), "section `A. File:` is missing"),
        ("A. File:\ntests/test_new.py\n".to_owned(), "section `B. Test:` is missing"),
        (of("", good), "holds no path"),
        (of("../test_new.py", good), "outside"),
        (of("/etc/test_new.py", good), "outside"),
        (of(".git/test_new.py", good), "`.git`"),
        (of("tests/link/test_new.py", good), "symbolic link"),
        (of("tests/test_app.py", good), "exists already"),
        (of("tests/conftest.py", good), "not called as tests are there: expected test_*.py"),
        (of("app_test.py", good), "not where tests are: expected a file in tests"),
        (of("tests/test_new.py", ""), "the test is empty"),
        (of("tests/test_new.py", "def f(:"), "does not parse"),
        (of("tests/test_new.py", &secret), "stands for a secret"),
        (of("tests/test_new.py", "assert 'x' in open('app.py').read()"), "reads the text of app.py"),
        (of("tests/test_new.py", &"x = 1\n".repeat(20_000)), "expected at most"),
    ] {
        let Proposed::Unusable(problem) = read(&said(&text)) else { panic!("{text}") };
        assert!(problem.contains(reason), "{reason} is not in: {problem}");
    }
    let cut = Answer { finish: Some(Finish::Length), ..said(&of("tests/test_new.py", good)) };
    assert!(matches!(read(&cut), Proposed::Unusable(_)));
    let refused = Failure::new(patchwork_core::failure::FailureKind::BudgetReached, "no more");
    let not_asked = Answer { failure: Some(refused), ..Answer::default() };
    assert_eq!(read(&not_asked), Proposed::NotAsked("no more".to_owned()));
}

#[tokio::test]
async fn a_question_holds_the_old_code_and_nothing_of_the_fix() {
    let fixture = fixture().await;
    let (fixes, text) = fixed();
    std::fs::write(fixture.path("app.py"), text).unwrap();
    let ctx = fixture.test.context_for(&ProveFixes);
    let files = fixed_texts(&ctx, &fixes).await.unwrap();
    let base = &files["app.py"].base;
    let question = TestQuestion::about(&ctx, 0, &fixes[0], base, "make test").unwrap().unwrap();
    assert_eq!(question.affected_code, APP);
    assert_eq!(
        (question.example_path.as_str(), question.example.as_str()),
        ("tests/test_app.py", "import app\n")
    );
    assert!(!serde_json::to_string(&question).unwrap().contains("check(name)"));
}

#[tokio::test]
async fn one_of_two_fixes_in_a_file_is_taken_out() {
    let fixture = fixture().await;
    let (mut fixes, text) = fixed();
    std::fs::write(fixture.path("app.py"), &text).unwrap();
    std::fs::write(fixture.path("tests/test_low.py"), "x\n").unwrap();
    fixes[1].evidence.level = Level::L4;
    fixes[0].test = Some(RegressionTest { path: "tests/test_low.py".into(), diff: String::new() });
    let input = json!({ "fixes": fixes, "last": true, "min_evidence": "L4" });
    let test = fixture.test.trials(std::sync::Arc::new(patchwork_core::port::trial::NoTrials));
    let (out, _) = test.run_json(ProveFixes, input).await.unwrap();
    let now = std::fs::read_to_string(fixture.checkout.root().join("app.py")).unwrap();
    assert_eq!(now, text.replace("    check(name)\n", ""));
    assert!(!fixture.checkout.root().join("tests/test_low.py").exists());
    assert_eq!(out["accepted"].as_array().map(Vec::len), Some(1));
    let reason = out["rejected"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("it reached L3 (tests pass), and L4 ("), "{reason}");
    assert_eq!(out["taken_out"][0]["startLine"], 3);
    assert_eq!(out["taken_out"][0]["tries"][0]["outcome"], "rejected");
    assert_eq!(out["modified_code_files"][0]["evidence"]["level"], "L4");
}

#[tokio::test]
async fn fixes_that_the_file_does_not_have_are_an_error() {
    let fixture = fixture().await;
    let (fixes, _) = fixed();
    let input = json!({ "fixes": fixes, "last": true });
    let error = fixture.test.run_json(ProveFixes, input).await.unwrap_err();
    assert!(error.into_failure().message.contains("are not those that the file has"));
    let (_, skipped) = fixture.test.run_json(ProveFixes, json!({ "fixes": [] })).await.unwrap();
    assert_eq!(skipped.as_deref(), Some("there is no fix to prove"));
}
