//! Pull requests: what they say and what they change.

use patchwork_core::change::{ChangeStatus, FileChange, Hunk, LeftOut, Line, LineKind, read_diff};
use patchwork_core::port::forge::{PullRequestState, Query, TextChange, Trust};

use super::*;

pub(super) const DIFF: &str = "\
diff --git a/src/a.py b/src/a.py
--- a/src/a.py
+++ b/src/a.py
@@ -1,4 +1,5 @@ def a():
 one
-two
+zwei
+drei
 three
 four
@@ -20,2 +21,2 @@
 x
-y
+z
diff --git a/new.py b/new.py
new file mode 100644
--- /dev/null
+++ b/new.py
@@ -0,0 +1,2 @@
+a
+b
diff --git a/old.md b/renamed.md
similarity index 100%
rename from old.md
rename to renamed.md
";

/// A pull request with a diff, opened by somebody.
pub(super) fn opened(server: &ForgeServer, author: &str) -> u64 {
    let pull = server.pull("main", "topic", "Topic", "Text");
    let files = read_diff(DIFF).unwrap();
    server.add(Pull { author: author.into(), files, ..pull })
}

#[tokio::test]
async fn labels_and_drafts() {
    let server = server();
    let forge = connect(&server);
    let wanted = PullRequestSpec { draft: true, labels: vec!["bot".into()], ..spec("Fixes", "one") };
    let (found, how) = ensure::pull_request(&*forge, &wanted).await.unwrap();
    assert_eq!((how, found.draft, found.labels.clone()), (Ensured::Created, true, vec!["bot".to_owned()]));
    let more = PullRequestSpec { labels: vec!["Bot".into(), "security".into()], ..wanted.clone() };
    let (found, how) = ensure::pull_request(&*forge, &more).await.unwrap();
    assert_eq!((how, found.labels), (Ensured::Updated, vec!["bot".to_owned(), "security".to_owned()]));
    assert_eq!(server.pulls()[0].labels, ["bot", "security"]);

    server.with(|state| state.has_drafts = false);
    let other = PullRequestSpec { head: "other".into(), ..wanted };
    let (found, _) = ensure::pull_request(&*forge, &other).await.unwrap();
    assert!(!found.draft, "opened as ready where there are no drafts");
}

#[tokio::test]
async fn states_ends_and_authors() {
    let server = server();
    server.insider("anna");
    let numbers = [opened(&server, "patchwork-bot"), opened(&server, "anna"), opened(&server, "mallory")];
    server.merge(numbers[0]);
    server.close(numbers[1]);
    server.delete_fork(numbers[2]);
    let forge = connect(&server);
    let read = async |number| forge.pull_request(number).await.unwrap();
    let [own, insider, outsider] = [read(numbers[0]).await, read(numbers[1]).await, read(numbers[2]).await];
    assert_eq!((own.state, own.author.trust), (PullRequestState::Merged, Trust::Own));
    assert_eq!((insider.state, insider.author.trust), (PullRequestState::Closed, Trust::Insider));
    assert_eq!((outsider.state, outsider.author.trust), (PullRequestState::Open, Trust::Outsider));
    assert!(outsider.head.repository.is_none() && outsider.is_from_elsewhere() && !own.is_from_elsewhere());
    assert_eq!(own.head.commit, "1".repeat(40));
    assert!(
        matches!(forge.pull_request(99).await, Err(ForgeError::NotFound { what }) if what.contains("pull request 99 in octo/app"))
    );

    let list = async |state, limit| {
        let found = forge.pull_requests(&Query { state, limit }).await.unwrap();
        found.iter().map(|pull| pull.pull.number).collect::<Vec<_>>()
    };
    assert_eq!(list(None, 2).await, [3, 2]);
    assert_eq!(list(Some(PullRequestState::Merged), 9).await, [1]);
    assert_eq!(list(Some(PullRequestState::Closed), 9).await, [2]);
    assert_eq!(list(Some(PullRequestState::Open), 9).await, [3]);
}

#[tokio::test]
async fn a_pull_request_is_changed_closed_and_opened_again() {
    let server = server();
    let number = opened(&server, "patchwork-bot");
    let forge = connect(&server);
    let change = |open| TextChange { open: Some(open), ..TextChange::default() };
    let closed = forge.change_pull_request(number, &change(false)).await.unwrap();
    assert_eq!(closed.state, PullRequestState::Closed);
    let text = TextChange { title: Some("Other".into()), body: Some(String::new()), ..change(true) };
    let open = forge.change_pull_request(number, &text).await.unwrap();
    assert_eq!((open.state, open.title.as_str(), open.body.as_str()), (PullRequestState::Open, "Other", ""));
    server.merge(number);
    let merged = forge.change_pull_request(number, &change(false)).await.unwrap_err();
    assert!(Failure::from(merged).to_string().contains("merged"));
}

#[tokio::test]
async fn what_a_pull_request_changes() {
    let server = server();
    let number = opened(&server, "anna");
    server.push(number, &"2".repeat(40), "Second\n\nwith text", read_diff(DIFF).unwrap());
    let forge = connect(&server);
    let changes = forge.changes(number).await.unwrap();
    assert!(changes.complete);
    let [changed, new, renamed] = changes.files.as_slice() else { panic!("{:?}", changes.files) };
    assert_eq!((changed.status, changed.hunks.len(), changed.additions), (ChangeStatus::Modified, 2, 3));
    assert_eq!((new.status, new.left_out, new.binary), (ChangeStatus::Added, None, false));
    assert_eq!((renamed.status, renamed.old_path.as_deref()), (ChangeStatus::Renamed, Some("old.md")));
    assert!(renamed.hunks.is_empty() && renamed.left_out.is_none() && !renamed.binary);

    let commits = forge.commits(number).await.unwrap();
    let commits: Vec<_> = commits.iter().map(|c| (c.id.as_str(), c.message.as_str())).collect();
    assert_eq!(
        commits,
        [("1".repeat(40).as_str(), "Topic"), ("2".repeat(40).as_str(), "Second\n\nwith text")]
    );
    assert_eq!(forge.head_ref(number).as_deref(), Some("refs/pull/1/head"));
}

fn file(path: String) -> FileChange {
    let line = Line { kind: LineKind::Added, text: "x".into(), no_newline: false };
    let hunk = Hunk { new_start: 1, new_lines: 1, lines: vec![line], ..Hunk::default() };
    FileChange {
        path,
        old_path: None,
        status: ChangeStatus::Added,
        binary: false,
        old_mode: None,
        new_mode: None,
        hunks: vec![hunk],
        left_out: None,
        additions: 1,
        deletions: 0,
    }
}

#[tokio::test]
async fn what_the_site_leaves_out_is_said() {
    let server = server();
    let number = opened(&server, "anna");
    let mut files: Vec<_> = (0..3_050).map(|n| file(format!("f{n}"))).collect();
    files[1] = FileChange { left_out: Some(LeftOut::NotGiven), additions: 9_000, ..file("large".into()) };
    files[2] = FileChange { binary: true, hunks: vec![], additions: 0, ..file("logo.png".into()) };
    server.change(number, |pull| pull.files = files);
    let changes = connect(&server).changes(number).await.unwrap();
    assert_eq!((changes.files.len(), changes.complete), (3_000, false));
    assert_eq!((changes.files[1].left_out, changes.files[1].hunks.len()), (Some(LeftOut::NotGiven), 0));
    assert!(changes.files[2].binary && changes.files[2].left_out.is_none());
    server.change(number, |pull| pull.files.truncate(3_000));
    assert!(connect(&server).changes(number).await.unwrap().complete);
}

#[tokio::test]
async fn a_patch_that_is_cut_off_is_not_given() {
    let server = server();
    let number = opened(&server, "anna");
    let file = |patch: &str, additions: u32| serde_json::json!([{ "filename": "a", "status": "modified", "sha": "0", "patch": patch, "additions": additions }]);
    let cases = [
        file("@@ -1 +1,2 @@\n one\n+two", 1),
        file("@@ -1 +1,2 @@\n one\n+two", 7),
        file("@@ -1 +1,9 @@\n one\n+two", 1),
        file("not a patch", 1),
    ];
    let forge = connect(&server);
    for (at, files) in cases.into_iter().enumerate() {
        let answer = Scripted::Answer { status: 200, headers: vec![], body: files.to_string() };
        server.script_at("GET", "/files", [answer]);
        let changes = forge.changes(number).await.unwrap();
        let expected = (at > 0).then_some(LeftOut::NotGiven);
        assert_eq!(changes.files[0].left_out, expected, "case {at}: {changes:?}");
        assert_eq!(changes.files[0].hunks.is_empty(), at > 0);
    }
}

#[tokio::test]
async fn facts_of_the_repository_and_of_the_account() {
    let server = server();
    let forge = connect(&server);
    let facts = forge.repository().await.unwrap();
    assert_eq!((facts.full_name.as_str(), facts.default_branch.as_str()), ("octo/app", "main"));
    assert_eq!(
        (facts.url.clone(), facts.may_push, facts.archived),
        (format!("{}/octo/app", server.url()), Some(true), false)
    );
    assert_eq!(forge.account().await.unwrap().as_deref(), Some("patchwork-bot"));
    let credential = forge.git_credential().await.unwrap().unwrap();
    assert_eq!((credential.user.as_str(), credential.token.expose()), ("x-access-token", TOKEN));
    assert_eq!(forge.homes(), [facts.url]);
    server.read_only();
    assert_eq!(connect(&server).repository().await.unwrap().may_push, Some(false));
    server.installation_token();
    assert_eq!(connect(&server).repository().await.unwrap().may_push, None);
}

#[test]
fn suggestions() {
    let server = server();
    let forge = connect(&server);
    assert_eq!(forge.suggestion(1, "x = 1\n").unwrap(), "```suggestion\nx = 1\n```");
    assert_eq!(forge.suggestion(1, "").unwrap(), "```suggestion\n```");
    assert_eq!(forge.suggestion(2, "```\ncode").unwrap(), "````suggestion\n```\ncode\n````");
}
