//! A run as a file: all that is needed to run it again on another machine, without network and keys.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body;
use super::{Journal, RunSpec, unreadable};
use crate::event::EventBody;
use crate::failure::{Failure, FailureKind};
use crate::port::provider::ProviderError;
use crate::run::{NodePath, RunId, RunStatus};
use crate::step::Asked;

/// The format of the file that this binary writes; newer ones are refused.
pub const RECORDING_FORMAT: u32 = 1;

/// Bytes of JSON that a recording may have: far more than any run makes, and a bound for a file from elsewhere, whose
/// values take several times as much when they are read.
const MAX_JSON: u64 = 256 << 20;

/// How a file begins that is compressed by gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A recorded run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// See [`RECORDING_FORMAT`].
    pub format: u32,
    /// What the run was started with.
    pub spec: RunSpec,
    /// How it ended.
    pub status: RunStatus,
    /// What it ended with: `outputs`, `failure`, `totals`, `tree`.
    #[serde(default)]
    pub result: Option<Value>,
    /// Recorded outcomes by key, in the order they were recorded.
    pub outcomes: Vec<Outcome>,
    /// Model calls: what was asked, and what came of it.
    pub calls: Vec<RecordedCall>,
    /// Nodes that have no outcome, since they failed.
    #[serde(default)]
    pub failures: Vec<NodeFailure>,
}

/// An outcome of a node, or of something that a step does once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Node, what of it, digest of its input.
    pub key: String,
    /// The outcome.
    pub value: Value,
}

/// How a node ended that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeFailure {
    /// The node.
    pub node: NodePath,
    /// Its last failure.
    pub failure: Failure,
}

/// A model call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedCall {
    /// Its key among the outcomes, where its answer is.
    pub key: String,
    /// What was asked.
    pub asked: Asked,
    /// Why there is no answer, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ProviderError>,
}

impl Recording {
    /// Writes it, as JSON compressed by gzip.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut encoder = GzEncoder::new(to, Compression::default());
        serde_json::to_writer(&mut encoder, self)?;
        encoder.finish()?.flush()
    }

    /// Reads a file that holds what [`Recording::write`] wrote, or its JSON. The file may be from anywhere: no more of it is
    /// taken than fits, and what is not of the form is refused.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let unread = |error: &io::Error| {
            Failure::usage(format!("the recording {} can't be read", path.display())).caused_by(error)
        };
        let unfit = |what: String| {
            Failure::usage(format!("{} is not a recording of Patchwork: {what}", path.display()))
                .hint("`patchwork record export RUN FILE` writes one")
        };
        let mut file = BufReader::new(File::open(path).map_err(|error| unread(&error))?);
        let begin = io::BufRead::fill_buf(&mut file).map_err(|error| unread(&error))?;
        let mut json = Vec::new();
        let read = if begin.starts_with(&GZIP) {
            let read = GzDecoder::new(file).take(MAX_JSON + 1).read_to_end(&mut json);
            read.map_err(|error| unfit(format!("it can't be decompressed ({error})")))
        } else {
            file.take(MAX_JSON + 1).read_to_end(&mut json).map_err(|error| unread(&error))
        };
        if read? as u64 > MAX_JSON {
            return Err(unfit(format!("it holds more than {} MiB", MAX_JSON >> 20)));
        }
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let head: Head = serde_json::from_slice(&json).map_err(|error| unfit(error.to_string()))?;
        if head.format > RECORDING_FORMAT {
            return Err(Failure::configuration(format!(
                "{} has format {}; this patchwork knows formats up to {RECORDING_FORMAT}",
                path.display(),
                head.format
            ))
            .hint("update patchwork"));
        }
        let recording: Self = serde_json::from_slice(&json).map_err(|error| unfit(error.to_string()))?;
        let mut keys = HashSet::new();
        match recording.outcomes.iter().find(|outcome| !keys.insert(&outcome.key)) {
            Some(twice) => Err(unfit(format!("it has two outcomes `{}`", twice.key.escape_debug()))),
            None => Ok(recording),
        }
    }
}

impl Journal {
    /// All that was recorded of a run.
    pub async fn recording(&self, run: &RunId) -> Result<Recording, Failure> {
        let record = self.run(run.as_str()).await?;
        let spec = self.spec(run).await?;
        let id = run.to_string();
        type Rows = (Vec<(String, String)>, Vec<(String, String)>);
        let (outcomes, failures): Rows = self
            .writer
            .read(move |db| {
                let mut outcomes = db.prepare("select key, body from outcomes where run = ?1 order by seq")?;
                let mut failures = db.prepare(
                    "select key, asked, body from failures where run = ?1 \
                     and not exists (select 1 from outcomes where outcomes.run = ?1 and outcomes.key = failures.key)",
                )?;
                let load = |row: (String, String)| Ok((row.0, body::load(db, row.1)?));
                let outcomes: Vec<(String, String)> = outcomes
                    .query_map([&id], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .map(|row| load(row?))
                    .collect::<rusqlite::Result<_>>()?;
                let failures: Vec<(String, String)> = failures
                    .query_map([&id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                    .map(|row| {
                        let (key, asked, error): (String, String, String) = row?;
                        let asked = body::load(db, asked)?;
                        Ok((key, format!("{{\"asked\":{asked},\"error\":{error}}}")))
                    })
                    .collect::<rusqlite::Result<_>>()?;
                Ok((outcomes, failures))
            })
            .await?;
        let outcomes = outcomes
            .into_iter()
            .map(|(key, body)| Ok(Outcome { key, value: self.parse(&body)? }))
            .collect::<Result<_, Failure>>()?;
        let mut calls: Vec<RecordedCall> = self
            .asked(run)
            .await?
            .into_iter()
            .map(|(key, asked)| RecordedCall { key, asked, error: None })
            .collect();
        #[derive(Deserialize)]
        struct Failed {
            asked: Asked,
            error: ProviderError,
        }
        for (key, body) in failures {
            let Failed { asked, error } = serde_json::from_str(&body).map_err(unreadable)?;
            calls.push(RecordedCall { key, asked, error: Some(error) });
        }
        let mut failures: Vec<NodeFailure> = Vec::new();
        for event in self.events(run).await? {
            // What was only stopped is no way to end.
            if let EventBody::NodeFailed { failure, will_retry: false, .. } = event.body
                && failure.kind != FailureKind::Interrupted
            {
                failures.retain(|failed| failed.node != event.node);
                failures.push(NodeFailure { node: event.node, failure });
            }
        }
        Ok(Recording {
            format: RECORDING_FORMAT,
            spec,
            status: record.status,
            result: record.result,
            outcomes,
            calls,
            failures,
        })
    }
}
