//! Model calls: what was set aside for each try, what it took, what was asked.

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};

use super::body::{self, Body};
use super::record::KeptSpec;
use super::{Journal, insert_outcome, is_current, taken_over, unreadable};
use crate::budget::Amount;
use crate::failure::Failure;
use crate::port::provider::{ChatAnswer, ProviderError};
use crate::run::{NodePath, RunId};
use crate::step::{Asked, Call};
use crate::usage::{MicroUsd, Usage};

/// How far a try is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TryState {
    /// Under way, or its process was killed: its worst case counts.
    Open,
    /// It brought an answer.
    Answered,
    /// It brought none. What it took counts.
    Lost,
}

impl TryState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Lost => "lost",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Answered, Self::Lost].into_iter().find(|state| state.as_str() == text)
    }
}

/// One try of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Try {
    /// The key of the call among the records of the run.
    pub key: String,
    /// From 1.
    pub number: u32,
    /// The node that asked.
    pub node: NodePath,
    /// How far it is.
    pub state: TryState,
    /// What counts for it.
    pub amount: Amount,
    /// What it took, when there is an answer.
    pub answer: Option<Used>,
}

/// What an answer took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Tokens.
    pub usage: Usage,
    /// Money; absent when the price is unknown.
    pub cost: Option<MicroUsd>,
    /// Nobody was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reused: bool,
}

impl Journal {
    /// Records what is set aside for a try, before it is made. Fails when the run was taken over since `epoch`.
    pub async fn open_try(
        &self,
        run: &RunId,
        epoch: u64,
        call: &Call,
        number: u32,
        worst: Amount,
    ) -> Result<(), Failure> {
        let (id, key, node) = (run.to_string(), call.key.clone(), call.node.as_str().to_owned());
        let amount = self.clean_json(&worst)?;
        let write = move |tx: &Transaction<'_>| {
            if !is_current(tx, &id, epoch)? {
                return Ok(false);
            }
            tx.prepare_cached(
                "insert or replace into calls (run, key, try, node, state, amount) \
                 values (?1, ?2, ?3, ?4, 'open', ?5)",
            )?
            .execute(params![id, key, number, node, amount])
            .map(|_| true)
        };
        let written = self.writer.record(write).await?;
        if written { Ok(()) } else { Err(taken_over(run)) }
    }

    /// Records what a try without an answer took; does not wait. Until it is written the worst case counts, which is safe.
    pub fn lose_try(&self, run: &RunId, call: &Call, number: u32, amount: Amount) {
        let Ok(amount) = self.clean_json(&amount) else { return };
        let (id, key) = (run.to_string(), call.key.clone());
        self.writer.post(move |tx| {
            tx.prepare_cached(
                "update calls set state = 'lost', amount = ?4 where run = ?1 and key = ?2 and try = ?3",
            )?
            .execute(params![id, key, number, amount])
            .map(|_| ())
        });
    }

    /// Records an answer under its key, what was asked, and what the try took, all at once. Fails when the run was taken
    /// over since `epoch`.
    #[expect(clippy::too_many_arguments, reason = "one record has all of these")]
    pub async fn answer_try(
        &self,
        run: &RunId,
        epoch: u64,
        call: &Call,
        number: u32,
        amount: Amount,
        asked: &Asked,
        answer: &ChatAnswer,
    ) -> Result<(), Failure> {
        let (id, key, node) = (run.to_string(), call.key.clone(), call.node.as_str().to_owned());
        let outcome = Body::new(self.clean_json(answer)?);
        let asked = Body::shared(self.clean_json(asked)?);
        let used = Used { usage: answer.usage, cost: answer.cost, reused: answer.reused };
        let (amount, used) = (self.clean_json(&amount)?, self.clean_json(&used)?);
        let written = self
            .writer
            .record(move |tx| {
                if !is_current(tx, &id, epoch)? {
                    return Ok(false);
                }
                insert_outcome(tx, &id, &key, outcome)?;
                let asked = asked.store(tx)?;
                tx.prepare_cached(
                    "insert or replace into calls (run, key, try, node, state, amount, answer, asked) \
                     values (?1, ?2, ?3, ?4, 'answered', ?5, ?6, ?7)",
                )?
                .execute(params![id, key, number, node, amount, used, asked])
                .map(|_| true)
            })
            .await?;
        if written { Ok(()) } else { Err(taken_over(run)) }
    }

    /// Records that a call failed for good; does not wait.
    pub fn fail_call(&self, run: &RunId, call: &Call, asked: &Asked, error: &ProviderError) {
        let (Ok(asked), Ok(body)) = (self.clean_json(asked), self.clean_json(error)) else { return };
        let (id, key, node) = (run.to_string(), call.key.clone(), call.node.as_str().to_owned());
        let asked = Body::shared(asked);
        self.writer.post(move |tx| {
            let asked = asked.store(tx)?;
            tx.prepare_cached(
                "insert or replace into failures (run, key, node, body, asked) values (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![id, key, node, body, asked])
            .map(|_| ())
        });
    }

    /// The tries of a run, in no particular order.
    pub async fn tries(&self, run: &RunId) -> Result<Vec<Try>, Failure> {
        type Row = (String, u32, String, String, String, Option<String>);
        let id = run.to_string();
        let rows: Vec<Row> = self
            .writer
            .read(move |db| {
                let mut statement =
                    db.prepare("select key, try, node, state, amount, answer from calls where run = ?1")?;
                statement
                    .query_map([id], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
                    })?
                    .collect()
            })
            .await?;
        rows.into_iter()
            .map(|(key, number, node, state, amount, answer)| {
                Ok(Try {
                    key,
                    number,
                    node: node.as_str().into(),
                    state: TryState::parse(&state).ok_or_else(|| {
                        Failure::internal(format!("the journal holds a try of the unknown state `{state}`"))
                    })?,
                    amount: serde_json::from_str(&amount).map_err(unreadable)?,
                    answer: answer
                        .map(|answer| serde_json::from_str(&answer))
                        .transpose()
                        .map_err(unreadable)?,
                })
            })
            .collect()
    }

    /// What was asked in the calls of a run that were answered, with their keys, in the order of the answers.
    pub async fn asked(&self, run: &RunId) -> Result<Vec<(String, Asked)>, Failure> {
        let id = run.to_string();
        let rows: Vec<(String, String)> = self
            .writer
            .read(move |db| {
                let mut statement = db.prepare(
                    "select calls.key, calls.asked from calls \
                     join outcomes on outcomes.run = calls.run and outcomes.key = calls.key \
                     where calls.run = ?1 and calls.state = 'answered' order by outcomes.seq",
                )?;
                let rows: Vec<(String, String)> = statement
                    .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect::<rusqlite::Result<_>>()?;
                rows.into_iter().map(|(key, asked)| Ok((key, body::load(db, asked)?))).collect()
            })
            .await?;
        rows.into_iter()
            .map(|(key, asked)| Ok((key, serde_json::from_str(&asked).map_err(unreadable)?)))
            .collect()
    }

    /// An answer that was got to the same request in this span of time, milliseconds since 1970.
    pub async fn kept_answer(
        &self,
        digest: &str,
        when_ms: std::ops::Range<i64>,
    ) -> Result<Option<ChatAnswer>, Failure> {
        let digest = digest.to_owned();
        let body: Option<String> = self
            .writer
            .read(move |db| {
                let row: Option<String> = rusqlite::OptionalExtension::optional(
                    db.prepare_cached(
                        "select body from answers where digest = ?1 and at_ms >= ?2 and at_ms < ?3",
                    )?
                    .query_row(params![digest, when_ms.start, when_ms.end], |row| row.get(0)),
                )?;
                row.map(|row| body::load(db, row)).transpose()
            })
            .await?;
        body.map(|body| serde_json::from_str(&body).map_err(unreadable)).transpose()
    }

    /// Keeps an answer for later runs, and forgets those older than `since_ms`; does not wait. One that holds a secret is not
    /// kept: with a mask in it, it is another answer.
    pub fn keep_answer(&self, digest: &str, at_ms: i64, since_ms: i64, answer: &ChatAnswer) {
        let Ok(json) = self.clean_json(answer) else { return };
        if serde_json::to_string(answer).ok().as_ref() != Some(&json) {
            return;
        }
        let digest = digest.to_owned();
        self.writer.post(move |tx| {
            tx.prepare_cached("delete from answers where at_ms < ?1")?.execute([since_ms])?;
            // In the row whatever its length, so that it goes with the row.
            tx.prepare_cached("insert or replace into answers (digest, at_ms, body) values (?1, ?2, ?3)")?
                .execute(params![digest, at_ms, json])
                .map(|_| ())
        });
    }

    /// Changes the limits of a run, before it is resumed.
    pub async fn set_limits(&self, run: &RunId, limits: crate::budget::Limits) -> Result<(), Failure> {
        let mut spec = self.spec(run).await?;
        spec.limits = limits;
        let base = serde_json::to_value(&spec.base).map_err(unreadable)?;
        let (id, kept) = (run.to_string(), KeptSpec::new(base, self.clean_json(&spec)?));
        self.writer
            .record(move |tx| {
                let spec = kept.store(tx)?;
                tx.execute("update runs set spec = ?2 where id = ?1", params![id, spec]).map(|_| ())
            })
            .await
    }
}
