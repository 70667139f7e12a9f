use std::time::Duration;

use rusqlite::Connection;

use crate::model::timestamp::Timestamp;
use crate::store::{Flush, Store, StoreError};

fn store(dir: &tempfile::TempDir) -> Store {
    Store::open(&dir.path().join("pym.db")).unwrap()
}

async fn put(store: &Store, flush: Flush, name: &'static str) -> Result<(), StoreError> {
    store.write(flush, move |tx| tx.set_meta(name, "x")).await
}

#[tokio::test]
async fn a_failed_write_spares_its_neighbours() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let good = store.submit(Flush::Lazy, |tx| tx.set_meta("good", "1")).await.unwrap();
    let bad = store
        .submit(Flush::Lazy, |tx| {
            tx.set_meta("bad", "1")?;
            Err::<(), _>(StoreError::Corrupt("on purpose".to_owned()))
        })
        .await
        .unwrap();
    let panicked = store
        .submit(Flush::Now, |tx| -> Result<(), StoreError> {
            tx.set_meta("worse", "1")?;
            panic!("on purpose")
        })
        .await
        .unwrap();
    good.wait().await.unwrap();
    assert!(matches!(bad.wait().await, Err(StoreError::Corrupt(_))));
    assert!(matches!(panicked.wait().await, Err(StoreError::Panicked)));
    let found = store.read(|rx| Ok::<_, StoreError>((rx.meta("good")?, rx.meta("bad")?, rx.meta("worse")?))).await;
    assert_eq!(found.unwrap(), (Some("1".to_owned()), None, None));
    assert_eq!((store.stats().commits, store.stats().jobs, store.stats().failed), (1, 3, 2), "one group");
}

#[tokio::test]
async fn an_answer_comes_after_the_commit() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    put(&store, Flush::Now, "a").await.unwrap();
    // Another connection sees only what is committed.
    let other = Connection::open(dir.path().join("pym.db")).unwrap();
    let count: i64 = other.query_row("SELECT count(*) FROM meta WHERE name = 'a'", (), |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn lazy_writes_share_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let mut tickets = Vec::new();
    for _ in 0..50 {
        tickets.push(store.submit(Flush::Lazy, |tx| tx.set_meta("a", "1")).await.unwrap());
    }
    for ticket in tickets {
        ticket.wait().await.unwrap();
    }
    assert!(store.stats().commits < 50, "{:?}", store.stats());
    assert_eq!(store.stats().jobs, 50);
}

#[tokio::test]
async fn closing_commits_what_is_queued_and_refuses_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let ticket = store.submit(Flush::Lazy, |tx| tx.set_meta("last", "1")).await.unwrap();
    store.close().await;
    ticket.wait().await.unwrap();
    assert!(matches!(put(&store, Flush::Now, "late").await, Err(StoreError::Closed)));
    let log = std::fs::metadata(dir.path().join("pym.db-wal")).map_or(0, |file| file.len());
    assert_eq!(log, 0, "the log was folded in");
    let reopened = Store::open(&dir.path().join("pym.db")).unwrap();
    assert!(reopened.read(|rx| rx.meta("last")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_full_disk_fails_the_writes_and_not_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    store
        .write(Flush::Now, |tx| {
            let pages: i64 = tx.connection.query_row("PRAGMA page_count", (), |row| row.get(0))?;
            tx.connection.pragma_update(None, "max_page_count", pages)?;
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    let big = "x".repeat(1 << 20);
    let refused = store.write(Flush::Now, move |tx| tx.set_meta("big", &big)).await;
    assert!(refused.is_err());
    store
        .write(Flush::Now, |tx| Ok::<_, StoreError>(tx.connection.pragma_update(None, "max_page_count", 1 << 20)?))
        .await
        .unwrap();
    put(&store, Flush::Now, "after").await.unwrap();
    assert!(store.read(|rx| rx.meta("after")).await.unwrap().is_some());
}

#[tokio::test]
async fn without_a_transaction_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    store
        .write(Flush::Now, |tx| Ok::<_, StoreError>(tx.connection.execute_batch("PRAGMA busy_timeout=0")?))
        .await
        .unwrap();
    let other = Connection::open(dir.path().join("pym.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = put(&store, Flush::Now, "a").await;
    assert!(matches!(refused, Err(StoreError::Commit(_))), "{refused:?}");
    other.execute_batch("ROLLBACK").unwrap();
    assert!(store.read(|rx| rx.meta("a")).await.unwrap().is_none());
    put(&store, Flush::Now, "a").await.unwrap();
}

#[tokio::test]
async fn submitters_wait_while_the_queue_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let blocker = store
        .submit(Flush::Now, move |_| {
            gate.recv().ok();
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    for _ in 1..super::MAX_QUEUED {
        drop(store.submit(Flush::Now, |tx| tx.set_meta("a", "1")).await.unwrap());
    }
    let late = tokio::time::timeout(Duration::from_millis(50), put(&store, Flush::Now, "late")).await;
    assert!(late.is_err(), "the queue had room");
    assert_eq!(store.stats().waits, 1);
    go.send(()).unwrap();
    blocker.wait().await.unwrap();
    put(&store, Flush::Now, "late").await.unwrap();
}

#[test]
fn event_ids_grow_within_a_millisecond_and_do_not_meet_those_of_another_run() {
    let connection = Connection::open_in_memory().unwrap();
    let at = Timestamp::from_secs(1_790_000_000);
    let ids = |run: i64| {
        let events = super::Events { run, ..super::Events::default() };
        let tx = super::Tx { rx: super::Rx { connection: &connection }, events: &events };
        let (a, b) = (tx.next_event(at), tx.next_event(at));
        assert!(a < b && b < tx.next_event(at.plus(Duration::from_millis(1))));
        [a, b]
    };
    let (first, second) = (ids(7), ids(i64::from(u32::MAX)));
    assert!(first.iter().all(|id| !second.contains(id)), "the clock was set back between the runs");
}

/// SQLite undoes a whole transaction by itself after some failures of the disk (`sqlite3_get_autocommit`).
#[tokio::test]
async fn what_shared_a_transaction_that_was_undone_is_not_kept_and_not_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let submit = async |flush, name| store.submit(flush, move |tx| tx.set_meta(name, "x")).await.unwrap();
    let before = submit(Flush::Lazy, "before").await;
    let failing = store
        .submit(Flush::Lazy, |tx| {
            tx.lose_transaction()?;
            Err::<(), _>(StoreError::Corrupt("the disk failed".to_owned()))
        })
        .await
        .unwrap();
    let after = submit(Flush::Now, "after").await;
    assert!(matches!(before.wait().await, Err(StoreError::Commit(_))));
    assert!(failing.wait().await.is_err());
    assert!(after.wait().await.is_err());
    let found = store.read(|rx| Ok::<_, StoreError>((rx.meta("before")?, rx.meta("after")?))).await.unwrap();
    assert_eq!(found, (None, None));
    assert_eq!((store.stats().commits, store.stats().lost), (0, 1));
    put(&store, Flush::Now, "later").await.unwrap();
}

#[tokio::test]
async fn a_transaction_left_open_is_undone_before_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir);
    let left_open = store
        .submit(Flush::Now, |tx| {
            tx.set_meta("early", "x")?;
            tx.connection.execute_batch("COMMIT; BEGIN; CREATE TABLE half (a); PRAGMA defer_foreign_keys = ON;")?;
            // A commit that fails leaves its transaction open.
            tx.connection.execute_batch("INSERT INTO mqtt_subscription (session, filter, qos) VALUES (99, 'a', 0)")?;
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    assert!(left_open.wait().await.is_err());
    put(&store, Flush::Now, "later").await.unwrap();
    let tables: i64 = store
        .read(|rx| {
            let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'half'";
            Ok::<_, StoreError>(rx.connection.query_row(sql, (), |row| row.get(0))?)
        })
        .await
        .unwrap();
    assert_eq!(tables, 0);
}
