//! Commits as data: packed in one clone, made again in another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use patchwork_core::failure::FailureKind;
use patchwork_core::port::checkout::{PackedCommit, PackedFile};

use super::*;

fn repo() -> TestRepo {
    TestRepo::with_files(&[
        ("a.txt", "a\r\nb\r\n"),
        ("old/name.txt", "the same text, long enough to be known again\n"),
        ("gone.bin", "x\0y"),
        (".gitattributes", "*.txt text\n*.sh filter=none\n"),
    ])
}

/// A clone of the repository's state without the run's commits.
fn clone(repo: &TestRepo) -> TestRepo {
    let other = TestRepo::with_files(&[]);
    other.git(&["fetch", "--quiet", repo.root().to_str().unwrap(), "HEAD"]);
    other.git(&["reset", "--quiet", "--hard", "FETCH_HEAD"]);
    other
}

async fn packed(repo: &TestRepo) -> Vec<PackedCommit> {
    let checkout = checkout(repo, "r1").await;
    write(&checkout, "a.txt", "a\r\nc\n");
    write(&checkout, "odd \"name\"\\é.txt", "new\n");
    std::fs::remove_file(checkout.root().join("gone.bin")).unwrap();
    std::fs::create_dir(checkout.root().join("gone.bin")).unwrap();
    write(&checkout, "gone.bin/now.sh", "#!/bin/sh\n");
    std::fs::rename(checkout.root().join("old/name.txt"), checkout.root().join("name.txt")).unwrap();
    let first = files(&["a.txt", "odd \"name\"\\é.txt"], "first\n\nwith a body");
    let second = files(&["gone.bin", "gone.bin/now.sh", "old/name.txt", "name.txt"], "second");
    let head = checkout.commit(&request(None, vec![first, second])).await.unwrap().head;
    checkout.pack(&head).await.unwrap()
}

#[tokio::test]
async fn commits_made_again_are_the_same() {
    let repo = repo();
    let commits = packed(&repo).await;
    assert_eq!(
        commits.iter().map(PackedCommit::message).collect::<Vec<_>>(),
        ["first\n\nwith a body\n", "second\n"]
    );
    let other = clone(&repo);
    let before = other.git(&["for-each-ref"]);
    let checkout = checkout(&other, "r2").await;
    // Twice: a run that was killed behind it does it again.
    for _ in 0..2 {
        checkout.unpack(&commits).await.unwrap();
    }
    let last = commits.last().unwrap().id.clone();
    assert_eq!(other.git(&["rev-parse", "refs/patchwork/r2/result"]), last);
    assert_eq!(other.git(&["cat-file", "-p", &format!("{last}:gone.bin/now.sh")]), "#!/bin/sh");
    other.git(&["update-ref", "-d", "refs/patchwork/r2/result"]);
    assert_eq!(other.git(&["for-each-ref"]), before, "nothing else is touched");
}

#[tokio::test]
async fn what_was_changed_on_the_way_is_refused() {
    let repo = repo();
    let good = packed(&repo).await;
    let other = clone(&repo);
    let checkout = checkout(&other, "r2").await;
    let tampered = |change: &dyn Fn(&mut Vec<PackedCommit>)| {
        let mut commits = good.clone();
        change(&mut commits);
        commits
    };
    let cases: [(&str, Vec<PackedCommit>); 10] = [
        ("contents", tampered(&|c| c[0].files[0].content = Some(STANDARD.encode("evil")))),
        ("a mode", tampered(&|c| c[0].files[0].mode = Some("100755".into()))),
        ("the mode before", tampered(&|c| c[0].files[0].old_mode = Some("100755".into()))),
        (
            "a file that stays as it is",
            tampered(&|c| {
                let file = c[0].files[0].clone();
                c[1].files.push(PackedFile { old_mode: file.mode.clone(), ..file });
            }),
        ),
        ("a message", tampered(&|c| c[1].object = c[1].object.replace("second", "other"))),
        ("an id", tampered(&|c| c[1].id = c[0].id.clone())),
        ("a commit left out", tampered(&|c| drop(c.remove(0)))),
        ("a path outside", tampered(&|c| c[0].files[0].path = "../../evil".into())),
        ("a path of git's own", tampered(&|c| c[0].files[0].path = ".git/hooks/post-checkout".into())),
        ("no base64", tampered(&|c| c[0].files[0].content = Some("%".into()))),
    ];
    for (what, commits) in cases {
        let failure = checkout.unpack(&commits).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused, "{what}: {failure}");
        assert!(failure.message.contains("does not come out as the bundle says"), "{what}: {failure}");
    }
    assert_eq!(other.git(&["for-each-ref", "refs/patchwork/r2/result"]), "");
}
