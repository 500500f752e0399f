use serde_json::json;

use super::*;
use crate::steps::code::modify_code_once::ModifyCodeOnce;
use crate::steps::scan::fixture::Fixture;

fn text(fixture: &Fixture, path: &str) -> String {
    std::fs::read_to_string(fixture.path(path)).unwrap()
}

#[tokio::test]
async fn patches_of_one_file_land_right_however_its_path_is_written() {
    let fixture = Fixture::new(&[("a.txt", "1\r\n2\r\n3\r\n4\r\n"), ("b.txt", "x\n")]).await;
    let input = json!({
        "files_to_patch": [
            {"uri": "a.txt", "startLine": 0, "endLine": 1, "messageText": "ignored"},
            {"uri": "./a.txt", "startLine": 2, "endLine": 3},
            {"uri": "b.txt"},
            {"uri": "new/c.txt"},
            {"uri": "b.txt", "startLine": 0, "endLine": 1},
        ],
        "extracted_responses": [
            {"patch": "one\nmore", "commit_message": "m", "path": "evil", "diff": 1},
            {"patch": "three\n"},
            {"patch": "y\n"},
            {"patch": "new\n"},
            {"commit_message": "no patch"},
        ],
    });
    let (out, skipped) = fixture.test.run_json(ModifyCode, input).await.unwrap();
    assert_eq!(skipped, None);
    assert_eq!(text(&fixture, "a.txt"), "one\r\nmore\r\n2\r\nthree\r\n4\r\n");
    assert_eq!((text(&fixture, "b.txt"), text(&fixture, "new/c.txt")), ("y\n".into(), "new\n".into()));
    let files = out["modified_code_files"].as_array().unwrap();
    let paths: Vec<_> = files.iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["a.txt", "a.txt", "b.txt", "new/c.txt"]);
    assert_eq!((&files[0]["commit_message"], &files[0]["start_line"]), (&json!("m"), &json!(0)));
    let diff = files[1]["diff"].as_str().unwrap();
    assert!(diff.contains("+three") && !diff.contains("+one"), "each diff is of its own patch: {diff}");
}

#[tokio::test]
async fn a_file_gets_all_its_patches_or_none_and_the_others_are_kept() {
    let fixture = Fixture::new(&[("a.txt", "1\n2\n3\n"), ("b.txt", "x\n")]).await;
    let input = json!({
        "files_to_patch": [
            {"uri": "a.txt", "startLine": 0, "endLine": 2},
            {"uri": "a.txt", "startLine": 1, "endLine": 3},
            {"uri": "b.txt", "startLine": 0, "endLine": 1},
            {"uri": "../outside", "startLine": 0, "endLine": 1},
            {"uri": ".git/config"},
        ],
        "extracted_responses": [{"patch": "p"}, {"patch": "q"}, {"patch": "y"}, {"patch": "z"}, {"patch": "z"}],
    });
    let (out, _) = fixture.test.run_json(ModifyCode, input).await.unwrap();
    assert_eq!((text(&fixture, "a.txt"), text(&fixture, "b.txt")), ("1\n2\n3\n".into(), "y\n".into()));
    let failed = out["failed"].as_array().unwrap();
    let overlap = failed.iter().find(|file| file["path"] == "a.txt").unwrap();
    let reason = overlap["reason"].as_str().unwrap();
    assert!(reason.contains("lines 1-2") && reason.contains("lines 2-3"), "{reason}");
    assert_eq!((failed.len(), fixture.test.warnings().len()), (3, 3));
}

#[tokio::test]
async fn what_cannot_be_done_is_an_error_that_says_why() {
    let fixture = Fixture::new(&[("a.txt", "1\n")]).await;
    for (files, responses, expected) in [
        (json!([{"uri": "a.txt", "startLine": 5, "endLine": 9}]), json!([{"patch": "x"}]), "out of range"),
        (json!([{"uri": "a.txt", "startLine": 0}]), json!([{"patch": "x"}]), "end_line"),
        (json!([{"uri": "a.txt"}]), json!([]), "`extracted_responses`"),
        (json!([{"uri": "a.txt"}]), json!([{"patch": 1}]), "`extracted_responses[0].patch`"),
    ] {
        let input = json!({"files_to_patch": files, "extracted_responses": responses});
        let error = fixture.test.run_json(ModifyCode, input).await.unwrap_err().into_failure().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let input = json!({"files_to_patch": [{"uri": "a.txt"}], "extracted_responses": [{}]});
    let (_, skipped) = fixture.test.run_json(ModifyCode, input).await.unwrap();
    assert_eq!(skipped.as_deref(), Some("no response holds a patch"));
    assert_eq!(text(&fixture, "a.txt"), "1\n");
}

#[tokio::test]
async fn modify_code_once_replaces_lines_or_says_why_it_did_not() {
    let fixture = Fixture::new(&[("a.py", "def f():\n    a = 1\n    return a\n")]).await;
    let once = |new_code: serde_json::Value, start: u32, end: u32| {
        let input = json!({"file_path": "a.py", "new_code": new_code, "start_line": start, "end_line": end});
        fixture.test.run_json(ModifyCodeOnce, input)
    };
    let (out, skipped) = once(json!("a = 2"), 1, 2).await.unwrap();
    assert_eq!((skipped, text(&fixture, "a.py")), (None, "def f():\n    a = 2\n    return a\n".into()));
    assert!(out["diff"].as_str().unwrap().contains("+    a = 2"), "{out}");
    assert_eq!(once(json!("a = 2"), 1, 2).await.unwrap().1.as_deref(), Some("a.py is so already"));
    assert_eq!(once(json!(null), 1, 2).await.unwrap().1.as_deref(), Some("there is no new code"));
    assert!(once(json!("x"), 7, 9).await.is_err());
}

#[tokio::test]
async fn no_placeholder_is_written_and_no_secret_is_shown() {
    let mut fixture = Fixture::new(&[("a.py", "key = 'value-of-the-run'\nx = 1\n")]).await;
    fixture.test = fixture.test.secret("shop", "value-of-the-run");
    let input = |patch: &str| {
        json!({
            "files_to_patch": [{"uri": "a.py", "startLine": 0, "endLine": 2}],
            "extracted_responses": [{"patch": patch}],
        })
    };
    let bad = input("key = base('PATCHWORK_MASKED_SHOP')\nx = 1\n");
    let error = fixture.test.run_json(ModifyCode, bad).await.unwrap_err().to_string();
    assert!(error.contains("line 1 of the new code holds PATCHWORK_MASKED_SHOP"), "{error}");
    let new_file = json!({ "file_path": "new.py", "new_code": "k = 'PATCHWORK_MASKED_SHOP'\n" });
    assert!(fixture.test.run_json(ModifyCodeOnce, new_file).await.is_err());

    let good = input("key = 'PATCHWORK_MASKED_SHOP'\nx = 2\n");
    let (out, _) = fixture.test.run_json(ModifyCode, good).await.unwrap();
    assert_eq!(text(&fixture, "a.py"), "key = 'value-of-the-run'\nx = 2\n");
    let diff = out["modified_code_files"][0]["diff"].as_str().unwrap();
    assert!(diff.contains(" key = 'PATCHWORK_MASKED_SHOP'\n-x = 1\n+x = 2"), "{diff}");
}
