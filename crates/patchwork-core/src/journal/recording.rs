//! A run as a file: all that is needed to run it again on another machine, without network and keys.

use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body;
use super::{Journal, RunSpec, unreadable};
use crate::failure::Failure;
use crate::port::provider::{ChatAnswer, ProviderError};
use crate::run::{RunId, RunStatus};
use crate::step::Asked;

/// The format of the file that this binary writes; newer ones are refused.
pub const RECORDING_FORMAT: u32 = 1;

/// Bytes of JSON that a recording may have: far more than any run makes, and a bound for a file from elsewhere.
const MAX_JSON: u64 = 2 << 30;

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
}

/// An outcome of a node, or of something that a step does once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Node, what of it, digest of its input.
    pub key: String,
    /// The outcome.
    pub value: Value,
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
    /// The outcome under a key.
    pub fn outcome(&self, key: &str) -> Option<&Value> {
        self.outcomes.iter().find(|outcome| outcome.key == key).map(|outcome| &outcome.value)
    }

    /// The answer to a recorded call.
    pub fn answer(&self, call: &RecordedCall) -> Option<ChatAnswer> {
        serde_json::from_value(self.outcome(&call.key)?.clone()).ok()
    }

    /// Writes it to a file, JSON compressed by gzip; a file that is there is replaced as a whole.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed = |error: &std::io::Error| {
            Failure::failed(format!("the recording {} can't be written", path.display())).caused_by(error)
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut partial = path.to_owned().into_os_string();
        partial.push(format!(".{}.partial", std::process::id()));
        let partial = std::path::PathBuf::from(partial);
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        let written = (|| {
            let file = std::io::BufWriter::new(std::fs::File::create(&partial)?);
            let mut encoder = GzEncoder::new(file, Compression::default());
            serde_json::to_writer(&mut encoder, self).map_err(std::io::Error::from)?;
            encoder.finish()?.flush()?;
            std::fs::rename(&partial, path)
        })();
        written.map_err(|error| {
            let _ = std::fs::remove_file(&partial);
            failed(&error)
        })
    }

    /// Reads a file that [`Recording::write`] made, or its JSON.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let unfit = |what: String| {
            Failure::usage(format!("{} is not a recording of Patchwork: {what}", path.display()))
                .hint("`patchwork record export RUN FILE` writes one")
        };
        let bytes = std::fs::read(path).map_err(|error| {
            Failure::usage(format!("the recording {} can't be read", path.display())).caused_by(&error)
        })?;
        let mut json = Vec::new();
        if bytes.starts_with(&GZIP) {
            let read = GzDecoder::new(bytes.as_slice()).take(MAX_JSON + 1).read_to_end(&mut json);
            read.map_err(|error| unfit(format!("it can't be decompressed ({error})")))?;
            if json.len() as u64 > MAX_JSON {
                return Err(unfit(format!("it holds more than {} GiB", MAX_JSON >> 30)));
            }
        } else {
            json = bytes;
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
        serde_json::from_slice(&json).map_err(|error| unfit(error.to_string()))
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
        Ok(Recording {
            format: RECORDING_FORMAT,
            spec,
            status: record.status,
            result: record.result,
            outcomes,
            calls,
        })
    }
}
