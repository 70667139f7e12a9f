//! The list of licences that the dashboard shows, against the lock file: what is built is what is told.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

const LISTED: &str = include_str!("../assets/licences.tsv");
const LOCKED: &str = include_str!("../Cargo.lock");

fn rows() -> Vec<[&'static str; 4]> {
    let rows = LISTED.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| line.split('\t').collect::<Vec<_>>().try_into().unwrap()).collect()
}

#[test]
fn every_locked_crate_is_listed_with_its_version() {
    let locked: toml::Table = toml::from_str(LOCKED).unwrap();
    let word = |package: &toml::Value, key| package.get(key).unwrap().as_str().unwrap().to_owned();
    let packages = locked.get("package").unwrap().as_array().unwrap();
    let locked: BTreeSet<(String, String)> = packages
        .iter()
        .map(|package| (word(package, "name"), word(package, "version")))
        .filter(|(name, _)| name != "pym")
        .collect();
    let listed: BTreeSet<(String, String)> =
        rows().iter().map(|[name, version, ..]| ((*name).to_owned(), (*version).to_owned())).collect();
    let missing: Vec<_> = locked.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&locked).collect();
    assert!(missing.is_empty() && gone.is_empty(), "run dev/licences: missing {missing:?}, gone {gone:?}");
}

#[test]
fn every_crate_has_a_licence_and_a_use() {
    let rows = rows();
    for [name, _, licence, used] in &rows {
        assert!(!licence.is_empty(), "{name}");
        assert!(["binary", "build"].contains(used), "{name}");
    }
    let used = |name: &str| rows.iter().find(|row| row[0] == name).unwrap()[3];
    assert_eq!((used("tokio"), used("serde_derive"), used("tempfile")), ("binary", "build", "build"));
}
