//! Pushes to real remotes.

use patchwork_core::failure::FailureKind;
use patchwork_core::port::forge::GitCredential;
use patchwork_core::secret::Secret;
use patchwork_testkit::git_http::GitHttp;

use super::*;

fn repo() -> TestRepo {
    TestRepo::with_files(&[("a.txt", "a\n")])
}

async fn commit(checkout: &GitCheckout, text: &str) -> String {
    write(checkout, "a.txt", text);
    checkout.commit(&request(None, vec![files(&["a.txt"], text)])).await.unwrap().head
}

fn credential(token: &str) -> Option<GitCredential> {
    Some(GitCredential { user: "x-access-token".into(), token: Secret::new(token) })
}

fn push(commit: &str, force: bool) -> PushRequest {
    PushRequest {
        remote: "origin".into(),
        commit: commit.into(),
        branch: "fixes".into(),
        force,
        credential: None,
    }
}

/// What a run does: looks, then pushes.
async fn pushed(checkout: &GitCheckout, request: &PushRequest) -> Result<Pushed, Failure> {
    let seen = checkout.check_push(request).await?;
    checkout.push(request, seen.as_deref()).await
}

#[tokio::test]
async fn a_push_creates_then_changes_nothing_then_moves_by_force_only() {
    let repo = repo();
    let remote = repo.with_remote();
    let tip = || repo.git_in(&remote, &["rev-parse", "fixes"]);
    let before = repo.git(&["for-each-ref", "refs/heads"]);
    let checkout = checkout(&repo, "r1").await;
    checkout.check_push(&push(&checkout.base().commit, false)).await.unwrap();
    assert!(!repo.git_in(&remote, &["branch", "--list"]).contains("fixes"));
    let one = commit(&checkout, "one\n").await;
    assert_eq!(pushed(&checkout, &push(&one, false)).await.unwrap(), Pushed::Created);
    assert_eq!(tip(), one);
    assert_eq!(pushed(&checkout, &push(&one, false)).await.unwrap(), Pushed::Unchanged);

    let start = &checkout.base().commit;
    checkout.check_push(&push(start, true)).await.unwrap();
    checkout.check_push(&push(start, false)).await.unwrap_err();
    assert_eq!(tip(), one);

    let two = commit(&checkout, "two\n").await;
    let failure = pushed(&checkout, &push(&two, false)).await.unwrap_err();
    assert!(failure.message.starts_with("branch `fixes` exists already on `origin`"), "{failure}");
    assert_eq!(tip(), one);
    assert_eq!(pushed(&checkout, &push(&two, true)).await.unwrap(), Pushed::Updated);
    assert_eq!(tip(), two);
    assert_eq!(repo.git(&["for-each-ref", "refs/heads"]), before);
    assert_eq!(repo.git(&["for-each-ref", "refs/patchwork/r1/remote"]), "");
}

#[tokio::test]
async fn what_somebody_else_pushed_is_left_alone() {
    let repo = repo();
    let remote = repo.with_remote();
    let checkout = checkout(&repo, "r1").await;
    let ours = commit(&checkout, "ours\n").await;
    pushed(&checkout, &push(&ours, false)).await.unwrap();
    let colleague = repo.beside("colleague");
    repo.git(&["clone", "--quiet", "--branch=fixes", remote.to_str().unwrap(), colleague.to_str().unwrap()]);
    std::fs::write(colleague.join("a.txt"), "theirs\n").unwrap();
    repo.git_in(&colleague, &["commit", "--quiet", "-am", "on top"]);
    repo.git_in(&colleague, &["push", "--quiet"]);
    let theirs = repo.git_in(&remote, &["rev-parse", "fixes"]);

    // Known before there is anything to push, and again when there is.
    let failure = checkout.check_push(&push(&checkout.base().commit, true)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    let next = commit(&checkout, "next\n").await;
    let failure = pushed(&checkout, &push(&next, true)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(failure.message.contains("is not Patchwork's own"), "{failure}");
    assert_eq!(repo.git_in(&remote, &["rev-parse", "fixes"]), theirs);

    // Somebody else's commit that ours stand on is not lost.
    repo.git_in(&remote, &["update-ref", "refs/heads/fixes", "main"]);
    assert_eq!(pushed(&checkout, &push(&next, true)).await.unwrap(), Pushed::Updated);
    assert_eq!(repo.git_in(&remote, &["rev-parse", "fixes"]), next);
}

#[tokio::test]
async fn hooks_and_settings_of_the_user_do_not_reach_into_a_push() {
    let repo = repo();
    let remote = repo.with_remote();
    repo.git(&["tag", "-a", "-m", "private", "private"]);
    for (name, value) in [("push.followTags", "true"), ("push.gpgSign", "true"), ("push.default", "matching")]
    {
        repo.git(&["config", name, value]);
    }
    repo.git(&["config", "core.hooksPath", "hooks"]);
    repo.write("hooks/pre-push", "#!/bin/sh\nexit 1\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(repo.path("hooks/pre-push"), std::fs::Permissions::from_mode(0o755))
            .unwrap();
    }
    let checkout = checkout(&repo, "r1").await;
    let head = commit(&checkout, "one\n").await;
    assert_eq!(pushed(&checkout, &push(&head, false)).await.unwrap(), Pushed::Created);
    assert_eq!(repo.git_in(&remote, &["tag"]), "");
}

#[tokio::test]
async fn a_refusal_is_told_in_the_words_of_git() {
    let repo = repo();
    let remote = repo.with_remote();
    let hook = remote.join("hooks/pre-receive");
    std::fs::create_dir_all(remote.join("hooks")).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho 'no pushes on Fridays' >&2\nexit 1\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let checkout = checkout(&repo, "r1").await;
    let head = commit(&checkout, "one\n").await;
    let failure = pushed(&checkout, &push(&head, false)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert_eq!(failure.message, "branch `fixes` can't be pushed to `origin`");
    assert!(failure.to_string().contains("no pushes on Fridays"), "{failure}");
    assert!(failure.to_string().contains("pre-receive hook declined"), "{failure}");

    std::fs::remove_dir_all(&remote).unwrap();
    let failure = pushed(&checkout, &push(&head, false)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.to_string().contains("there is no repository at the remote"), "{failure}");
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let repo = repo();
    let checkout = checkout(&repo, "r1").await;
    let head = commit(&checkout, "one\n").await;
    let failure = pushed(&checkout, &push(&head, false)).await.unwrap_err();
    assert_eq!(failure.message, "there is no remote `origin`");
    repo.with_remote();
    for (request, words) in [
        (PushRequest { branch: "a b".into(), ..push(&head, false) }, "can't be the name"),
        (PushRequest { remote: "--all".into(), ..push(&head, false) }, "no remote `--all`"),
        (PushRequest { remote: "nowhere".into(), ..push(&head, false) }, "no remote `nowhere`"),
        (PushRequest { commit: "--force".into(), ..push(&head, false) }, "no commit --force"),
    ] {
        let failure = pushed(&checkout, &request).await.unwrap_err();
        assert!(failure.message.contains(words), "{failure}");
    }
}

#[tokio::test]
async fn the_url_of_a_remote_has_no_credentials() {
    let repo = repo();
    let checkout = checkout(&repo, "r1").await;
    assert_eq!(checkout.remote_url("origin").await.unwrap(), None);
    repo.git(&["remote", "add", "origin", "https://me:ghp_secret@github.com/o/r.git"]);
    assert_eq!(checkout.remote_url("origin").await.unwrap().as_deref(), Some("https://github.com/o/r.git"));
    assert_eq!(checkout.remote_url("--all").await.unwrap(), None);
}

#[tokio::test]
async fn a_token_pushes_over_http_and_is_never_shown() {
    let repo = repo();
    let remote = repo.with_remote();
    repo.git_in(&remote, &["config", "http.receivepack", "true"]);
    let folder = remote.parent().unwrap().to_owned();
    let server =
        tokio::task::spawn_blocking(move || GitHttp::start(&folder, "ghp_right_token")).await.unwrap();
    let url = server.url("origin.git");
    repo.git(&["remote", "set-url", "origin", &url]);
    // What a CI leaves in the configuration; two such headers at once are refused by GitHub.
    let site = format!("http.{}.extraheader", url.strip_suffix("origin.git").unwrap());
    repo.git(&["config", &site, "Authorization: Basic d3Jvbmc="]);
    let checkout = checkout(&repo, "r1").await;
    let with = |token: &str, commit: &str, force| PushRequest {
        credential: credential(token),
        ..push(commit, force)
    };
    let head = commit(&checkout, "one\n").await;
    assert_eq!(pushed(&checkout, &with("ghp_right_token", &head, false)).await.unwrap(), Pushed::Created);
    assert_eq!(repo.git_in(&remote, &["rev-parse", "fixes"]), head);
    let next = commit(&checkout, "two\n").await;
    assert_eq!(pushed(&checkout, &with("ghp_right_token", &next, true)).await.unwrap(), Pushed::Updated);

    let failure = pushed(&checkout, &with("ghp_wrong_token", &head, true)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure:?}");
    assert!(failure.to_string().contains("refuses the credentials"), "{failure:?}");
    assert!(!format!("{failure:?}").contains("ghp_wrong_token"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_follows_no_redirect() {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let target = elsewhere.local_addr().unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/o/r", server.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            let path = "o/r/info/refs?service=git-upload-pack";
            write!(
                stream,
                "HTTP/1.1 302 Found\r\nlocation: http://{target}/{path}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            .unwrap();
        }
    });

    let repo = repo();
    repo.git(&["remote", "add", "origin", &url]);
    let checkout = checkout(&repo, "r1").await;
    let request =
        PushRequest { credential: credential("ghp_0123456789"), ..push(&checkout.base().commit, false) };
    let failure = checkout.check_push(&request).await.unwrap_err();
    assert!(failure.causes[0].contains("redirects"), "{failure:?}");
    assert!(failure.hints[0].contains("git remote set-url"), "{failure:?}");
    assert!(elsewhere.accept().is_err(), "nobody came with the token");
}
