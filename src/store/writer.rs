//! The writer: one thread that owns the only writing connection and commits in groups.
//!
//! The thread takes jobs in the order of their submission. The first opens a transaction; each runs in a savepoint. The
//! group is committed as soon as a job that must be flushed [now](Flush::Now) has run and no further job is at hand, after a
//! short quiet for jobs that somebody [waits](Flush::Soon) for, at the latest [`MAX_WAIT`] after the first, or when it
//! holds [`MAX_GROUP`] jobs. Answers are given after the commit, so that what is acknowledged is durable.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{Events, Rx, StoreError, Tx};

/// The most jobs waiting for the writer; further submitters wait (counted in [`WriterStats::waits`]).
pub const MAX_QUEUED: usize = 4096;
/// The most jobs of one commit.
const MAX_GROUP: usize = 500;
/// The longest a job waits for company before its commit begins.
const MAX_WAIT: Duration = Duration::from_millis(100);
/// A pause this long ends a group that somebody waits for.
const QUIET: Duration = Duration::from_millis(5);

/// How long a write may wait for company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flush {
    /// Up to 100 ms: nobody waits for the answer.
    Lazy,
    /// Until submissions pause for 5 ms, at most 100 ms: a device waits for its acknowledgement.
    Soon,
    /// At once: a person or an enrolling device waits.
    Now,
}

/// What the writer has done since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriterStats {
    /// Groups committed.
    pub commits: u64,
    /// Groups that could not be committed: nothing of them was kept or acknowledged.
    pub lost: u64,
    /// Jobs in all groups.
    pub jobs: u64,
    /// Jobs that failed and were undone.
    pub failed: u64,
    /// Submitters that found the queue full and had to wait.
    pub waits: u64,
    /// Jobs queued now.
    pub queued: u64,
}

#[derive(Default)]
struct Counters {
    commits: AtomicU64,
    lost: AtomicU64,
    jobs: AtomicU64,
    failed: AtomicU64,
    waits: AtomicU64,
}

/// Runs a job and leaves what answers its submitter after the commit.
type Run = Box<dyn FnOnce(&Desk<'_>, &Begun) -> Answer + Send>;
/// Whether the group's transaction could be opened.
type Begun = Result<(), Arc<str>>;
type Answer = Box<dyn FnOnce(Result<(), Arc<str>>) + Send>;

/// What the thread works with.
struct Desk<'t> {
    connection: Connection,
    counters: &'t Counters,
    events: Events,
}

struct Job {
    flush: Flush,
    run: Run,
    _permit: OwnedSemaphorePermit,
}

enum Order {
    Job(Job),
    Close,
}

/// The answer to a submitted job, to be waited for.
pub struct Ticket<T, E> {
    answer: oneshot::Receiver<Result<T, E>>,
}

impl<T, E: From<StoreError>> Ticket<T, E> {
    /// Waits for the commit.
    ///
    /// # Errors
    /// The job's own error, or [`StoreError`] when its group could not be committed.
    pub async fn wait(self) -> Result<T, E> {
        self.answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }
}

impl<T, E> fmt::Debug for Ticket<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").finish_non_exhaustive()
    }
}

pub(super) struct Writer {
    orders: Sender<Order>,
    room: Arc<Semaphore>,
    counters: Arc<Counters>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (orders, inbox) = channel();
        let counters = Arc::new(Counters::default());
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn({
                let counters = Arc::clone(&counters);
                move || serve(connection, &inbox, &counters)
            })
            .map_err(StoreError::Thread)?;
        Ok(Self { orders, room: Arc::new(Semaphore::new(MAX_QUEUED)), counters, thread: Mutex::new(Some(thread)) })
    }

    pub(super) async fn submit<T, E>(
        &self,
        flush: Flush,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<Ticket<T, E>, StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let permit = if let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() {
            permit
        } else {
            self.counters.waits.fetch_add(1, Ordering::Relaxed);
            Arc::clone(&self.room).acquire_owned().await.map_err(|_| StoreError::Closed)?
        };
        let (reply, answer) = oneshot::channel();
        let run: Run = Box::new(move |desk, begun| {
            let result = match begun {
                Ok(()) => in_savepoint(desk, job),
                Err(why) => Err(StoreError::Commit(Arc::clone(why)).into()),
            };
            if result.is_err() {
                desk.counters.failed.fetch_add(1, Ordering::Relaxed);
            }
            Box::new(move |committed| {
                let result = match committed {
                    Ok(()) => result,
                    // A job that failed by itself keeps its own word; the others learn that the commit failed.
                    Err(why) => result.and(Err(StoreError::Commit(why).into())),
                };
                drop(reply.send(result));
            })
        });
        self.orders.send(Order::Job(Job { flush, run, _permit: permit })).map_err(|_| StoreError::Closed)?;
        Ok(Ticket { answer })
    }

    pub(super) fn stats(&self) -> WriterStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        WriterStats {
            commits: read(&self.counters.commits),
            lost: read(&self.counters.lost),
            jobs: read(&self.counters.jobs),
            failed: read(&self.counters.failed),
            waits: read(&self.counters.waits),
            queued: MAX_QUEUED.saturating_sub(self.room.available_permits()) as u64,
        }
    }

    pub(super) async fn close(&self) {
        // Refused when the thread is gone already, which is what closing wants.
        drop(self.orders.send(Order::Close));
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            drop(tokio::task::spawn_blocking(move || thread.join()).await);
        }
        self.room.close();
    }
}

fn in_savepoint<T, E: From<StoreError>>(desk: &Desk<'_>, job: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
    let connection = &desk.connection;
    let run =
        |sql| connection.prepare_cached(sql).and_then(|mut statement| statement.execute(())).map_err(StoreError::from);
    // SQLite undoes the whole transaction after some failures of the disk; a savepoint would then commit by itself, and
    // what its submitter is told is lost would be kept.
    if connection.is_autocommit() {
        return Err(StoreError::NoTransaction.into());
    }
    run("SAVEPOINT job")?;
    let tx = Tx { rx: Rx { connection }, events: &desk.events };
    let result = catch_unwind(AssertUnwindSafe(|| job(&tx))).unwrap_or_else(|_| Err(StoreError::Panicked.into()));
    if result.is_err() {
        run("ROLLBACK TO job")?;
    }
    run("RELEASE job")?;
    result
}

fn serve(connection: Connection, inbox: &Receiver<Order>, counters: &Counters) {
    // Without randomness the counter begins at zero.
    let run = getrandom::u32().map_or(0, i64::from);
    let desk = Desk { connection, counters, events: Events { run, last: Cell::new(0) } };
    let mut answers = Vec::with_capacity(MAX_GROUP);
    while let Ok(Order::Job(first)) = inbox.recv() {
        let closing = run_group(&desk, first, inbox, &mut answers);
        if closing {
            break;
        }
    }
    // The log is folded in at the next start when this fails.
    if let Err(error) = desk.connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);") {
        tracing::warn!(%error, "could not fold the write-ahead log into the database");
    }
}

/// Runs one group, commits it and answers. True when the store is to be closed.
fn run_group(desk: &Desk<'_>, first: Job, inbox: &Receiver<Order>, answers: &mut Vec<Answer>) -> bool {
    let connection = &desk.connection;
    let begun: Begun = begin(connection).map_err(|error| {
        tracing::error!(%error, "could not begin a transaction");
        Arc::from(error.to_string())
    });
    let started = Instant::now();
    let mut urgency = Flush::Lazy;
    let mut closing = false;
    let mut next = Some(first);
    while let Some(job) = next.take() {
        urgency = urgency.max(job.flush);
        answers.push((job.run)(desk, &begun));
        if answers.len() >= MAX_GROUP {
            break;
        }
        let left = MAX_WAIT.saturating_sub(started.elapsed());
        let patience = match urgency {
            Flush::Now => Duration::ZERO,
            Flush::Soon => left.min(QUIET),
            Flush::Lazy => left,
        };
        match inbox.recv_timeout(patience) {
            Ok(Order::Job(job)) => next = Some(job),
            Ok(Order::Close) | Err(RecvTimeoutError::Disconnected) => closing = true,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    let committed = begun.and_then(|()| {
        connection.execute_batch("COMMIT").map_err(|error| {
            tracing::error!(%error, jobs = answers.len(), "could not commit");
            Arc::from(error.to_string())
        })
    });
    let counter = if committed.is_ok() { &desk.counters.commits } else { &desk.counters.lost };
    counter.fetch_add(1, Ordering::Relaxed);
    desk.counters.jobs.fetch_add(answers.len() as u64, Ordering::Relaxed);
    for answer in answers.drain(..) {
        answer(committed.clone());
    }
    closing
}

/// Begins a group; what a failed commit has left open is undone first.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    if !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    connection.execute_batch("BEGIN IMMEDIATE")
}

#[cfg(test)]
mod tests;
