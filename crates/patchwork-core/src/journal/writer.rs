//! The one thread that holds the database. Writes that wait at the same moment share a transaction.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::{AfterRecord, format};
use crate::failure::Failure;

type Write = Box<dyn FnOnce(&Transaction<'_>) -> rusqlite::Result<Answer> + Send>;
type Read = Box<dyn FnOnce(&Connection) + Send>;
/// Run after the commit (or its failure): tells whoever waits.
type Answer = Box<dyn FnOnce(Result<(), Failure>) + Send>;

enum Job {
    Write { work: Write, failed: Box<dyn FnOnce(Failure) + Send>, awaited: bool },
    Read(Read),
}

/// How many writes share a transaction at most.
const BATCH: usize = 512;

#[derive(Clone)]
pub(super) struct Writer {
    jobs: Sender<Job>,
}

impl Writer {
    pub(super) fn start(
        db: Connection,
        path: PathBuf,
        after_record: Option<AfterRecord>,
    ) -> Result<Self, Failure> {
        let (jobs, receiver) = channel();
        let thread = Thread { db, path, after_record, recorded: 0 };
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || thread.serve(&receiver))
            .map_err(|error| Failure::internal("the journal's thread can't be started").caused_by(&error))?;
        Ok(Self { jobs })
    }

    /// Writes and waits until it is committed.
    pub(super) async fn record<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let (sender, receiver) = oneshot::channel();
        // Whoever comes to an end first, the work or the transaction, has the one sender.
        let sender = std::sync::Arc::new(std::sync::Mutex::new(Some(sender)));
        let answer_sender = sender.clone();
        let tell = move |sender: &std::sync::Mutex<Option<oneshot::Sender<Result<T, Failure>>>>, result| {
            let taken = sender.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            if let Some(sender) = taken {
                // Nobody waits any more when the run was dropped; the record is written all the same.
                let _ = sender.send(result);
            }
        };
        let tell_failed = tell;
        let job = Job::Write {
            work: Box::new(move |tx| {
                let value = work(tx)?;
                Ok(Box::new(move |committed: Result<(), Failure>| {
                    tell(&answer_sender, committed.map(|()| value))
                }) as Answer)
            }),
            failed: Box::new(move |failure| tell_failed(&sender, Err(failure))),
            awaited: true,
        };
        self.send(job)?;
        receiver.await.map_err(|_| gone())?
    }

    /// Writes without waiting. What can't be written is lost; a later awaited write will say why.
    pub(super) fn post(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()> + Send + 'static) {
        let job = Job::Write {
            work: Box::new(move |tx| {
                work(tx)?;
                Ok(Box::new(|_| {}) as Answer)
            }),
            failed: Box::new(|_| {}),
            awaited: false,
        };
        // The thread ends only with the process or a panic; an awaited call then says so.
        let _ = self.send(job);
    }

    /// Reads, after everything that was sent before.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let (sender, receiver) = oneshot::channel();
        self.send(Job::Read(Box::new(move |db| {
            let path = db.path().map(PathBuf::from).unwrap_or_default();
            let _ = sender.send(work(db).map_err(|error| format::explain(&error, &path)));
        })))?;
        receiver.await.map_err(|_| gone())?
    }

    fn send(&self, job: Job) -> Result<(), Failure> {
        self.jobs.send(job).map_err(|_| gone())
    }
}

fn gone() -> Failure {
    Failure::internal("the journal's thread has ended")
}

struct Thread {
    db: Connection,
    path: PathBuf,
    after_record: Option<AfterRecord>,
    recorded: u64,
}

impl Thread {
    fn serve(mut self, jobs: &Receiver<Job>) {
        let mut next = jobs.recv().ok();
        while let Some(job) = next.take() {
            match job {
                Job::Read(work) => work(&self.db),
                write @ Job::Write { .. } => next = self.write(write, jobs),
            }
            next = next.or_else(|| jobs.recv().ok());
        }
    }

    /// Writes `first` and what else waits in one transaction; answers a job that must come after it.
    fn write(&mut self, first: Job, jobs: &Receiver<Job>) -> Option<Job> {
        let path = self.path.clone();
        let tx = match self.db.transaction_with_behavior(TransactionBehavior::Immediate) {
            Ok(tx) => tx,
            Err(error) => {
                if let Job::Write { failed, .. } = first {
                    failed(format::explain(&error, &path));
                }
                return None;
            }
        };
        let mut answers = Vec::new();
        let mut awaited_count = 0;
        let mut job = Some(first);
        let mut later = None;
        let mut given_up = None;
        while let Some(current) = job.take() {
            match current {
                Job::Write { work, failed, awaited } => {
                    match work(&tx) {
                        Ok(answer) => {
                            answers.push(answer);
                            awaited_count += u64::from(awaited);
                        }
                        Err(error) => {
                            let failure = format::explain(&error, &path);
                            failed(failure.clone());
                            // A full disk makes SQLite give up the whole transaction: what was written in it is gone.
                            given_up = tx.is_autocommit().then_some(failure);
                        }
                    }
                    if answers.len() < BATCH && given_up.is_none() {
                        job = jobs.try_recv().ok();
                    }
                }
                read @ Job::Read(_) => later = Some(read),
            }
        }
        let committed = match given_up {
            Some(failure) => Err(failure),
            None => tx.commit().map_err(|error| format::explain(&error, &path)),
        };
        if committed.is_ok() {
            for _ in 0..awaited_count {
                self.recorded += 1;
                if let Some(hook) = &self.after_record {
                    hook(self.recorded);
                }
            }
        }
        for answer in answers {
            answer(committed.clone());
        }
        later
    }
}
