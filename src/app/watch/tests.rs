use super::*;
use crate::app::device::DeviceEdit;
use crate::app::testing::{Site, operator, site, user};
use crate::model::device::{DeviceFilter, DevicePage, DeviceSort, NewDevice, PageStart};
use crate::model::operation::{ActivityFilter, NewActivity, OperationFilter};

const PASSWORD: &str = "correct horse";

fn pi(identifier: &str) -> NewDevice {
    NewDevice { device_type: "raspberrypi".into(), identifier: identifier.into(), ..NewDevice::default() }
}

fn bulb(devices: Vec<DeviceId>) -> NewActivity {
    NewActivity { code: "bulb".into(), kind: None, payload: Some("ON".into()), devices, expires_at: None }
}

/// A site with a person of the role `device-owner`, their device, and another's.
async fn owned() -> (Site, Actor, DeviceId, DeviceId) {
    let site = site().await;
    site.app.create_user(&operator(), user("ada", "device-owner"), PASSWORD).await.unwrap();
    let ada = site.app.basic("ada", PASSWORD, "192.0.2.7").await.unwrap();
    let own = site.app.enroll(&ada, pi("own")).await.unwrap().device.id;
    let other = site.app.enroll(&operator(), pi("other")).await.unwrap().device.id;
    (site, ada, own, other)
}

#[tokio::test]
async fn an_owner_sees_and_commands_their_own_devices_alone() {
    let (site, ada, own, other) = owned().await;
    let app = &site.app;
    let eve = NewDevice { owner: Some("eve".into()), ..pi("third") };
    assert!(matches!(app.enroll(&ada, eve).await, Err(Error::Forbidden { needs: Scope::Operate })));
    for devices in [vec![other], vec![own, other]] {
        assert!(matches!(app.send(&ada, bulb(devices)).await, Err(Error::NotFound { .. })));
    }
    let both = app.send(&operator(), bulb(vec![own, other])).await.unwrap();
    let others = app.send(&operator(), bulb(vec![other])).await.unwrap();
    app.send(&ada, NewActivity { payload: Some("OFF".into()), ..bulb(vec![own]) }).await.unwrap();

    let seen = app.operations(&ada, OperationFilter::default(), 100, None).await.unwrap();
    assert!(seen.total >= 2 && seen.items.iter().all(|operation| operation.device == own), "{seen:?}");
    let narrow = OperationFilter { own_of: Some("somebody".into()), ..OperationFilter::default() };
    assert_eq!(app.operations(&ada, narrow, 100, None).await.unwrap().total, seen.total, "nobody chooses who they are");
    let hidden = OperationFilter { device: Some(other), ..OperationFilter::default() };
    assert!(matches!(app.operations(&ada, hidden, 100, None).await, Err(Error::NotFound { .. })));
    let activities = app.activities(&ada, ActivityFilter::default(), PageStart::Cursor(None), 20).await.unwrap();
    assert!(activities.items.iter().all(|activity| activity.operations.iter().all(|part| part.device == own)));
    assert!(activities.items.iter().any(|activity| activity.id == both.id));
    assert!(activities.items.iter().all(|activity| activity.id != others.id));
    assert_eq!(app.activity(&ada, both.id).await.unwrap().operations.len(), 1);
    assert_eq!(app.activity(&operator(), both.id).await.unwrap().operations.len(), 2);
    assert!(matches!(app.activity(&ada, others.id).await, Err(Error::NotFound { .. })));
    assert!(matches!(app.activity_by_number(&ada, others.number).await, Err(Error::NotFound { .. })));
    for part in &both.operations {
        let cancelled = app.cancel(&ada, part.id).await;
        assert_eq!(cancelled.is_ok(), part.device == own, "{cancelled:?}");
    }
    let counts = app.counts(&ada).await.unwrap();
    assert_eq!(counts.devices.values().sum::<u64>(), 1);
    assert_eq!(app.counts(&operator()).await.unwrap().devices.values().sum::<u64>(), 2);
    assert!(matches!(app.host(&ada), Err(Error::Forbidden { .. })));
    let page = DevicePage { sort: DeviceSort::Name, descending: false, start: PageStart::Cursor(None), limit: 10 };
    assert_eq!(app.devices(&ada, DeviceFilter::default(), page).await.unwrap().total, 1);
    let block = DeviceEdit { owner: Some("eve".into()), ..DeviceEdit::default() };
    assert!(matches!(app.edit_device(&ada, own, block).await, Err(Error::Forbidden { .. })));
}

#[tokio::test]
async fn an_owner_hears_of_their_own_devices_alone() {
    let (site, ada, own, other) = owned().await;
    let app = &site.app;
    let mut view = app.view(&ada).await.unwrap();
    assert!(
        view.notices(app)
            .iter()
            .all(|notice| matches!(&**notice, Change::Notice { device: Some(id), .. } if *id == own))
    );
    let name = |name: &str| DeviceEdit { name: Some(name.into()), ..DeviceEdit::default() };
    app.edit_device(&operator(), other, name("theirs")).await.unwrap();
    app.notice(NoticeKind::Daemon, None, "of the whole site".into());
    app.send(&operator(), bulb(vec![other])).await.unwrap();
    app.edit_device(&operator(), own, name("mine")).await.unwrap();
    let Some(Seen::Change(change)) = view.next().await else { panic!("nothing is seen") };
    assert!(
        matches!(&*change, Change::Device { device, .. } if device.id == own && device.name == "mine"),
        "{change:?}"
    );

    // A device given away is gone at once, and one given is there.
    let owner = |name: &str| DeviceEdit { owner: Some(name.into()), ..DeviceEdit::default() };
    app.edit_device(&operator(), own, owner("eve")).await.unwrap();
    app.edit_device(&operator(), other, owner("ada")).await.unwrap();
    assert!(matches!(view.next().await, Some(Seen::Gone(id)) if id == own));
    assert!(
        matches!(view.next().await, Some(Seen::Change(change)) if matches!(&*change, Change::Device { device, .. } if device.id == other))
    );
    // Rights that were taken are noticed at the next look.
    view.refresh(app, &operator()).await.unwrap();
    app.notice(NoticeKind::Daemon, None, "all is told now".into());
    assert!(matches!(view.next().await, Some(Seen::Change(_))));
    let nobody = Actor { scopes: crate::model::actor::Scopes::NONE, ..ada };
    assert!(matches!(view.refresh(app, &nobody).await, Err(Error::Forbidden { .. })));
}
