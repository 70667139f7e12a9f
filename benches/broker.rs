//! How fast the filters a topic matches are found: `cargo bench --bench broker`.

use divan::{Bencher, black_box};
use pym::broker::topic::FilterTree;

fn main() {
    divan::main();
}

/// A site of devices, each of which listens to its operations, and operators who listen to much.
fn tree(devices: u64) -> FilterTree<u64, u8> {
    let mut tree = FilterTree::default();
    for device in 0..devices {
        tree.insert(&format!("carbon.super/raspberrypi/pi-{device}/operation/#"), device, 1);
        tree.insert(&format!("carbon.super/raspberrypi/pi-{device}"), device, 1);
    }
    for (operator, filter) in (devices..).zip(["#", "carbon.super/+/+/temperature", "carbon.super/raspberrypi/#"]) {
        tree.insert(filter, operator, 0);
    }
    tree
}

/// Telemetry: three operators listen.
#[divan::bench(args = [10, 1000, 10_000])]
fn topic_match(bencher: Bencher<'_, '_>, devices: u64) {
    let tree = tree(devices);
    bencher.bench_local(|| {
        let mut found = 0;
        tree.find(black_box("carbon.super/raspberrypi/pi-7/temperature"), |key, _| found += key);
        found
    });
}

/// A device comes and goes.
#[divan::bench(args = [10, 1000, 10_000])]
fn subscribe_and_unsubscribe(bencher: Bencher<'_, '_>, devices: u64) {
    let mut tree = tree(devices);
    bencher.bench_local(|| {
        tree.insert(black_box("carbon.super/raspberrypi/newcomer/operation/#"), u64::MAX, 1);
        tree.remove(black_box("carbon.super/raspberrypi/newcomer/operation/#"), u64::MAX)
    });
}
