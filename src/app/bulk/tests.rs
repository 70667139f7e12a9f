//! Many devices at once: who is left out, the guard, and what each action does.

use super::*;
use crate::app::testing::{Site, itself, operator, site, with};
use crate::model::actor::Principal;
use crate::model::audit::AuditFilter;
use crate::model::device::NewDevice;
use crate::model::group::NewGroup;
use crate::model::id::UserId;
use crate::model::operation::OperationStatus;
use crate::model::query::Query;

fn asking(text: &str) -> Selection {
    let query = Some(Query::parse(text).unwrap());
    Selection::Filter(Box::new(DeviceFilter { query, ..DeviceFilter::default() }))
}

fn sending(code: &str, payload: Option<&str>) -> BulkAction {
    BulkAction::Send(BulkSend { code: code.to_owned(), payload: payload.map(str::to_owned), ..BulkSend::default() })
}

async fn typed(site: &Site, device_type: &str, identifier: &str) -> Device {
    let new =
        NewDevice { device_type: device_type.to_owned(), identifier: identifier.to_owned(), ..NewDevice::default() };
    site.app.enroll(&operator(), new).await.unwrap().device
}

async fn put(site: &Site, device: &Device, status: DeviceStatus) {
    let edit = DeviceEdit { status: Some(status), ..DeviceEdit::default() };
    site.app.edit_device(&operator(), device.id, edit).await.unwrap();
}

fn done(carried: Carried) -> BulkDone {
    match carried {
        Carried::Done(done) => done,
        Carried::Changed(preview) => panic!("changed: {preview:?}"),
    }
}

#[tokio::test]
async fn a_preview_tells_whom_an_operation_reaches_and_why_not_the_others() {
    let site = site().await;
    let admin = operator();
    let pis = [site.pi("pi-1").await, site.pi("pi-2").await, site.pi("pi-3").await];
    let uno = typed(&site, "arduino", "uno").await;
    put(&site, &pis[1], DeviceStatus::Suspended).await;
    let action = sending("stats", None);
    let preview = site.app.preview_bulk(&admin, asking(""), &action).await.unwrap();
    assert_eq!((preview.devices, preview.able), (4, 2));
    let share = |device_type: &str, devices, able| TypeShare { device_type: device_type.to_owned(), devices, able };
    assert_eq!(preview.types, [share("arduino", 1, 0), share("raspberrypi", 3, 2)]);
    let out = |why, example: &Device| LeftOut { why, devices: 1, examples: vec![example.name.clone()] };
    let mut left_out = preview.left_out.clone();
    left_out.sort_by_key(|reason| reason.why.to_string());
    assert_eq!(
        left_out,
        [out(Why::Status(DeviceStatus::Suspended), &pis[1]), out(Why::NoOperation("arduino".to_owned()), &uno)]
    );
    let sent = done(site.app.carry_out(&admin, asking(""), action.clone(), Some(&preview.mark)).await.unwrap());
    assert_eq!((sent.devices, sent.left_out), (2, 2));
    let (id, number) = sent.activity.unwrap();
    let activity = site.app.activity(&admin, id).await.unwrap();
    assert_eq!(activity.number, number);
    let mut reached: Vec<_> = activity.operations.iter().map(|operation| operation.device).collect();
    reached.sort_unstable();
    let mut wanted = vec![pis[0].id, pis[2].id];
    wanted.sort_unstable();
    assert_eq!(reached, wanted);
    assert!(activity.operations.iter().all(|operation| operation.status == OperationStatus::Pending));
    // What send refuses is refused before anybody confirms it.
    for wrong in [sending("stats", Some(&"x".repeat(70_000))), sending("POLICY_BUNDLE", None)] {
        let actor = with(&[Scope::Operate]);
        let refused = site.app.preview_bulk(&actor, asking(""), &wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { .. } | Error::Forbidden { .. }) | Ok(Preview { able: 0, .. })));
    }
    let none = site.app.carry_out(&admin, asking("type:arduino"), action, None).await.unwrap_err();
    assert!(none.to_string().contains("arduino has no such operation"), "{none}");
}

#[tokio::test]
async fn nothing_is_done_when_other_devices_are_meant_than_in_the_preview() {
    let site = site().await;
    let admin = operator();
    let first = site.pi("pi-1").await;
    site.pi("pi-2").await;
    let action = BulkAction::Tag { add: vec!["seen".to_owned()], remove: Vec::new() };
    let preview = site.app.preview_bulk(&admin, asking("pi"), &action).await.unwrap();
    // As many as before, and not the same.
    site.app.remove_device(&admin, first.id).await.unwrap();
    site.pi("pi-3").await;
    let carried = site.app.carry_out(&admin, asking("pi"), action.clone(), Some(&preview.mark)).await.unwrap();
    let Carried::Changed(again) = carried else { panic!("{carried:?}") };
    assert_eq!((again.able, preview.able), (2, 2));
    assert_ne!(again.mark, preview.mark);
    assert!(site.app.tags(&admin).await.unwrap().is_empty());
    let tagged = done(site.app.carry_out(&admin, asking("pi"), action.clone(), Some(&again.mark)).await.unwrap());
    assert_eq!((tagged.devices, tagged.changed), (2, 2));
    assert_eq!(site.app.tags(&admin).await.unwrap(), [("seen".to_owned(), 2)]);
    let twice = done(site.app.carry_out(&admin, asking("pi"), action, Some(&again.mark)).await.unwrap());
    assert_eq!((twice.devices, twice.changed), (2, 0));
}

#[tokio::test]
async fn groups_suspension_and_removal_reach_whom_they_may() {
    let site = site().await;
    let admin = operator();
    let mut pis = Vec::new();
    for number in 0..PIECE + 5 {
        pis.push(site.pi(&format!("pi-{number}")).await);
    }
    put(&site, &pis[0], DeviceStatus::Blocked).await;
    let all = pis.len() as u64;
    let halls = NewGroup { name: "halls".to_owned(), ..NewGroup::default() };
    let halls = site.app.create_group(&admin, halls).await.unwrap();
    let run = async |text: &str, action| site.app.carry_out(&admin, asking(text), action, None).await;
    assert_eq!(done(run("", BulkAction::Join(halls.id)).await.unwrap()).devices, all);
    assert_eq!(site.app.group(&admin, halls.id).await.unwrap().devices, all);
    assert_eq!(done(run("pi-1", BulkAction::Leave(halls.id)).await.unwrap()).left_out, 0);
    assert!(site.app.group(&admin, halls.id).await.unwrap().devices < all);
    let suspended = done(run("", BulkAction::Suspend).await.unwrap());
    assert_eq!((suspended.devices, suspended.changed, suspended.left_out), (all - 1, all - 1, 1));
    assert_eq!(site.app.device(&admin, pis[0].id).await.unwrap().status, DeviceStatus::Blocked, "a block stays");
    assert!(matches!(run("", sending("stats", None)).await, Err(Error::Conflict(_))));
    let resumed = done(run("", BulkAction::Resume).await.unwrap());
    assert_eq!((resumed.devices, resumed.left_out), (all - 1, 1));
    let removed = done(run("", BulkAction::Remove).await.unwrap());
    assert_eq!((removed.changed, removed.left_out), (all, 0));
    assert!(matches!(run("", BulkAction::Remove).await, Err(Error::Conflict(_))));
    let lines = site.app.audit(
        &admin,
        AuditFilter { action: Some("device.remove".to_owned()), ..AuditFilter::default() },
        1000,
    );
    assert_eq!(lines.await.unwrap().items.len() as u64, all, "every device has its line in the trail");
    let filled = NewGroup { name: "q".to_owned(), query: Some("tag:x".to_owned()), ..NewGroup::default() };
    let filled = site.app.create_group(&admin, filled).await.unwrap();
    assert!(matches!(run("", BulkAction::Join(filled.id)).await, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn who_may_command_their_own_devices_means_no_others() {
    let site = site().await;
    let admin = operator();
    let (own, other) = (site.pi("own").await, site.pi("other").await);
    let edit = DeviceEdit { owner: Some("ada".to_owned()), ..DeviceEdit::default() };
    site.app.edit_device(&admin, own.id, edit).await.unwrap();
    let principal = Principal::User { id: UserId::from_bytes([1; 16]), name: "ada".to_owned() };
    let ada = Actor { principal, ..with(&[Scope::Own]) };
    let preview = site.app.preview_bulk(&ada, asking(""), &sending("stats", None)).await.unwrap();
    assert_eq!((preview.devices, preview.able), (1, 1));
    let reaching = Selection::Devices(vec![own.id, other.id]);
    let reached = site.app.preview_bulk(&ada, reaching, &sending("stats", None)).await;
    assert!(matches!(reached, Err(Error::NotFound { .. })), "{reached:?}");
    let tag = BulkAction::Tag { add: vec!["x".to_owned()], remove: Vec::new() };
    for action in [tag, BulkAction::Suspend, BulkAction::Resume] {
        let refused = site.app.carry_out(&ada, asking(""), action, None).await;
        assert!(matches!(refused, Err(Error::Forbidden { needs: Scope::Operate })), "{refused:?}");
    }
    for nobody in [itself(&own), with(&[Scope::Read])] {
        for action in [sending("stats", None), BulkAction::Remove] {
            let refused = site.app.preview_bulk(&nobody, asking(""), &action).await;
            assert!(matches!(refused, Err(Error::Forbidden { needs: Scope::Operate })), "{refused:?}");
        }
    }
    assert_eq!(done(site.app.carry_out(&ada, asking(""), BulkAction::Remove, None).await.unwrap()).changed, 1);
    assert_eq!(site.app.device(&admin, other.id).await.unwrap().status, DeviceStatus::Active);
    let nothing = site.app.preview_bulk(&admin, Selection::Devices(Vec::new()), &BulkAction::Suspend).await;
    assert!(matches!(nothing, Err(Error::Invalid { field: "devices", .. })));
}
