use proptest::prelude::*;

use super::*;

fn finding() -> Value {
    json!({
        "rule": "bug", "path": "a.py", "side": "new", "start_line": 3, "line": 4, "code": "x = 1\ny = 2",
        "severity": "high", "confidence": 0.8, "title": "Wrong", "explanation": "Because.", "suggestion": null,
    })
}

#[tokio::test]
async fn an_answer_of_the_schema_is_read() {
    let answer = json!({ "files": [{ "path": "a.py", "about": "Sets x." }], "findings": [finding()] });
    assert!(jsonschema::is_valid(&review_schema(), &answer));
    let read = read_review(&answer.to_string()).await.unwrap();
    assert_eq!(read.about, [About { path: "a.py".to_owned(), about: "Sets x.".to_owned() }]);
    assert_eq!(read.findings.len(), 1);
    assert_eq!((read.findings[0].start_line, read.findings[0].line), (3, 4));
    assert_eq!(read.findings[0].confidence.percent(), 80);
    assert_eq!(read.unread, 0);
}

#[tokio::test]
async fn models_are_understood_beyond_the_letter() {
    let loose = json!({
        "rule_id": "bug", "file": "a.py", "side": "RIGHT", "line": "L7", "code": ["x = 1", "y = 2"],
        "severity": "Major", "confidence": "high", "message": "Wrong",
    });
    let text = format!("Here you go:\n```json\n[{loose}, {{\"rule\": \"bug\"}}, 5]\n```\n");
    let read = read_review(&text).await.unwrap();
    assert_eq!(read.unread, 2);
    let found = &read.findings[0];
    assert_eq!((found.start_line, found.line, found.side), (7, 7, Side::New));
    assert_eq!(
        (found.severity, found.confidence, found.code.as_str()),
        (Severity::High, Confidence::HIGH, "x = 1\ny = 2")
    );
    for text in ["", "No problems found.", "{\"findings\": 5}"] {
        assert!(read_review(text).await.is_err(), "{text}");
    }
}

#[tokio::test]
async fn an_answer_is_bounded() {
    let mut huge = finding();
    huge["explanation"] = json!("x".repeat(100_000));
    huge["suggestion"] = json!("y\n".repeat(100_000));
    let read = review_of(&json!({ "findings": vec![huge; 1_000] })).unwrap();
    assert_eq!((read.findings.len(), read.unread), (MOST_FINDINGS, 800));
    assert_eq!(read.findings[0].explanation.len(), EXPLANATION);
    assert_eq!(read.findings[0].suggestion, None);
    assert!(read_review(&" ".repeat(MOST_BYTES + 1)).await.is_err());
}

#[tokio::test]
async fn verdicts_are_by_number_and_doubt_speaks_for_the_finding() {
    let prints = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
    let answer = json!({ "verdicts": [
        { "finding": 1, "reason": "guarded above", "stands": false, "confidence": 0.9 },
        { "finding": 2, "reason": "no", "stands": false, "confidence": 0.9 },
        { "finding": "2", "reason": "yes", "stands": "true", "confidence": "low" },
        { "finding": 3, "reason": "?", "confidence": 1 },
        { "finding": 9, "reason": "?", "stands": false, "confidence": 1 },
        { "finding": 0, "reason": "?", "stands": false, "confidence": 1 },
    ] });
    let verdicts = read_refute(&answer.to_string(), &prints).await.unwrap();
    let said: Vec<_> =
        verdicts.iter().map(|verdict| (verdict.fingerprint.as_str(), verdict.stands)).collect();
    assert_eq!(said, [("a", false), ("b", true)]);
    assert!(jsonschema::is_valid(&refute_schema(), &json!({ "verdicts": [answer["verdicts"][0].clone()] })));
}

proptest! {
    #[test]
    fn no_answer_is_too_strange(text in "\\PC{0,200}", key in "(rule|path|side|line|start_line|code|title|suggestion)", number in any::<f64>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _ = runtime.block_on(read_review(&text));
        let mut strange = finding();
        strange[key.as_str()] = json!(number);
        let _ = review_of(&json!([strange]));
        let mut stranger = finding();
        stranger[key.as_str()] = json!(text);
        let read = review_of(&json!([stranger])).unwrap();
        prop_assert!(read.findings.len() + read.unread == 1);
    }
}
