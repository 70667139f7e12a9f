//! What queries find, in a real store of ten thousand devices.

use std::time::Duration;

use rusqlite::params;

use super::super::{Flush, Store, StoreError, Tx};
use crate::model::device::{
    Device, DeviceFilter, DevicePage, DeviceSort, DeviceStatus, Ownership, PageStart, Property,
};
use crate::model::id::DeviceId;
use crate::model::query::Query;
use crate::model::timestamp::Timestamp;

const DEVICES: i64 = 10_000;

fn now() -> Timestamp {
    Timestamp::from_secs(1_790_000_000)
}

fn device(number: i64) -> Device {
    let android = number % 2 == 0;
    let seen = Duration::from_secs(u64::try_from(number).unwrap() * 60);
    Device {
        id: DeviceId::fresh(now()),
        number: 0,
        device_type: if android { "android" } else { "raspberrypi" }.to_owned(),
        identifier: format!("dev-{number}"),
        name: format!("Device {number}"),
        description: String::new(),
        owner: if number < 10 { "Anna" } else { "bob" }.to_owned(),
        ownership: Ownership::Byod,
        status: if number % 10 == 3 { DeviceStatus::Removed } else { DeviceStatus::Active },
        enrolled_at: now().minus(Duration::from_hours(24 * 10)),
        updated_at: now(),
        last_seen_at: (number > 0).then(|| now().minus(seen)),
    }
}

fn fill(tx: &Tx<'_>) -> Result<(), StoreError> {
    for number in 0..DEVICES {
        let row = tx.insert_device(&device(number))?;
        let versions = ["8.1", "9", "10", "10.0.1", "weird"];
        let fact = |name: &str, value: &str| Property { name: name.to_owned(), value: value.to_owned() };
        let version = versions[usize::try_from(number).unwrap() % versions.len()];
        tx.put_properties(row, &[fact("OS_VERSION", version), fact("BATTERY_LEVEL", &(number % 101).to_string())])?;
        if number < 20 {
            tx.add_tag(row, "Lobby")?;
        }
    }
    let run = |sql: &str| tx.connection.execute(sql, ());
    run("INSERT INTO application VALUES (1, 'com.example.kiosk', 'Kiosk', '1', 0, 0, 0, 0)")?;
    run(
        "INSERT INTO compliance VALUES (1, 1, 0, 0, NULL, 0, 0), (2, 0, 0, 0, NULL, 0, 0), (3, NULL, 0, 0, NULL, 0, 0)",
    )?;
    run("INSERT INTO policy VALUES (7, x'00', 'Kiosk mode', 'android', 1, 1, 0, 1, 0, 0)")?;
    run("INSERT INTO policy_applied (device, policies, features, mode, operations, applied_at)
         VALUES (1, '[7]', '[]', 'enforce', '[]', 0), (2, '', '[]', 'enforce', '[]', 0)")?;
    tx.connection.execute(
        "INSERT INTO metric (device, name, device_time, received_at, value) VALUES (1, 'cpu', 0, 0, ?1)",
        params![73.5],
    )?;
    Ok(())
}

#[tokio::test]
async fn every_field_finds_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("pym.db")).unwrap();
    store.write(Flush::Now, fill).await.unwrap();
    let count = async |text: &str| {
        let query = Query::parse(text).unwrap();
        let found = store.read(move |rx| {
            let filter = DeviceFilter { query: Some(query), ..DeviceFilter::default() };
            let start = PageStart::Cursor(None);
            let page = DevicePage { sort: DeviceSort::Name, descending: false, start, limit: 10 };
            rx.devices(&filter, &page, now()).map(|page| page.total)
        });
        found.await.unwrap()
    };
    let mut wrong = Vec::new();
    for (text, devices) in [
        ("", 9000),
        ("status:removed", 1000),
        ("status:removed,active", 10_000),
        ("type:Android", 5000),
        ("type:android status:active", 5000),
        ("owner:anna", 9),
        ("ownership:cope", 0),
        ("tag:lobby", 18),
        ("tag!=lobby", 8982),
        ("dev-17", 100),
        ("name=\"device 17\"", 1),
        ("identifier:DEV-999", 10),
        ("os<9", 2000),
        ("os>=10", 3000),
        ("os:10", 3000),
        ("os=10", 2000),
        ("-os>=0", 2000),
        ("battery<1", 90),
        ("seen<1h", 53),
        ("seen>9d", 1),
        ("enrolled>9d tag:lobby", 18),
        ("enrolled<9d", 0),
        ("compliant:yes", 1),
        ("compliant:no or compliant:yes", 2),
        ("compliant:unknown tag:lobby", 16),
        ("app:com.example.kiosk", 1),
        ("not app:com.example.kiosk", 8999),
        ("policy:\"kiosk MODE\"", 1),
        ("metric.cpu>70", 1),
        ("metric.cpu:73.5", 1),
        ("metric.cpu<70 or group:none", 0),
        ("prop.BATTERY_LEVEL>=100", 89),
        ("prop.OS_VERSION=weird tag:lobby", 4),
        ("(tag:lobby or owner:bob) -type:android", 4000),
        ("\"'; DROP TABLE device; --\"", 0),
    ] {
        let found = count(text).await;
        if found != devices {
            wrong.push(format!("{text}: {found}, not {devices}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
