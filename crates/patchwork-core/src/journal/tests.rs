use rusqlite::Connection;

use super::{FILE, FORMAT, Journal, JournalOptions};
use crate::failure::{Failure, FailureKind};

fn open(dir: &std::path::Path) -> Result<Journal, Failure> {
    Journal::open(dir, JournalOptions::default())
}

#[test]
fn a_newer_format_is_refused_with_a_clear_word() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).unwrap();
    let db = Connection::open(dir.path().join(FILE)).unwrap();
    db.pragma_update(None, "user_version", FORMAT + 1).unwrap();
    drop(db);
    let failure = open(dir.path()).err().unwrap();
    assert_eq!(failure.kind, FailureKind::Configuration);
    assert!(failure.message.contains(&format!("format {}", FORMAT + 1)), "{failure}");
    assert!(failure.hints[0].contains("update patchwork"), "{failure:?}");
}

#[test]
fn a_damaged_or_foreign_file_is_told_apart_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    std::fs::write(&path, b"this is no database, it is a text of some length that SQLite can't read at all")
        .unwrap();
    let failure = open(dir.path()).err().unwrap();
    assert!(failure.message.contains("damaged"), "{failure}");
    assert!(std::fs::read(&path).unwrap().starts_with(b"this is no database"));

    std::fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("create table mine (a)").unwrap();
    let failure = open(dir.path()).err().unwrap();
    assert!(failure.message.contains("not a Patchwork journal"), "{failure}");
}

#[test]
fn a_state_folder_that_can_not_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), b"").unwrap();
    let failure = open(&dir.path().join("file/state")).err().unwrap();
    assert!(failure.message.contains("file/state"), "{failure}");
    assert!(failure.hints[0].contains("--state-dir"), "{failure:?}");
}

#[tokio::test]
async fn an_unknown_run_is_a_usage_failure() {
    let dir = tempfile::tempdir().unwrap();
    let failure = open(dir.path()).unwrap().run("nope").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Usage);
}

#[test]
fn two_processes_may_open_it_at_the_same_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || open(&path).map(|_| ()))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
}
