//! How values are kept: short ones in the row, others by content hash among the blobs, compressed where that pays.

use std::io::Read;

use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use crate::engine::hex;

/// Values longer than this, as JSON, are stored as blobs.
const INLINE_LIMIT: usize = 64 << 10;

/// Bytes under which compressing a blob is not worth it.
const COMPRESSED_FROM: usize = 512;

/// Bytes of a blob at most: more than SQLite takes.
const MAX_INFLATED: u64 = 1 << 30;

/// No JSON begins like this.
const BLOB_PREFIX: &str = "blob:";

/// A value ready to be written. Made outside the journal's thread, which has enough to do.
pub(super) enum Body {
    /// Stands in the row.
    Inline(String),
    /// Stands among the blobs.
    Blob { digest: String, content: Content },
}

/// What is written among the blobs.
pub(super) enum Content {
    Plain(String),
    Deflated(Vec<u8>),
}

impl Body {
    /// In the row when it is short.
    pub(super) fn new(json: String) -> Self {
        if json.len() <= INLINE_LIMIT { Self::Inline(json) } else { Self::shared(json) }
    }

    /// Among the blobs, whatever its length: for what many rows have in common.
    pub(super) fn shared(json: String) -> Self {
        let digest = hex(&Sha256::digest(json.as_bytes()));
        Self::Blob { digest, content: Content::new(json) }
    }

    /// Writes it; answers what the row holds.
    pub(super) fn store(self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let (digest, content) = match self {
            Self::Inline(json) => return Ok(json),
            Self::Blob { digest, content } => (digest, content),
        };
        let mut insert = tx.prepare_cached("insert or ignore into blobs (digest, body) values (?1, ?2)")?;
        match content {
            Content::Plain(json) => insert.execute(params![digest, json])?,
            Content::Deflated(bytes) => insert.execute(params![digest, bytes])?,
        };
        Ok(format!("{BLOB_PREFIX}{digest}"))
    }
}

impl Content {
    fn new(json: String) -> Self {
        if json.len() < COMPRESSED_FROM {
            return Self::Plain(json);
        }
        let mut deflated = Vec::with_capacity(json.len() / 3);
        match DeflateEncoder::new(json.as_bytes(), Compression::fast()).read_to_end(&mut deflated) {
            Ok(_) => Self::Deflated(deflated),
            // Reading from memory does not fail; if it did, the text itself is as good.
            Err(_) => Self::Plain(json),
        }
    }
}

/// The value itself, from the blobs where it stands there. One that is missing, or not what its digest says, is
/// damage to the file.
pub(super) fn load(db: &Connection, row: String) -> rusqlite::Result<String> {
    let Some(digest) = row.strip_prefix(BLOB_PREFIX) else { return Ok(row) };
    let found = db
        .prepare_cached("select body from blobs where digest = ?1")?
        .query_row([digest], |row| match row.get_ref(0)? {
            ValueRef::Blob(bytes) => Ok(inflated(bytes)),
            plain => Ok(plain.as_str().ok().map(str::to_owned)),
        })
        .optional()?
        .flatten();
    found.filter(|json| hex(&Sha256::digest(json.as_bytes())) == digest).ok_or_else(|| damaged(digest))
}

/// What was compressed, unless it is broken or expands beyond all measure.
fn inflated(bytes: &[u8]) -> Option<String> {
    let mut json = String::new();
    DeflateDecoder::new(bytes).take(MAX_INFLATED).read_to_string(&mut json).ok()?;
    Some(json)
}

fn damaged(digest: &str) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    rusqlite::Error::SqliteFailure(
        code,
        Some(format!("the content of blob {digest:.12} is missing or broken")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_that_was_tampered_with_is_damage() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch("create table blobs (digest text primary key, body text not null) without rowid")
            .unwrap();
        let long = format!("\"{}\"", "words ".repeat(1_000));
        let tx = db.transaction().unwrap();
        let rows = [
            Body::shared(long.clone()).store(&tx).unwrap(),
            Body::shared("1".to_owned()).store(&tx).unwrap(),
        ];
        tx.commit().unwrap();
        assert_eq!(load(&db, rows[0].clone()).unwrap(), long);
        assert_eq!(load(&db, rows[1].clone()).unwrap(), "1");
        let damages: [&dyn rusqlite::ToSql; 4] = [&"other", &7, &vec![0u8; 40], &vec![0x03u8, 0x00]];
        for damage in damages {
            db.execute("update blobs set body = ?1", [damage]).unwrap();
            for row in &rows {
                let error = load(&db, row.clone()).unwrap_err();
                assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseCorrupt), "{error}");
            }
        }
        db.execute("delete from blobs", []).unwrap();
        assert!(load(&db, rows[0].clone()).is_err());
    }
}
