//! The management APIs by rows of data: each file beside this one holds the calls of one resource, in order, with what
//! must come of each; [`row`] says how a row is written. A file runs against a real daemon of its own ([`site`] says
//! who and what is there).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

#[path = "../common/mod.rs"]
mod common;
mod row;
mod site;

use std::fs;
use std::path::Path;

use row::Row;
use site::Site;

/// Runs the rows of a file, and tells all that is wrong with them.
fn run(file: &str, text: &str) -> Vec<String> {
    let rows: Vec<Row> = serde_json::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert!(!rows.is_empty(), "{file} holds no row");
    let mut site = Site::start();
    let mut complaints = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let found = site.run(row);
        complaints.extend(found.into_iter().map(|wrong| format!("{file}, row {} ({}): {wrong}", index + 1, row.name)));
    }
    complaints
}

/// One test a file, and the list of them.
macro_rules! files {
    ($($name:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            let file = concat!(stringify!($name), ".json");
            let complaints = run(file, include_str!(concat!(stringify!($name), ".json")));
            assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
        })+
        const FILES: &[&str] = &[$(stringify!($name)),+];
    };
}

// One line a file, so that each resource adds its own.
files![
    activities, //
    android_admin,
    android_agent,
    certificates,
    configuration,
    device_types,
    devices,
    groups,
    notifications,
    own,
    people,
    policies,
];

#[test]
fn every_file_is_run() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/management");
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_data = path.extension().is_some_and(|extension| extension == "json");
        assert!(!is_data || FILES.contains(&name), "{name}.json is not among the files of main.rs");
    }
}

#[test]
fn a_wrong_row_is_told() {
    let rows = r#"[
        { "name": "status", "as": "viewer", "call": "GET /api/v1/devices", "status": 404 },
        { "name": "value", "as": "viewer", "call": "GET /api/v1/devices/android:phone", "status": 200,
          "equals": { "/name": "brick" } },
        { "name": "kind", "as": "viewer", "call": "GET /api/v1/devices", "status": 200, "types": { "/items": "object" } },
        { "name": "absent", "as": "viewer", "call": "GET /api/v1/devices", "status": 200, "absent": ["/total"] },
        { "name": "count", "as": "viewer", "call": "GET /api/v1/devices", "status": 200, "count": { "/items": 99 } },
        { "name": "contains", "as": "viewer", "call": "GET /api/v1/devices", "status": 200, "contains": ["unheard of"] },
        { "name": "text", "as": "viewer", "call": "GET /livez", "status": 200, "text": "dead" },
        { "name": "unsaved", "as": "viewer", "call": "GET /api/v1/devices/${nothing}", "status": 200 },
        { "name": "save", "as": "viewer", "call": "GET /api/v1/devices", "status": 200, "save": { "x": "/nothing" } },
        { "name": "right", "as": "viewer", "call": "GET /api/v1/devices/android:phone", "status": 200,
          "equals": { "/name": "phone", "/id": "${phone}" }, "types": { "/number": "integer" }, "absent": ["/nothing"] }
    ]"#;
    let complaints = run("this", rows);
    let expected = [
        ("row 1 (status)", "answers 200, not 404"),
        ("row 2 (value)", "/name is \"phone\", not \"brick\""),
        ("row 3 (kind)", "/items is an array, not an object"),
        ("row 4 (absent)", "/total is there"),
        ("row 5 (count)", "/items has 3 items, not 99"),
        ("row 6 (contains)", "does not contain \"unheard of\""),
        ("row 7 (text)", "not \"dead\""),
        ("row 8 (unsaved)", "${nothing} was never saved"),
        ("row 9 (save)", "there is no /nothing to save"),
    ];
    for (place, wrong) in expected {
        let told = complaints.iter().any(|complaint| complaint.contains(place) && complaint.contains(wrong));
        assert!(told, "{place}: {wrong}\n{complaints:#?}");
    }
    assert_eq!(complaints.len(), expected.len(), "{complaints:#?}");
}
