use serde_json::json;

use super::*;
use crate::steps::pr::fixture::Fixture;

#[tokio::test]
async fn changes_become_commits_a_body_and_a_pull_request() {
    let fixture = Fixture::new().await;
    fixture.edit("a.py", "a = 2\n");
    let change = json!({ "path": "a.py", "commit_message": "Mend a", "start_line": 0, "diff": "@@" });
    let input = fixture.input(json!({
        "modified_code_files": [change], "branch_prefix": "autofix-", "pr_title": "PatchWork AutoFix",
    }));
    let (output, skipped) = fixture.test.run_json(PR, input).await.unwrap();
    assert_eq!(skipped, None);
    assert_eq!(output["target_branch"], "autofix-main");
    assert_eq!(output["commits"].as_array().unwrap().len(), 1);
    assert_eq!(output["head"], fixture.in_remote(&["rev-parse", "autofix-main"]));
    let pull = fixture.forge.pulls().remove(0);
    assert_eq!(pull.title, "PatchWork AutoFix");
    assert_eq!(output["pr_body"], pull.body);
    assert!(pull.body.contains("#### Mend a"), "{}", pull.body);
    assert!(output["pr_url"].as_str().unwrap().ends_with("/pull/1"));
}

#[tokio::test]
async fn with_disable_pr_the_commits_stay_here() {
    let fixture = Fixture::new().await;
    fixture.edit("a.py", "a = 2\n");
    let input = fixture.input(json!({ "modified_code_files": [{ "path": "a.py" }], "disable_pr": true }));
    let (output, skipped) = fixture.test.run_json(PR, input).await.unwrap();
    assert_eq!(skipped, None, "commits were made");
    assert_eq!((&output["pr_url"], &output["target_branch"]), (&json!(""), &json!("patchwork-main")));
    assert_eq!(fixture.remote_branches(), ["main"]);
    assert_eq!(fixture.forge.log(), [""; 0]);
    assert_eq!(fixture.test.notes(), [""; 0], "who set it knows");
}

#[tokio::test]
async fn other_forms_of_modified_files_are_taken() {
    let table = [
        (json!({ "modified_files": "a.py" }), "- `a.py`"),
        (json!({ "modified_files": ["a.py"] }), "- `a.py`"),
        (json!({ "modified_files": { "path": "a.py", "diff": "@@" } }), "- `a.py`"),
        (
            json!({ "modified_files": [{ "file": "a.py", "t": "Title", "m": "Message" }],
                    "path_key": "file", "comment_title_key": "t", "comment_message_key": "m" }),
            "#### Title\n\nMessage",
        ),
        (json!({ "modified_files": [{ "path": "a.py", "t": null }], "comment_title_key": "t" }), "- `a.py`"),
        (json!({ "modified_files": "a.py", "pr_body": "mine" }), "mine"),
    ];
    for (more, expected) in table {
        let fixture = Fixture::new().await;
        fixture.edit("a.py", "a = 2\n");
        let (output, _) = fixture.test.run_json(PR, fixture.input(more.clone())).await.unwrap();
        assert!(output["pr_body"].as_str().unwrap().contains(expected), "{more}: {output}");
        assert_eq!(fixture.forge.pulls().len(), 1);
    }
}

#[tokio::test]
async fn what_can_not_be_understood_leaves_nothing_behind() {
    let fixture = Fixture::new().await;
    fixture.edit("a.py", "a = 2\n");
    let files = || json!([{ "path": "a.py" }]);
    let table = [
        (json!({}), "modified_code_files"),
        (json!({ "modified_files": [{ "file": "a.py" }] }), "modified_files[0].path"),
        (json!({ "modified_files": [{ "path": 3 }] }), "modified_files[0].path"),
        (json!({ "modified_code_files": files(), "issue_url": "#1" }), "issue_url"),
        (json!({ "modified_code_files": files(), "branch_prefix": "" }), "branch_prefix"),
        (json!({ "modified_code_files": [{ "path": "/etc/passwd" }] }), "modified_code_files[0].path"),
        (json!({ "modified_code_files": files(), "disable_branhc": true }), "disable_branhc"),
    ];
    for (more, field) in table {
        let error = fixture.test.run_json(PR, fixture.input(more.clone())).await.unwrap_err();
        assert!(error.to_string().contains(field), "{more}: {error}");
    }
    assert_eq!(fixture.repo.git(&["branch", "--list", "patchwork-*"]), "");
    assert_eq!(fixture.forge.log(), [""; 0]);
}

#[tokio::test]
async fn nothing_changed_is_said_and_nothing_made() {
    let fixture = Fixture::new().await;
    for files in [json!([]), json!([{ "path": "a.py" }])] {
        let input = fixture.input(json!({ "modified_code_files": files }));
        let (output, skipped) = fixture.test.run_json(PR, input).await.unwrap();
        assert!(skipped.is_some());
        assert_eq!((&output["pr_url"], &output["pr_body"]), (&json!(""), &json!("")));
    }
    assert_eq!(fixture.produced(), [""; 0]);
}
