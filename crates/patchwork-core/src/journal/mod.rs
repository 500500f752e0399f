//! The durable record of runs: SQLite in WAL mode under the user's state folder.
//!
//! What was written survives a killed process; with [`Durability::PowerCut`] also a power cut. Values over 64 KiB live in
//! a table of blobs by content hash. Secrets are masked before anything is written.

mod body;
mod calls;
mod format;
mod lock;
mod record;
mod recording;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use crate::event::Event;
use crate::failure::Failure;
use crate::run::{RunId, RunStatus};
use crate::secret::Secrets;
use body::Body;
pub use calls::{Try, TryState, Used};
pub use format::FORMAT;
pub use lock::Lock;
use record::KeptSpec;
pub use record::{RunRecord, RunSpec, Stored};
pub use recording::{NodeFailure, Outcome, RECORDING_FORMAT, RecordedCall, Recording};
use writer::Writer;

/// The file under the state folder.
pub const FILE: &str = "journal.db";

/// What a written record survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The death of the process.
    #[default]
    Process,
    /// A power cut: each write waits for the disk.
    PowerCut,
}

/// Called after the n-th awaited record (from 1) is in the file and before anyone is told. For crash tests.
pub type AfterRecord = Arc<dyn Fn(u64) + Send + Sync>;

/// How a journal is opened.
#[derive(Clone, Default)]
pub struct JournalOptions {
    /// What a written record survives.
    pub durability: Durability,
    /// Masked in everything that is written.
    pub secrets: Secrets,
    /// For crash tests.
    pub after_record: Option<AfterRecord>,
}

/// The journal of one state folder. Cheap to clone; one thread writes.
#[derive(Clone)]
pub struct Journal {
    writer: Writer,
    state_dir: PathBuf,
    secrets: Secrets,
}

impl Journal {
    /// Opens the journal in `state_dir`, making both when they are not there; the folder is then closed to other users,
    /// since prompts hold code. Refuses a file of a newer format or one that is no journal.
    pub fn open(state_dir: &Path, options: JournalOptions) -> Result<Self, Failure> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(state_dir).map_err(|error| {
            Failure::configuration(format!("the state folder {} can't be made", state_dir.display()))
                .caused_by(&error)
                .hint("give another one with --state-dir or PATCHWORK_STATE_DIR")
        })?;
        let path = state_dir.join(FILE);
        let connection = format::open(&path, options.durability)?;
        let writer = Writer::start(connection, path, options.after_record)?;
        Ok(Self { writer, state_dir: state_dir.to_owned(), secrets: options.secrets })
    }

    /// Its folder.
    pub fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// Records a new run. Repeating it changes nothing.
    pub async fn begin(&self, spec: &RunSpec, now_ms: i64) -> Result<(), Failure> {
        let mut masked = serde_json::to_value(spec)
            .map_err(|e| Failure::internal(format!("the beginning of a run is not JSON: {e}")))?;
        // The run works with what is read back: placeholders are never written into a file, a bare mask would be.
        self.secrets.mask_value(&mut masked, spec.id.as_str());
        let kept = KeptSpec::new(masked["base"].clone(), self.clean_json(&masked)?);
        let (id, patchflow) = (spec.id.to_string(), spec.plan.name.clone());
        self.writer
            .record(move |tx| {
                let spec_json = kept.store(tx)?;
                tx.execute(
                    "insert or ignore into runs (id, patchflow, status, created_ms, updated_ms, epoch, spec) \
                     values (?1, ?2, 'running', ?3, ?3, 0, ?4)",
                    params![id, patchflow, now_ms, spec_json],
                )
                .map(|_| ())
            })
            .await
    }

    /// Takes a run over: marks it running and answers the new epoch. A process that still holds an older epoch can
    /// write nothing more into the run.
    pub async fn claim(&self, run: &RunId, now_ms: i64) -> Result<u64, Failure> {
        let id = run.to_string();
        self.writer
            .record(move |tx| {
                tx.query_row(
                    "update runs set epoch = epoch + 1, status = 'running', updated_ms = ?2 where id = ?1 returning epoch",
                    params![id, now_ms],
                    |row| row.get(0),
                )
            })
            .await
    }

    /// Records how a run ended.
    pub async fn finish(
        &self,
        run: &RunId,
        status: RunStatus,
        result: &Value,
        now_ms: i64,
    ) -> Result<(), Failure> {
        let (id, body) = (run.to_string(), Body::new(self.clean_json(result)?));
        self.writer
            .record(move |tx| {
                let body = body.store(tx)?;
                tx.execute(
                    "update runs set status = ?2, result = ?3, updated_ms = ?4 where id = ?1",
                    params![id, status.as_str(), body, now_ms],
                )
                .map(|_| ())
            })
            .await
    }

    /// Records an outcome under a key of a run, unless one is there. Fails when the run was taken over since `epoch`.
    pub async fn put(
        &self,
        run: &RunId,
        epoch: u64,
        key: &str,
        value: &(impl serde::Serialize + Sync),
    ) -> Result<(), Failure> {
        let (id, key, body) = (run.to_string(), key.to_owned(), Body::new(self.clean_json(value)?));
        let written = self
            .writer
            .record(move |tx| {
                if !is_current(tx, &id, epoch)? {
                    return Ok(false);
                }
                insert_outcome(tx, &id, &key, body).map(|()| true)
            })
            .await?;
        if written { Ok(()) } else { Err(taken_over(run)) }
    }

    /// All outcome keys of a run, in the order they were recorded.
    pub async fn keys(&self, run: &RunId) -> Result<Vec<(String, u64)>, Failure> {
        let id = run.to_string();
        self.writer
            .read(move |db| {
                let mut statement =
                    db.prepare("select key, seq from outcomes where run = ?1 order by seq")?;
                statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
            })
            .await
    }

    /// The outcome under a key.
    pub async fn get(&self, run: &RunId, key: &str) -> Result<Option<Stored>, Failure> {
        let (id, key) = (run.to_string(), key.to_owned());
        let found: Option<(u64, String)> = self
            .writer
            .read(move |db| {
                let mut statement =
                    db.prepare_cached("select seq, body from outcomes where run = ?1 and key = ?2")?;
                let row = statement
                    .query_row([id, key], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))
                    .optional()?;
                row.map(|(seq, body)| Ok((seq, body::load(db, body)?))).transpose()
            })
            .await?;
        found.map(|(seq, body)| Ok(Stored { seq, value: self.parse(&body)? })).transpose()
    }

    /// Appends an event; does not wait for it.
    pub fn append(&self, run: &RunId, event: &Event) {
        let Ok(body) = self.clean_json(&event.body) else { return };
        let (id, seq, at, node) = (run.to_string(), event.seq, event.at_ms, event.node.as_str().to_owned());
        self.writer.post(move |tx| {
            tx.prepare_cached(
                "insert or ignore into events (run, seq, at_ms, node, body) values (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![id, seq, at, node, body])
            .map(|_| ())
        });
    }

    /// Waits until everything appended so far is written.
    pub async fn flush(&self) -> Result<(), Failure> {
        self.writer.read(|_| Ok(())).await
    }

    /// The events of a run, in order.
    pub async fn events(&self, run: &RunId) -> Result<Vec<Event>, Failure> {
        let id = run.to_string();
        let rows: Vec<(u64, i64, String, String)> = self
            .writer
            .read(move |db| {
                let mut statement =
                    db.prepare("select seq, at_ms, node, body from events where run = ?1 order by seq")?;
                statement
                    .query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
                    .collect()
            })
            .await?;
        rows.into_iter()
            .map(|(seq, at_ms, node, body)| {
                Ok(Event {
                    seq,
                    at_ms,
                    node: node.as_str().into(),
                    body: serde_json::from_value(self.parse(&body)?).map_err(unreadable)?,
                })
            })
            .collect()
    }

    /// All runs, newest first.
    pub async fn runs(&self) -> Result<Vec<RunRecord>, Failure> {
        let rows = self.writer.read(|db| record::select(db, None)).await?;
        rows.into_iter().map(|row| row.into_record(self)).collect()
    }

    /// One run, by its id or an unambiguous beginning of it.
    pub async fn run(&self, id: &str) -> Result<RunRecord, Failure> {
        let prefix = id.to_owned();
        let mut rows = self.writer.read(move |db| record::select(db, Some(&prefix))).await?;
        if let Some(exact) = rows.iter().position(|row| row.id == id) {
            return rows.swap_remove(exact).into_record(self);
        }
        match rows.len() {
            1 => rows.swap_remove(0).into_record(self),
            0 => Err(Failure::usage(format!("there is no run `{id}`")).hint("`patchwork runs` lists them")),
            n => {
                Err(Failure::usage(format!("`{id}` begins the ids of {n} runs")).hint("give more of the id"))
            }
        }
    }

    /// What a run was started with.
    pub async fn spec(&self, run: &RunId) -> Result<RunSpec, Failure> {
        let id = run.to_string();
        let body: Option<String> = self
            .writer
            .read(move |db| {
                let row =
                    db.query_row("select spec from runs where id = ?1", [id], |row| row.get(0)).optional()?;
                row.map(|row| record::load_spec(db, row)).transpose()
            })
            .await?;
        let body = body.ok_or_else(|| Failure::usage(format!("there is no run `{run}`")))?;
        serde_json::from_str(&body).map_err(unreadable)
    }

    /// Takes the lock of a run for this process; `None` when another one holds it. Freed when dropped, and when the
    /// process dies.
    pub fn lock(&self, run: &RunId) -> Result<Option<Lock>, Failure> {
        Lock::take(&self.lock_file(run))
    }

    /// Whether a process works on a run.
    fn is_held(&self, run: &RunId) -> bool {
        Lock::is_held(&self.lock_file(run))
    }

    fn lock_file(&self, run: &RunId) -> PathBuf {
        self.state_dir.join("locks").join(run.as_str())
    }

    fn clean_json(&self, value: &impl serde::Serialize) -> Result<String, Failure> {
        let text = serde_json::to_string(value)
            .map_err(|e| Failure::internal(format!("a record is not JSON: {e}")))?;
        Ok(self.secrets.redact_json(text))
    }

    fn parse(&self, body: &str) -> Result<Value, Failure> {
        serde_json::from_str(body).map_err(unreadable)
    }
}

/// Whether `epoch` is still that of the run.
fn is_current(tx: &rusqlite::Transaction<'_>, run: &str, epoch: u64) -> rusqlite::Result<bool> {
    tx.prepare_cached("select epoch = ?2 from runs where id = ?1")?
        .query_row(params![run, epoch], |row| row.get(0))
}

fn insert_outcome(tx: &rusqlite::Transaction<'_>, run: &str, key: &str, body: Body) -> rusqlite::Result<()> {
    let body = body.store(tx)?;
    tx.prepare_cached(
        "insert or ignore into outcomes (run, key, seq, body) \
         values (?1, ?2, (select coalesce(max(seq), 0) + 1 from outcomes where run = ?1), ?3)",
    )?
    .execute(params![run, key, body])
    .map(|_| ())
}

fn taken_over(run: &RunId) -> Failure {
    Failure::interrupted(format!("run {run} was taken over by another process"))
}

fn unreadable(error: serde_json::Error) -> Failure {
    Failure::internal("the journal holds a record that can't be read").caused_by(&error)
}
