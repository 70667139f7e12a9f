//! The list: its counts, that they are never stale, its pages in both directions, and its export.

use super::*;
use crate::app::device::DeviceEdit;
use crate::app::tag::Tagging;
use crate::app::testing::{Site, itself, operator, site, user, with};
use crate::model::device::{Device, DeviceStatus, NewDevice, Ownership, Property};
use crate::model::device_list::Column;
use crate::model::group::NewGroup;
use crate::model::query::{Compliance, Query};

fn first(limit: u32) -> RowPage {
    RowPage { sort: DeviceSort::Name, descending: false, start: RowStart::First, limit }
}

fn asking(text: &str) -> DeviceFilter {
    DeviceFilter { query: Some(Query::parse(text).unwrap()), ..DeviceFilter::default() }
}

async fn facets(site: &Site, filter: &DeviceFilter) -> Arc<Facets> {
    site.app.device_facets(&operator(), filter.clone()).await.unwrap()
}

async fn arduino(site: &Site, identifier: &str) -> Device {
    let new = NewDevice {
        device_type: "arduino".to_owned(),
        identifier: identifier.to_owned(),
        ownership: Ownership::Cope,
        properties: vec![Property { name: "OS_VERSION".to_owned(), value: "9.1".to_owned() }],
        ..NewDevice::default()
    };
    site.app.enroll(&operator(), new).await.unwrap().device
}

#[tokio::test]
async fn every_facet_counts_what_choosing_it_would_find() {
    let site = site().await;
    let pis = [site.pi("pi-1").await, site.pi("pi-2").await, site.pi("pi-3").await];
    let uno = arduino(&site, "uno").await;
    let admin = operator();
    let lobby = NewGroup { name: "lobby".to_owned(), ..NewGroup::default() };
    let lobby = site.app.create_group(&admin, lobby).await.unwrap();
    site.app.add_to_group(&admin, lobby.id, vec![pis[0].id, uno.id]).await.unwrap();
    let suspend = DeviceEdit { status: Some(DeviceStatus::Suspended), ..DeviceEdit::default() };
    site.app.edit_device(&admin, pis[1].id, suspend).await.unwrap();
    site.app.remove_device(&admin, pis[2].id).await.unwrap();

    let all = facets(&site, &DeviceFilter::default()).await;
    assert_eq!((all.total, all.known), (3, 3));
    let statuses = [(DeviceStatus::Active, 2), (DeviceStatus::Suspended, 1), (DeviceStatus::Removed, 1)];
    assert_eq!(all.statuses, statuses, "what choosing REMOVED would find is told, too");
    assert_eq!(all.types, [("arduino".to_owned(), 1), ("raspberrypi".to_owned(), 2)]);
    assert_eq!(all.groups, [(lobby.id, "lobby".to_owned(), 2)]);
    assert_eq!(all.ownerships, [(Ownership::Byod, 2), (Ownership::Cope, 1)]);
    assert_eq!(all.compliance, [(Compliance::Unknown, 3)]);

    // A choice narrows every facet but its own.
    let chosen = DeviceFilter { device_type: Some("raspberrypi".to_owned()), ..DeviceFilter::default() };
    let chosen = facets(&site, &chosen).await;
    assert_eq!(chosen.total, 2);
    assert_eq!(chosen.types, all.types);
    assert_eq!(chosen.ownerships, [(Ownership::Byod, 2)]);
    assert_eq!(chosen.groups, [(lobby.id, "lobby".to_owned(), 1)]);
    let grouped =
        DeviceFilter { group: Some(lobby.id), statuses: vec![DeviceStatus::Active], ..DeviceFilter::default() };
    let grouped = facets(&site, &grouped).await;
    assert_eq!((grouped.total, grouped.known), (2, 3));
    assert_eq!(grouped.statuses, [(DeviceStatus::Active, 2)]);
    let none = DeviceFilter { compliance: Some(Compliance::No), ..DeviceFilter::default() };
    assert_eq!(facets(&site, &none).await.total, 0);
    assert_eq!(facets(&site, &none).await.compliance, [(Compliance::Unknown, 3)]);
    let removed = facets(&site, &asking("status:removed")).await;
    assert_eq!((removed.total, removed.known), (1, 3));
    // The counts agree with the list, whatever is asked.
    for filter in [
        DeviceFilter::default(),
        DeviceFilter { ownership: Some(Ownership::Cope), ..DeviceFilter::default() },
        DeviceFilter { compliance: Some(Compliance::Unknown), ..DeviceFilter::default() },
        DeviceFilter { statuses: vec![DeviceStatus::Removed], ..DeviceFilter::default() },
        asking("pi"),
        asking("os:9"),
        asking("group:lobby -type:arduino"),
    ] {
        let list = site.app.device_list(&admin, filter.clone(), first(10), Columns::all()).await.unwrap();
        assert_eq!(list.facets.total, list.rows.items.len() as u64, "{filter:?}");
    }
}

#[tokio::test]
async fn kept_counts_are_never_stale() {
    let site = site().await;
    let admin = operator();
    let total = async |filter: &DeviceFilter| facets(&site, filter).await.total;
    let (everything, tagged) = (DeviceFilter::default(), asking("tag:lobby or group:halls or name:zoo"));
    assert_eq!((total(&everything).await, total(&tagged).await), (0, 0));
    let pi = site.pi("pi-1").await;
    assert_eq!((total(&everything).await, total(&tagged).await), (1, 0));
    let kept = facets(&site, &everything).await;
    site.app.heard(pi.id).await.unwrap();
    assert!(Arc::ptr_eq(&kept, &facets(&site, &everything).await), "a device that speaks moves nothing");
    let tagging = |add: &[&str], remove: &[&str]| Tagging {
        devices: vec![pi.id],
        add: add.iter().map(|tag| (*tag).to_owned()).collect(),
        remove: remove.iter().map(|tag| (*tag).to_owned()).collect(),
    };
    site.app.tag(&admin, tagging(&["lobby"], &[])).await.unwrap();
    assert_eq!(total(&tagged).await, 1);
    site.app.tag(&admin, tagging(&[], &["lobby"])).await.unwrap();
    assert_eq!(total(&tagged).await, 0);
    let halls = NewGroup { name: "halls".to_owned(), ..NewGroup::default() };
    let halls = site.app.create_group(&admin, halls).await.unwrap();
    site.app.add_to_group(&admin, halls.id, vec![pi.id]).await.unwrap();
    assert_eq!((total(&tagged).await, facets(&site, &everything).await.groups.len()), (1, 1));
    site.app.delete_group(&admin, halls.id).await.unwrap();
    assert_eq!((total(&tagged).await, facets(&site, &everything).await.groups.len()), (0, 0));
    let rename = DeviceEdit { name: Some("Zoo".to_owned()), ..DeviceEdit::default() };
    site.app.edit_device(&admin, pi.id, rename).await.unwrap();
    assert_eq!(total(&tagged).await, 1);
    site.app.remove_device(&admin, pi.id).await.unwrap();
    assert_eq!((total(&everything).await, total(&tagged).await), (0, 0));
}

#[tokio::test]
async fn pages_go_forth_and_back_and_carry_what_stands_beside_a_device() {
    let site = site().await;
    let admin = operator();
    for number in 0..7 {
        site.pi(&format!("pi-{number}")).await;
    }
    let uno = arduino(&site, "uno").await;
    let tagging = Tagging { devices: vec![uno.id], add: vec!["b".to_owned(), "a".to_owned()], remove: Vec::new() };
    site.app.tag(&admin, tagging).await.unwrap();
    let names = |rows: &Rows| rows.items.iter().map(|row| row.device.identifier.clone()).collect::<Vec<_>>();
    let page = async |start: RowStart, descending| {
        let page = RowPage { sort: DeviceSort::Type, descending, start, limit: 3 };
        site.app.device_list(&admin, DeviceFilter::default(), page, Columns::all()).await.unwrap().rows
    };
    for descending in [false, true] {
        let one = page(RowStart::First, descending).await;
        assert_eq!(one.previous, None);
        let two = page(RowStart::After(one.next.clone().unwrap()), descending).await;
        let three = page(RowStart::After(two.next.clone().unwrap()), descending).await;
        assert_eq!((three.items.len(), &three.next), (2, &None));
        let back = page(RowStart::Before(three.previous.clone().unwrap()), descending).await;
        assert_eq!(names(&back), names(&two));
        assert_eq!((&back.next, &back.previous), (&two.next, &two.previous));
        let start = page(RowStart::Before(back.previous.unwrap()), descending).await;
        assert_eq!((names(&start), start.previous), (names(&one), None));
    }
    let one = page(RowStart::First, false).await;
    let row = &one.items[0];
    assert_eq!((row.device.id, &*row.tags, row.online), (uno.id, &["a".to_owned(), "b".to_owned()][..], false));
    assert_eq!(row.facts, [(Column::Os, "9.1".to_owned())]);
    let bad = RowPage { start: RowStart::After("x".to_owned()), ..first(3) };
    let bad = site.app.device_list(&admin, DeviceFilter::default(), bad, Columns::usual()).await;
    assert!(matches!(bad, Err(Error::Invalid { field: "cursor", .. })), "{bad:?}");
}

#[tokio::test]
async fn people_count_and_take_out_what_they_may_see() {
    let site = site().await;
    let admin = operator();
    let pi = site.pi("pi-1").await;
    site.app.create_user(&admin, user("ada", "device-owner"), "correct horse battery").await.unwrap();
    let own = DeviceEdit { owner: Some("ada".to_owned()), ..DeviceEdit::default() };
    site.app.edit_device(&admin, pi.id, own).await.unwrap();
    site.pi("pi-2").await;
    let ada = Actor {
        principal: crate::model::actor::Principal::User {
            id: crate::model::id::UserId::from_bytes([1; 16]),
            name: "ada".to_owned(),
        },
        ..with(&[Scope::Own])
    };
    let everything = DeviceFilter::default();
    let seen = site.app.device_facets(&ada, everything.clone()).await.unwrap();
    assert_eq!((seen.total, seen.known), (1, 1));
    let order = (DeviceSort::Name, false);
    let mut export =
        site.app.begin_device_export(&ada, everything.clone(), order, Columns::usual(), Written::Csv).await.unwrap();
    let text = site.app.export_piece(&mut export).await.unwrap().unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.starts_with("name,type,") && text.contains("\r\n\"pi-1\",\"raspberrypi\","), "{text}");
    assert_eq!(site.app.export_piece(&mut export).await.unwrap(), None);
    let trail = site.app.audit(&admin, crate::model::audit::AuditFilter::default(), 1).await.unwrap();
    assert_eq!((&*trail.items[0].action, &*trail.items[0].actor), ("device.export", "ada"));
    for nobody in [itself(&pi), with(&[Scope::Metrics])] {
        assert!(matches!(
            site.app.device_facets(&nobody, everything.clone()).await,
            Err(Error::Forbidden { needs: Scope::Read })
        ));
    }
}

#[tokio::test]
async fn an_export_goes_on_where_a_piece_ended() {
    let site = site().await;
    let admin = operator();
    let wanted = EXPORT_PIECE as usize + 3;
    for number in 0..wanted {
        site.pi(&format!("pi-{number}")).await;
    }
    let export = async |written, text: &str| {
        let order = (DeviceSort::EnrolledAt, true);
        let begun = site.app.begin_device_export(&admin, asking(text), order, Columns::all(), written);
        let (mut export, mut pieces) = (begun.await.unwrap(), Vec::new());
        while let Some(piece) = site.app.export_piece(&mut export).await.unwrap() {
            pieces.push(piece);
        }
        pieces
    };
    let csv = export(Written::Csv, "type:raspberrypi").await;
    assert_eq!(csv.iter().map(|piece| piece.lines().count()).collect::<Vec<_>>(), [EXPORT_PIECE as usize + 1, 3]);
    let json = export(Written::Json, "type:raspberrypi").await.concat();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let found: std::collections::BTreeSet<_> = rows.iter().map(|row| row["identifier"].as_str().unwrap()).collect();
    assert_eq!(found.len(), wanted);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&export(Written::Json, "zoo").await.concat()).unwrap(),
        serde_json::json!([])
    );
    assert_eq!(export(Written::Csv, "zoo").await.concat(), Columns::all().csv_header());
}
