//! The file: its format version, its tables, how it is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::Durability;
use crate::failure::Failure;

/// The format this binary writes. Older ones are migrated when they are opened, newer ones are refused.
pub const FORMAT: u32 = 2;

/// Written into the file's header so that another program's database is told apart ("PWjn").
const APPLICATION_ID: i32 = 0x5057_6a6e;

const TABLES: &str = "
create table runs (
    id text primary key,
    patchflow text not null,
    status text not null,
    created_ms integer not null,
    updated_ms integer not null,
    epoch integer not null,
    spec text not null,
    result text
) without rowid;
create table outcomes (
    run text not null references runs (id) on delete cascade,
    key text not null,
    seq integer not null,
    body text not null,
    primary key (run, key)
) without rowid;
create index outcomes_by_seq on outcomes (run, seq);
create table events (
    run text not null references runs (id) on delete cascade,
    seq integer not null,
    at_ms integer not null,
    node text not null,
    body text not null,
    primary key (run, seq)
) without rowid;
create table blobs (
    digest text primary key,
    body text not null
) without rowid;
";

/// What format 2 added: tries of model calls with what was asked, calls that failed, and answers that later runs may use. A body among the
/// blobs may be compressed since then; it is of SQLite's type blob in that case.
const TABLES_2: &str = "
create table calls (
    run text not null references runs (id) on delete cascade,
    key text not null,
    try integer not null,
    node text not null,
    state text not null,
    amount text not null,
    answer text,
    asked text,
    primary key (run, key, try)
) without rowid;
create table failures (
    run text not null references runs (id) on delete cascade,
    key text not null,
    node text not null,
    body text not null,
    asked text not null,
    primary key (run, key)
) without rowid;
create table answers (
    digest text primary key,
    at_ms integer not null,
    body text not null
) without rowid;
";

pub(super) fn open(path: &Path, durability: Durability) -> Result<Connection, Failure> {
    let mut db = Connection::open(path).map_err(|error| explain(&error, path))?;
    prepare(&mut db, path, durability).map_err(|error| match error {
        PrepareError::Sqlite(error) => explain(&error, path),
        PrepareError::Failure(failure) => failure,
    })?;
    Ok(db)
}

enum PrepareError {
    Sqlite(rusqlite::Error),
    Failure(Failure),
}

impl From<rusqlite::Error> for PrepareError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn prepare(db: &mut Connection, path: &Path, durability: Durability) -> Result<(), PrepareError> {
    db.busy_timeout(Duration::from_secs(30))?;
    let synchronous = match durability {
        Durability::Process => "normal",
        Durability::PowerCut => "full",
    };
    // Two processes may make the file at once: whoever comes second finds the tables inside the transaction.
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: u32 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = tx.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: u32 = tx.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        tx.execute_batch(TABLES)?;
        tx.execute_batch(TABLES_2)?;
        tx.pragma_update(None, "user_version", FORMAT)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    } else if application != APPLICATION_ID {
        return Err(PrepareError::Failure(
            Failure::configuration(format!("{} is not a Patchwork journal", path.display()))
                .hint("give another folder with --state-dir, or move the file away"),
        ));
    } else if version > FORMAT {
        return Err(PrepareError::Failure(
            Failure::configuration(format!(
                "the journal {} has format {version}; this patchwork knows formats up to {FORMAT}",
                path.display()
            ))
            .hint("update patchwork, or give another folder with --state-dir"),
        ));
    } else if version < FORMAT {
        tx.execute_batch(TABLES_2)?;
        tx.pragma_update(None, "user_version", FORMAT)?;
    }
    tx.commit()?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", synchronous)?;
    db.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

/// What SQLite complained about, for the user.
pub(super) fn explain(error: &rusqlite::Error, path: &Path) -> Failure {
    let place = path.display();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            Failure::unavailable(format!("the journal {place} can't be written: the disk is full"))
                .hint("make room, then resume the run; nothing that was recorded is lost")
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            Failure::configuration(format!("the journal {place} is damaged"))
                .caused_by(error)
                .hint("move the file away (its runs can't be resumed then), or bring back a copy of it")
        }
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            Failure::configuration(format!("the journal {place} can't be opened for writing"))
                .caused_by(error)
                .hint("give another folder with --state-dir or PATCHWORK_STATE_DIR")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Failure::unavailable(format!("the journal {place} is held by another process")).caused_by(error)
        }
        Some(ErrorCode::SystemIoFailure) => Failure::unavailable(format!(
            "the journal {place} can't be read or written"
        ))
        .caused_by(error)
        .hint("see that the disk has room and works, then resume the run; nothing that was recorded is lost"),
        _ => Failure::internal(format!("the journal {place} can't be used")).caused_by(error),
    }
}
