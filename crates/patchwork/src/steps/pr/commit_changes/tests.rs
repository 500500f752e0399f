use serde_json::{Value, json};

use super::*;
use crate::steps::pr::fixture::Fixture;

async fn run(fixture: &Fixture, input: Value) -> (Value, Option<String>) {
    fixture.test.run_json(CommitChanges, input).await.unwrap()
}

fn files(paths: &[&str]) -> Value {
    paths.iter().map(|path| json!({ "path": path, "commit_message": format!("Mend {path}") })).collect()
}

#[test]
fn a_message_names_the_file_and_says_each_thing_once() {
    let change = |text: &str| Change { commit_message: Some(text.into()), ..Change::default() };
    let changes = [
        change("Bind the id.\nFixes #1"),
        change(" "),
        change("Bind the id.\nFixes #1"),
        change("Drop MD5."),
    ];
    let changes: Vec<&Change> = changes.iter().collect();
    assert_eq!(message("src/a.py", &changes), "Patched src/a.py\n\nBind the id.\nFixes # 1\n\nDrop MD5.\n");
    assert_eq!(message("a\nb", &[]), "Patched a b\n");
}

#[tokio::test]
async fn each_changed_file_gets_a_commit_and_the_user_keeps_theirs() {
    let fixture = Fixture::new().await;
    fixture.repo.write("a.py", "the user's own\n");
    let before = fixture.repo.belongings();
    fixture.edit("b.py", "b = 2\n");
    fixture.edit("a.py", "a = 2\n");
    fixture.edit("c.py", "not listed\n");
    let input = json!({ "modified_code_files": files(&["./b.py", "a.py"]) });
    let (output, skipped) = run(&fixture, input.clone()).await;

    assert_eq!(skipped, None);
    assert_eq!(
        (&output["base_branch"], &output["target_branch"]),
        (&json!("main"), &json!("patchwork-main"))
    );
    assert_eq!(output["reference"], "refs/heads/patchwork-main");
    let log = fixture.repo.git(&["log", "--reverse", "--format=%H %s|%b", "main..patchwork-main"]);
    let commits: Vec<&str> = output["commits"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(
        log,
        format!("{} Patched b.py|Mend ./b.py\n\n{} Patched a.py|Mend a.py\n", commits[0], commits[1])
            .trim_end()
    );
    assert_eq!(output["head"], commits[1]);
    assert_eq!(fixture.repo.git(&["diff", "--name-only", "main", "patchwork-main"]), "a.py\nb.py");

    let mut after = fixture.repo.belongings();
    assert!(after.remove("refs/heads/patchwork-main").is_some());
    assert_eq!(before, after, "nothing but the new branch");
    assert_eq!(run(&fixture, input).await.0, output, "the same again");
    assert_eq!(fixture.produced()[0], "branch patchwork-main");
}

#[tokio::test]
async fn a_new_test_goes_into_the_commit_of_its_fix() {
    let fixture = Fixture::new().await;
    fixture.edit("a.py", "a = 2\n");
    fixture.edit("test_a.py", "assert True\n");
    fixture.edit("unlisted.py", "x\n");
    let test = json!({ "path": "./test_a.py", "diff": "" });
    let input =
        json!({ "modified_code_files": [{ "path": "a.py", "commit_message": "Mend", "test": test }] });
    let (output, _) = run(&fixture, input).await;
    assert_eq!(output["commits"].as_array().map(Vec::len), Some(1));
    let shown = fixture.repo.git(&["show", "--name-only", "--format=%B", output["head"].as_str().unwrap()]);
    let expected = "Patched a.py\n\nMend\n\nAdds the regression test test_a.py.\n\n\na.py\ntest_a.py";
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn without_changes_there_is_no_branch() {
    let fixture = Fixture::new().await;
    let unlisted = json!({ "modified_code_files": [] });
    let unchanged = json!({ "modified_code_files": files(&["a.py"]) });
    for input in [unlisted, unchanged] {
        let (output, skipped) = run(&fixture, input).await;
        assert!(skipped.unwrap().contains("nothing to commit"));
        assert_eq!((&output["target_branch"], &output["head"]), (&Value::Null, &Value::Null));
        assert_eq!(output["base_branch"], "main");
    }
    assert_eq!(fixture.repo.git(&["branch", "--list", "patchwork-*"]), "");
}

#[tokio::test]
async fn without_a_branch_the_commits_can_still_be_taken() {
    let fixture = Fixture::new().await;
    fixture.edit("a.py", "a = 2\n");
    let input = json!({ "modified_code_files": files(&["a.py"]), "disable_branch": true });
    let (output, _) = run(&fixture, input).await;
    assert_eq!(output["target_branch"], Value::Null);
    let reference = output["reference"].as_str().unwrap();
    assert_eq!(fixture.test.notes(), [format!("take the commits with: git merge --ff-only {reference}")]);
    assert_eq!(fixture.repo.git(&["for-each-ref", "--format=%(refname)", "refs/heads"]), "refs/heads/main");
    fixture.repo.git(&["merge", "--quiet", "--ff-only", reference]);
    assert_eq!(fixture.repo.read("a.py"), b"a = 2\n");
}

#[tokio::test]
async fn a_path_that_leaves_the_checkout_is_named() {
    let fixture = Fixture::new().await;
    let input = json!({ "modified_code_files": files(&["a.py", "../x.py"]) });
    let error = fixture.test.run_json(CommitChanges, input).await.unwrap_err();
    assert!(
        matches!(&error, StepError::Input { field, .. } if field == "modified_code_files[1].path"),
        "{error}"
    );
}

#[tokio::test]
async fn a_branch_that_was_there_is_moved_and_kept() {
    let fixture = Fixture::prepared(|repo| {
        repo.git(&["checkout", "--quiet", "-b", "patchwork-main"]);
        repo.write("d.py", "d\n");
        repo.commit("theirs");
        repo.git(&["checkout", "--quiet", "main"]);
    })
    .await;
    fixture.edit("a.py", "a = 2\n");
    let input = |force| json!({ "modified_code_files": files(&["a.py"]), "force_branch_creation": force });
    assert!(fixture.test.run_json(CommitChanges, input(false)).await.is_err());
    run(&fixture, input(true)).await;
    let note = fixture.test.notes().remove(0);
    let kept = note.rsplit(' ').next().unwrap();
    assert_eq!(fixture.repo.git(&["log", "-1", "--format=%s", kept]), "theirs");
}
