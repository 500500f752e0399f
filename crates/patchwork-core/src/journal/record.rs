//! What the journal keeps of a run.

use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Journal;
use super::body::{self, Body};
use crate::budget::Limits;
use crate::failure::Failure;
use crate::patchflow::plan::Plan;
use crate::port::checkout::Base;
use crate::run::{RunId, RunStatus};

/// What a run was started with: enough to take it up on another day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// The run.
    pub id: RunId,
    /// What the machine executes.
    pub plan: Plan,
    /// Its inputs; secrets are references.
    pub inputs: Map<String, Value>,
    /// The names of those that the repository's own configuration file gave.
    #[serde(default)]
    pub from_repository: Vec<String>,
    /// What its model calls may take. May be raised when it is resumed.
    #[serde(default)]
    pub limits: Limits,
    /// Whether its effects on forges are only written down.
    #[serde(default)]
    pub proposes: bool,
    /// What the checkout is made from.
    pub base: Base,
    /// When it began, milliseconds since 1970.
    pub created_ms: i64,
    /// See [`crate::machine::MACHINE_VERSION`].
    pub machine_version: u32,
    /// The version of the program, for people.
    pub program_version: String,
}

/// A recorded outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its position among the outcomes of the run.
    pub seq: u64,
    /// The outcome.
    pub value: Value,
}

/// A run in a listing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRecord {
    /// The run.
    pub id: RunId,
    /// Its patchflow.
    pub patchflow: String,
    /// How far it is; `interrupted` when it was running and its process is gone.
    pub status: RunStatus,
    /// When it began, milliseconds since 1970.
    pub created_ms: i64,
    /// When it last began, resumed or ended.
    pub updated_ms: i64,
    /// The user's repository.
    pub repository: String,
    /// What it ended with: `outputs`, `failure`, `usage`, `cost`.
    pub result: Option<Value>,
}

/// The field of a run's row that leads to the blob of its [`RunSpec`].
const KEPT: &str = "kept";

/// A [`RunSpec`] ready to be written: SQLite reads the whole of a run's row whenever it looks for the run, as it does with every
/// record, so that the row holds the base only, for listings.
pub(super) struct KeptSpec {
    base: Value,
    body: Body,
}

impl KeptSpec {
    /// From the base and the whole, both without secrets.
    pub(super) fn new(base: Value, json: String) -> Self {
        Self { base, body: Body::shared(json) }
    }

    /// Writes it; answers what the row holds.
    pub(super) fn store(self, tx: &Transaction<'_>) -> rusqlite::Result<String> {
        let kept = self.body.store(tx)?;
        Ok(json!({ "base": self.base, KEPT: kept }).to_string())
    }
}

/// The JSON of a [`RunSpec`] from its row, which held all of it once.
pub(super) fn load_spec(db: &Connection, row: String) -> rusqlite::Result<String> {
    let kept =
        serde_json::from_str::<Value>(&row).ok().and_then(|row| Some(row.get(KEPT)?.as_str()?.to_owned()));
    kept.map_or(Ok(row), |kept| body::load(db, kept))
}

pub(super) struct Row {
    pub(super) id: String,
    patchflow: String,
    status: String,
    created_ms: i64,
    updated_ms: i64,
    repository: Option<String>,
    result: Option<String>,
}

pub(super) fn select(db: &Connection, prefix: Option<&str>) -> rusqlite::Result<Vec<Row>> {
    let mut statement = db.prepare(
        "select id, patchflow, status, created_ms, updated_ms, spec ->> '$.base.repository', result \
         from runs where substr(id, 1, length(?1)) = ?1 order by created_ms desc, id desc",
    )?;
    let rows: Vec<Row> = statement
        .query_map([prefix.unwrap_or_default()], |row| {
            Ok(Row {
                id: row.get(0)?,
                patchflow: row.get(1)?,
                status: row.get(2)?,
                created_ms: row.get(3)?,
                updated_ms: row.get(4)?,
                repository: row.get(5)?,
                result: row.get(6)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    rows.into_iter()
        .map(|mut row| {
            row.result = row.result.map(|body| body::load(db, body)).transpose()?;
            Ok(row)
        })
        .collect()
}

impl Row {
    pub(super) fn into_record(self, journal: &Journal) -> Result<RunRecord, Failure> {
        let unreadable =
            |what: &str| Failure::internal(format!("the journal's run `{}` has {what}", self.id));
        let id = RunId::parse(&self.id).ok_or_else(|| unreadable("an id that is none"))?;
        let mut status = RunStatus::parse(&self.status).ok_or_else(|| unreadable("an unknown status"))?;
        if status == RunStatus::Running && !journal.is_held(&id) {
            status = RunStatus::Interrupted;
        }
        let result = self.result.as_deref().map(|body| journal.parse(body)).transpose()?;
        Ok(RunRecord {
            id,
            patchflow: self.patchflow,
            status,
            created_ms: self.created_ms,
            updated_ms: self.updated_ms,
            repository: self.repository.unwrap_or_default(),
            result,
        })
    }
}
