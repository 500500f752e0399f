//! Fixes that hide their finding from a scan.

use super::*;

const STORE: &str = "import db\n\ndef find(name):\n    return db.execute(f\"SELECT * FROM items WHERE name = '{name}'\")\n\ndef old(name):\n    where = \"name = '\" + name + \"'\"\n    return db.select(where)\n";

/// The fix that hides the values from the rule.
const HIDDEN: &str =
    "def find(name):\n    text = name.replace(\"'\", \"''\")\n    return db.execute(QUERY.format(text))\n";

const RIGHT: &str =
    "def find(name):\n    return db.execute(\"SELECT * FROM items WHERE name = ?\", (name,))\n";

fn rescan(piece: AffectedCode, code: &str) -> VerifyPatchInput {
    VerifyPatchInput {
        findings: vec![piece],
        responses: vec![fix(code)],
        rescan: true,
        scanner: Choice::Rules,
        ..VerifyPatchInput::default()
    }
}

async fn verified(files: &[(&str, &str)], piece: AffectedCode, code: &str) -> VerifyPatchOutput {
    Fixture::new(files).await.verify(rescan(piece, code)).await
}

#[tokio::test]
async fn what_only_hides_a_finding_is_turned_down() {
    let one = || piece(STORE, "store.py", 2, 4, "python-sql-text");
    let files = [("store.py", STORE)];
    let out = verified(&files, one(), HIDDEN).await;
    let reasons = reasons(&out);
    let still = "the finding is still there in another form: python-sql-text in line 4: ";
    assert!(matches!(reasons[..], [reason] if reason.starts_with(still)), "{reasons:?}");
    assert_eq!(out.pending[0].feedback, reasons);
    assert_eq!(verified(&files, one(), RIGHT).await.accepted.len(), 1);
    // The suspicion is of this finding only.
    let other = piece(STORE, "store.py", 2, 4, "python-eval");
    assert_eq!(verified(&files, other, HIDDEN).await.accepted.len(), 1);
}

#[tokio::test]
async fn what_stood_there_before_is_not_the_fix_s() {
    let whole = piece(STORE, "store.py", 0, 8, "python-sql-text");
    let mut whole = AffectedCode { unit: "file".into(), ..whole };
    whole.findings[0].start_line = 4;
    whole.findings[0].end_line = 4;
    let fixed = |find: &str| {
        let lines: Vec<&str> = STORE.split_inclusive('\n').collect();
        [&lines[..2].concat(), find, &lines[4..].concat()].concat()
    };
    let files = [("store.py", STORE)];
    let out = verified(&files, whole.clone(), &fixed(RIGHT)).await;
    assert_eq!(out.accepted.len(), 1, "{:?}", out.rejected);
    let out = verified(&files, whole, &fixed(HIDDEN)).await;
    assert_eq!(out.accepted.len(), 0);
}

#[tokio::test]
async fn a_repository_is_as_strict_as_its_rules() {
    let strict = "id: python-eval\nlanguage: Python\nmessage: Only numbers.\nmetadata: { strict: true }\nrule: { pattern: float($X) }\n";
    let rule = "id: python-eval\nlanguage: Python\nrule: { pattern: eval($X) }\n";
    let code = "def first(data):\n    value = float(data)\n    return value\n";
    let detour = "def first(data):\n    value = builtins.eval(data)\n    return value\n";
    let one = || piece(APP, "app.py", 2, 5, "python-eval");
    // More of it beside the shipped ones …
    let files = [("app.py", APP), (".patchwork/rules/own.yml", strict)];
    let out = verified(&files, one(), code).await;
    assert_eq!(
        reasons(&out),
        ["the finding is still there in another form: python-eval in line 4: Only numbers."]
    );
    assert_eq!(verified(&files, one(), detour).await.accepted.len(), 0);
    // … and a rule in the place of a shipped one leaves these out.
    let files = [("app.py", APP), (".patchwork/rules/own.yml", rule)];
    assert_eq!(verified(&files, one(), code).await.accepted.len(), 1);
    assert_eq!(verified(&files, one(), detour).await.accepted.len(), 1);
}
