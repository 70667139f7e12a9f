//! What durability costs: telemetry rows per second and bytes written per row at 1, 100 and 500 rows a commit, and the
//! reading of a list of 10,000 devices. `cargo bench --bench store`; `TMPDIR` chooses the disk that is measured.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot be set up ends, and its table is its output"
)]
use divan::Bencher;
use divan::counter::ItemsCount;
use pym::model::device::{Device, DeviceFilter, DevicePage, DeviceSort, DeviceStatus, Ownership, PageStart};
use pym::model::device_list::{Columns, RowPage, RowStart};
use pym::model::id::DeviceId;
use pym::model::telemetry::{NewEvent, Sample, Value};
use pym::model::timestamp::Timestamp;
use pym::store::{Flush, Store, StoreError};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const DEVICES: i64 = 10_000;
const START: i64 = 1_790_000_000;

fn main() {
    wear();
    divan::main();
}

struct Bench {
    runtime: Runtime,
    store: Store,
    _dir: TempDir,
}

fn open(devices: i64) -> Bench {
    let dir = tempfile::tempdir().expect("make a directory");
    let runtime = Runtime::new().expect("start the runtime");
    let store = Store::open(&dir.path().join("pym.db")).expect("open the store");
    runtime
        .block_on(store.write(Flush::Now, move |tx| {
            (0..devices).try_for_each(|number| tx.insert_device(&device(number)).map(drop))
        }))
        .expect("insert the devices");
    Bench { runtime, store, _dir: dir }
}

fn device(number: i64) -> Device {
    let at = Timestamp::from_secs(START + number);
    Device {
        id: DeviceId::fresh(at),
        number,
        device_type: "raspberrypi".to_owned(),
        identifier: format!("pi-{number:05}"),
        name: format!("Sensor {} in hall {}", number * 7919 % DEVICES, number % 40),
        description: String::new(),
        owner: "admin".to_owned(),
        ownership: Ownership::Cope,
        status: DeviceStatus::Active,
        enrolled_at: at,
        updated_at: at,
        last_seen_at: Some(at),
    }
}

impl Bench {
    /// Stores `rows` events of one sample in one commit, as `rows` devices' messages would be.
    fn commit(&self, rows: i64, round: i64) {
        self.runtime.block_on(async {
            let mut tickets = Vec::new();
            for row in 0..rows {
                let flush = if row + 1 == rows { Flush::Now } else { Flush::Lazy };
                let at = Timestamp::from_secs(START + round);
                let sample = Sample { metric: "temperature".to_owned(), value: Value::Number(37.5) };
                let event = NewEvent { device_time: Some(at), samples: vec![sample] };
                let job = move |tx: &pym::store::Tx<'_>| tx.add_event(1 + row % 500, &event, at).map(drop);
                tickets.push(self.store.submit(flush, job).await.expect("submit"));
            }
            for ticket in tickets {
                ticket.wait().await.expect("commit");
            }
        });
    }
}

/// Prints the bytes that reached the block layer per row.
fn wear() {
    println!("rows a commit   bytes written per row");
    for (rows, commits) in [(1, 2_000), (100, 100), (500, 40)] {
        let bench = open(500);
        bench.commit(500, 0);
        let before = written();
        (1..=commits).for_each(|round| bench.commit(rows, round));
        match (before, written()) {
            (Some(before), Some(after)) => {
                println!("{rows:>13}   {:>21}", (after - before) / (rows * commits).unsigned_abs());
            }
            _ => println!("{rows:>13}   {:>21}", "unknown"),
        }
    }
    println!();
}

/// `write_bytes` of `/proc/self/io` (proc(5)).
fn written() -> Option<u64> {
    let io = std::fs::read_to_string("/proc/self/io").ok()?;
    io.lines().find_map(|line| line.strip_prefix("write_bytes: "))?.parse().ok()
}

#[divan::bench(args = [1, 100, 500], max_time = 3)]
fn rows_a_commit(bencher: Bencher<'_, '_>, rows: i64) {
    let bench = open(500);
    let mut round = 0;
    bencher.counter(ItemsCount::new(rows.unsigned_abs())).bench_local(|| {
        round += 1;
        bench.commit(rows, round);
    });
}

fn list(bencher: Bencher<'_, '_>, filter: &DeviceFilter, sort: DeviceSort) {
    let bench = open(DEVICES);
    bencher.bench_local(|| {
        let (filter, page) =
            (filter.clone(), DevicePage { sort, descending: false, start: PageStart::Cursor(None), limit: 100 });
        let page =
            bench.runtime.block_on(bench.store.read(move |rx| rx.devices(&filter, &page, Timestamp::from_secs(0))));
        assert_eq!(page.map(|page| page.items.len()).map_err(|error: StoreError| error.to_string()), Ok(100));
    });
}

#[divan::bench(max_time = 2)]
fn first_100_of_10_000_devices_by_name(bencher: Bencher<'_, '_>) {
    list(bencher, &DeviceFilter::default(), DeviceSort::Name);
}

#[divan::bench(max_time = 2)]
fn first_100_of_10_000_devices_by_last_seen(bencher: Bencher<'_, '_>) {
    list(bencher, &DeviceFilter::default(), DeviceSort::LastSeen);
}

#[divan::bench(max_time = 2)]
fn search_in_10_000_devices(bencher: Bencher<'_, '_>) {
    list(bencher, &DeviceFilter { text: Some("hall 7".to_owned()), ..DeviceFilter::default() }, DeviceSort::Name);
}

/// The first page of the list that people look at, without its counts.
fn rows(bencher: Bencher<'_, '_>, sort: DeviceSort) {
    let bench = open(DEVICES);
    bencher.bench_local(|| {
        let page = RowPage { sort, descending: false, start: RowStart::First, limit: 50 };
        let read = bench
            .store
            .read(move |rx| rx.device_rows(&DeviceFilter::default(), &page, Columns::usual(), Timestamp::from_secs(0)));
        let rows = bench.runtime.block_on(read);
        assert_eq!(rows.map(|rows| rows.items.len()).map_err(|error: StoreError| error.to_string()), Ok(50));
    });
}

#[divan::bench(max_time = 2)]
fn first_50_rows_of_10_000_devices_by_name(bencher: Bencher<'_, '_>) {
    rows(bencher, DeviceSort::Name);
}

#[divan::bench(max_time = 2)]
fn first_50_rows_of_10_000_devices_by_status(bencher: Bencher<'_, '_>) {
    rows(bencher, DeviceSort::Status);
}

#[divan::bench(max_time = 2)]
fn counts_of_10_000_devices(bencher: Bencher<'_, '_>) {
    let bench = open(DEVICES);
    bencher.bench_local(|| {
        let read = bench.store.read(|rx| rx.device_facets(&DeviceFilter::default(), Timestamp::from_secs(0)));
        let facets = bench.runtime.block_on(read);
        assert_eq!(facets.map(|facets| facets.total).map_err(|error: StoreError| error.to_string()), Ok(10_000));
    });
}
