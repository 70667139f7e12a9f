//! Groups that a query fills, and who sees groups.

use std::time::Duration;

use crate::app::Error;
use crate::app::device::DeviceEdit;
use crate::app::tag::Tagging;
use crate::app::testing::{Site, operator, site, user, with};
use crate::model::actor::{Actor, Principal, Scope};
use crate::model::device::{Device, DeviceFilter, DevicePage, DeviceSort, NewDevice, PageStart, Property};
use crate::model::group::{Group, NewGroup};
use crate::model::operation::OperationFilter;
use crate::model::policy::{Mode, NewPolicy, PolicyFeature, Targets};
use crate::model::query::Query;

async fn group(site: &Site, name: &str, query: Option<&str>) -> Group {
    let query = query.map(str::to_owned);
    site.app.create_group(&operator(), NewGroup { name: name.to_owned(), query, ..NewGroup::default() }).await.unwrap()
}

async fn members(site: &Site, actor: &Actor, group: &Group) -> Vec<String> {
    let filter = DeviceFilter { group: Some(group.id), ..DeviceFilter::default() };
    let page = DevicePage { sort: DeviceSort::Name, descending: false, start: PageStart::Cursor(None), limit: 100 };
    site.app.devices(actor, filter, page).await.unwrap().items.into_iter().map(|device| device.identifier).collect()
}

async fn tag(site: &Site, devices: &[&Device], add: &[&str], remove: &[&str]) -> Result<usize, Error> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let devices = devices.iter().map(|device| device.id).collect();
    site.app.tag(&operator(), Tagging { devices, add: words(add), remove: words(remove) }).await
}

#[tokio::test]
async fn a_query_keeps_its_group_filled() {
    let site = site().await;
    let (one, two) = (site.pi("one").await, site.pi("two").await);
    let lobby = group(&site, "lobby", Some("tag:lobby status:active")).await;
    assert_eq!(lobby.devices, 0);
    assert_eq!(tag(&site, &[&one, &two], &["Lobby"], &[]).await.unwrap(), 2);
    assert_eq!(tag(&site, &[&one, &two], &["lobby"], &[]).await.unwrap(), 0, "the same in another letter case");
    assert_eq!(members(&site, &operator(), &lobby).await, ["one", "two"]);
    tag(&site, &[&one], &[], &["LOBBY"]).await.unwrap();
    assert_eq!(members(&site, &operator(), &lobby).await, ["two"]);
    site.app.remove_device(&operator(), two.id).await.unwrap();
    assert!(members(&site, &operator(), &lobby).await.is_empty());
    let edit = DeviceEdit { tags: Some(vec!["lobby".to_owned(), "x".to_owned()]), ..DeviceEdit::default() };
    site.app.edit_device(&operator(), one.id, edit).await.unwrap();
    assert_eq!(members(&site, &operator(), &lobby).await, ["one"]);
    assert_eq!(site.app.tags_of(&operator(), one.id).await.unwrap(), ["lobby", "x"]);

    let old = group(&site, "old", Some("os<9")).await;
    let fact = Property { name: "OS_VERSION".to_owned(), value: "8.1".to_owned() };
    site.app.set_properties(&operator(), one.id, vec![fact]).await.unwrap();
    assert_eq!(members(&site, &operator(), &old).await, ["one"]);
    let new = NewGroup { name: "old".to_owned(), query: Some("os>9".to_owned()), ..NewGroup::default() };
    assert_eq!(site.app.edit_group(&operator(), old.id, new).await.unwrap().devices, 0);
}

#[tokio::test]
async fn time_moves_devices_too() {
    let site = site().await;
    site.pi("quiet").await;
    let silent = group(&site, "silent", Some("seen>1d")).await;
    assert_eq!(site.app.sweep_groups().await.unwrap(), 0);
    site.clock.advance(Duration::from_hours(25));
    assert_eq!(site.app.sweep_groups().await.unwrap(), 1);
    assert_eq!(members(&site, &operator(), &silent).await, ["quiet"]);
    assert_eq!(site.app.sweep_groups().await.unwrap(), 0);
}

#[tokio::test]
async fn what_a_query_fills_no_hand_fills() {
    let site = site().await;
    let pi = site.pi("one").await;
    let filled = group(&site, "filled", Some("tag:x")).await;
    let refused = site.app.add_to_group(&operator(), filled.id, vec![pi.id]).await;
    assert!(matches!(refused, Err(Error::Conflict(why)) if why.contains("filled by its query")));
    for (query, part) in [
        ("tpye:x", "character 1"),
        ("", "at least one term"),
        ("a or -group:filled", "may not name groups"),
        ("-policy:x", "policies or compliance"),
    ] {
        let new = NewGroup { name: "bad".to_owned(), query: Some(query.to_owned()), ..NewGroup::default() };
        let refused = site.app.create_group(&operator(), new).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "query", detail }) if detail.contains(part)), "{query}");
    }
    for tags in [vec!["a,b"], vec![""], vec!["x"; 51]] {
        assert!(matches!(tag(&site, &[&pi], &tags, &[]).await, Err(Error::Invalid { .. })), "{tags:?}");
    }
}

#[tokio::test]
async fn a_group_is_seen_by_those_it_is_shared_with() {
    let site = site().await;
    let pi = site.pi("shared").await;
    site.pi("other").await;
    let person = site.app.create_user(&operator(), user("anna", "device-owner"), "a long password").await.unwrap();
    let group = group(&site, "lobby", None).await;
    site.app.add_to_group(&operator(), group.id, vec![pi.id]).await.unwrap();
    let anna = Actor { principal: Principal::User { id: person.id, name: "anna".to_owned() }, ..with(&[Scope::Own]) };
    assert!(site.app.groups(&anna).await.unwrap().is_empty());
    assert!(matches!(site.app.group(&anna, group.id).await, Err(Error::NotFound { .. })));
    let owners = vec!["device-owner".to_owned()];
    assert!(matches!(site.app.share_group(&anna, group.id, owners.clone()).await, Err(Error::Forbidden { .. })));
    assert!(matches!(
        site.app.share_group(&operator(), group.id, vec!["no".to_owned()]).await,
        Err(Error::Invalid { .. })
    ));
    assert_eq!(site.app.share_group(&operator(), group.id, owners.clone()).await.unwrap(), owners);
    assert_eq!(site.app.groups(&anna).await.unwrap().len(), 1);
    assert_eq!(members(&site, &anna, &group).await, ["shared"]);
    let filter = DeviceFilter { query: Some(Query::parse("type:raspberrypi").unwrap()), ..DeviceFilter::default() };
    assert_eq!(site.app.targets(&anna, filter).await.unwrap(), [pi.id]);
    site.app.share_group(&operator(), group.id, Vec::new()).await.unwrap();
    assert!(site.app.groups(&anna).await.unwrap().is_empty());
}

/// What told a device of its policy, newest first.
async fn told(site: &Site, device: &Device) -> Vec<String> {
    let filter = OperationFilter { device: Some(device.id), ..OperationFilter::default() };
    let operations = site.app.operations(&operator(), filter, 100, None).await.unwrap().items;
    operations.into_iter().map(|operation| operation.code).filter(|code| code.starts_with("POLICY_")).collect()
}

#[tokio::test]
async fn a_device_whose_groups_change_gets_the_policy_that_follows() {
    let site = site().await;
    let new = NewDevice { device_type: "android".to_owned(), identifier: "a1".to_owned(), ..NewDevice::default() };
    let device = site.app.enroll(&operator(), new).await.unwrap().device;
    let (by_hand, by_query) = (group(&site, "hand", None).await, group(&site, "old", Some("os<9")).await);
    let policy = NewPolicy {
        name: "no camera".to_owned(),
        device_type: "android".to_owned(),
        description: String::new(),
        mode: Mode::Enforce,
        targets: Targets { groups: vec![by_hand.id, by_query.id], ..Targets::default() },
        features: vec![PolicyFeature { code: "CAMERA".to_owned(), content: serde_json::json!({ "enabled": false }) }],
        active: Some(true),
        note: String::new(),
    };
    site.app.create_policy(&operator(), policy).await.unwrap();
    site.app.settle_stale().await.unwrap();
    assert!(told(&site, &device).await.is_empty());
    site.app.add_to_group(&operator(), by_hand.id, vec![device.id]).await.unwrap();
    assert_eq!(site.app.settle_stale().await.unwrap(), 1);
    assert_eq!(told(&site, &device).await, ["POLICY_BUNDLE"]);
    site.app.add_to_group(&operator(), by_hand.id, vec![device.id]).await.unwrap();
    assert_eq!(site.app.settle_stale().await.unwrap(), 0, "nothing changed");
    site.app.assign_groups(&operator(), device.id, Vec::new()).await.unwrap();
    assert_eq!(site.app.settle_stale().await.unwrap(), 1);
    assert_eq!(told(&site, &device).await, ["POLICY_REVOKE", "POLICY_BUNDLE"]);

    let facts = serde_json::json!({ "properties": [{ "name": "OS_VERSION", "value": "8.1" }] });
    let facts = crate::model::facts::Facts::read(&facts, site.app.clock().now());
    site.app.tell_facts(&operator(), device.id, facts).await.unwrap();
    assert_eq!(members(&site, &operator(), &by_query).await, ["a1"]);
    assert_eq!(site.app.settle_stale().await.unwrap(), 1);
    assert_eq!(told(&site, &device).await.len(), 3);
}
